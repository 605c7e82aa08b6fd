using System.Globalization;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;
using Federation.Host;
using Microsoft.Extensions.Logging.Abstractions;

namespace Federation.CompatTests.Suite.Lake;

/// <summary>
/// Maintenance changes no row: by hand, in the background, and while others change the table. Versions of the catalog are not kept here, so
/// that files which nothing needs go at once.
/// </summary>
public sealed class MaintenanceTests : IAsyncLifetime
{
    private static readonly int s_writers = Full.IsAsked ? 16 : 3;
    private static readonly int s_statements = Full.IsAsked ? 100 : 12;

    private readonly string _folder = Directory.CreateTempSubdirectory("federation-maintenance-").FullName;
    private Gateway? _gateway;

    public async Task InitializeAsync() => _gateway = await Gateway.StartAsync(
        new ServeOptions
        {
            Port = 0, FlightPort = -1, DataDirectory = _folder, MemoryLimitBytes = InProcess.MemoryLimitBytes, MaintainsTables = false,
            Retention = TimeSpan.Zero,
        }, NullLoggerFactory.Instance, CancellationToken.None);

    public async Task DisposeAsync()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>
    /// Each writer knows what its own rows must be in the end; compaction runs all the time, and never brings a row back.
    /// </summary>
    [Theory]
    [InlineData("")]
    [InlineData("PARTITIONED BY (p)")]
    public async Task Compaction_among_writers_changes_no_row(string partitions)
    {
        await using var client = await OpenAsync();
        await client.RunAsync($"CREATE TABLE t (id int, p int, n int) {partitions}");
        await client.RunAsync($"INSERT INTO t SELECT g, g % 3, 0 FROM generate_series(0, {Number(s_writers * 1000 - 1)}) g");
        using var done = new CancellationTokenSource();
        var compacting = CompactAsync(() => done.IsCancellationRequested);
        var expected = (await Task.WhenAll(Enumerable.Range(0, s_writers).Select(WriteAsync))).SelectMany(rows => rows)
            .OrderBy(row => row.Key).Select(row => $"{Number(row.Key)}\t{Number(row.Value)}").ToArray();
        await done.CancelAsync();
        var (rounds, rewritten) = await compacting;
        Assert.True(rounds > 0 && rewritten > 0, $"{rounds} rounds have rewritten {rewritten} files");

        Assert.Equal(expected, await client.RowsAsync("SELECT id, n FROM t ORDER BY id"));
        Assert.Equal(expected.Length, Check());
        await client.RunAsync("CALL lake.system.rewrite_data_files('public', 't', rewrite_all => true)");
        Assert.Equal(expected, await client.RowsAsync("SELECT id, n FROM t ORDER BY id"));
        Assert.Equal(expected.Length, Check());
        Assert.Equal(expected.Length, await IcebirdRowsAsync());
    }

