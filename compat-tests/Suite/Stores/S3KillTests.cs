using System.Globalization;
using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;
using Federation.Connectors.Formats.Avro;
using Federation.ObjectStorage;
using Federation.S3;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Stores;

/// <summary>Processes that end in the middle of writing to S3, and processes that share the work.</summary>
public sealed class S3KillTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("federation-s3-kill-").FullName;
    private S3Server _server = null!;

    public async Task InitializeAsync() => _server = await S3Server.StartAsync("lake");

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Four clients insert two rows at a time; FEDERATION_KILL_ROUNDS changes the number of kills.</summary>
    [Fact]
    public async Task Acknowledged_rows_survive_kills_and_orphans_are_found()
    {
        var (rounds, inserts, random) = (AcknowledgedInserts.Rounds(3), new AcknowledgedInserts(), new Random(21));
        for (var round = 0; round <= rounds; round++)
        {
            await using var gateway = await StartAsync();
            await using var client = await RawClient.ConnectAsync(gateway.Address);
            if (round == 0) await RunAsync(client, AcknowledgedInserts.CreateTable);
            await inserts.CheckAsync(client);
            if (round == rounds) break;
            var kill = KillAsync(gateway, inserts.Count + random.Next(3, 15), random.Next(300));
            await inserts.InsertAsync(gateway.Address);
            await kill;
        }

        Assert.True(inserts.Count > rounds, $"only {inserts.Count} inserts were acknowledged");
        await using (var gateway = await StartAsync())
        await using (var client = await RawClient.ConnectAsync(gateway.Address))
        {
            // Every file that the table names is there: all rows are read once more without any cache.
            var count = await client.QueryAsync("SELECT count(*), count(n + half) FROM t");
            Assert.Equal(FormattableString.Invariant($"{inserts.Count * 2}|{inserts.Count * 2}"), string.Join('|', count.Rows[0]));

            // From now on the metadata file of the highest number is the table's: a killed attempt may have left one of its own.
            await RunAsync(client, "INSERT INTO t VALUES (0, 0)");
            var listed = await client.QueryAsync("CALL lake.system.list_orphan_files('public', 't')");
            Assert.True(listed.Error is null, listed.Error?.ToString());
            Assert.Equal(await OrphansAsync(),
                listed.Rows.Select(row => row[0]!).Where(path => path.EndsWith(".parquet", StringComparison.Ordinal)));
        }

        var orphans = await OrphansAsync();
        output.WriteLine(
            $"kill -9 on S3: {rounds} rounds, {inserts.Count} inserts there, {inserts.Kept} without their acknowledgement having been "
                + $"read; {orphans.Count} data files that no state names:\n{string.Join('\n', orphans)}");

        // One attempt of each client may have been under way at each kill.
        Assert.InRange(orphans.Count, 0, rounds * AcknowledgedInserts.Clients);

        // In the middle of the inserts behind some that were acknowledged.
        async Task KillAsync(GatewayProcess gateway, int least, int milliseconds)
        {
            while (inserts.Count < least) await Task.Delay(10);
            await Task.Delay(milliseconds);
            await gateway.KillAsync();
        }
    }

    /// <summary>Worker processes reach the store by what their gateway was told, and the keys of the environment.</summary>
    [Fact]
    public async Task Workers_read_and_write_the_warehouse()
    {
        await using var gateway = await StartAsync("--workers", "2");
        await using var client = await RawClient.ConnectAsync(gateway.Address);
        await RunAsync(
            client, "CREATE SERVER generated FOREIGN DATA WRAPPER tpch", "SET federation.distribution = always",
            "CREATE TABLE l AS SELECT l_orderkey, l_returnflag, l_quantity, l_comment FROM generated.tiny.lineitem",
            "INSERT INTO l SELECT * FROM l");
        var rows = await client.QueryAsync("SELECT l_returnflag, count(*), sum(l_quantity) FROM l GROUP BY 1 ORDER BY 1");
        var expected =
            await client.QueryAsync(
                "SELECT l_returnflag, count(*) * 2, sum(l_quantity) * 2 FROM generated.tiny.lineitem GROUP BY 1 ORDER BY 1");
        Assert.True(rows.Error is null, rows.Error?.ToString());
        Assert.Equal(expected.Rows, rows.Rows);
        Assert.Empty(await OrphansAsync());
    }

    /// <summary>Each of two gateways on one catalog commits while the other does; FEDERATION_FULL=1 makes them many commits.</summary>
    [Fact]
    public async Task Two_gateways_lose_no_commit()
    {
        var commits = Full.IsAsked ? 1000 : 25;
        await using var postgres = await PostgresServer.StartAsync("synchronous_commit=on");
        string[] catalog = ["--catalog",
            $"Host=127.0.0.1;Port={postgres.Port.ToString(CultureInfo.InvariantCulture)};Username=postgres;Database=postgres"];
        await using var first = await StartAsync(catalog);
        var other = Directory.CreateDirectory(Path.Combine(_folder, "other")).FullName;
        File.Copy(Path.Combine(_folder, "catalog.key"), Path.Combine(other, "catalog.key"));
        await using var second = await StartInAsync(other, catalog);
        await using var client = await RawClient.ConnectAsync(first.Address);
        await RunAsync(client, "CREATE TABLE t (g int, n int)");
        await Task.WhenAll(AppendAsync(first, 1), AppendAsync(second, 2));
        var rows = await client.QueryAsync("SELECT g, count(*), count(DISTINCT n), min(n), max(n) FROM t GROUP BY g ORDER BY g");
        Assert.Equal([$"1|{commits}|{commits}|1|{commits}", $"2|{commits}|{commits}|1|{commits}"],
            rows.Rows.Select(row => string.Join('|', row)));
        Assert.Empty(await OrphansAsync());

        async Task AppendAsync(GatewayProcess gateway, int number)
        {
            await using var session = await RawClient.ConnectAsync(gateway.Address);
            for (var i = 1; i <= commits; i++)
                await RunAsync(session, FormattableString.Invariant($"INSERT INTO t VALUES ({number}, {i})"));
        }
    }

    private Task<GatewayProcess> StartAsync(params string[] options) => StartInAsync(_folder, options);

    private Task<GatewayProcess> StartInAsync(string folder, params string[] options) => GatewayProcess.StartAsync(
        folder,
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["AWS_ACCESS_KEY_ID"] = S3Server.AccessKey, ["AWS_SECRET_ACCESS_KEY"] = S3Server.SecretKey,
        },
        // Compaction would leave files behind that only older states name.
        [
            "--warehouse", "s3://lake/wh", "--s3-endpoint", _server.Endpoint, "--memory-mb", "1024", "--tail-rows", "0", "--no-maintenance",
            .. options,
        ]);

    /// <summary>Data files in the bucket, which holds one table, that no manifest of the newest metadata file names.</summary>
    private async Task<IReadOnlyList<string>> OrphansAsync()
    {
        using var store =
            new S3Store(new S3Options { Endpoint = _server.Endpoint, Keys = new S3Keys(S3Server.AccessKey, S3Server.SecretKey) });
        var newest = _server.Objects.Where(path => path.EndsWith(".metadata.json", StringComparison.Ordinal)).Max(StringComparer.Ordinal)!;
        using var metadata =
            System.Text.Json.JsonDocument.Parse(await store.ReadAllAsync($"s3://{newest}", 100 << 20, CancellationToken.None));
        var current = metadata.RootElement.GetProperty("current-snapshot-id").GetInt64();
        var list = metadata.RootElement.GetProperty("snapshots").EnumerateArray()
            .First(snapshot => snapshot.GetProperty("snapshot-id").GetInt64() == current).GetProperty("manifest-list").GetString()!;
        var named = AvroFile.Open(store, list).ReadRecords()
            .SelectMany(manifest => AvroFile.Open(store, (string)manifest.ById(500)!).ReadRecords())
            .Select(entry => (string)((AvroRecord)entry.ById(2)!).ById(100)!).ToHashSet(StringComparer.Ordinal);
        return [.. _server.Objects.Where(path => path.EndsWith(".parquet", StringComparison.Ordinal)).Select(path => $"s3://{path}")
            .Where(path => !named.Contains(path))];
    }

    private static async Task RunAsync(RawClient client, params string[] statements)
    {
        foreach (var sql in statements)
        {
            var result = await client.QueryAsync(sql);
            Assert.True(result.Error is null, $"{sql}: {result.Error}");
        }
    }
}
