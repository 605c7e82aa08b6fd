using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Protocol;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Cluster;

/// <summary>
/// Three gateways with one catalog in PostgreSQL and clocks an hour apart, while one after the other is killed or stopped for a while and
/// the database goes away and comes back. A job counts in the catalog all the time: each number once, and never by a process that had lost
/// the job. 3 rounds by default, 100 with FEDERATION_FULL=1, any other number with FEDERATION_CLUSTER_ROUNDS.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class ThreeGatewaysTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly int s_rounds =
        Environment.GetEnvironmentVariable("FEDERATION_CLUSTER_ROUNDS") is { } text ? int.Parse(text, CultureInfo.InvariantCulture)
        : Full.IsAsked ? 100 : 3;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan[] s_clocks = [TimeSpan.Zero, TimeSpan.FromHours(1), TimeSpan.FromHours(-1)];

    private readonly string _folder = Directory.CreateTempSubdirectory("federation-three-").FullName;
    private readonly string _key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private readonly NodeProcess?[] _nodes = new NodeProcess?[s_clocks.Length];
    private readonly Dictionary<string, List<double>> _times = new(StringComparer.Ordinal);
    private readonly Random _random = new(7);
    private PostgresServer? _postgres;
    private int _fenced;

    public async Task InitializeAsync()
    {
        _postgres = await PostgresServer.StartAsync("synchronous_commit=on");
        for (var i = 0; i < _nodes.Length; i++) await StartAsync(i);
    }

    public async Task DisposeAsync()
    {
        foreach (var node in _nodes)
            if (node is not null)
                await node.DisposeAsync();
        if (_postgres is not null) await _postgres.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Nothing_is_done_twice_and_nobody_is_lost()
    {
        await RequireOneClusterAsync();
        for (var round = 0; round < s_rounds; round++)
        {
            try
            {
                switch (round % 3)
                {
                    case 0: await KillHolderAsync(); break;
                    case 1: await StopHolderAsync(); break;
                    default: await StopDatabaseAsync(); break;
                }

                await RequireMarksAsync();
                await RequireOneClusterAsync();
            }
            catch (Exception error) when (error is not Xunit.Sdk.XunitException)
            {
                var lines = _nodes.SelectMany((node, i) => node is null ? [] : node.Lines.TakeLast(10).Select(line => $"{i}: {line}"));
                throw new InvalidOperationException($"round {round}: {error.Message}\n{string.Join('\n', lines)}", error);
            }
        }

        foreach (var (what, seconds) in _times)
            output.WriteLine($"{what}: {seconds.Count} times, {seconds.Average():F1} s on average, {seconds.Max():F1} s at most");
        output.WriteLine($"{(await MarksAsync()).Count} commits of the job, {CountFenced()} refused because another process had taken it");
    }

    /// <summary>kill -9 of whoever runs the job: another process goes on with it.</summary>
    private async Task KillHolderAsync()
    {
        var (index, epoch) = await HolderAsync();
        var watch = Stopwatch.StartNew();
        await EndAsync(index);
        await WaitForEpochAfterAsync(epoch);
        Note("job moved after kill -9", watch);
        await StartAsync(index);
    }

    /// <summary>
    /// SIGSTOP of whoever runs the job, until another process has it, and then SIGCONT: its commit that was under way is refused. While it
    /// is stopped the others show their sessions without it.
    /// </summary>
    private async Task StopHolderAsync()
    {
        var (index, epoch) = await HolderAsync();
        await using var observer = await RawClient.ConnectAsync(_nodes[(index + 1) % _nodes.Length]!.Address);
        var watch = Stopwatch.StartNew();
        await _nodes[index]!.StopAsync();
        var shown = await observer.QueryAsync("SELECT count(*) FROM pg_stat_activity");
        Assert.True(shown.Error is null && Long(shown.Rows[0][0]) >= 1, shown.Error?.ToString());
        Assert.Contains(observer.Notices, notice => notice.Message.StartsWith("sessions of gateway", StringComparison.Ordinal));
        await WaitForEpochAfterAsync(epoch);
        Note("job moved after SIGSTOP", watch);
        await _nodes[index]!.ContinueAsync();
        await using var resumed = await RawClient.ConnectAsync(_nodes[index]!.Address);
        Assert.Null((await resumed.QueryAsync("SELECT 1")).Error);
    }

    /// <summary>The database goes away for up to six seconds: what runs ends well, no worker is lost, and the job goes on.</summary>
    private async Task StopDatabaseAsync()
    {
        await HolderAsync();
        var pause = TimeSpan.FromMilliseconds(_random.Next(500, 6000));
        var running = new List<Task<QueryResult>>();
        var clients = new List<RawClient>();
        foreach (var node in _nodes)
        {
            clients.Add(await RawClient.ConnectAsync(node!.Address));
            var seconds = (pause.TotalSeconds + 1).ToString(CultureInfo.InvariantCulture);
            running.Add(clients[^1].QueryAsync($"SELECT sum(i) FROM generate_series(1, 1000) AS s (i), (SELECT pg_sleep({seconds})) AS t"));
            var shown = $"SELECT 1 FROM pg_stat_activity WHERE pid = {clients[^1].Key.ProcessId} AND state = 'active'";
            await WaitForAsync(async () => (await QueryAsync(node.Address, shown)).Count > 0);
        }

        var lost = CountLost();
        await _postgres!.KillAsync();
        await Task.Delay(pause);
        await _postgres.StartAgainAsync();
        foreach (var result in await Task.WhenAll(running).WaitAsync(s_limit))
            Assert.True(result.Error is null && result.Rows[0][0] == "500500", result.Error?.ToString());
        foreach (var client in clients) await client.DisposeAsync();
        var epoch = await EpochAsync();
        var count = (await MarksAsync()).Count;
        await WaitForAsync(async () => (await MarksAsync()).Count > count && await EpochAsync() >= epoch);

        // Leases are judged again after the time of one; six heartbeats are longer than that.
        var renewals = await RenewalsAsync();
        await WaitForAsync(async () =>
        {
            var now = await RenewalsAsync();
            return renewals.All(pair => now.GetValueOrDefault(pair.Key) >= pair.Value + 6);
        });
        Assert.Equal(lost, CountLost());
    }

    /// <summary>Every gateway sees the sessions of all three, under ids of their own, and the newest mark.</summary>
    private async Task RequireOneClusterAsync()
    {
        var clients = new List<RawClient>();
        foreach (var node in _nodes) clients.Add(await RawClient.ConnectAsync(node!.Address));
        var ids = clients.Select(client => client.Key.ProcessId).ToList();
        Assert.Equal(_nodes.Length, ids.Distinct().Count());
        foreach (var client in clients)
        {
            var all = $"SELECT pid FROM pg_stat_activity WHERE pid IN ({string.Join(", ", ids)})";
            await WaitForAsync(async () => (await client.QueryAsync(all)).Rows.Count == ids.Count);
            var newest = (await MarksAsync()).Count;
            var seen = await client.QueryAsync($"SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'mark\\_%'");
            Assert.True(seen.Error is null && Long(seen.Rows[0][0]) >= newest, $"{seen.Error} behind mark {newest}");
        }

        foreach (var client in clients) await client.DisposeAsync();
    }

    /// <summary>Each number once and in turn, and no epoch after a later one.</summary>
    private async Task RequireMarksAsync()
    {
        var marks = await MarksAsync();
        Assert.Equal(Enumerable.Range(1, marks.Count), marks.Select(mark => mark.Number));
        Assert.Equal(marks.Select(mark => mark.Epoch).Order(), marks.Select(mark => mark.Epoch));
    }

    /// <summary>In the order of their commits.</summary>
    private async Task<List<(int Number, long Epoch)>> MarksAsync()
    {
        const string InOrder = @"SELECT name FROM federation_catalog.objects WHERE name LIKE 'mark\_%' ORDER BY valid_from";
        var names = await _postgres!.QueryAsync(InOrder);
        return [.. names.Select(name => name!.Split('_')).Select(parts => ((int)Long(parts[1]), Long(parts[2])))];
    }

    /// <summary>Waits until a living node holds the job and has committed; gives its index and the job's epoch.</summary>
    private async Task<(int Index, long Epoch)> HolderAsync()
    {
        var found = (-1, 0L);
        await WaitForAsync(async () =>
        {
            var row = (await _postgres!.QueryAsync(
                "SELECT split_part(holder, ':', 2) || ' ' || epoch FROM federation_catalog.jobs "
                + "WHERE name = 'marks' AND expires_at > clock_timestamp()")).SingleOrDefault()?.Split(' ');
            if (row is null) return false;
            found = (Array.FindIndex(_nodes, node => node!.Id == Long(row[0])), Long(row[1]));
            return found.Item1 >= 0 && await NewestEpochAsync() == found.Item2;
        });
        return found;
    }

    private Task WaitForEpochAfterAsync(long epoch) => WaitForAsync(async () => await NewestEpochAsync() > epoch);

    private async Task<long> NewestEpochAsync() => (await MarksAsync()) is [.., var (_, epoch)] ? epoch : 0;

    private async Task<long> EpochAsync() =>
        Long((await _postgres!.QueryAsync("SELECT epoch FROM federation_catalog.jobs WHERE name = 'marks'"))[0]);

    private async Task<Dictionary<string, long>> RenewalsAsync() =>
        (await _postgres!.QueryAsync("SELECT id || ' ' || renewals FROM federation_catalog.leases WHERE expires_at > clock_timestamp()"))
        .Select(row => row!.Split(' ')).ToDictionary(row => row[0], row => Long(row[1]), StringComparer.Ordinal);

    private static async Task<List<string?[]>> QueryAsync(ServerAddress address, string sql)
    {
        await using var client = await RawClient.ConnectAsync(address);
        var result = await client.QueryAsync(sql);
        Assert.True(result.Error is null, result.Error?.ToString());
        return [.. result.Rows];
    }

    /// <summary>The first node has a worker for all.</summary>
    private async Task StartAsync(int index) => _nodes[index] = await NodeProcess.StartAsync(
        Path.Combine(_folder, $"node{index}"),
        $"Host=127.0.0.1;Port={_postgres!.Port.ToString(CultureInfo.InvariantCulture)};Username=postgres;Database=postgres",
        _key, index == 0 ? 1 : 0, s_clocks[index]);

    private async Task EndAsync(int index)
    {
        var node = _nodes[index]!;
        await node.DisposeAsync();
        _fenced += CountFenced(node);
    }

    private int CountFenced() => _fenced + _nodes.Sum(node => CountFenced(node!));

    private static int CountFenced(NodeProcess node) => node.Lines.Count(line => line.StartsWith("fenced", StringComparison.Ordinal));

    private int CountLost() => _nodes.Sum(node => node!.Lines.Count(line => line.Contains("is lost", StringComparison.Ordinal)));

    private static long Long(string? text) => long.Parse(text!, CultureInfo.InvariantCulture);

    private void Note(string what, Stopwatch watch)
    {
        if (!_times.TryGetValue(what, out var times)) _times[what] = times = [];
        times.Add(watch.Elapsed.TotalSeconds);
    }

    private static async Task WaitForAsync(Func<Task<bool>> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > s_limit) throw new TimeoutException($"a state has not come in {s_limit}");
            await Task.Delay(50);
        }
    }
}
