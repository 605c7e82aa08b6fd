using Federation.Arrow;
using Federation.Catalog;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Scheduling;

namespace Federation.Membership;

/// <summary>
/// The workers whose leases are good, kept up to date from the store. While the store cannot be reached the workers stay as they were: no lease could have been renewed. Once it is
/// back, leases are judged only after the time of one lease, in which every living worker has renewed its own. Thread-safe.
/// </summary>
public sealed class WorkerDirectory : IWorkerDirectory, IAsyncDisposable
{
    private readonly ILeaseStore _store;
    private readonly Func<string, ITaskRunner<Batch>> _connect;
    private readonly TimeProvider _clock;
    private readonly Action<SqlException> _onFailure;
    private readonly Action<string, string>? _onLost;
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>Leases whose worker did not answer, and how often they had been renewed then.</summary>
    private readonly Dictionary<string, long> _suspects = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopped = new();
    private readonly Task _polling;

    /// <summary>When the store was out of reach last, by the monotonic clock; null when it never was.</summary>
    private long? _outOfReachAt;
    private volatile Worker[] _remote = [];

    /// <param name="local">The worker in this process.</param>
    /// <param name="connect">Makes the client of a worker by its address; may be disposable.</param>
    /// <param name="onFailure">Told when the leases cannot be read; the workers known stay.</param>
    /// <param name="onLost">Told of each worker that is lost: its address, and why.</param>
    public WorkerDirectory(ILeaseStore store, Worker local, Func<string, ITaskRunner<Batch>> connect, TimeProvider clock, Action<SqlException> onFailure, Action<string, string>? onLost = null)
    {
        _store = store;
        _connect = connect;
        _clock = clock;
        _onFailure = onFailure;
        _onLost = onLost;
        Local = local;
        _polling = Task.Run(PollAsync);
    }

    private sealed class Entry(LeaseState state, Worker worker, CancellationTokenSource lost)
    {
        public LeaseState State { get; set; } = state;

        public Worker Worker { get; } = worker;

        public CancellationTokenSource Lost { get; } = lost;
    }

    public Worker Local { get; }

    public IReadOnlyList<Worker> Remote => _remote;

    public void Suspect(string address)
    {
        lock (_entries)
        {
            foreach (var (id, entry) in _entries.Where(pair => pair.Value.State.Lease.Address == address).ToArray())
            {
                // Once it renews its lease it comes back as a new worker.
                _entries.Remove(id);
                _suspects[id] = entry.State.Renewals;
                _onLost?.Invoke(address, "it did not answer");
                Lose(entry);
            }

            Publish();
        }
    }

    /// <summary>Waits until as many workers are there. Raises 57P03 after the time given.</summary>
    public async Task WaitForAsync(int count, TimeSpan time, CancellationToken cancellationToken)
    {
        for (var waited = TimeSpan.Zero; _remote.Length < count; waited += LeaseTimes.Poll)
        {
            if (waited > time) throw new SqlException(SqlState.CannotConnectNow, $"{_remote.Length} of {count} workers are ready after {time.TotalSeconds:0} seconds");
            await Task.Delay(LeaseTimes.Poll, _clock, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        await _polling;
        lock (_entries)
        {
            foreach (var entry in _entries.Values) Lose(entry);
            _entries.Clear();
        }

        _stopped.Dispose();
    }

    private static void Lose(Entry entry)
    {
        entry.Lost.Cancel();
        (entry.Worker.Runner as IDisposable)?.Dispose();
    }

    private async Task PollAsync()
    {
        using var timer = new PeriodicTimer(LeaseTimes.Poll, _clock);
        try
        {
            do
            {
                try
                {
                    Update(await _store.ListAsync(_stopped.Token));
                }
                catch (SqlException error)
                {
                    _outOfReachAt = _clock.GetTimestamp();
                    _onFailure(error);
                }
            }
            while (await timer.WaitForNextTickAsync(_stopped.Token));
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private void Update(IReadOnlyList<LeaseState> leases)
    {
        var isJudging = _outOfReachAt is not { } time || _clock.GetElapsedTime(time) > LeaseTimes.Duration;
        lock (_entries)
        {
            var present = new HashSet<string>(StringComparer.Ordinal);
            foreach (var state in leases)
            {
                var id = state.Lease.Id;
                if (state.Remaining > TimeSpan.Zero || (!isJudging && _entries.ContainsKey(id))) present.Add(id);
                else continue;
                if (_entries.TryGetValue(id, out var known))
                {
                    known.State = state;
                }
                else if (!_suspects.TryGetValue(id, out var suspected) || state.Renewals > suspected)
                {
                    _suspects.Remove(id);
                    var lost = new CancellationTokenSource();
                    _entries.Add(id, new Entry(state, new Worker(state.Lease.Address, _connect(state.Lease.Address), lost.Token), lost));
                }
            }

            foreach (var (id, entry) in _entries.ToArray())
            {
                if (present.Contains(id)) continue;
                _entries.Remove(id);
                // One that left by itself has given its lease back.
                if (leases.Any(state => state.Lease.Id == id)) _onLost?.Invoke(entry.State.Lease.Address, "it has not renewed its lease");
                Lose(entry);
            }

            Publish();
        }
    }

    private void Publish() => _remote =
        [.. _entries.Values.Where(entry => !entry.State.Lease.IsDraining).OrderBy(entry => entry.State.StartedAt).Select(entry => entry.Worker)];
}
