using Federation.Core.Errors;
using Federation.Sql.Printing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Tests;

public class PrinterTests
{
    public static TheoryData<string> Files => new(Corpus.Files);

    [Theory]
    [MemberData(nameof(Files))]
    public void PrintedStatementsParseBackToTheSameTree(string file)
    {
        var failures = Corpus.Load(file).Where(entry => entry.Code is null).Select(entry => Difference(entry.Sql))
            .OfType<string>().ToList();
        Assert.True(failures.Count == 0, $"{failures.Count} differ:\n{string.Join('\n', failures.Take(50))}");
    }

    [Theory]
    [InlineData("select a b", "select a as b")]
    [InlineData("select 1 + 2 * 3", "select 1 + (2 * 3)")]
    [InlineData("select * from t for system_time as of now() x", "select * from t for timestamp as of now() as x")]
    [InlineData("select * from t for version as of 5", "select * from t for version as of 5")]
    [InlineData("select * from a.b.t for timestamp as of timestamp '2020-01-01' - interval '1' day as x for update",
        "select * from a.b.t for timestamp as of cast('2020-01-01' as pg_catalog.\"timestamp\") "
        + "- cast('1' as interval day) as x for update")]
    [InlineData("create table t (a int) partitioned by (a, bucket(a, 16), years(b), truncate(4, \"c d\")) "
        + "sorted by (a desc, day(b) nulls first)",
        "create table t (a pg_catalog.int4) partitioned by (a, bucket(16, a), year(b), truncate(4, \"c d\")) "
        + "sorted by (a desc nulls first, day(b) asc nulls first)")]
    [InlineData("create table t with (partitioning = array['bucket(a, 4)', 'b'], sorted_by = array['a desc nulls last']) as select 1 as a",
        "create table t partitioned by (bucket(4, a), b) sorted by (a desc nulls last) as select 1 as a")]
    [InlineData("alter table t set partitioning (month(b)), write ordered by a", "alter table t set partitioned by (month(b)), "
        + "set sorted by (a asc nulls last)")]
    [InlineData("alter table t replace partition field months(b) with days(b) as d", "alter table t replace partition field month(b) with "
        + "day(b) as d")]
    [InlineData("alter table t add partition field bucket(a, 2), drop partition field a", "alter table t add partition field bucket(2, a), "
        + "drop partition field a")]
    [InlineData("alter table t add partition field", "alter table t add column \"partition\" field")]
    [InlineData("fetch next c", "fetch forward 1 from c")]
    [InlineData("set time zone local", "set timezone = default")]
    public void PrintsCanonically(string sql, string expected)
    {
        var statement = Assert.Single(SqlParser.Parse(sql)).Statement;
        Assert.Equal(expected, SqlPrinter.Print(statement));
        Assert.Null(Difference(sql));
    }

    private static string? Difference(string sql)
    {
        IReadOnlyList<ParsedStatement> statements;
        try
        {
            statements = SqlParser.Parse(sql);
        }
        catch (SqlException exception) when (CorpusTests.IsDeliberate(exception))
        {
            return null;
        }

        foreach (var (statement, _, _) in statements)
        {
            if (TreeComparer.Contains<UnsupportedStatement>(statement)) continue;
            var printed = SqlPrinter.Print(statement);
            try
            {
                var again = SqlParser.Parse(printed);
                if (again.Count != 1 || !TreeComparer.AreEqual(statement, again[0].Statement)) return $"{sql}\n    {printed}";
            }
            catch (SqlException exception)
            {
                return $"{sql}\n    {printed}\n    {exception.Message}";
            }
        }

        return null;
    }
}
