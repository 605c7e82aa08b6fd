using System.Diagnostics;
using System.Globalization;
using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;
using Federation.CompatTests.Suite.Tpch;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Cluster;

/// <summary>
/// The 22 queries of TPC-H at scale factor 1 by worker processes: over the generated tables the published answers, over the three homes
/// PostgreSQL's rows. They take many minutes and run with FEDERATION_FULL=1 only.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class ClusterScaleTests(SuiteServers servers, ITestOutputHelper output)
{
    private static Dictionary<string, string[]>? s_expected;

    [FullTheory]
    [InlineData(2)]
    [InlineData(3)]
    public Task Published_answers(int workers) => WithGatewayAsync(workers, async gateway =>
    {
        await using (var admin = await RawClient.ConnectAsync(gateway.Address))
            Assert.Null((await admin.QueryAsync("CREATE SERVER generated FOREIGN DATA WRAPPER tpch")).Error);
        await using var client = await ConnectAsync(gateway, workers, "generated", "sf1");
        await RunAsync(client, $"{workers} workers, generated", ScaleOne.Check);
    });

    [FullTheory]
    [InlineData(0, "tpch_sf1", null)]
    [InlineData(0, "tpch_sf1_files", null)]
    [InlineData(0, "federation", "\"tpch_sf1_half.public\", \"tpch_sf1.public\"")]
    [InlineData(2, "tpch_sf1", null)]
    [InlineData(2, "tpch_sf1_files", null)]
    [InlineData(2, "federation", "\"tpch_sf1_half.public\", \"tpch_sf1.public\"")]
    [InlineData(3, "tpch_sf1", null)]
    [InlineData(3, "tpch_sf1_files", null)]
    [InlineData(3, "federation", "\"tpch_sf1_half.public\", \"tpch_sf1.public\"")]
    public Task PostgreSQLs_rows(int workers, string database, string? searchPath) => WithGatewayAsync(workers, async gateway =>
    {
        var oracle = await servers.AttachScaleOneAsync(gateway.Address);
        s_expected ??= await ReadExpectedAsync(oracle);
        await using var client = await ConnectAsync(gateway, workers, database, searchPath);
        await RunAsync(client, $"{workers} workers, {database}", (query, actual) =>
        {
            Assert.True(actual.Error is null, $"{query}: {actual.Error}");
            Assert.Equal(s_expected[query], actual.Rows.Select(SltFile.Row));
        });
    });

    private async Task RunAsync(RawClient client, string what, Action<string, QueryResult> check)
    {
        var times = new List<string>();
        var whole = Stopwatch.StartNew();
        foreach (var query in ScaleOne.Queries)
        {
            var watch = Stopwatch.StartNew();
            check(query, await client.QueryAsync(await ScaleOne.ReadAsync(query)));
            times.Add(string.Create(CultureInfo.InvariantCulture, $"{query} {watch.Elapsed.TotalSeconds:F1}"));
        }

        output.WriteLine($"tpch sf1, {what}: {times.Count} right in {whole.Elapsed.TotalSeconds:F0} s ({string.Join(", ", times)})");
    }

    private async Task WithGatewayAsync(int workers, Func<GatewayProcess, Task> test)
    {
        var data = Directory.CreateTempSubdirectory("federation-scale-").FullName;
        try
        {
            await using var gateway =
                await GatewayProcess.StartAsync(data, "--workers", $"{workers}", "--allow", servers.Files, "--memory-mb", "4096");
            await test(gateway);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task<RawClient> ConnectAsync(GatewayProcess gateway, int workers, string database, string? searchPath)
    {
        var client = await RawClient.ConnectAsync(gateway.Address with { Database = database });
        Assert.Null((await client.QueryAsync($"SET federation.distribution = {(workers > 0 ? "always" : "off")}")).Error);
        if (searchPath is not null) Assert.Null((await client.QueryAsync($"SET search_path = {searchPath}")).Error);
        return client;
    }

    private static async Task<Dictionary<string, string[]>> ReadExpectedAsync(ServerAddress postgres)
    {
        await using var oracle = await RawClient.ConnectAsync(postgres);
        var expected = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var query in ScaleOne.Queries)
        {
            var rows = await oracle.QueryAsync(await ScaleOne.ReadAsync(query));
            Assert.True(rows.Error is null && rows.Rows.Count > 0, $"{query}: {rows.Error}");
            expected[query] = [.. rows.Rows.Select(SltFile.Row)];
        }

        return expected;
    }
}
