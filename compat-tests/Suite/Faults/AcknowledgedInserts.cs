using System.Globalization;
using System.Text;
using Federation.CompatTests.Suite.Lake;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>
/// What clients have put into table t, two rows at a time, by INSERT and by COPY, into gateways that are killed one after another.
/// Thread-safe.
/// </summary>
internal sealed class AcknowledgedInserts
{
    /// <summary>Clients that insert at the same time.</summary>
    public const int Clients = 4;

    public const string CreateTable = "CREATE TABLE t (n int, half int)";

    private readonly Lock _lock = new();
    private readonly HashSet<int> _acknowledged = [];
    private int _next;

    /// <summary>Inserts that are known to be there.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _acknowledged.Count;
        }
    }

    /// <summary>Those that were there although the client has not read so.</summary>
    public int Kept { get; private set; }

    /// <summary>How many kills a test asks for: FEDERATION_KILL_ROUNDS, or a few.</summary>
    public static int Rounds(int few) =>
        Environment.GetEnvironmentVariable("FEDERATION_KILL_ROUNDS") is { } text ? int.Parse(text, CultureInfo.InvariantCulture)
        : Full.IsAsked ? 100 : few;

    /// <summary>
    /// Every insert that was acknowledged is there, none is half there, and of each client at most the last one is there without an
    /// acknowledgement.
    /// </summary>
    public async Task CheckAsync(RawClient client)
    {
        var rows = await client.QueryAsync("SELECT n, count(*), count(DISTINCT half) FROM t GROUP BY n");
        Assert.True(rows.Error is null, rows.Error?.ToString());
        Assert.DoesNotContain(rows.Rows, row => (row[1], row[2]) != ("2", "2"));
        var there = rows.Rows.Select(row => int.Parse(row[0]!, CultureInfo.InvariantCulture)).ToHashSet();
        lock (_lock)
        {
            Assert.Empty(_acknowledged.Except(there));
            var unasked = there.Except(_acknowledged).ToArray();
            Assert.True(unasked.Length <= Clients, $"{unasked.Length} inserts that nobody acknowledged");
            Kept += unasked.Length;
            _acknowledged.UnionWith(unasked);
        }
    }

    /// <summary>Inserts from all clients until the gateway is gone.</summary>
    public Task InsertAsync(ServerAddress gateway) =>
        Task.WhenAll(Enumerable.Range(0, Clients).Select(client => InsertFromOneAsync(gateway, byCopy: client % 2 == 1)));

    /// <summary>Compacts and expires the table until the gateway is gone; how many calls have ended.</summary>
    public static async Task<int> MaintainAsync(RawClient client)
    {
        var calls = 0;
        try
        {
            while (true)
            {
                foreach (var call in (string[])["rewrite_data_files('public', 't', min_input_files => 2)",
                    "rewrite_manifests('public', 't')", "expire_snapshots('public', 't', older_than => now(), retain_last => 2)"])
                {
                    await client.RunAsync($"CALL lake.system.{call}");
                    calls++;
                }
            }
        }
        catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException)
        {
            return calls;
        }
    }

    /// <summary>
    /// What kills have left behind is found and removed, and the table's files follow the rules of the specification; how many files went.
    /// </summary>
    /// <param name="warehouse">The folder of the gateway's tables.</param>
    public async Task<int> RemoveLeftoversAsync(RawClient client, string warehouse)
    {
        await CheckAsync(client);
        await client.RowsAsync("CALL lake.system.flush_table('public', 't')");
        var folder = Directory.GetDirectories(warehouse, "t-*", SearchOption.AllDirectories).Single();
        foreach (var file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-10));
        var removed = await client.RowsAsync("CALL lake.system.remove_orphan_files('public', 't')");
        await CheckAsync(client);
        using var kernel = new PlainKernel(folder);
        var count = Assert.Single(await client.RowsAsync("SELECT count(*) FROM t"));
        Assert.Equal(count, new ChangedTableRules(folder, kernel).Check().ToString(CultureInfo.InvariantCulture));
        Assert.DoesNotContain(await client.RowsAsync("CALL lake.system.list_orphan_files('public', 't')"),
            row => row.Contains(".parquet", StringComparison.Ordinal));
        return removed.Length;
    }

    private async Task InsertFromOneAsync(ServerAddress gateway, bool byCopy)
    {
        try
        {
            await using var client = await RawClient.ConnectAsync(gateway);
            while (true)
            {
                var number = Interlocked.Increment(ref _next);
                var result = byCopy
                    ? await client.CopyInAsync("COPY t FROM STDIN", Encoding.UTF8.GetBytes($"{number}\t1\n{number}\t2\n"), int.MaxValue)
                    : await client.QueryAsync($"INSERT INTO t VALUES ({number}, 1), ({number}, 2)");
                Assert.True(result.Error is null, result.Error?.ToString());
                lock (_lock) _acknowledged.Add(number);
            }
        }
        catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException)
        {
            // The process is gone.
        }
    }
}
