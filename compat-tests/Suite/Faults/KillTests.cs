using System.Globalization;
using Federation.Catalog;
using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Protocol;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>
/// kill -9 in the middle of DDL, of the gateway and of the database that holds a shared catalog. A client runs transactions that each make
/// a schema, a server and its user mapping; what was acknowledged must be there after the kill, and of the one in flight either everything
/// or nothing. FEDERATION_KILL_ROUNDS changes the number of rounds.
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private static readonly int s_rounds = Full.IsAsked ? 200 : 14;
    private static readonly int s_sharedRounds = Full.IsAsked ? 200 : 6;

    [Fact]
    public Task Acknowledged_definitions_survive_and_none_is_half_done() => RunAsync(
        Rounds(s_rounds), [], CatalogFolders.OpenAsync, (gateway, _) => gateway.KillAsync());

    /// <summary>Kills the gateway and the database in turn.</summary>
    [Fact]
    public async Task Acknowledged_definitions_survive_in_a_shared_catalog()
    {
        await using var postgres = await PostgresServer.StartAsync("synchronous_commit=on");
        var shared = $"Host=127.0.0.1;Port={postgres.Port.ToString(CultureInfo.InvariantCulture)};Username=postgres;Database=postgres";
        await RunAsync(
            Rounds(s_sharedRounds), ["--catalog", shared], folder => CatalogFolders.OpenSharedAsync(folder, shared),
            async (gateway, round) =>
            {
                if (round % 2 == 0)
                {
                    await gateway.KillAsync();
                    return;
                }

                await postgres.KillAsync();
                await postgres.StartAgainAsync();
            });
    }

    private static int Rounds(int usual) =>
        Environment.GetEnvironmentVariable("FEDERATION_KILL_ROUNDS") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : usual;

    private async Task RunAsync(int rounds, string[] options, Func<string, Task<CatalogDatabase>> openAsync,
        Func<GatewayProcess, int, Task> killAsync)
    {
        var folder = Directory.CreateTempSubdirectory("federation-kill-").FullName;
        try
        {
            var acknowledged = new HashSet<int>();
            var random = new Random(15);
            var (next, unacknowledgedKept) = (0, 0);
            for (var round = 0; round < rounds; round++)
            {
                var number = round;
                var attempted = await WriteUntilKilledAsync(folder, options, next, acknowledged, random.Next(5, 120),
                    gateway => killAsync(gateway, number));
                await using var catalog = await openAsync(folder);
                unacknowledgedKept += await CheckAsync(catalog, acknowledged, attempted);
                next = attempted + 1;
            }

            output.WriteLine(
                $"kill -9: {rounds} rounds, {acknowledged.Count} transactions acknowledged and there, {unacknowledgedKept} committed "
                    + "without their acknowledgement having been read");
            Assert.True(acknowledged.Count > rounds, $"only {acknowledged.Count} transactions were acknowledged");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The number of the last transaction that was begun.</summary>
    private static async Task<int> WriteUntilKilledAsync(
        string folder, string[] options, int first, HashSet<int> acknowledged, int milliseconds, Func<GatewayProcess, Task> killAsync)
    {
        await using var gateway = await GatewayProcess.StartAsync(folder, options);
        await using var client = await RawClient.ConnectAsync(gateway.Address);
        var current = first;
        // The first one warms the code up, so that the kill falls among many.
        Assert.Null(await DefineAsync(client, current));
        acknowledged.Add(current);
        var kill = Task.Delay(milliseconds).ContinueWith(_ => killAsync(gateway), TaskScheduler.Default).Unwrap();
        try
        {
            while (true)
            {
                current++;
                if (await DefineAsync(client, current) is { } error)
                {
                    // The database is gone, which the gateway survives and says.
                    Assert.True(error.Code.StartsWith("08", StringComparison.Ordinal), error.ToString());
                    break;
                }

                acknowledged.Add(current);
                if (kill.IsCompleted) break;
            }
        }
        catch (IOException)
        {
            // The process is gone.
        }

        await kill;
        return current;
    }

    /// <summary>The first error; null when the transaction was acknowledged.</summary>
    private static async Task<ServerError?> DefineAsync(RawClient client, int number)
    {
        // Every third one is a single statement; the others are transactions of several.
        string[] statements = number % 3 == 0
            ?
            [
                $"CREATE SCHEMA s{number}; CREATE SERVER srv{number} FOREIGN DATA WRAPPER postgres OPTIONS (host 'h{number}'); "
                + $"CREATE USER MAPPING FOR CURRENT_USER SERVER srv{number} OPTIONS (user 'u{number}', password 'p')",
            ]
            : ["BEGIN", $"CREATE SCHEMA s{number}", $"CREATE SERVER srv{number} FOREIGN DATA WRAPPER postgres OPTIONS (host 'h{number}')",
                $"CREATE USER MAPPING FOR CURRENT_USER SERVER srv{number} OPTIONS (user 'u{number}', password 'p')", "COMMIT"];
        foreach (var sql in statements)
        {
            if ((await client.QueryAsync(sql)).Error is { } error) return error;
        }

        return null;
    }

    /// <summary>1 when the transaction in flight was committed.</summary>
    private static async Task<int> CheckAsync(CatalogDatabase catalog, HashSet<int> acknowledged, int attempted)
    {
        var snapshot = await catalog.GetSnapshotAsync(CancellationToken.None);
        var schemas = (await snapshot.ListSchemasAsync(CancellationToken.None))
            .Where(schema => schema.Name[0] == 's' && schema.Name.Length > 1 && char.IsAsciiDigit(schema.Name[1]))
            .Select(schema => int.Parse(schema.Name.AsSpan(1), CultureInfo.InvariantCulture)).ToHashSet();
        var servers = (await snapshot.ListServersAsync(CancellationToken.None))
            .ToDictionary(server => int.Parse(server.Name.AsSpan(3), CultureInfo.InvariantCulture));
        Assert.Empty(acknowledged.Except(schemas));
        Assert.True(schemas.SetEquals(servers.Keys), "a schema without its server, or the reverse");
        Assert.DoesNotContain(schemas.Except(acknowledged), number => number != attempted);
        foreach (var number in schemas.Where(number => number >= attempted - 2))
        {
            Assert.Contains(servers[number].Options, option => option.Key == "host" && option.Value == $"h{number}");
            Assert.NotNull(await snapshot.FindUserMappingAsync($"srv{number}", "federation", CancellationToken.None));
        }

        if (!schemas.Contains(attempted) || acknowledged.Contains(attempted)) return 0;
        acknowledged.Add(attempted);
        return 1;
    }
}
