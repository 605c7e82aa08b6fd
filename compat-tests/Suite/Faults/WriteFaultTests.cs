using System.Globalization;
using Federation.CompatTests.Suite.Cluster;
using Federation.CompatTests.Suite.Lake;
using Federation.CompatTests.Suite.Protocol;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>What goes wrong while tables are written: rows are there once or not at all, and files that nobody names do not stay.</summary>
public sealed class WriteFaultTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Sessions = 8;
    private const int InsertsEach = 15;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("federation-writes-").FullName;

    /// <summary>Options of the gateways that say where the catalog is.</summary>
    private string[] _catalog = [];

    private string Warehouse => Path.Combine(_folder, "warehouse");

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    /// <summary>Four clients insert two rows at a time; FEDERATION_KILL_ROUNDS changes the number of kills.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Acknowledged_rows_survive_kills_and_none_is_half_there(bool hasSharedCatalog)
    {
        await using var postgres = hasSharedCatalog ? await Harness.PostgresServer.StartAsync("synchronous_commit=on") : null;
        // Compaction would write the rows into other files, which is not what is looked at here.
        _catalog = postgres is null ? ["--no-maintenance", "--tail-rows", "0"]
            // Files are made of many inserts while gateways are killed.
            : ["--no-maintenance", "--flush-seconds", "1", "--catalog",
                $"Host=127.0.0.1;Port={postgres.Port.ToString(CultureInfo.InvariantCulture)};Username=postgres;Database=postgres"];
        var (rounds, inserts, random) = (AcknowledgedInserts.Rounds(4), new AcknowledgedInserts(), new Random(12));
        for (var round = 0; round <= rounds; round++)
        {
            await using var gateway = await GatewayProcess.StartAsync(_folder, _catalog);
            await using var client = await RawClient.ConnectAsync(gateway.Address);
            if (round == 0) await RunAsync(client, AcknowledgedInserts.CreateTable);
            await inserts.CheckAsync(client);
            if (round == rounds) break;
            var kill = Task.Delay(random.Next(300, 1500)).ContinueWith(_ => gateway.KillAsync(), TaskScheduler.Default).Unwrap();
            await inserts.InsertAsync(gateway.Address);
            await kill;
        }

        var orphans = await OrphansAsync();
        output.WriteLine(
            $"kill -9: {rounds} rounds, {orphans.Count} data files that no state names, {inserts.Count} inserts there, {inserts.Kept} of "
                + "them without their acknowledgement having been read");
        Assert.True(inserts.Count > rounds, $"only {inserts.Count} inserts were acknowledged");
    }

    /// <summary>
    /// Compaction and expiry run all the time: a kill between their files, their manifests and their commit loses no row, and what it
    /// leaves behind is found and removed. FEDERATION_KILL_ROUNDS changes the number of kills.
    /// </summary>
    [Fact]
    public async Task Kills_during_maintenance_lose_nothing()
    {
        var (rounds, inserts, random, calls) = (AcknowledgedInserts.Rounds(3), new AcknowledgedInserts(), new Random(7), 0);
        for (var round = 0; round < rounds; round++)
        {
            await using var gateway = await GatewayProcess.StartAsync(_folder);
            await using var client = await RawClient.ConnectAsync(gateway.Address);
            if (round == 0) await RunAsync(client, AcknowledgedInserts.CreateTable);
            await inserts.CheckAsync(client);
            var kill = Task.Delay(random.Next(1000, 2500)).ContinueWith(_ => gateway.KillAsync(), TaskScheduler.Default).Unwrap();
            var maintaining = AcknowledgedInserts.MaintainAsync(client);
            await inserts.InsertAsync(gateway.Address);
            calls += await maintaining;
            await kill;
        }

        await using var last = await GatewayProcess.StartAsync(_folder, "--no-maintenance");
        await using var reader = await RawClient.ConnectAsync(last.Address);
        var removed = await inserts.RemoveLeftoversAsync(reader, Warehouse);
        output.WriteLine($"{rounds} rounds, {calls} calls, {inserts.Count} inserts there, {removed} orphans removed");
        Assert.True(calls > rounds, $"only {calls} calls have ended");
    }

    /// <summary>The data files that the gateway lists as nobody's are those that the table's rows do not come from.</summary>
    private async Task<IReadOnlyList<string>> OrphansAsync()
    {
        await using var gateway = await GatewayProcess.StartAsync(_folder, _catalog);
        await using var client = await RawClient.ConnectAsync(gateway.Address);
        await RunAsync(client, "CALL lake.system.flush_table('public', 't')");
        var listed = await client.QueryAsync("CALL lake.system.list_orphan_files('public', 't')");
        Assert.True(listed.Error is null, listed.Error?.ToString());
        var orphans = listed.Rows.Select(row => row[0]!).Where(path => path.EndsWith(".parquet", StringComparison.Ordinal)).ToArray();
        var rows = await client.QueryAsync("SELECT count(*) FROM t");
        using var kernel = new PlainKernel(Warehouse);
        var files = string.Join(", ", DataFiles().Except(orphans, StringComparer.Ordinal).Select(file => $"'{file}'"));
        Assert.Equal(rows.Rows[0][0],
            kernel.Number($"SELECT count(*) FROM read_parquet([{files}], hive_partitioning = false)")
            .ToString(CultureInfo.InvariantCulture));
        return orphans;
    }

    [Fact]
    public async Task A_lost_worker_costs_no_row_and_doubles_none()
    {
        await using var gateway = await GatewayProcess.StartAsync(_folder, "--workers", "2", "--memory-mb", "2048");
        await using var client = await RawClient.ConnectAsync(gateway.Address);
        await RunAsync(client, "CREATE SERVER generated FOREIGN DATA WRAPPER tpch", "CREATE TABLE t (k bigint, n int, c text)",
            "SET federation.distribution = always");
        var running = client.QueryAsync("INSERT INTO t SELECT l_orderkey, l_linenumber, l_comment FROM generated.sf1.lineitem");
        await UntilAsync(() => running.IsCompleted || DataFiles().Length > 0);
        Assert.False(running.IsCompleted, "the insert was over before a worker could be killed");
        using (var kill = System.Diagnostics.Process.Start("kill",
            ["-KILL", gateway.WorkerIds()[0].ToString(CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync();
        var result = await running.WaitAsync(TimeSpan.FromMinutes(5));
        output.WriteLine($"{result.Tag}{result.Error}");
        Assert.True(result.Error is null or { Code: "08006" or "08001" }, result.Error?.ToString());
        var rows = await client.QueryAsync("SELECT count(*), count(DISTINCT (k, n)) FROM t");
        var expected = result.Error is null ? "6001215" : "0";
        Assert.Equal((expected, expected), (rows.Rows[0][0], rows.Rows[0][1]));
        await NothingElseIsThereAsync(result.Error is null ? 6001215 : 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_canceled_insert_leaves_nothing(bool isTimeout)
    {
        await using var gateway = await GatewayProcess.StartAsync(_folder);
        await using var client = await RawClient.ConnectAsync(gateway.Address);
        await using var other = await RawClient.ConnectAsync(gateway.Address);
        await RunAsync(client, "CREATE SERVER generated FOREIGN DATA WRAPPER tpch",
            "CREATE TABLE t AS SELECT * FROM generated.tiny.lineitem WITH NO DATA",
            $"SET statement_timeout = '{(isTimeout ? "3s" : "0")}'");
        var process = (await client.QueryAsync("SELECT pg_backend_pid()")).Rows[0][0];
        var running = client.QueryAsync("INSERT INTO t SELECT * FROM generated.sf100.lineitem");
        await UntilAsync(() => running.IsCompleted || DataFiles().Length > 0);
        if (!isTimeout) Assert.Equal("t", (await other.QueryAsync($"SELECT pg_cancel_backend({process})")).Rows[0][0]);
        Assert.Equal("57014", (await running.WaitAsync(s_limit)).Error?.Code);
        await NothingElseIsThereAsync(0);
        await RunAsync(client, "SET statement_timeout = 0", "INSERT INTO t SELECT * FROM generated.tiny.lineitem WHERE l_orderkey < 100");
        Assert.Equal((await other.QueryAsync("SELECT count(*) FROM generated.tiny.lineitem WHERE l_orderkey < 100")).Rows[0],
            (await other.QueryAsync("SELECT count(*) FROM t")).Rows[0]);
    }

    [MountFact]
    public async Task A_full_disk_ends_the_insert_alone()
    {
        Directory.CreateDirectory(Warehouse);
        using var mount = SmallFileSystem.Mount(Warehouse, megabytes: 6);
        await using var gateway = await GatewayProcess.StartAsync(_folder);
        await using var client = await RawClient.ConnectAsync(gateway.Address);
        await RunAsync(client, "CREATE SERVER generated FOREIGN DATA WRAPPER tpch", "CREATE TABLE t (k bigint, c text)");
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var error = (await client.QueryAsync(
                "INSERT INTO t SELECT l_orderkey, md5(l_comment || l_partkey) FROM generated.sf1.lineitem LIMIT 2000000")).Error;
            output.WriteLine($"{error}");
            Assert.Equal("53100", error?.Code);
            await NothingElseIsThereAsync(0);
        }

        await RunAsync(client, "INSERT INTO t VALUES (1, 'x')");
        Assert.Equal("1", (await client.QueryAsync("SELECT count(*) FROM t")).Rows[0][0]);
    }

    [Fact]
    public async Task Sessions_that_insert_into_one_table_at_once_all_succeed()
    {
        await using var gateway = await GatewayProcess.StartAsync(_folder, "--no-maintenance", "--tail-rows", "0");
        await using var client = await RawClient.ConnectAsync(gateway.Address);
        await RunAsync(client, "CREATE TABLE t (s int, n int)");
        await InsertAsync(Enumerable.Repeat(gateway.Address, Sessions));
        await CheckInsertsAsync(client);
    }

    [Fact]
    public async Task Two_gateways_on_one_catalog_insert_into_one_table()
    {
        await using var postgres = await Harness.PostgresServer.StartAsync("synchronous_commit=on");
        var shared = $"Host=127.0.0.1;Port={postgres.Port.ToString(CultureInfo.InvariantCulture)};Username=postgres;Database=postgres";
        var other = Path.Combine(_folder, "other");
        await using var first = await GatewayProcess.StartAsync(
            _folder, "--catalog", shared, "--warehouse", Warehouse, "--no-maintenance", "--tail-rows", "0");
        Directory.CreateDirectory(other);
        File.Copy(Path.Combine(_folder, "catalog.key"), Path.Combine(other, "catalog.key"));
        await using var second = await GatewayProcess.StartAsync(
            other, "--catalog", shared, "--warehouse", Warehouse, "--no-maintenance", "--tail-rows", "0");
        await using var client = await RawClient.ConnectAsync(first.Address);
        await RunAsync(client, "CREATE TABLE t (s int, n int)");
        await InsertAsync(Enumerable.Range(0, Sessions).Select(i => i % 2 == 0 ? first.Address : second.Address));
        await CheckInsertsAsync(client);
    }

    [Theory]
    [InlineData("INSERT INTO t VALUES (1, 'a'), (1 / (length('x') - 1), 'b')")]
    [InlineData("INSERT INTO t SELECT 10 / (g - 300000), 'x' FROM generate_series(1, 300000) g")]
    [InlineData("INSERT INTO t VALUES (1, 'a'); SELECT 1 / (length('x') - 1)")]
    [InlineData("INSERT INTO t VALUES (1, 'a'); ROLLBACK")]
    [InlineData("BEGIN; INSERT INTO t VALUES (1, 'a'); INSERT INTO t VALUES (2, 'b'); ROLLBACK")]
    [InlineData("BEGIN; SAVEPOINT s; INSERT INTO t VALUES (1, 'a'); ROLLBACK TO s; COMMIT")]
    [InlineData("BEGIN; INSERT INTO t VALUES (1, 'a'); SELECT nosuch; COMMIT")]
    [InlineData("INSERT INTO t SELECT 1, NULL FROM generate_series(1, 10)")]
    [InlineData("INSERT INTO t VALUES (1, 'a') RETURNING 1 / (n - 1)")]
    [InlineData("CREATE TABLE u AS SELECT 1 / (g - 3) FROM generate_series(1, 3) g")]
    [InlineData("BEGIN; CREATE TABLE u AS SELECT 1 AS a; ROLLBACK")]
    [InlineData("INSERT INTO t SELECT g, 'x' FROM generate_series(1, 10) g WHERE g > 10")]
    public async Task What_is_not_committed_leaves_no_file(string sql)
    {
        await using var gateway = await GatewayProcess.StartAsync(_folder);
        await using (var client = await RawClient.ConnectAsync(gateway.Address))
        {
            await RunAsync(client, "CREATE TABLE t (n int, c text NOT NULL)");
            foreach (var statement in sql.StartsWith("BEGIN", StringComparison.Ordinal) ? sql.Split("; ") : [sql])
                await client.QueryAsync(statement);
            Assert.Equal('I', client.Status);
            Assert.Equal("0", (await client.QueryAsync("SELECT count(*) FROM t")).Rows[0][0]);
        }

        await NothingElseIsThereAsync(0);
        await UntilAsync(() => Directory.GetDirectories(Warehouse, "u-*", SearchOption.AllDirectories).Length == 0);
    }

    /// <summary>A session that ends in the middle of a transaction takes its files with it.</summary>
    [Fact]
    public async Task A_connection_that_is_lost_leaves_no_file()
    {
        await using var gateway = await GatewayProcess.StartAsync(_folder);
        await using (var client = await RawClient.ConnectAsync(gateway.Address))
            await RunAsync(client, "CREATE TABLE t (n int, c text NOT NULL)", "BEGIN", "INSERT INTO t VALUES (1, 'a')");
        await NothingElseIsThereAsync(0);
    }

    /// <summary>PostgreSQL makes one wait for the other; here the later commit is told.</summary>
    [Theory]
    [InlineData("INSERT INTO t VALUES (1, 'a')", "DROP TABLE t")]
    [InlineData("INSERT INTO t VALUES (1, 'a')", "DROP TABLE t; CREATE TABLE t (n int, c text)")]
    public async Task A_table_dropped_under_an_insert(string insert, string drop)
    {
        await using var gateway = await GatewayProcess.StartAsync(_folder);
        await using var first = await RawClient.ConnectAsync(gateway.Address);
        await using var second = await RawClient.ConnectAsync(gateway.Address);
        await RunAsync(first, "CREATE TABLE t (n int, c text NOT NULL)", "BEGIN", insert);
        await RunAsync(second, drop);
        var error = (await first.QueryAsync("COMMIT")).Error;
        output.WriteLine($"{error}");
        Assert.True(error?.Code is "40001" or "42P01", $"{error}");
        Assert.Equal('I', first.Status);
        await NothingElseIsThereAsync(0);
        Assert.Equal(drop.Contains("CREATE", StringComparison.Ordinal) ? null : "42P01",
            (await first.QueryAsync("SELECT count(*) FROM t")).Error?.Code);
    }

    private static async Task InsertAsync(IEnumerable<ServerAddress> servers) =>
        await Task.WhenAll(servers.Select(async (server, session) =>
    {
        await using var client = await RawClient.ConnectAsync(server);
        for (var i = 0; i < InsertsEach; i++) await RunAsync(client, FormattableString.Invariant($"INSERT INTO t VALUES ({session}, {i})"));
    }));

    private async Task CheckInsertsAsync(RawClient client)
    {
        var rows = await client.QueryAsync("SELECT count(*), count(DISTINCT (s, n)) FROM t");
        var all = (Sessions * InsertsEach).ToString(CultureInfo.InvariantCulture);
        Assert.Equal((all, all), (rows.Rows[0][0], rows.Rows[0][1]));
        var location = Directory.GetDirectories(Warehouse, "t-*", SearchOption.AllDirectories).Single();
        using var kernel = new PlainKernel(location);
        Assert.Equal(Sessions * InsertsEach, new IcebergRules(location, kernel).Check());
    }

    private string[] DataFiles()
    {
        try
        {
            return Directory.Exists(Warehouse) ? Directory.GetFiles(Warehouse, "*.parquet", SearchOption.AllDirectories) : [];
        }
        catch (DirectoryNotFoundException)
        {
            // A folder went away while it was listed.
            return [""];
        }
    }

    /// <summary>The data files hold so many rows and no others, once whoever cleans up is done.</summary>
    private async Task NothingElseIsThereAsync(long rows)
    {
        if (rows == 0)
        {
            await UntilAsync(() => DataFiles().Length == 0);
            return;
        }

        using var kernel = new PlainKernel(Warehouse);
        Assert.Equal(rows, kernel.Number($"SELECT count(*) FROM read_parquet('{Warehouse}/**/*.parquet', hive_partitioning = false)"));
    }

    private static async Task UntilAsync(Func<bool> isReached)
    {
        using var limit = new CancellationTokenSource(s_limit);
        while (!isReached()) await Task.Delay(20, limit.Token);
    }

    private static async Task RunAsync(RawClient client, params string[] statements)
    {
        foreach (var sql in statements)
        {
            var error = (await client.QueryAsync(sql)).Error;
            Assert.True(error is null, $"{sql}: {error}");
        }
    }
}
