using Federation.Arrow;
using Federation.Catalog;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Scheduling;

namespace Federation.Membership;

/// <summary>
/// The workers and gateways whose leases are good, kept up to date by the heartbeat. While the store cannot be reached they stay as they
/// were: no lease could have been renewed. Once it is back, leases are judged only after the time of one lease, in which every living
/// process has renewed its own. Workers are asked over Flight as well: one that does not answer is suspect however good its lease is, until
/// it has renewed that and answers. Thread-safe.
/// </summary>
public sealed class WorkerDirectory : IWorkerDirectory, IHeartbeatListener, IAsyncDisposable
{
    private readonly Func<string, ITaskRunner<Batch>> _connect;
    private readonly WorkerPings _pings;
    private readonly TimeProvider _clock;
    private readonly Action<string, string>? _onLost;
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Lease> _gateways = new(StringComparer.Ordinal);

    /// <summary>Leases whose worker did not answer.</summary>
    private readonly Dictionary<string, Doubt> _suspects = new(StringComparer.Ordinal);

    /// <summary>When the store was out of reach last, by the monotonic clock; null when it never was.</summary>
    private long? _outOfReachAt;

    private volatile Worker[] _remote = [];
    private volatile Lease[] _gatewayLeases = [];

    /// <param name="local">The worker in this process.</param>
    /// <param name="connect">Makes the client of a worker by its address; may be disposable.</param>
    /// <param name="ping">Asks the worker at an address whether it is there; ends when it has answered.</param>
    /// <param name="onLost">Told of each worker that is lost: its address, and why.</param>
    public WorkerDirectory(
        Worker local, Func<string, ITaskRunner<Batch>> connect, Func<string, CancellationToken, Task> ping, TimeProvider clock,
        Action<string, string>? onLost = null)
    {
        _connect = connect;
        _pings = new WorkerPings(ping, clock);
        _clock = clock;
        _onLost = onLost;
        Local = local;
    }

    public Worker Local { get; }

    public IReadOnlyList<Worker> Remote => _remote;

    /// <summary>The gateways of the catalog, this one among them.</summary>
    public IReadOnlyList<Lease> Gateways => _gatewayLeases;

    public void Suspect(string address)
    {
        lock (_entries)
        {
            foreach (var (id, entry) in _entries.Where(pair => pair.Value.State.Lease.Address == address).ToArray()) Suspect(id, entry);
            Publish();
        }
    }

    /// <summary>Waits until as many workers are there. Raises 57P03 after the time given.</summary>
    /// <param name="heartbeat">Asks more often while this waits.</param>
    public async Task WaitForAsync(int count, TimeSpan time, GatewayHeartbeat heartbeat, CancellationToken cancellationToken)
    {
        for (var start = _clock.GetTimestamp(); _remote.Length < count;)
        {
            if (_clock.GetElapsedTime(start) > time)
            {
                var message = $"{_remote.Length} of {count} workers are ready after {time.TotalSeconds:0} seconds";
                throw new SqlException(SqlState.CannotConnectNow, message);
            }

            await Task.Delay(LeaseTimes.Poll, _clock, cancellationToken);
            await heartbeat.BeatAsync(cancellationToken);
        }
    }

    /// <summary>Loses all workers. No answer may come any more.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] watching;
        lock (_entries)
        {
            watching = [.. _entries.Values.Select(entry => entry.Watching)];
            foreach (var entry in _entries.Values) Lose(entry);
            _entries.Clear();
        }

        await Task.WhenAll(watching);
    }

    public void OnFailure(SqlException error) => _outOfReachAt = _clock.GetTimestamp();

    public void OnAnswer(HeartbeatAnswer answer, long askedAt)
    {
        var isJudging = _outOfReachAt is not { } time || _clock.GetElapsedTime(time) > LeaseTimes.Duration;
        lock (_entries)
        {
            var present = new HashSet<string>(StringComparer.Ordinal);
            foreach (var state in answer.Leases)
            {
                var id = state.Lease.Id;
                if (state.Remaining <= TimeSpan.Zero && (isJudging || !IsKnown(id))) continue;
                present.Add(id);
                if (state.Lease.Gateway > 0) _gateways[id] = state.Lease;
                else if (_entries.TryGetValue(id, out var known)) known.State = state;
                else if (!_suspects.TryGetValue(id, out var doubt)) Add(state);
                else if (state.Renewals > doubt.Renewals) AddIfItAnswers(state, doubt);
            }

            foreach (var (id, entry) in _entries.ToArray())
            {
                if (present.Contains(id)) continue;
                _entries.Remove(id);
                // One that left by itself has given its lease back.
                if (answer.Leases.Any(state => state.Lease.Id == id))
                    _onLost?.Invoke(entry.State.Lease.Address, "it has not renewed its lease");
                Lose(entry);
            }

            foreach (var id in _gateways.Keys.Where(id => !present.Contains(id)).ToArray()) _gateways.Remove(id);
            foreach (var id in _suspects.Keys.Where(id => answer.Leases.All(state => state.Lease.Id != id)).ToArray()) _suspects.Remove(id);
            Publish();
        }
    }

    private bool IsKnown(string id) => _entries.ContainsKey(id) || _gateways.ContainsKey(id);

    private void Add(LeaseState state)
    {
        var address = state.Lease.Address;
        var entry = new Entry(state, new CancellationTokenSource());
        entry.Worker = new Worker(address, _connect(address), entry.Lost.Token);
        _entries.Add(state.Lease.Id, entry);
        entry.Watching = Task.Run(() => _pings.WatchAsync(address, () => Suspect(address), entry.Lost.Token));
    }

    /// <summary>A worker that did not answer comes back as a new one once it has renewed its lease and answers.</summary>
    private void AddIfItAnswers(LeaseState state, Doubt doubt)
    {
        if (!doubt.Asking.IsCompleted) return;
        if (doubt.Asking is Task<bool> { IsCompletedSuccessfully: true, Result: true })
        {
            _suspects.Remove(state.Lease.Id);
            Add(state);
        }
        else
        {
            doubt.Asking = Task.Run(() => _pings.AnswersAsync(state.Lease.Address, CancellationToken.None));
        }
    }

    private void Suspect(string id, Entry entry)
    {
        _entries.Remove(id);
        _suspects[id] = new Doubt(entry.State.Renewals);
        _onLost?.Invoke(entry.State.Lease.Address, "it did not answer");
        Lose(entry);
    }

    private static void Lose(Entry entry)
    {
        entry.Lost.Cancel();
        (entry.Worker.Runner as IDisposable)?.Dispose();
    }

    private void Publish()
    {
        var open = _entries.Values.Where(entry => !entry.State.Lease.IsDraining);
        _remote = [.. open.OrderBy(entry => entry.State.StartedAt).Select(entry => entry.Worker)];
        _gatewayLeases = [.. _gateways.Values];
    }

    private sealed class Entry(LeaseState state, CancellationTokenSource lost)
    {
        public LeaseState State { get; set; } = state;

        public Worker Worker { get; set; } = null!;

        public CancellationTokenSource Lost { get; } = lost;

        /// <summary>Asks the worker until it is lost.</summary>
        public Task Watching { get; set; } = Task.CompletedTask;
    }

    /// <param name="Renewals">How often the lease had been renewed when the worker did not answer.</param>
    private sealed record Doubt(long Renewals)
    {
        /// <summary>Whether the worker answers again, being found out.</summary>
        public Task Asking { get; set; } = Task.CompletedTask;
    }
}
