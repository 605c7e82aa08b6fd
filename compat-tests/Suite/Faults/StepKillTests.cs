using System.Globalization;
using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Cluster;
using Federation.CompatTests.Suite.Protocol;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>
/// kill -9 at each step of a commit, while clients write and a table is compacted and expired: what was acknowledged is there, nothing is
/// half there, and what is left over is found and removed. Files that snapshots needed are removed much later, which is not looked at here.
/// Once for each step by default, 100 rounds with FEDERATION_FULL=1, any other number with FEDERATION_KILL_ROUNDS.
/// </summary>
public sealed class StepKillTests(ITestOutputHelper output)
{
    /// <summary>Calls of the stores between which the steps of a commit lie.</summary>
    private static readonly (string Call, bool IsAfter, string Name)[] s_steps =
    [
        ("CreateAllAsync", false, "the files of the rows are written and nothing of the metadata"),
        ("CreateAllAsync", true, "manifests, lists and metadata are written"),
        ("WriteAsync", false, "the catalog is about to commit"),
        ("WriteAsync", true, "the catalog has committed and nobody knows"),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Acknowledged_rows_survive_a_kill_at_each_step(bool hasSharedCatalog)
    {
        var folder = Directory.CreateTempSubdirectory("federation-steps-").FullName;
        await using var postgres = hasSharedCatalog ? await PostgresServer.StartAsync("synchronous_commit=on") : null;
        var catalog = postgres is null ? ""
            : $"Host=127.0.0.1;Port={postgres.Port.ToString(CultureInfo.InvariantCulture)};Username=postgres;Database=postgres";
        var key = Convert.ToBase64String(new byte[32]);
        var (inserts, random, steps) = (new AcknowledgedInserts(), new Random(3), new List<string>());
        try
        {
            var rounds = AcknowledgedInserts.Rounds(hasSharedCatalog ? 3 : s_steps.Length);
            for (var round = 0; round < rounds; round++)
            {
                var (call, isAfter, name) = s_steps[(hasSharedCatalog ? round + 1 : round) % s_steps.Length];
                await using var node = await NodeProcess.StartAsync(folder, catalog, key, (call, isAfter, random.Next(6, 14)));
                await using var client = await RawClient.ConnectAsync(node.Address);
                if (round == 0) await client.RunAsync(AcknowledgedInserts.CreateTable);
                await inserts.CheckAsync(client);
                await Task.WhenAll(inserts.InsertAsync(node.Address), AcknowledgedInserts.MaintainAsync(client));
                steps.Add(name);
            }

            await using var last = await NodeProcess.StartAsync(folder, catalog, key, ("", false, 0));
            await using var reader = await RawClient.ConnectAsync(last.Address);
            var removed = await inserts.RemoveLeftoversAsync(reader, Path.Combine(folder, "warehouse"));
            output.WriteLine($"{rounds} rounds, {inserts.Count} inserts there, {inserts.Kept} of them not acknowledged, "
                + $"{removed} orphans removed; killed when {string.Join(", ", steps.Distinct())}");
            Assert.True(inserts.Count > 0, "nothing was acknowledged");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
