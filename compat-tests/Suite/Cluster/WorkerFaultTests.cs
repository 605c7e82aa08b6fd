using System.Diagnostics;
using System.Globalization;
using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Cluster;

/// <summary>
/// Workers are killed and paused at random moments while queries run: each query ends, within its time, in the right rows or in an error
/// that says what happened, and nothing is left behind. 40 queries by default, 200 with FEDERATION_FULL=1.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class WorkerFaultTests(SuiteServers servers, ITestOutputHelper output)
{
    private const string Kill = "-KILL";
    private const string Stop = "-STOP";
    private const string Continue = "-CONT";

    private static readonly int s_queries = Full.IsAsked ? 200 : 40;
    private static readonly TimeSpan s_cancelLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_queryLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Lost_workers_cost_time_and_never_rows()
    {
        await servers.GetTpchAsync();
        var data = Directory.CreateTempSubdirectory("federation-faults-").FullName;
        var random = new Random(3);
        int right = 0, failed = 0;
        var (kills, pauses) = (0, 0);
        int[] last;
        try
        {
            await using (var gateway =
                await GatewayProcess.StartAsync(data, "--workers", "3", "--allow", servers.Files, "--memory-mb", "2048"))
            {
                var tpch = await servers.AttachTpchAsync(gateway.Address);
                await using var oracle = await RawClient.ConnectAsync(tpch);
                var expected = new List<string[]>();
                foreach (var sql in ClusterStatements.All) expected.Add([.. (await oracle.QueryAsync(sql)).Rows.Select(SltFile.Row)]);
                using var ended = new CancellationTokenSource();
                var chaos = Task.Run(HarmAsync);
                for (var i = 0; i < s_queries || kills < 2 || pauses < 1; i++)
                {
                    var number = random.Next(ClusterStatements.All.Length);
                    await using var subject =
                        await RawClient.ConnectAsync(gateway.Address with { Database = i % 2 == 0 ? "tpch" : "tpch_files" });
                    await subject.QueryAsync("SET federation.distribution = always");
                    var watch = Stopwatch.StartNew();
                    var actual = await subject.QueryAsync(ClusterStatements.All[number]).WaitAsync(s_queryLimit);
                    if (actual.Error is { } error)
                    {
                        Assert.True(error.Code is "08006" or "08001", $"{error} after {watch.Elapsed}");
                        failed++;
                        continue;
                    }

                    Assert.Equal(expected[number], actual.Rows.Select(SltFile.Row));
                    right++;
                }

                await ended.CancelAsync();
                await chaos;
                output.WriteLine($"{right} right, {failed} failed with a clear error; {kills} workers killed, {pauses} paused");

                // Losing workers is what the retries are for: only a worker lost below the very last step may cost a query.
                Assert.True(right > failed * 4, $"{right} right, {failed} failed");
                await NothingIsLeftAsync(oracle, Path.Combine(data, "spill"));

                // A killed worker is started again after a pause that grows with each end.
                for (var waited = 0; gateway.WorkerIds().Count == 0 && waited < 200; waited++) await Task.Delay(100);
                last = [.. gateway.WorkerIds()];
                Assert.NotEmpty(last);

                async Task HarmAsync()
                {
                    for (var harm = 0; !ended.IsCancellationRequested; harm++)
                    {
                        await Task.Delay(random.Next(100, 1500), ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                        var workers = gateway.WorkerIds();
                        if (workers.Count == 0) continue;
                        var victim = workers[random.Next(workers.Count)];
                        if (harm % 3 != 1)
                        {
                            Signal(victim, Kill);
                            kills++;
                        }
                        else
                        {
                            Signal(victim, Stop);
                            pauses++;
                            await Task.Delay(random.Next(100, 7000), CancellationToken.None);
                            Signal(victim, Continue);
                        }
                    }
                }
            }

            // The gateway was killed, not asked: its workers saw the end of their input.
            Assert.DoesNotContain(last, GatewayProcess.IsAlive);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Fact]
    public async Task Cancel_reaches_workers_and_sources_in_time()
    {
        await servers.GetTpchAsync();
        var data = Directory.CreateTempSubdirectory("federation-cancel-").FullName;
        try
        {
            await using var gateway =
                await GatewayProcess.StartAsync(data, "--workers", "2", "--allow", servers.Files, "--memory-mb", "2048");
            var tpch = await servers.AttachTpchAsync(gateway.Address);
            await using var oracle = await RawClient.ConnectAsync(tpch);
            await using var subject = new Npgsql.NpgsqlConnection((gateway.Address with { Database = "tpch" }).ConnectionString);
            await subject.OpenAsync();
            await using var slow =
                new Npgsql.NpgsqlCommand(
                    "SET federation.distribution = always; SELECT count(*) FROM lineitem a, lineitem b WHERE a.l_partkey + b.l_partkey = "
                        + "a.l_suppkey * b.l_quantity", subject);
            using var cancel = new CancellationTokenSource();
            var running = slow.ExecuteScalarAsync(cancel.Token);
            await Task.Delay(1500);
            Assert.False(running.IsCompleted, "the query was over before it could be cancelled");
            var watch = Stopwatch.StartNew();
            await cancel.CancelAsync();
            var error = await Assert.ThrowsAsync<OperationCanceledException>(() => running);
            Assert.Equal("57014", ((Npgsql.PostgresException)error.InnerException!).SqlState);
            output.WriteLine($"cancelled after {watch.ElapsedMilliseconds} ms");
            Assert.InRange(watch.Elapsed, TimeSpan.Zero, s_cancelLimit);
            await NothingIsLeftAsync(oracle, Path.Combine(data, "spill"));
            await using var after = new Npgsql.NpgsqlCommand("SELECT count(*) FROM region", subject);
            Assert.Equal(5L, await after.ExecuteScalarAsync());
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    /// <summary>No query of ours runs at the source, and no spooled file is left.</summary>
    private static async Task NothingIsLeftAsync(RawClient oracle, string spill)
    {
        var active = "?";
        for (var waited = 0; waited < 100 && active != "0"; waited++)
        {
            var rows = await oracle.QueryAsync(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'federation' AND state <> 'idle'");
            active = SltFile.Row(rows.Rows[0]);
            if (active != "0") await Task.Delay(100);
        }

        Assert.Equal("0", active);
        Assert.Empty(Directory.Exists(spill) ? Directory.GetFiles(spill, "*.spool") : []);
    }

    private static void Signal(int process, string signal)
    {
        // A worker that has just ended is no error here.
        using var kill = Process.Start(new ProcessStartInfo("kill", [signal, process.ToString(CultureInfo.InvariantCulture)])
            { RedirectStandardError = true, UseShellExecute = false })!;
        kill.WaitForExit();
    }
}
