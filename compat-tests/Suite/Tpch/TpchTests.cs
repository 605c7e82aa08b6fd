using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Tpch;

/// <summary>
/// The 22 queries of TPC-H, unchanged, over the three homes of the tables: the rows must be those that PostgreSQL gives for its own tables.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class TpchTests(SuiteServers servers, ITestOutputHelper output)
{
    private const int QueryCount = 22;
    private const int LeastWhole = 15;
    private static readonly string s_folder = Path.Combine(Repository.CompatTests, "tpch", "queries");

    public static TheoryData<string> Queries =>
        new(Directory.GetFiles(s_folder, "q*.sql").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal));

    [Fact]
    public void All_queries_are_there() => Assert.Equal(QueryCount, Directory.GetFiles(s_folder, "q*.sql").Length);

    /// <summary>The database is the attached server: unqualified names mean its tables.</summary>
    [Theory]
    [MemberData(nameof(Queries))]
    public Task Tables_in_postgres(string query) => CompareAsync(query, "tpch", null, areTypesEqual: true);

    /// <summary>Only columns, filters and limits of single tables are left to the source.</summary>
    [Theory]
    [MemberData(nameof(Queries))]
    public Task Tables_in_postgres_read_one_by_one(string query) =>
        CompareAsync(query, "tpch", "SET federation.pushdown = 'scan'", areTypesEqual: true);

    /// <summary>The source answers most queries as one statement: the gateway asks nothing else of it.</summary>
    [Fact]
    public async Task Most_queries_over_postgres_are_one_statement()
    {
        await servers.GetTpchAsync();
        await using var client = await RawClient.ConnectAsync(servers.Gateway with { Database = "tpch" });
        var whole = new List<string>();
        foreach (var query in Directory.GetFiles(s_folder, "q*.sql").Order(StringComparer.Ordinal))
        {
            var plan = await client.QueryAsync("EXPLAIN " + await File.ReadAllTextAsync(query));
            Assert.True(plan.Error is null, plan.Error?.ToString());
            var statements = plan.Rows.Count(row => row[0]!.Contains("SQL: SELECT", StringComparison.Ordinal));
            Assert.True(statements > 0, query);
            if (statements == 1) whole.Add(Path.GetFileNameWithoutExtension(query));
            output.WriteLine($"{query}: {statements}\n{string.Join('\n', plan.Rows.Select(row => row[0]))}\n");
        }

        Assert.True(whole.Count >= LeastWhole, $"one statement: {string.Join(", ", whole)}");
    }

    [Theory]
    [MemberData(nameof(Queries))]
    public Task Tables_in_parquet_files(string query) => CompareAsync(query, "tpch_files", null, areTypesEqual: false);

    /// <summary>Half of the tables come from files, found first on the search path, and the rest from PostgreSQL.</summary>
    [Theory]
    [MemberData(nameof(Queries))]
    public Task Tables_in_both(string query) =>
        CompareAsync(query, "federation", "SET search_path = \"tpch_half.public\", \"tpch.public\"", areTypesEqual: false);

    private async Task CompareAsync(string query, string database, string? setting, bool areTypesEqual)
    {
        var tpch = await servers.GetTpchAsync();
        var sql = await File.ReadAllTextAsync(Path.Combine(s_folder, query + ".sql"));
        await using var oracle = await RawClient.ConnectAsync(tpch);
        await using var subject = await RawClient.ConnectAsync(servers.Gateway with { Database = database });
        if (setting is not null) Assert.Null((await subject.QueryAsync(setting)).Error);
        var expected = await oracle.QueryAsync(sql);
        Assert.NotEmpty(expected.Rows);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var actual = await subject.QueryAsync(sql);
        output.WriteLine($"tpch {database} {query}: {expected.Rows.Count} rows in {watch.ElapsedMilliseconds} ms");
        Assert.True(actual.Error is null, actual.Error?.ToString());
        Assert.Equal(expected.Rows.Select(SltFile.Row), actual.Rows.Select(SltFile.Row));
        Assert.Equal(expected.Columns.Select(column => column.Name), actual.Columns.Select(column => column.Name));
        if (areTypesEqual) Assert.Equal(expected.Columns.Select(column => column.TypeOid), actual.Columns.Select(column => column.TypeOid));
    }
}