    /// <summary>
    /// A table of many small commits gets few files, few snapshots and few files of metadata, without anybody asking for it.
    /// </summary>
    [Fact]
    public async Task The_background_service_keeps_a_busy_table_small()
    {
        await using var client = await OpenAsync();
        await client.RunAsync("CREATE TABLE t (id int, n int) WITH (\"federation.history.max-snapshots\" = '1', "
            + "\"write.metadata.previous-versions-max\" = '2', \"commit.manifest.min-count-to-merge\" = '5')");
        await client.RunAsync("INSERT INTO t SELECT g, 0 FROM generate_series(1, 1000) g");
        for (var i = 1; i <= 20; i++)
        {
            await client.RunAsync($"INSERT INTO t VALUES ({Number(1000 + i)}, {Number(i)})");
            await client.RunAsync($"DELETE FROM t WHERE id = {Number(i)}");
        }

        var rows = await client.RowsAsync("SELECT id, n FROM t ORDER BY id");
        await using var reader = await OpenAsync();
        await reader.RunAsync("BEGIN ISOLATION LEVEL REPEATABLE READ");
        Assert.Equal(rows, await reader.RowsAsync("SELECT id, n FROM t ORDER BY id"));
        await _gateway!.MaintainAsync(CancellationToken.None);
        Assert.Equal(rows, await client.RowsAsync("SELECT id, n FROM t ORDER BY id"));
        Assert.Equal(rows, await reader.RowsAsync("SELECT id, n FROM t ORDER BY id"));
        Assert.Equal(1000, Check());
        Assert.True(DataFiles() > 20, "files went that a transaction may still read");

        // Nobody reads the older files any more.
        await reader.RunAsync("COMMIT");
        await _gateway.MaintainAsync(CancellationToken.None);
        Assert.Equal(rows, await client.RowsAsync("SELECT id, n FROM t ORDER BY id"));
        Assert.InRange(DataFiles(), 1, 4);
        Assert.InRange(Directory.GetFiles(Path.Combine(Location(), "metadata"), "snap-*").Length, 1, 3);
        Assert.Empty(await client.RowsAsync("CALL lake.system.list_orphan_files('public', 't')"));

        // Nothing has changed since: there is nothing to do.
        var before = Directory.GetFiles(Location(), "*", SearchOption.AllDirectories);
        await _gateway.MaintainAsync(CancellationToken.None);
        Assert.Equal(before.Order(StringComparer.Ordinal),
            Directory.GetFiles(Location(), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
        await client.RunAsync("ALTER TABLE t ADD COLUMN s text DEFAULT 'new'");
        await client.RunAsync("CALL lake.system.rewrite_data_files('public', 't', rewrite_all => true)");
        Assert.Equal(["1000"], await client.RowsAsync("SELECT count(*) FROM t WHERE s = 'new'"));
    }

    /// <summary>The files of a dropped table stay until nothing names them; a table that came back keeps them.</summary>
    [Fact]
    public async Task Dropped_tables_lose_their_files_unless_they_come_back()
    {
        await using var client = await OpenAsync();
        foreach (var table in (string[])["t", "t2"])
        {
            await client.RunAsync($"CREATE TABLE {table} (id int)");
            await client.RunAsync($"INSERT INTO {table} VALUES (1)");
        }

        var (kept, gone) = (Location(),
            new DirectoryInfo(Path.Combine(_folder, "warehouse", "public")).GetDirectories("t2-*").Single().FullName);
        await client.RunAsync("ALTER TABLE t RENAME TO renamed");
        await client.RunAsync("DROP TABLE renamed");
        await client.RunAsync("DROP TABLE t2");
        Assert.True(Directory.Exists(kept) && Directory.Exists(gone));
        await client.RunAsync("CALL lake.system.undrop_table('public', 'renamed')");
        await _gateway!.MaintainAsync(CancellationToken.None);
        Assert.Equal((true, false), (Directory.Exists(kept), Directory.Exists(gone)));
        Assert.Equal(["1"], await client.RowsAsync("SELECT id FROM renamed"));
        Assert.Equal("58P01", (await client.QueryAsync("CALL lake.system.undrop_table('public', 't2')")).Error?.Code);
        Assert.Equal("42P01", (await client.QueryAsync("CALL lake.system.undrop_table('public', 't')")).Error?.Code);
    }

    [Fact]
    public async Task Only_the_owner_maintains_a_table_and_orphans_are_old()
    {
        await using var client = await OpenAsync();
        await client.RunAsync("CREATE TABLE t (id int)");
        await client.RunAsync("INSERT INTO t VALUES (1)");
        var young = Path.Combine(Location(), "data", "young.parquet");
        var old = Path.Combine(Location(), "data", "old.parquet");
        foreach (var path in (string[])[young, old]) await File.WriteAllTextAsync(path, "x");
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddDays(-4));
        Assert.Equal("22023", (await client.QueryAsync(
            "CALL lake.system.remove_orphan_files('public', 't', older_than => now())")).Error?.Code);
        Assert.Equal([old], await client.RowsAsync("CALL lake.system.remove_orphan_files('public', 't', dry_run => true)"));
        Assert.True(File.Exists(old));
        Assert.Equal([old], await client.RowsAsync("CALL lake.system.remove_orphan_files('public', 't')"));
        Assert.Equal((false, true), (File.Exists(old), File.Exists(young)));

        await client.RunAsync("CREATE ROLE stranger LOGIN");
        await client.RunAsync("GRANT ALL ON t TO stranger");
        await client.RunAsync("SET ROLE stranger");
        foreach (var call in (string[])["rewrite_data_files('public', 't')", "rewrite_position_delete_files('public', 't')",
            "rewrite_manifests('public', 't')", "expire_snapshots('public', 't')", "remove_orphan_files('public', 't')",
            "list_orphan_files('public', 't')", "rollback_to_snapshot('public', 't', 1)"])
            Assert.Equal("42501", (await client.QueryAsync($"CALL lake.system.{call}")).Error?.Code);
        await client.RunAsync("RESET ROLE");
        Assert.Equal("42883", (await client.QueryAsync("CALL lake.system.rewrite_data_files('public', 't', nosuch => 1)")).Error?.Code);
        // A condition chooses files by their statistics.
        await client.RunAsync("INSERT INTO t VALUES (100)");
        Assert.Equal(["1\t1"], (await client.RowsAsync(
            "CALL lake.system.rewrite_data_files('public', 't', condition => 'id > 50', rewrite_all => true)"))
            .Select(row => string.Join('\t', row.Split('\t')[..2])));
        Assert.Equal("22023", (await client.QueryAsync(
            "CALL lake.system.rewrite_data_files('public', 't', min_input_files => 0)")).Error?.Code);
        Assert.Equal("42704", (await client.QueryAsync("CALL lake.system.rollback_to_snapshot('public', 't', 1)")).Error?.Code);
        await client.RunAsync("BEGIN");
        Assert.Equal("25001", (await client.QueryAsync("CALL lake.system.expire_snapshots('public', 't')")).Error?.Code);
    }

    /// <summary>What the rows of one writer are in the end.</summary>
    private async Task<IReadOnlyDictionary<int, int>> WriteAsync(int writer)
    {
        await using var client = await OpenAsync();
        var random = new Random(writer);
        var (first, next) = (writer * 1000, (writer + 1) * 100_000);
        var rows = Enumerable.Range(first, 1000).ToDictionary(id => id, _ => 0);
        for (var i = 0; i < s_statements; i++)
        {
            var ids = rows.Keys.Order().Where(_ => random.Next(20) == 0).ToArray();
            var list = string.Join(", ", ids.Append(-1).Select(Number));
            switch (i % 3)
            {
                case 0:
                    await client.RunAsync($"UPDATE t SET n = n + 1 WHERE id IN ({list})");
                    foreach (var id in ids) rows[id]++;
                    break;
                case 1:
                    await client.RunAsync($"DELETE FROM t WHERE id IN ({list})");
                    foreach (var id in ids) rows.Remove(id);
                    break;
                default:
                    await client.RunAsync($"INSERT INTO t VALUES ({Number(next)}, {Number(next % 3)}, 5)");
                    rows.Add(next++, 5);
                    break;
            }
        }

        return rows;
    }

    private async Task<(int Rounds, long Rewritten)> CompactAsync(Func<bool> isDone)
    {
        await using var client = await OpenAsync();
        var (rounds, rewritten) = (0, 0L);
        for (; !isDone(); rounds++)
        {
            foreach (var call in (string[])["rewrite_data_files('public', 't', min_input_files => 2, delete_ratio_threshold => 0.01)",
                "rewrite_position_delete_files('public', 't')", "rewrite_manifests('public', 't')", "expire_snapshots('public', 't', retain_last => 4)"])
            {
                var result = await client.QueryAsync($"CALL lake.system.{call}");
                Assert.True(result.Error is null, $"{call}: {result.Error}");
                if (call.StartsWith("rewrite", StringComparison.Ordinal))
                    rewritten += long.Parse(result.Rows[0][0]!, CultureInfo.InvariantCulture);
            }
        }

        return (rounds, rewritten);
    }

    private int DataFiles() => Directory.GetFiles(Location(), "*.parquet", SearchOption.AllDirectories).Length;

    private async Task<long> IcebirdRowsAsync()
    {
        var metadata = Directory.GetFiles(Path.Combine(Location(), "metadata"), "*.metadata.json").Max(StringComparer.Ordinal)!;
        var (exitCode, output) = await Clients.ProgramRun.RunAsync("node",
            Path.Combine(Repository.CompatTests, "clients", "icebird_client.mjs"), Location(), Path.GetFileName(metadata));
        Assert.True(exitCode == 0, output);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
    }

    private long Check()
    {
        using var kernel = new PlainKernel(Location());
        return new ChangedTableRules(Location(), kernel).Check();
    }

    private string Location() => new DirectoryInfo(Path.Combine(_folder, "warehouse", "public")).GetDirectories("t-*")
        .MaxBy(folder => folder.CreationTimeUtc)!.FullName;

    private async Task<RawClient> OpenAsync() => await ClientStatements.ConnectForFilesAsync(
        new ServerAddress("127.0.0.1", _gateway!.EndPoint.Port, "federation", "federation"));

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
