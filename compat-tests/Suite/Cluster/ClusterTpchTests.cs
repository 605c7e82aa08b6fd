using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Cluster;

/// <summary>
/// The 22 queries of TPC-H with every plan spread over worker processes, over the three homes of the tables: the rows must be those of
/// PostgreSQL. One test per home and number of workers, because starting a cluster takes longer than its queries.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class ClusterTpchTests(SuiteServers servers, ITestOutputHelper output)
{
    [Theory]
    [InlineData(2, "tpch", null)]
    [InlineData(2, "tpch_files", null)]
    [InlineData(2, "federation", "\"tpch_half.public\", \"tpch.public\"")]
    [InlineData(3, "tpch", null)]
    [InlineData(3, "tpch_files", null)]
    [InlineData(3, "federation", "\"tpch_half.public\", \"tpch.public\"")]
    public async Task Queries_give_PostgreSQLs_rows(int workers, string database, string? searchPath)
    {
        await servers.GetTpchAsync();
        var data = Directory.CreateTempSubdirectory("federation-cluster-").FullName;
        try
        {
            await using var gateway =
                await GatewayProcess.StartAsync(data, "--workers", $"{workers}", "--allow", servers.Files, "--memory-mb", "2048");
            Assert.Equal(workers, gateway.WorkerIds().Count);
            var tpch = await servers.AttachTpchAsync(gateway.Address);
            await using var oracle = await RawClient.ConnectAsync(tpch);
            await using var subject = await RawClient.ConnectAsync(gateway.Address with { Database = database });
            Assert.Null((await subject.QueryAsync("SET federation.distribution = always")).Error);

            // What the source does alone is not spread.
            Assert.Null((await subject.QueryAsync("SET federation.pushdown = scan")).Error);
            if (searchPath is not null) Assert.Null((await subject.QueryAsync($"SET search_path = {searchPath}")).Error);
            var spread = 0;
            foreach (var path in Directory.GetFiles(Path.Combine(Repository.CompatTests, "tpch", "queries"), "q*.sql")
                .Order(StringComparer.Ordinal))
            {
                var sql = await File.ReadAllTextAsync(path);
                var expected = await oracle.QueryAsync(sql);
                Assert.NotEmpty(expected.Rows);
                var actual = await subject.QueryAsync(sql);
                Assert.True(actual.Error is null, $"{Path.GetFileName(path)}: {actual.Error}");
                Assert.Equal(expected.Rows.Select(SltFile.Row), actual.Rows.Select(SltFile.Row));
                var plan = await subject.QueryAsync("EXPLAIN " + sql);
                if (plan.Rows.Count(row => SltFile.Row(row).Contains("Fragment ", StringComparison.Ordinal)) > 1) spread++;
            }

            output.WriteLine($"{workers} workers, {database}: {spread} of 22 plans spread");
            Assert.Equal(22, spread);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }
}
