namespace Federation.Sql.Tests;

/// <summary>Which literals of a statement are taken out of it, and which stay because a parameter might mean something else.</summary>
public sealed class TemplateTests
{
    [Theory]
    [InlineData("SELECT a FROM t WHERE id = 5", "SELECT a FROM t WHERE id = $1", "int4 5")]
    [InlineData("select a from t where id=5;", "select a from t where id=$1;", "int4 5")]
    [InlineData("SELECT a FROM t WHERE id = 5000000000 AND b <> 'it''s'", "SELECT a FROM t WHERE id = $1 AND b <> $2",
        "int8 5000000000, ? it's")]
    [InlineData("SELECT a FROM t WHERE (b >= 'x') OR c <= 1 ORDER BY 1 LIMIT 5",
        "SELECT a FROM t WHERE (b >= $1) OR c <= $2 ORDER BY 1 LIMIT 5", "? x, int4 1")]
    [InlineData("SELECT a FROM t WHERE b = E'\\n' AND c IN (1, 2)", "SELECT a FROM t WHERE b = $1 AND c IN (1, 2)", "? \n")]
    [InlineData("SELECT a FROM t /* 'x' */ WHERE b = 1 -- = 2", "SELECT a FROM t /* 'x' */ WHERE b = $1 -- = 2", "int4 1")]
    [InlineData("SELECT a FROM t WHERE b = 1 AND c = 1 + 2 AND d = '1'::int AND e = -1 AND f = 1.5",
        "SELECT a FROM t WHERE b = $1 AND c = 1 + 2 AND d = '1'::int AND e = -1 AND f = 1.5", "int4 1")]
    [InlineData("SELECT a FROM t WHERE b = date '2020-01-01' AND c = 7",
        "SELECT a FROM t WHERE b = date '2020-01-01' AND c = $1", "int4 7")]
    public void Literals_are_taken(string sql, string text, string literals)
    {
        var template = SqlTemplate.TryMake(sql);
        Assert.NotNull(template);
        Assert.Equal(text, template.Text);
        Assert.Equal(literals,
            string.Join(", ",
                template.Literals
                    .Select(literal =>
                        $"{literal.Type?.ToString().Replace("integer", "int4", StringComparison.Ordinal).Replace("bigint", "int8", StringComparison.Ordinal) ?? "?"} {literal.Text}")));
    }

    [Theory]
    [InlineData("SELECT 1")]
    [InlineData("SELECT a FROM t WHERE id = $1 AND b = 5")]
    [InlineData("SELECT a FROM t WHERE id = 5; SELECT 1")]
    [InlineData("UPDATE t SET a = 5")]
    [InlineData("WITH x AS (SELECT 1) SELECT * FROM x WHERE a = 5")]
    [InlineData("SELECT a FROM t WHERE id = 5 COLLATE \"C\"")]
    [InlineData("SELECT a FROM t WHERE id = 'open")]
    [InlineData("SELECT f(a => 5)")]
    [InlineData("SELECT a FROM t WHERE id = B'101'")]
    [InlineData("SELECT a FROM t WHERE id = 99999999999999999999")]
    public void Other_statements_have_no_template(string sql) => Assert.Null(SqlTemplate.TryMake(sql));

    [Fact]
    public void Kinds_of_literals_tell_templates_apart()
    {
        Assert.Equal(SqlTemplate.TryMake("SELECT a FROM t WHERE id = 5")!.Key, SqlTemplate.TryMake("SELECT a FROM t WHERE id = 6")!.Key);
        string[] texts = ["SELECT a FROM t WHERE id = 5", "SELECT a FROM t WHERE id = 5000000000", "SELECT a FROM t WHERE id = '5'",
            "SELECT a FROM t WHERE id  = 5"];
        Assert.Equal(texts.Length, texts.Select(text => SqlTemplate.TryMake(text)!.Key).Distinct().Count());
    }
}
