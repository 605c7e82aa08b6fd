using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Cluster;

/// <summary>
/// Spread queries over far more than the memory limit: they go to the spill folder and end in the right answer, or end with 53200. Either
/// way the same processes answer the next query.
/// </summary>
public sealed class MemoryLimitTests(ITestOutputHelper output)
{
    private const string OutOfMemory = "53200";
    private const string Rows = "1199969";

    /// <summary>Statement, the answer, and whether it can do without the memory that is not there.</summary>
    private static readonly (string Sql, string Answer, bool Spills)[] s_statements =
    [
        ("SELECT count(*)::text || ' ' || sum(n)::text FROM (SELECT l_orderkey, l_linenumber, l_comment, count(*) AS n FROM lineitem "
            + "GROUP BY 1, 2, 3) x", $"{Rows} {Rows}", true),
        ("SELECT count(*)::text FROM lineitem a JOIN lineitem b ON a.l_orderkey = b.l_orderkey AND a.l_linenumber = b.l_linenumber AND "
            + "a.l_comment = b.l_comment", Rows, true),
        ("SELECT count(*)::text FROM (SELECT l_orderkey FROM lineitem ORDER BY l_comment, l_orderkey OFFSET 1199960) x", "9", true),
        ("SELECT array_length(array_agg(l_comment), 1)::text FROM lineitem", Rows, false),
        ("SELECT length(string_agg(l_comment || l_shipinstruct, ',')) > 0 FROM lineitem", "t", false),
    ];

    [Fact]
    public async Task Queries_spill_or_end_with_53200_and_the_workers_live_on()
    {
        var data = Directory.CreateTempSubdirectory("federation-memory-").FullName;
        try
        {
            await using var gateway = await GatewayProcess.StartAsync(data, "--workers", "2", "--memory-mb", "192");
            var workers = gateway.WorkerIds().Order().ToArray();
            await using var client = await RawClient.ConnectAsync(gateway.Address);
            Assert.Null(
                (await client.QueryAsync(
                    "CREATE SERVER generated FOREIGN DATA WRAPPER tpch; SET federation.distribution = always; SET search_path = "
                        + "\"generated.sf0.2\"")).Error);
            using var ended = new CancellationTokenSource();
            var watching = Task.Run(() => WatchAsync(Path.Combine(data, "spill"), ended.Token));
            var refused = 0;
            foreach (var (sql, answer, spills) in s_statements)
            {
                var result = await client.QueryAsync(sql);
                if (result.Error is { } error)
                {
                    Assert.Equal(OutOfMemory, error.Code);
                    Assert.False(spills, $"{sql}: {error}");
                    refused++;
                }
                else
                {
                    Assert.Equal(answer, result.Rows[0][0]);
                }

                // The next query is as good as if nothing had been.
                var next = await client.QueryAsync("SELECT count(l_orderkey) FROM lineitem");
                Assert.True(next.Error is null, next.Error?.ToString());
                Assert.Equal(Rows, next.Rows[0][0]);
                Assert.Equal(workers, gateway.WorkerIds().Order());
            }

            await ended.CancelAsync();
            var spilled = await watching;
            output.WriteLine(
                $"{refused} of {s_statements.Length} refused for memory, {spilled >> 20} MB spilled at most, peaks "
                    + $"{string.Join(", ", workers.Prepend(gateway.Id).Select(process => $"{GatewayProcess.PeakResidentBytes(process) >> 20} MB"))}");
            Assert.True(refused > 0, "nothing was too large: the test does not test the limit");
            Assert.True(spilled > 0, "nothing was spilled");
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    /// <summary>The most bytes that were seen in the files of a folder.</summary>
    private static async Task<long> WatchAsync(string folder, CancellationToken ended)
    {
        var most = 0L;
        while (!ended.IsCancellationRequested)
        {
            most = Math.Max(most, Measure(folder));
            await Task.Delay(100, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return most;
    }

    private static long Measure(string folder)
    {
        try
        {
            return new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
        }
        catch (IOException)
        {
            // A file went away between its listing and the look at it.
            return 0;
        }
    }
}
