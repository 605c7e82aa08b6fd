using System.Collections.Concurrent;
using System.Diagnostics;
using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Cluster;

/// <summary>
/// Workers join and are drained while queries run on several connections: a newcomer gets tasks, one that drains ends by itself when it has
/// nothing left to give, and no query fails or answers differently. 3 rounds by default, 15 with FEDERATION_FULL=1.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class MembershipTests(SuiteServers servers, ITestOutputHelper output)
{
    private const int Connections = 4;
    private static readonly int s_rounds = Full.IsAsked ? 15 : 3;
    private static readonly TimeSpan s_drainLimit = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan s_joinLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_work = TimeSpan.FromSeconds(1);

    /// <summary>Rows that stream from several tasks at once: once some are given, nothing can be run again.</summary>
    private const string Stream = "SELECT l_orderkey, l_linenumber, l_comment FROM lineitem WHERE l_orderkey % 3 = 0";

    [Fact]
    public async Task Joining_and_draining_change_the_time_and_never_the_answer()
    {
        await servers.GetTpchAsync();
        var data = Directory.CreateTempSubdirectory("federation-members-").FullName;
        try
        {
            await using var gateway =
                await GatewayProcess.StartAsync(data, "--workers", "1", "--allow", servers.Files, "--memory-mb", "1024");
            var tpch = await servers.AttachTpchAsync(gateway.Address);
            await using var oracle = await RawClient.ConnectAsync(tpch);
            var expected = new Dictionary<string, string[]>(StringComparer.Ordinal);
            foreach (var sql in ClusterStatements.All) expected[sql] = [.. (await oracle.QueryAsync(sql)).Rows.Select(SltFile.Row)];
            expected[Stream] = [.. (await oracle.QueryAsync(Stream)).Rows.Select(SltFile.Row).Order(StringComparer.Ordinal)];
            using var ended = new CancellationTokenSource();
            var problems = new ConcurrentQueue<string>();
            var answers = 0;
            var querying = Enumerable.Range(0, Connections).Select(number => Task.Run(() => QueryAsync(number))).ToArray();
            await using var observer = await ConnectAsync(gateway, "tpch_files");
            var (joins, drains) = (TimeSpan.Zero, TimeSpan.Zero);
            for (var round = 0; round < s_rounds && problems.IsEmpty; round++)
            {
                await using var first = await StartAsync();
                await using var second = await StartAsync();
                var watch = Stopwatch.StartNew();
                await WaitForTasksAsync(observer, first.Address);
                await WaitForTasksAsync(observer, second.Address);
                joins += watch.Elapsed;
                await Task.Delay(s_work);
                watch.Restart();
                Assert.Equal(0, await first.DrainAsync(s_drainLimit));
                drains += watch.Elapsed;
                await Task.Delay(s_work / 4);
                Assert.Equal(0, await second.DrainAsync(s_drainLimit));
                Assert.False(await HasTasksAsync(observer, first.Address) || await HasTasksAsync(observer, second.Address),
                    "a worker that is gone is named");
            }

            await ended.CancelAsync();
            await Task.WhenAll(querying);
            output.WriteLine(
                $"{answers} right answers while {s_rounds * 2} workers joined and left; tasks after {joins.TotalSeconds / s_rounds:F1} s, "
                    + $"ended {drains.TotalSeconds / s_rounds:F1} s after SIGTERM");
            Assert.True(problems.IsEmpty, string.Join('\n', problems));
            Assert.True(answers > s_rounds * Connections, $"{answers} answers");

            Task<WorkerProcess> StartAsync() => WorkerProcess.StartAsync(data, "--allow", servers.Files, "--memory-mb", "512");

            async Task QueryAsync(int number)
            {
                await using var client = await ConnectAsync(gateway, number % 2 == 0 ? "tpch" : "tpch_files");
                for (var i = number; !ended.IsCancellationRequested && problems.IsEmpty; i++)
                {
                    var sql = i % (expected.Count) == ClusterStatements.All.Length ? Stream : ClusterStatements.All[i % expected.Count];
                    var actual = await client.QueryAsync(sql);
                    var rows = actual.Rows.Select(SltFile.Row);
                    if (actual.Error is { } error) problems.Enqueue($"{sql}: {error}");
                    else if (!(sql == Stream ? rows.Order(StringComparer.Ordinal) : rows).SequenceEqual(expected[sql]))
                        problems.Enqueue($"{sql}: another answer");
                    else Interlocked.Increment(ref answers);
                }
            }
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task<RawClient> ConnectAsync(GatewayProcess gateway, string database)
    {
        var client = await RawClient.ConnectAsync(gateway.Address with { Database = database });
        Assert.Null((await client.QueryAsync("SET federation.distribution = always")).Error);
        return client;
    }

    private static async Task WaitForTasksAsync(RawClient observer, string address)
    {
        var watch = Stopwatch.StartNew();
        while (!await HasTasksAsync(observer, address))
            Assert.True(watch.Elapsed < s_joinLimit, $"worker {address} has no task after {watch.Elapsed}");
    }

    /// <summary>Whether a query that is spread over all workers runs on this one too.</summary>
    private static async Task<bool> HasTasksAsync(RawClient observer, string address)
    {
        var plan = await observer.QueryAsync("EXPLAIN ANALYZE SELECT l_returnflag, count(*) FROM lineitem GROUP BY 1");
        Assert.True(plan.Error is null, plan.Error?.ToString());
        return plan.Rows.Any(row => row[0]!.Contains($"{address}: ", StringComparison.Ordinal));
    }
}
