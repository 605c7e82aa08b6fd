using System.Globalization;
using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Cluster;
using Federation.CompatTests.Suite.Lake;
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
                if (round == 0) Assert.Null((await client.QueryAsync(AcknowledgedInserts.CreateTable)).Error);
                await inserts.CheckAsync(client);
                await Task.WhenAll(inserts.InsertAsync(node.Address), MaintainAsync(client));
                steps.Add(name);
            }

            await using var last = await NodeProcess.StartAsync(folder, catalog, key, ("", false, 0));
            await using var reader = await RawClient.ConnectAsync(last.Address);
            await inserts.CheckAsync(reader);
            var table = Directory.GetDirectories(Path.Combine(folder, "warehouse"), "t-*", SearchOption.AllDirectories).Single();
            foreach (var file in Directory.GetFiles(table, "*", SearchOption.AllDirectories))
                File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-10));
            var removed = await reader.QueryAsync("CALL lake.system.remove_orphan_files('public', 't')");
            Assert.True(removed.Error is null, removed.Error?.ToString());
            await inserts.CheckAsync(reader);
            using var kernel = new PlainKernel(table);
            Assert.Equal((await reader.QueryAsync("SELECT count(*) FROM t")).Rows[0][0],
                new ChangedTableRules(table, kernel).Check().ToString(CultureInfo.InvariantCulture));
            output.WriteLine($"{rounds} rounds, {inserts.Count} inserts there, {inserts.Kept} of them not acknowledged, "
                + $"{removed.Rows.Count} orphans removed; killed when {string.Join(", ", steps.Distinct())}");
            Assert.True(inserts.Count > 0, "nothing was acknowledged");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Until the process is gone. A statement that ends otherwise is a fault.</summary>
    private static async Task MaintainAsync(RawClient client)
    {
        try
        {
            while (true)
            {
                foreach (var sql in (string[])["rewrite_data_files('public', 't', min_input_files => 2)",
                    "expire_snapshots('public', 't', older_than => now(), retain_last => 1)"])
                {
                    var result = await client.QueryAsync($"CALL lake.system.{sql}");
                    Assert.True(result.Error is null, result.Error?.ToString());
                }
            }
        }
        catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException)
        {
            // The process is gone.
        }
    }
}
