using System.Globalization;
using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Lake;

/// <summary>
/// Small changes that the catalog keeps: they write no file, are rows like all others for whoever reads through the gateway, and are in
/// files within a bounded time, where another engine agrees with them.
/// </summary>
public sealed class TailTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("federation-tail-").FullName;
    private GatewayProcess? _gateway;
    private RawClient? _client;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayProcess.StartAsync(_folder, "--flush-seconds", "3600", "--no-maintenance", "--memory-mb", "512");
        _client = await RawClient.ConnectAsync(_gateway.Address);
    }

    public async Task DisposeAsync()
    {
        if (_client is not null) await _client.DisposeAsync();
        if (_gateway is not null) await _gateway.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private RawClient Client => _client!;

    [Fact]
    public async Task Small_changes_write_no_file_and_are_files_after_a_flush()
    {
        await Client.RunAsync("CREATE TABLE t (n int PRIMARY KEY, c text)");
        var before = Files();
        await Client.RunAsync("INSERT INTO t SELECT g, 'r' || g FROM (VALUES (1), (2), (3), (4)) AS v(g)",
            "UPDATE t SET c = 'two' WHERE n = 2", "DELETE FROM t WHERE n = 3",
            "INSERT INTO t VALUES (4, 'four') ON CONFLICT (n) DO UPDATE SET c = excluded.c");
        string[] rows = ["1\tr1", "2\ttwo", "4\tfour"];
        Assert.Equal(rows, await Client.RowsAsync("SELECT * FROM t ORDER BY n"));
        Assert.Equal(before, Files());
        Assert.Equal(["3\t0"], await Client.RowsAsync("CALL lake.system.flush_table('public', 't')"));
        Assert.Equal(3, CheckFiles());
        await Client.RunAsync("DELETE FROM t WHERE n = 1", "UPDATE t SET c = 'zwei' WHERE n = 2");
        Assert.Equal(["2\tzwei", "4\tfour"], await Client.RowsAsync("SELECT * FROM t ORDER BY n"));
        Assert.Equal(3, CheckFiles());
        Assert.Equal(["1\t2"], await Client.RowsAsync("CALL lake.system.flush_table('public', 't')"));
        Assert.Equal(["2\tzwei", "4\tfour"], await Client.RowsAsync("SELECT * FROM t ORDER BY n"));
        Assert.Equal(2, CheckFiles());
        Assert.Equal(["0\t0"], await Client.RowsAsync("CALL lake.system.flush_table('public', 't')"));
    }

    /// <summary>A flush that finds the table flushed by somebody else is no error, and makes each row a row of a file once.</summary>
    [Fact]
    public async Task Sessions_that_flush_at_once_do_not_clash()
    {
        await Client.RunAsync("CREATE TABLE t (n int, c int)");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async session =>
        {
            await using var client = await RawClient.ConnectAsync(_gateway!.Address);
            for (var i = 0; i < 10; i++)
                await client.RunAsync($"INSERT INTO t VALUES ({(session * 10) + i}, 0)", "CALL lake.system.flush_table('public', 't')");
        }));
        Assert.Equal(["40\t40"], await Client.RowsAsync("SELECT count(*), count(DISTINCT n) FROM t"));
        Assert.Equal(40, CheckFiles());
    }

    [Fact]
    public async Task Rows_follow_the_columns()
    {
        await Client.RunAsync("CREATE TABLE t (a int, b text, c real)", "INSERT INTO t VALUES (1, 'x', 1.5)",
            "ALTER TABLE t ADD COLUMN d date DEFAULT '2020-02-02'", "INSERT INTO t VALUES (2, 'y', 2.5, NULL)",
            "ALTER TABLE t DROP COLUMN b", "ALTER TABLE t ALTER COLUMN a TYPE bigint", "ALTER TABLE t ALTER COLUMN c TYPE double precision",
            "ALTER TABLE t RENAME COLUMN d TO day", "ALTER TABLE t ADD COLUMN b int", "INSERT INTO t VALUES (3000000000, 0.1, NULL, 7)");
        string[] rows = ["1\t1.5\t2020-02-02\tNULL", "2\t2.5\tNULL\tNULL", "3000000000\t0.1\tNULL\t7"];
        Assert.Equal(rows, await Client.RowsAsync("SELECT * FROM t ORDER BY a"));
        Assert.Equal(["2"], await Client.RowsAsync("SELECT a FROM t WHERE c > 2 AND day IS NULL AND b IS NULL"));
        Assert.Equal("23502", (await Client.QueryAsync("ALTER TABLE t ALTER COLUMN day SET NOT NULL")).Error?.Code);
        await Client.RunAsync("CALL lake.system.flush_table('public', 't')");
        Assert.Equal(rows, await Client.RowsAsync("SELECT * FROM t ORDER BY a"));
        Assert.Equal(3, CheckFiles());
    }

    private static readonly (string Type, string[] Values)[] s_values =
    [
        ("bool", ["true", "false", "NULL"]),
        ("smallint", ["-32768", "32767", "NULL"]),
        ("bigint", ["-9223372036854775808", "0", "NULL"]),
        ("real", ["'NaN'", "'-Infinity'", "'-0'"]),
        ("double precision", ["'NaN'", "1e-300", "0.1"]),
        ("numeric(38,10)", ["-9999999999999999999999999999.9999999999", "0.0000000001", "NULL"]),
        ("numeric", ["1.5", "-0.000000001", "12345678901234567890.5"]),
        ("text", ["''", "'a\u0001\u00e4\U0001f600\"\\'", "NULL"]),
        ("varchar(3)", ["'abc'", "''", "NULL"]),
        ("char(4)", ["'a'", "'abcd'", "NULL"]),
        ("date", ["'infinity'", "'-infinity'", "'1582-10-15'"]),
        ("time", ["'00:00'", "'23:59:59.999999'", "NULL"]),
        ("timestamp", ["'infinity'", "'1950-01-01 00:00:00.000001'", "'-infinity'"]),
        ("timestamptz", ["'infinity'", "'2024-06-01 12:00+02'", "'-infinity'"]),
        ("uuid", ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "NULL"]),
        ("bytea", ["'\\x'", "'\\x00ff'", "NULL"]),
        ("json", ["'{\"a\": [1, null]}'", "'1e5'", "NULL"]),
        ("jsonb", ["'{\"b\":1,\"a\":2}'", "'null'", "NULL"]),
        ("int[]", ["'{1,NULL}'", "'{}'", "NULL"]),
        ("interval", ["'1 mon -1 day 2562047788:00:54.775807'", "'-178000000 years'", "NULL"]),
        ("timetz", ["'24:00:00-15:59:59'", "'00:00:00.000001+00:00:01'", "NULL"]),
        ("bit(3)", ["B'000'", "B'101'", "NULL"]),
        ("varbit", ["B'0'", "B'10101010101'", "NULL"]),
        ("inet", ["'10.1.2.3/8'", "'::1'", "NULL"]),
        ("cidr", ["'10.0.0.0/8'", "'::/0'", "NULL"]),
        ("macaddr", ["'08:00:2b:01:02:03'", "'00:00:00:00:00:00'", "NULL"]),
        ("macaddr8", ["'08:00:2b:01:02:03:04:05'", "NULL"]),
        ("money", ["'-$1,234.56'", "'0'", "NULL"]),
        ("oid", ["'4294967295'", "0", "NULL"]),
        ("name", ["'a name'", "''", "NULL"]),
        ("numeric(60,20)", ["'1e39'", "'-0.00000000000000000001'", "NULL"]),
        ("numrange", ["'[1.5,2)'", "'empty'", "NULL"]),
        ("point", ["'(1,2.5)'", "'(Infinity,NaN)'", "NULL"]),
        ("interval[]", ["'{1 day,NULL}'", "'{}'", "NULL"]),
        ("inet[]", ["'{10.0.0.1,NULL}'", "'{}'", "NULL"]),
    ];

    /// <summary>What comes back from files must be what was kept, and what a change gives that wrote files.</summary>
    [Fact]
    public async Task Values_are_the_same_in_files()
    {
        foreach (var (type, values) in s_values)
        {
            var rows = string.Join(", ", values.Select((value, n) => string.Create(CultureInfo.InvariantCulture, $"({n}, {value})")));
            await Client.RunAsync($"CREATE TABLE kept (n int, v {type})", $"CREATE TABLE written (n int, v {type})",
                $"INSERT INTO kept VALUES {rows}", "SET federation.tail_rows = 0", $"INSERT INTO written VALUES {rows}",
                "RESET federation.tail_rows");
            var expected = await Client.RowsAsync("SELECT n, v, v::text, pg_typeof(v) FROM written ORDER BY n");
            Assert.Equal(expected, await Client.RowsAsync("SELECT n, v, v::text, pg_typeof(v) FROM kept ORDER BY n"));
            await Client.RunAsync("CALL lake.system.flush_table('public', 'kept')");
            Assert.Equal(expected, await Client.RowsAsync("SELECT n, v, v::text, pg_typeof(v) FROM kept ORDER BY n"));
            await Client.RunAsync("DROP TABLE kept, written");
        }
    }

    /// <summary>A row of the tail that changes while it is written into a file is deleted there.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("PARTITIONED BY (p)")]
    public async Task Flushes_among_writers_change_no_row(string partitions)
    {
        const int Writers = 3, Rounds = 25;
        await Client.RunAsync($"CREATE TABLE t (id int, p int, total int) {partitions}",
            string.Create(CultureInfo.InvariantCulture, $"INSERT INTO t SELECT g, g % 2, 0 FROM generate_series(1, {Writers * 5}) AS g"));
        using var stop = new CancellationTokenSource();
        var flushes = 0;
        var flusher = Task.Run(async () =>
        {
            await using var other = await RawClient.ConnectAsync(_gateway!.Address);
            while (!stop.IsCancellationRequested)
                if ((await other.QueryAsync("CALL lake.system.flush_table('public', 't')")).Error is { } error)
                    Assert.Equal("40001", error.Code);
                else
                    flushes++;
        });
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            await using var own = await RawClient.ConnectAsync(_gateway!.Address);
            for (var i = 0; i < Rounds; i++)
            {
                var id = string.Create(CultureInfo.InvariantCulture, $"{(writer * 5) + (i % 5) + 1}");
                await own.RunAsync($"UPDATE t SET total = total + 1 WHERE id = {id}");
            }
        }));
        await stop.CancelAsync();
        await flusher;
        Assert.True(flushes > 0);
        string[] expected = [string.Create(CultureInfo.InvariantCulture, $"{Writers * 5}\t{Writers * Rounds}\t{Rounds / 5}\t{Rounds / 5}")];
        const string Query = "SELECT count(*), sum(total), min(total), max(total) FROM t";
        Assert.Equal(expected, await Client.RowsAsync(Query));
        await Client.RunAsync("CALL lake.system.flush_table('public', 't')");
        Assert.Equal(expected, await Client.RowsAsync(Query));
        Assert.Equal(Writers * 5, CheckFiles());
    }

    [Fact]
    public async Task States_of_the_past_have_the_rows_of_their_time()
    {
        await Client.RunAsync("CREATE TABLE t (n int)", "INSERT INTO t VALUES (1)");
        var first = (await Client.RowsAsync("SELECT clock_timestamp()"))[0];
        await Client.RunAsync("INSERT INTO t VALUES (2)", "CALL lake.system.flush_table('public', 't')", "INSERT INTO t VALUES (3)");
        var second = (await Client.RowsAsync("SELECT clock_timestamp()"))[0];
        await Client.RunAsync("SET federation.tail_rows = 0", "INSERT INTO t VALUES (4)", "RESET federation.tail_rows");
        var third = (await Client.RowsAsync("SELECT committed_at FROM \"t$snapshots\" ORDER BY committed_at DESC LIMIT 1"))[0];
        await Client.RunAsync("DELETE FROM t WHERE n = 1");
        Assert.Equal(["1"], await AtAsync(first));
        Assert.Equal(["1", "2", "3"], await AtAsync(second));
        Assert.Equal(["1", "2", "3", "4"], await AtAsync(third));
        Assert.Equal(["2", "3", "4"], await Client.RowsAsync("SELECT * FROM t ORDER BY n"));
        await Client.RunAsync("CALL lake.system.create_tag('public', 't', 'now')", "TRUNCATE t");
        Assert.Empty(await Client.RowsAsync("SELECT * FROM t"));
        Assert.Equal(["2", "3", "4"], await Client.RowsAsync("SELECT * FROM t FOR VERSION AS OF 'now' ORDER BY n"));
        await Client.RunAsync("INSERT INTO t VALUES (9)", "DROP TABLE t", "CALL lake.system.undrop_table('public', 't')");
        Assert.Equal(["9"], await Client.RowsAsync("SELECT * FROM t"));

        Task<string[]> AtAsync(string time) => Client.RowsAsync($"SELECT * FROM t FOR TIMESTAMP AS OF '{time}' ORDER BY n");
    }

    /// <summary>By size, without anybody asking; by age in a gateway that is given another age.</summary>
    [Fact]
    public async Task Files_are_made_by_size_and_by_age()
    {
        await Client.RunAsync("CREATE TABLE t (n int)");
        for (var i = 0; i < 4; i++)
            await Client.RunAsync("INSERT INTO t SELECT 1 FROM (VALUES " + string.Join(',', Enumerable.Repeat("(1)", 90)) + ") AS v");
        await UntilAsync(() => DataFiles().Length > 0);
        await Client.RunAsync("DROP TABLE t", "CREATE TABLE aged (n int)", "INSERT INTO aged VALUES (1)");
        await Client.DisposeAsync();
        await _gateway!.DisposeAsync();
        var before = DataFiles();
        // Another gateway finds what one has left.
        _gateway = await GatewayProcess.StartAsync(_folder, "--flush-seconds", "1", "--no-maintenance", "--memory-mb", "512");
        _client = await RawClient.ConnectAsync(_gateway.Address);
        await UntilAsync(() => DataFiles().Length > before.Length);
        Assert.Equal(["1"], await Client.RowsAsync("SELECT * FROM aged"));
    }

    private static async Task UntilAsync(Func<bool> isReached)
    {
        for (var i = 0; i < 600 && !isReached(); i++) await Task.Delay(100);
        Assert.True(isReached());
    }

    private string[] Files() => [.. Directory.GetFiles(Path.Combine(_folder, "warehouse"), "*", SearchOption.AllDirectories).Order()];

    private string[] DataFiles() => Array.FindAll(Files(), file => file.EndsWith(".parquet", StringComparison.Ordinal));

    /// <summary>How many rows the newest state in the table's folder has, which follows the rules of the specification.</summary>
    private int CheckFiles()
    {
        var folder = Directory.GetDirectories(Path.Combine(_folder, "warehouse", "public"), "t-*").Single();
        using var kernel = new PlainKernel(folder);
        return (int)new ChangedTableRules(folder, kernel).Check();
    }
}
