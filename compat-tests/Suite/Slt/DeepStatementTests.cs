using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Slt;

/// <summary>
/// Statements as deep as PostgreSQL's usual limits allow have its answers; the kernel's work for each of these forms once grew with a power
/// of the depth.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class DeepStatementTests(SuiteServers servers)
{
    private const int Arms = 500;
    private const int Depth = 1000;

    [Theory]
    [InlineData("constant zones", "SELECT timestamp '2020-01-01 00:00'", " AT TIME ZONE 'Europe/Berlin'", "")]
    [InlineData("zones of a column", "SELECT x", " AT TIME ZONE 'Europe/Berlin'", " FROM (VALUES (timestamp '2020-07-01 00:00')) v(x)")]
    [InlineData("intervals as zones", "SELECT x", " AT TIME ZONE interval '1 h'", " FROM (VALUES (timestamp '2020-07-01 00:00')) v(x)")]
    public async Task Repeated_operators(string form, string start, string link, string end) =>
        await SameAsync(form, start + string.Concat(Enumerable.Repeat(link, Depth)) + end);

    [Theory]
    [InlineData("md5", "'a'", "")]
    [InlineData("abs", "-1", "")]
    [InlineData("initcap", "x", " FROM (VALUES ('a b'), (NULL)) v(x)")]
    public async Task Nested_calls(string function, string argument, string from) =>
        await SameAsync(function,
            $"SELECT {string.Concat(Enumerable.Repeat(function + "(", Depth))}{argument}{new string(')', Depth)}{from}");

    [Theory]
    [InlineData("narrow", "g, {0} AS arm")]
    [InlineData("equal", "g")]
    [InlineData("wide",
        "g, g + 1, g + 2, g + 3, g::text, g::text, g::numeric(10,2), 'x'::varchar(5), 'y'::char(3), g, g, g, g, g, g, {0} AS arm")]
    [InlineData("of several types", "CASE WHEN g > 1 THEN g END, g / 2.0, NULL, {0}")]
    public async Task Union_all(string form, string columns) =>
        await SameAsync(form,
            string.Join(" UNION ALL ",
                Enumerable.Range(0, Arms)
                    .Select(arm =>
                        $"SELECT {columns.Replace("{0}", $"{arm}", StringComparison.Ordinal)} FROM generate_series(1, 3) g WHERE g <> "
                            + $"{arm % 4}")));

    [Theory]
    [InlineData("nested", 500)]
    [InlineData("one after the other", 200)]
    [InlineData("side by side", 500)]
    public async Task Common_table_expressions(string form, int count) => await SameAsync(form, WithClauses(form, count));

    /// <summary>Counting the readers of each definition by itself took a minute for these.</summary>
    [Theory]
    [InlineData("one after the other")]
    [InlineData("side by side")]
    public async Task Thousands_of_common_table_expressions(string form)
    {
        await using var subject = await RawClient.ConnectAsync(servers.Gateway);
        var result = await subject.QueryAsync(WithClauses(form, 3000));
        Assert.True(result.Error is null, $"{form}: {result.Error}");
        Assert.Equal("3000", result.Rows[0][0]);
    }

    private static string WithClauses(string form, int count)
    {
        var numbers = Enumerable.Range(1, count - 1);
        return form switch
        {
            "nested" => string.Concat(Enumerable.Range(0, count).Select(i => $"WITH c{i} AS (")) + "SELECT 1 AS x"
                + string.Concat(Enumerable.Range(0, count).Reverse().Select(i => $") SELECT x + 1 AS x FROM c{i}")),
            "side by side" =>
                $"WITH c0 AS (SELECT 1 AS x){string.Concat(numbers.Select(i => $", c{i} AS (SELECT {i} AS x)"))} SELECT a.x + b.x FROM "
                    + $"c{count - 1} a, c0 b",
            _ =>
                $"WITH c0 AS (SELECT 1 AS x){string.Concat(numbers.Select(i => $", c{i} AS (SELECT x + 1 AS x FROM c{i - 1})"))} SELECT x "
                    + $"FROM c{count - 1}",
        };
    }

    private async Task SameAsync(string form, string sql)
    {
        await using var oracle = await RawClient.ConnectAsync(servers.Postgres);
        await using var subject = await RawClient.ConnectAsync(servers.Gateway);
        var (expected, actual) = (await oracle.QueryAsync(sql), await subject.QueryAsync(sql));
        Assert.True(expected.Error is null, $"{form}: PostgreSQL: {expected.Error}");
        Assert.True(actual.Error is null, $"{form}: {actual.Error}");
        Assert.Equal(Sorted(expected), Sorted(actual));
    }

    private static string[] Sorted(QueryResult result) => [.. result.Rows.Select(SltFile.Row).Order(StringComparer.Ordinal)];
}
