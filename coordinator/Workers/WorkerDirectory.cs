using Federation.Arrow;
using Federation.Catalog;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Scheduling;

namespace Federation.Workers;

/// <summary>The workers whose leases are good, kept up to date from the store. Thread-safe.</summary>
public sealed class WorkerDirectory : IWorkerDirectory, IAsyncDisposable
{
    private readonly ILeaseStore _store;
    private readonly Func<string, ITaskRunner<Batch>> _connect;
    private readonly TimeProvider _clock;
    private readonly Action<SqlException> _onFailure;
    private readonly Action<string, string>? _onLost;
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>Leases whose worker did not answer, and until when they were good then.</summary>
    private readonly Dictionary<string, DateTimeOffset> _suspects = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopped = new();
    private readonly Task _polling;
    private volatile Worker[] _remote = [];

    /// <param name="local">The worker in this process.</param>
    /// <param name="connect">Makes the client of a worker by its address; may be disposable.</param>
    /// <param name="onFailure">Told when the leases cannot be read; the workers known stay until their leases have run out.</param>
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

    private sealed class Entry(Lease lease, Worker worker, CancellationTokenSource lost)
    {
        public Lease Lease { get; set; } = lease;

        public Worker Worker { get; } = worker;

        public CancellationTokenSource Lost { get; } = lost;
    }

    public Worker Local { get; }

    public IReadOnlyList<Worker> Remote => _remote;

    public void Suspect(string address)
    {
        lock (_entries)
        {
            foreach (var (id, entry) in _entries.Where(pair => pair.Value.Lease.Address == address).ToArray())
            {
                // Once it renews its lease it comes back as a new worker.
                _entries.Remove(id);
                _suspects[id] = entry.Lease.ExpiresAt;
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
                    _onFailure(error);
                    Update(null);
                }
            }
            while (await timer.WaitForNextTickAsync(_stopped.Token));
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private void Update(IReadOnlyList<Lease>? leases)
    {
        var now = _clock.GetUtcNow();
        lock (_entries)
        {
            foreach (var lease in leases ?? [])
            {
                if (lease.ExpiresAt <= now) continue;
                if (_entries.TryGetValue(lease.Id, out var known))
                {
                    known.Lease = lease;
                }
                else if (!_suspects.TryGetValue(lease.Id, out var suspected) || lease.ExpiresAt > suspected)
                {
                    _suspects.Remove(lease.Id);
                    var lost = new CancellationTokenSource();
                    _entries.Add(lease.Id, new Entry(lease, new Worker(lease.Address, _connect(lease.Address), lost.Token), lost));
                }
            }

            foreach (var (id, entry) in _entries.ToArray())
            {
                if (entry.Lease.ExpiresAt > now && (leases is null || leases.Any(lease => lease.Id == id))) continue;
                _entries.Remove(id);
                // One that left by itself has given its lease back.
                if (entry.Lease.ExpiresAt <= now) _onLost?.Invoke(entry.Lease.Address, "it has not renewed its lease");
                Lose(entry);
            }

            Publish();
        }
    }

    private void Publish() => _remote = [.. _entries.Values.Where(entry => !entry.Lease.IsDraining).OrderBy(entry => entry.Lease.StartedAt).Select(entry => entry.Worker)];
}
