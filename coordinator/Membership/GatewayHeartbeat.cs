using Federation.Catalog;
using Federation.Core.Errors;

namespace Federation.Membership;

/// <summary>
/// A gateway's part in the cluster: its lease, under a number that no other gateway of the catalog has, renewed once a second with the
/// leases of its jobs. The answer, with everybody's leases, goes to the listeners. Ended by disposal. Thread-safe.
/// </summary>
public sealed class GatewayHeartbeat : IAsyncDisposable
{
    private readonly ICatalogStore _store;
    private readonly TimeProvider _clock;
    private readonly Action<SqlException> _onFailure;
    private readonly CancellationTokenSource _stopped = new();
    private readonly SemaphoreSlim _beating = new(1);
    private readonly Task _running;
    private volatile IHeartbeatListener[] _listeners = [];

    private GatewayHeartbeat(ICatalogStore store, Lease own, TimeProvider clock, Action<SqlException> onFailure)
    {
        _store = store;
        _clock = clock;
        _onFailure = onFailure;
        Own = own;
        _running = Task.Run(RunAsync);
    }

    /// <summary>The gateway's lease.</summary>
    public Lease Own { get; }

    /// <summary>Raises the store's error when the gateway cannot join.</summary>
    /// <param name="address">Where members of the cluster ask this gateway.</param>
    /// <param name="onFailure">Told of heartbeats that failed; the next one is tried in time.</param>
    public static async ValueTask<GatewayHeartbeat> StartAsync(
        ICatalogStore store, string address, TimeProvider clock, Action<SqlException> onFailure, CancellationToken cancellationToken)
    {
        var lease = new Lease(Guid.NewGuid().ToString("N"), address, Environment.ProcessId);
        return new GatewayHeartbeat(store, await store.Leases.JoinAsync(lease, LeaseTimes.Duration, cancellationToken), clock, onFailure);
    }

    /// <summary>Listens until the heartbeat is disposed. Called before others may use the listener.</summary>
    public void Add(IHeartbeatListener listener) => _listeners = [.. _listeners, listener];

    /// <summary>A heartbeat out of turn. Failures go to the listeners.</summary>
    public async Task BeatAsync(CancellationToken cancellationToken)
    {
        await _beating.WaitAsync(cancellationToken);
        try
        {
            var listeners = _listeners;
            var askedAt = _clock.GetTimestamp();
            try
            {
                var answer = await AskAsync(listeners, cancellationToken);
                foreach (var listener in listeners) listener.OnAnswer(answer, askedAt);
            }
            catch (SqlException error)
            {
                foreach (var listener in listeners) listener.OnFailure(error);
                _onFailure(error);
            }
        }
        finally
        {
            _beating.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        await _running;
        try
        {
            await _store.Leases.RemoveAsync(Own.Id, CancellationToken.None);
        }
        catch (SqlException error)
        {
            // It runs out by itself.
            _onFailure(error);
        }

        _stopped.Dispose();
        _beating.Dispose();
    }

    /// <summary>A store that does not answer for half a lease is out of reach.</summary>
    private async ValueTask<HeartbeatAnswer> AskAsync(IHeartbeatListener[] listeners, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(LeaseTimes.Duration / 2, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var beat = new Heartbeat(
            Own, LeaseTimes.Duration, [.. listeners.SelectMany(listener => listener.Held)],
            [.. listeners.SelectMany(listener => listener.Jobs)]);
        try
        {
            return await _store.BeatAsync(beat, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SqlException(SqlState.ConnectionFailure, "the catalog does not answer");
        }
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(LeaseTimes.Renewal, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopped.Token)) await BeatAsync(_stopped.Token);
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }
}
