using System.Globalization;
using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Sessions;
using Federation.CompatTests.Suite.Slt;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Stores;

/// <summary>Tables in a warehouse on S3 behave as those on a local disk.</summary>
public sealed class S3WarehouseTests(S3Lake lake, ITestOutputHelper output) : IClassFixture<S3Lake>, IDisposable
{
    private static readonly string s_scripts = Path.Combine(Repository.Root, "compat-tests", "sessions");

    public void Dispose() => lake.Server.Faults = null;

    public static TheoryData<string> Scripts =>
        new(Directory.GetFiles(s_scripts, "*.session").Select(file => Path.GetFileNameWithoutExtension(file))
            .Order(StringComparer.Ordinal));

    public static TheoryData<string> WriteFiles =>
        new(Directory.GetFiles(Path.Combine(Repository.CompatTests, "slt", "writes"), "*.slt")
            .Select(file => $"writes/{Path.GetFileName(file)}").Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(WriteFiles))]
    public async Task The_write_suite_holds(string name)
    {
        var outcome =
            await new SltRunner(lake.Postgres, lake.Embedded).RunAsync(SltFile.Load(Path.Combine(Repository.CompatTests, "slt"), name));
        Assert.True(outcome.Failures.Count == 0, "\n" + string.Join("\n", outcome.Failures));
        Assert.True(outcome.Equal > 0);
    }

    /// <summary>Every tenth request fails in one of the ways in which requests fail.</summary>
    [Theory]
    [MemberData(nameof(WriteFiles))]
    public async Task The_write_suite_holds_on_a_store_that_fails_now_and_then(string name)
    {
        lake.Server.Faults = Sometimes(10, seed: 7);
        await The_write_suite_holds(name);
    }

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task A_session_script_gives_what_it_says(string name)
    {
        var script = new SessionScript(Path.Combine(s_scripts, name + ".session"));
        Require("one gateway", await script.RunAsync(_ => lake.Embedded));
        Require("two gateways", await script.RunAsync(session => session % 2 == 1 ? lake.First : lake.Second));
    }

    [Fact]
    public async Task A_table_is_written_and_read_without_a_listing()
    {
        await using var client = await RawClient.ConnectAsync(lake.Embedded);
        await RunAsync(client, "CREATE SCHEMA few");
        lake.Server.ForgetRequests();
        await RunAsync(client, "CREATE TABLE few.t (n int, v text)", "INSERT INTO few.t VALUES (1, 'one'), (2, 'two')",
            "INSERT INTO few.t VALUES (3, 'three')");
        Assert.Equal(["1|one", "2|two", "3|three"], await RowsAsync(client, "SELECT * FROM few.t ORDER BY n"));
        var kinds = lake.Server.Requests.GroupBy(request => request.Kind).ToDictionary(group => group.Key, group => group.Count());
        output.WriteLine(string.Join(", ", kinds.Select(kind => $"{kind.Key} {kind.Value.ToString(CultureInfo.InvariantCulture)}")));
        Assert.DoesNotContain("list", kinds.Keys);
        Assert.All(lake.Server.Requests, request => Assert.StartsWith("embedded/few/t-", request.Key, StringComparison.Ordinal));

        // What was read stays: the second time nothing is asked for.
        lake.Server.ForgetRequests();
        Assert.Equal(["3"], await RowsAsync(client, "SELECT count(*) FROM few.t WHERE v LIKE '%'"));
        Assert.DoesNotContain(lake.Server.Requests, request => request.Kind != "get");
        lake.Server.ForgetRequests();
        Assert.Equal(["6"], await RowsAsync(client, "SELECT sum(n) FROM few.t"));
        Assert.Empty(lake.Server.Requests);
    }

    [Fact]
    public async Task Only_the_columns_that_a_query_reads_are_fetched()
    {
        await using var client = await RawClient.ConnectAsync(lake.Embedded);
        await RunAsync(client,
            "CREATE TABLE wide AS SELECT n, md5(n::text) AS a, md5((n + 1)::text) AS b, md5((n * 2)::text) AS c FROM generate_series(1, "
                + "300000) AS g(n)");
        var size = lake.Server.Objects
            .Where(path => path.Contains("/wide-", StringComparison.Ordinal) && path.EndsWith(".parquet", StringComparison.Ordinal))
            .Sum(path => (long)lake.Server.Get(Parts(path).Bucket, Parts(path).Key).Length);
        Assert.True(size > 10_000_000, $"{size} bytes");
        lake.Server.ForgetRequests();
        Assert.Equal(["45000150000"], await RowsAsync(client, "SELECT sum(n) FROM wide"));
        var read = BytesRead();
        output.WriteLine($"{read} of {size} bytes for one column of four");
        Assert.True(read < size / 3, $"{read} of {size} bytes");

        // Then another column of the same files, and both.
        Assert.Equal(["300000"], await RowsAsync(client, "SELECT count(DISTINCT b) FROM wide"));
        Assert.Equal(["e4da3b7fbbce2345d7772b0674a318d5|1679091c5a880faf6fb5e6087eb1b2dc|d3d9446802a44259755d38e6d163e820"],
            await RowsAsync(client, "SELECT a, b, c FROM wide WHERE n = 5"));
        Assert.Equal(["45000150000|32"], await RowsAsync(client, "SELECT sum(n), max(length(c)) FROM wide"));
    }

    [Fact]
    public async Task What_is_not_committed_leaves_no_object()
    {
        await using var client = await RawClient.ConnectAsync(lake.Embedded);
        await RunAsync(client, "CREATE SCHEMA gone", "CREATE TABLE gone.kept (n int NOT NULL)", "INSERT INTO gone.kept VALUES (1)");
        var before = Objects("/gone/");
        await RunAsync(client, "BEGIN", "CREATE TABLE gone.t AS SELECT 1 AS n", "INSERT INTO gone.t VALUES (2)",
            "INSERT INTO gone.kept VALUES (2)", "ROLLBACK");
        Assert.Equal("23502",
            (await client.QueryAsync(
                "INSERT INTO gone.kept SELECT CASE WHEN n = 5000 THEN NULL ELSE n END FROM generate_series(1, 9000) AS g(n)")).Error?.Code);
        Assert.Equal("22012",
            (await client.QueryAsync("CREATE TABLE gone.u AS SELECT 1 / (n - 5000) AS n FROM generate_series(1, 9000) AS g(n)")).Error
                ?.Code);
        await UntilAsync(() => before.SequenceEqual(Objects("/gone/")), () => string.Join('\n', Objects("/gone/").Except(before)));
        Assert.Equal(["1"], await RowsAsync(client, "SELECT * FROM gone.kept"));
    }

    [Fact]
    public async Task A_store_that_stays_broken_is_told_and_costs_nothing()
    {
        await using var client = await ClientStatements.ConnectForFilesAsync(lake.Embedded);
        await RunAsync(client, "CREATE TABLE broken (n int)", "INSERT INTO broken VALUES (1)");
        lake.Server.Faults = request => request.Kind is "put" ? S3Fault.SlowDown : S3Fault.None;
        var result = await client.QueryAsync("INSERT INTO broken VALUES (2)");
        Assert.Equal("58030", result.Error?.Code);
        Assert.Contains("s3://lake/embedded/", result.Error!.Message, StringComparison.Ordinal);
        lake.Server.Faults = null;
        Assert.Equal(["1"], await RowsAsync(client, "SELECT * FROM broken"));
        await RunAsync(client, "INSERT INTO broken VALUES (3)");
        Assert.Equal(["1", "3"], await RowsAsync(client, "SELECT * FROM broken ORDER BY n"));
    }

    /// <summary>Two gateways with four clients each, on a store that fails now and then.</summary>
    [Fact]
    public async Task Gateways_append_to_one_table_and_lose_nothing()
    {
        var commits = Full.IsAsked ? 1_000 : 32;
        lake.Server.Faults = Sometimes(50, seed: 11);
        await AppendAsync(lake, commits);
        lake.Server.Faults = null;
        await using var reader = await RawClient.ConnectAsync(lake.Second);
        Assert.Equal([$"0|{commits}|{commits}", $"1|{commits}|{commits}"],
            await RowsAsync(reader, "SELECT gateway, count(*), count(DISTINCT (client, n)) FROM appended GROUP BY 1 ORDER BY 1"));
        output.WriteLine($"2 gateways x {commits} commits: none lost");
    }

    /// <summary>Four clients of each of two gateways insert single rows into a table that they share.</summary>
    /// <param name="lake">The gateways.</param>
    /// <param name="commits">Commits of each gateway; divisible by four.</param>
    internal static async Task AppendAsync(S3Lake lake, int commits)
    {
        await using (var client = await RawClient.ConnectAsync(lake.First))
            await RunAsync(client, "CREATE TABLE appended (gateway int, client int, n int)");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async number =>
        {
            var gateway = number % 2;
            await using var client = await RawClient.ConnectAsync(gateway == 0 ? lake.First : lake.Second);
            for (var i = 0; i < commits / 4; i++) await RunAsync(client, $"INSERT INTO appended VALUES ({gateway}, {number}, {i})");
        }));
    }

    /// <summary>Faults that pass, drawn by lot; a silence costs the whole time-out and is rare.</summary>
    internal static Func<S3Request, S3Fault> Sometimes(int oneOf, int seed)
    {
        var random = new Random(seed);
        return _ =>
        {
            lock (random)
            {
                if (random.Next(oneOf) != 0) return S3Fault.None;
                return random.Next(40) == 0 ? S3Fault.Silence : (S3Fault)random.Next((int)S3Fault.Error, (int)S3Fault.HalfAnswer + 1);
            }
        };
    }

    private static async Task UntilAsync(Func<bool> isReached, Func<string> otherwise)
    {
        for (var waited = 0; !isReached(); waited++)
        {
            Assert.True(waited < 300, otherwise());
            await Task.Delay(100);
        }
    }

    private static void Require(string where, IReadOnlyList<string> wrong) =>
        Assert.True(wrong.Count == 0, $"on {where}:\n{string.Join("\n\n", wrong)}");

    private IReadOnlyList<string> Objects(string part) =>
        [.. lake.Server.Objects.Where(path => path.Contains(part, StringComparison.Ordinal))];

    private static (string Bucket, string Key) Parts(string path) =>
        (path[..path.IndexOf('/', StringComparison.Ordinal)], path[(path.IndexOf('/', StringComparison.Ordinal) + 1)..]);

    private long BytesRead() =>
        lake.Server.Requests.Where(request => request.Kind == "get" && request.Key.EndsWith(".parquet", StringComparison.Ordinal))
            .Sum(request =>
    {
        var length = lake.Server.Get(request.Bucket, request.Key).Length;
        var range = request.Range!["bytes=".Length..].Split('-')
            .Select(text => text.Length == 0 ? -1 : long.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return range[0] < 0 ? Math.Min(range[1], length) : Math.Min(range[1], length - 1) - range[0] + 1;
    });

    private static async Task RunAsync(RawClient client, params string[] statements)
    {
        foreach (var sql in statements)
        {
            var result = await client.QueryAsync(sql);
            Assert.True(result.Error is null, $"{sql}: {result.Error}");
        }
    }

    private static async Task<string[]> RowsAsync(RawClient client, string sql)
    {
        var result = await client.QueryAsync(sql);
        Assert.True(result.Error is null, $"{sql}: {result.Error}");
        return [.. result.Rows.Select(row => string.Join('|', row))];
    }
}
