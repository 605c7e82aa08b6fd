using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;
using Npgsql;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Tpch;

/// <summary>
/// The generated tables through the whole gateway: over scale factor 1 the 22 queries give the answers that the TPC-H council published,
/// and over the tiny tables those that PostgreSQL gives for a copy of them.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class GeneratedTpchTests(SuiteServers servers, ITestOutputHelper output)
{
    private const string Server = "tpch_generated";
    private const string TinyDatabase = "tpch_tiny";
    private static readonly string s_folder = Path.Combine(Repository.CompatTests, "tpch");
    private static Task? s_tiny;

    public static TheoryData<string> Queries => TpchTests.Queries;

    [Fact]
    public void All_answers_are_there() => Assert.Equal(22, ScaleOne.Answers.Count);

    [Theory]
    [MemberData(nameof(Queries))]
    public async Task Scale_factor_1_gives_the_published_answers(string query)
    {
        await using var client = await ConnectAsync("sf1");
        var sql = await ScaleOne.ReadAsync(query);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var actual = await client.QueryAsync(sql);
        output.WriteLine($"tpch sf1 {query}: {actual.Rows.Count} rows in {watch.ElapsedMilliseconds} ms");
        ScaleOne.Check(query, actual);
    }

    [Theory]
    [MemberData(nameof(Queries))]
    public async Task Tiny_tables_answer_as_their_copy_in_postgres(string query)
    {
        await (s_tiny ??= CopyTinyAsync());
        var sql = await ReadAsync(query);
        await using var oracle = await RawClient.ConnectAsync(servers.Postgres with { Database = TinyDatabase });
        await using var subject = await ConnectAsync("tiny");
        var expected = await oracle.QueryAsync(sql);
        var actual = await subject.QueryAsync(sql);
        Assert.True(expected.Error is null, expected.Error?.ToString());
        Assert.True(actual.Error is null, actual.Error?.ToString());
        Assert.Equal(expected.Rows.Select(SltFile.Row), actual.Rows.Select(SltFile.Row));
        Assert.Equal(expected.Columns, actual.Columns);
    }

    [Theory]
    [InlineData("sf1", "lineitem", 6_001_215)]
    [InlineData("sf10000", "lineitem", 59_999_994_267)]
    [InlineData("sf1000", "orders", 1_500_000_000)]
    [InlineData("sf0.1", "partsupp", 80_000)]
    [InlineData("tiny", "lineitem", 60_175)]
    public async Task Counts_are_answered_from_metadata(string schema, string table, long rows)
    {
        await using var client = await ConnectAsync(schema);
        var counted = await client.QueryAsync($"SELECT count(*) FROM {table}");
        Assert.True(counted.Error is null, counted.Error?.ToString());
        Assert.Equal(rows.ToString(System.Globalization.CultureInfo.InvariantCulture), counted.Rows[0][0]);
        var plan = await client.QueryAsync($"EXPLAIN SELECT count(*) FROM {table}");
        Assert.DoesNotContain(plan.Rows, row => row[0]!.Contains("scan", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Unknown_sizes_and_tables_do_not_exist()
    {
        await using var client = await ConnectAsync("tiny");
        foreach (var name in (string[])["sf0.nation", "sf01.nation", "\"sf1.0\".nation", "sf30000.nation", "\"sf-1\".nation", "sf.nation",
            "sf1.nations", "big.nation"])
            Assert.Equal("42P01", (await client.QueryAsync($"SELECT 1 FROM {name}")).Error?.Code);
    }

    /// <summary>Any number of rows of the largest size comes at once.</summary>
    [Fact]
    public async Task Limits_end_the_generator()
    {
        await using var client = await ConnectAsync("sf10000");
        var rows = await client.QueryAsync("SELECT l_orderkey, l_comment FROM lineitem LIMIT 5");
        Assert.Equal(["1", "1", "1", "1", "1"], rows.Rows.Select(row => row[0]));
        // The first order is the same at every size but for what refers to other tables.
        Assert.Equal("egular courts above the", rows.Rows[0][1]);
    }

    private static Task<string> ReadAsync(string query) => File.ReadAllTextAsync(Path.Combine(s_folder, "queries", query + ".sql"));

    private async Task<RawClient> ConnectAsync(string schema)
    {
        await using (var admin = await RawClient.ConnectAsync(servers.Gateway))
        {
            var created = await admin.QueryAsync($"CREATE SERVER IF NOT EXISTS {Server} FOREIGN DATA WRAPPER tpch");
            Assert.True(created.Error is null, created.Error?.ToString());
        }

        var client = await RawClient.ConnectAsync(servers.Gateway with { Database = Server });
        Assert.Null((await client.QueryAsync($"SET search_path = \"{schema}\"")).Error);
        return client;
    }

    private async Task CopyTinyAsync()
    {
        await (await ConnectAsync("tiny")).DisposeAsync();
        await using (var admin = new NpgsqlConnection(servers.Postgres.ConnectionString))
        {
            await admin.OpenAsync();
            await using var create = new NpgsqlCommand($"CREATE DATABASE {TinyDatabase}", admin);
            await create.ExecuteNonQueryAsync();
        }

        await TpchData.CopyGeneratedAsync(servers.Gateway with { Database = Server }, "tiny",
            servers.Postgres with { Database = TinyDatabase });
    }
}
