using System.Diagnostics;
using Federation.CompatTests.Suite.Protocol;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>
/// Results larger than the memory allowed are streamed to a client that reads slowly: 5 million rows, or 50 million with FEDERATION_FULL=1,
/// and the processes stay below fixed amounts of resident memory, whatever the number of rows.
/// </summary>
public sealed class LargeResultTests(ITestOutputHelper output)
{
    private const long MostGatewayBytes = 500L << 20;

    /// <summary>A kernel of 256 MB and 256 MB of spooled pages, besides what the runtime takes.</summary>
    private const long MostWorkerBytes = 800L << 20;

    private static readonly long s_rows = Full.IsAsked ? 50_000_000 : 5_000_000;

    [Fact]
    public Task Rows_stream_within_bounded_memory() =>
        StreamAsync([], $"SELECT i, repeat('x', 20) FROM generate_series(1, {s_rows}) i", s_rows);

    [Fact]
    public Task Wide_rows_stream_within_bounded_memory() =>
        StreamAsync([], $"SELECT x, x * 2 AS y, repeat('abcdefgh', 32) AS t FROM generate_series(1, {s_rows / 2}) x", s_rows / 2);

    [Fact]
    public Task Rows_of_workers_stream_within_bounded_memory() => StreamAsync(
        ["--workers", "2"],
        "SET federation.distribution = always; SELECT l_orderkey, l_partkey, l_extendedprice, l_shipdate, l_comment FROM "
            + $"generated.{(Full.IsAsked ? "sf10" : "sf1")}.lineitem",
        Full.IsAsked ? 59_986_052 : 6_001_215);

    /// <summary>Sorted rows lie in the spools of the workers first, and then in the files of the gateway's kernel.</summary>
    [Fact]
    public Task Sorted_rows_of_workers_stream_within_bounded_memory() => StreamAsync(
        ["--workers", "2"],
        "SET federation.distribution = always; SELECT l_orderkey, l_comment FROM generated.sf1.lineitem ORDER BY l_comment, l_orderkey",
        6_001_215);

    private async Task StreamAsync(string[] options, string sql, long rows)
    {
        var folder = Directory.CreateTempSubdirectory("federation-large-").FullName;
        try
        {
            await using var gateway =
                await GatewayProcess.StartAsync(folder, [.. options, "--memory-mb", options.Length == 0 ? "256" : "768"]);
            var workers = gateway.WorkerIds();
            await using (var client = await RawClient.ConnectAsync(gateway.Address))
                Assert.Null((await client.QueryAsync("CREATE SERVER generated FOREIGN DATA WRAPPER tpch")).Error);
            var watch = Stopwatch.StartNew();
            var (tag, bytes) = await SlowReader.ReadAsync(gateway.Address, sql);
            Assert.Equal($"SELECT {rows}", tag);
            var peak = GatewayProcess.PeakResidentBytes(gateway.Id);
            output.WriteLine(
                $"large result: {rows:N0} rows, {bytes / 1e9:F2} GB in {watch.Elapsed.TotalSeconds:F1} s, gateway's resident memory at "
                    + $"most {peak >> 20} MB, workers' "
                    + $"{string.Join(" and ", workers.Select(worker => $"{GatewayProcess.PeakResidentBytes(worker) >> 20} MB"))}");
            Assert.InRange(peak, 1, MostGatewayBytes);
            Assert.All(workers, worker => Assert.InRange(GatewayProcess.PeakResidentBytes(worker), 1, MostWorkerBytes));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
