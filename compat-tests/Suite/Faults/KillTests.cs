using System.Globalization;
using Federation.Catalog;
using Federation.CompatTests.Suite.Protocol;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>
/// kill -9 in the middle of DDL. A client runs transactions that each make a schema, a server and its user mapping; what was acknowledged must be there
/// after the kill, and of the one in flight either everything or nothing. FEDERATION_KILL_ROUNDS changes the number of rounds.
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int DefaultRounds = 50;

    [Fact]
    public async Task Acknowledged_definitions_survive_and_none_is_half_done()
    {
        var rounds = int.Parse(Environment.GetEnvironmentVariable("FEDERATION_KILL_ROUNDS") ?? DefaultRounds.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var folder = Directory.CreateTempSubdirectory("federation-kill-").FullName;
        try
        {
            var acknowledged = new HashSet<int>();
            var random = new Random(15);
            var (next, unacknowledgedKept) = (0, 0);
            for (var round = 0; round < rounds; round++)
            {
                var attempted = await WriteUntilKilledAsync(folder, next, acknowledged, random.Next(5, 120));
                unacknowledgedKept += await CheckAsync(folder, acknowledged, attempted);
                next = attempted + 1;
            }

            output.WriteLine($"kill -9: {rounds} rounds, {acknowledged.Count} transactions acknowledged and there, {unacknowledgedKept} committed without their acknowledgement having been read");
            Assert.True(acknowledged.Count > rounds, $"only {acknowledged.Count} transactions were acknowledged");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The number of the last transaction that was begun.</summary>
    private static async Task<int> WriteUntilKilledAsync(string folder, int first, HashSet<int> acknowledged, int milliseconds)
    {
        await using var gateway = await GatewayProcess.StartAsync(folder);
        await using var client = await RawClient.ConnectAsync(gateway.Address);
        var current = first;
        // The first one warms the code up, so that the kill falls among many.
        await DefineAsync(client, current);
        acknowledged.Add(current);
        var kill = Task.Delay(milliseconds).ContinueWith(_ => gateway.KillAsync(), TaskScheduler.Default).Unwrap();
        try
        {
            while (true)
            {
                current++;
                await DefineAsync(client, current);
                acknowledged.Add(current);
            }
        }
        catch (IOException)
        {
            // The process is gone.
        }

        await kill;
        return current;
    }

    private static async Task DefineAsync(RawClient client, int number)
    {
        // Every third one is a single statement; the others are transactions of several.
        string[] statements = number % 3 == 0
            ? [$"CREATE SCHEMA s{number}; CREATE SERVER srv{number} FOREIGN DATA WRAPPER postgres OPTIONS (host 'h{number}'); CREATE USER MAPPING FOR CURRENT_USER SERVER srv{number} OPTIONS (user 'u{number}', password 'p')"]
            : ["BEGIN", $"CREATE SCHEMA s{number}", $"CREATE SERVER srv{number} FOREIGN DATA WRAPPER postgres OPTIONS (host 'h{number}')", $"CREATE USER MAPPING FOR CURRENT_USER SERVER srv{number} OPTIONS (user 'u{number}', password 'p')", "COMMIT"];
        foreach (var sql in statements)
        {
            var result = await client.QueryAsync(sql);
            Assert.True(result.Error is null, $"{sql}: {result.Error}");
        }
    }

    /// <summary>1 when the transaction in flight was committed.</summary>
    private static async Task<int> CheckAsync(string folder, HashSet<int> acknowledged, int attempted)
    {
        await using var store = await CatalogFolders.OpenAsync(folder);
        var snapshot = await store.GetSnapshotAsync(CancellationToken.None);
        var schemas = (await snapshot.ListSchemasAsync(CancellationToken.None)).Where(schema => schema.Name[0] == 's' && schema.Name.Length > 1 && char.IsAsciiDigit(schema.Name[1]))
            .Select(schema => int.Parse(schema.Name.AsSpan(1), CultureInfo.InvariantCulture)).ToHashSet();
        var servers = (await snapshot.ListServersAsync(CancellationToken.None)).ToDictionary(server => int.Parse(server.Name.AsSpan(3), CultureInfo.InvariantCulture));
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
