using System.Globalization;
using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.History;

/// <summary>
/// Histories of concurrent transactions from clients of both protocols, while gateways are killed: there is always an order that explains
/// them, nothing that was acknowledged is lost, and no money comes or goes. 50,000 transactions on each store with FEDERATION_FULL=1, any
/// other number with FEDERATION_HISTORY.
/// </summary>
public sealed class HistoryTests(ITestOutputHelper output)
{
    private const int Clients = 6;

    private static readonly int s_transactions =
        Environment.GetEnvironmentVariable("FEDERATION_HISTORY") is { } text ? int.Parse(text, CultureInfo.InvariantCulture)
        : Full.IsAsked ? 50_000 : 120;

    /// <summary>Known outcomes between one kill and the next.</summary>
    private static readonly int s_pause = Full.IsAsked ? 400 : 50;

    [Theory]
    [InlineData("SERIALIZABLE")]
    [InlineData("REPEATABLE READ")]
    public async Task One_gateway_keeps_an_order(string level)
    {
        var folder = Directory.CreateTempSubdirectory("federation-history-").FullName;
        try
        {
            await RunAsync(level, 1, _ => GatewayProcess.StartAsync(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Two_gateways_with_one_catalog_keep_an_order()
    {
        var folder = Directory.CreateTempSubdirectory("federation-history-").FullName;
        await using var postgres = await PostgresServer.StartAsync("synchronous_commit=on");
        try
        {
            var catalog = $"Host=127.0.0.1;Port={postgres.Port.ToString(CultureInfo.InvariantCulture)};Username=postgres;Database=postgres";
            var key = new Dictionary<string, string>(StringComparer.Ordinal)
                { ["FEDERATION_CATALOG_KEY"] = Convert.ToBase64String(new byte[32]) };
            await RunAsync("SERIALIZABLE", 2, i => GatewayProcess.StartAsync(
                Path.Combine(folder, i.ToString(CultureInfo.InvariantCulture)), key, "--catalog", catalog, "--warehouse",
                Path.Combine(folder, "tables")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task RunAsync(string level, int count, Func<int, Task<GatewayProcess>> startAsync)
    {
        var gateways = new GatewayProcess[count];
        var places = new SemaphoreSlim[count];
        for (var i = 0; i < count; i++) (gateways[i], places[i]) = (await startAsync(i), new SemaphoreSlim(1));
        try
        {
            await using (var client = await RawClient.ConnectAsync(gateways[0].Address))
                foreach (var sql in HistoryWorkload.Setup())
                    Assert.Null((await client.QueryAsync(sql)).Error);
            var workload = new HistoryWorkload(level, s_transactions, ConnectAsync);
            var clients = Task.WhenAll(Enumerable.Range(0, Clients).Select(number => Task.Run(() => workload.RunAsync(number))));
            for (var kills = 0; !workload.IsDone && !clients.IsCompleted; kills++)
            {
                var next = workload.Known + s_pause;
                while (workload.Known < next && !workload.IsDone && !clients.IsCompleted) await Task.Delay(20);
                if (workload.IsDone || clients.IsCompleted) break;
                var victim = kills % count;
                await places[victim].WaitAsync();
                await gateways[victim].DisposeAsync();
                gateways[victim] = await startAsync(victim);
                places[victim].Release();
            }

            await clients;
            await using var last = await ConnectAsync(0);
            var wrong = await workload.FinishAsync(last);
            output.WriteLine($"{level}: {workload.Summary}");
            Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(20)));
            Assert.True(workload.Committed > s_transactions / 10, $"only {workload.Summary}");
        }
        finally
        {
            foreach (var gateway in gateways) await gateway.DisposeAsync();
            foreach (var place in places) place.Dispose();
        }

        // Every third client speaks Flight SQL.
        async Task<IHistoryClient> ConnectAsync(int number)
        {
            while (true)
            {
                var place = number % count;
                await places[place].WaitAsync();
                var gateway = gateways[place];
                places[place].Release();
                if (number % 3 == 2) return new FlightHistoryClient(gateway.FlightAddress);
                try
                {
                    return new WireHistoryClient(await RawClient.ConnectAsync(gateway.Address));
                }
                catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException)
                {
                    // It was killed meanwhile.
                    await Task.Delay(20);
                }
            }
        }
    }
}
