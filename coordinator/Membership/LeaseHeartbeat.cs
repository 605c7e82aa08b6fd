using Federation.Catalog;
using Federation.Core.Errors;

namespace Federation.Membership;

/// <summary>Holds the lease of this process: puts it, renews it until disposed, then ends it.</summary>
public sealed class LeaseHeartbeat : IAsyncDisposable
{
    private readonly ILeaseStore _store;
    private readonly TimeProvider _clock;
    private readonly Action<SqlException> _onFailure;
    private readonly CancellationTokenSource _stopped = new();
    private readonly SemaphoreSlim _putting = new(1);
    private readonly Task _renewing;
    private Lease _lease;

    private LeaseHeartbeat(ILeaseStore store, Lease lease, TimeProvider clock, Action<SqlException> onFailure)
    {
        _store = store;
        _lease = lease;
        _clock = clock;
        _onFailure = onFailure;
        _renewing = Task.Run(RenewAsync);
    }

    /// <summary>Raises the store's error when the first lease cannot be put.</summary>
    /// <param name="onFailure">Told of renewals that failed; the next one is tried in time.</param>
    public static async ValueTask<LeaseHeartbeat> StartAsync(ILeaseStore store, string address, TimeProvider clock,
        Action<SqlException> onFailure, CancellationToken cancellationToken)
    {
        var lease = new Lease(Guid.NewGuid().ToString("N"), address, Environment.ProcessId);
        await store.PutAsync(lease, LeaseTimes.Duration, cancellationToken);
        return new LeaseHeartbeat(store, lease, clock, onFailure);
    }

    /// <summary>Tells coordinators to send nothing new; what they have here stays good.</summary>
    public Task DrainAsync(CancellationToken cancellationToken) =>
        PutAsync(static lease => lease with { IsDraining = true }, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        await _renewing;
        try
        {
            await _store.RemoveAsync(_lease.Id, CancellationToken.None);
        }
        catch (SqlException error)
        {
            // It runs out by itself.
            _onFailure(error);
        }

        _stopped.Dispose();
        _putting.Dispose();
    }

    /// <summary>
    /// Changes the lease here and in the store; one change at a time, or a renewal could take back that the worker drains.
    /// </summary>
    private async Task PutAsync(Func<Lease, Lease> change, CancellationToken cancellationToken)
    {
        await _putting.WaitAsync(cancellationToken);
        try
        {
            _lease = change(_lease);
            await _store.PutAsync(_lease, LeaseTimes.Duration, cancellationToken);
        }
        finally
        {
            _putting.Release();
        }
    }

    private async Task RenewAsync()
    {
        using var timer = new PeriodicTimer(LeaseTimes.Renewal, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopped.Token))
            {
                try
                {
                    await PutAsync(static lease => lease, _stopped.Token);
                }
                catch (SqlException error)
                {
                    _onFailure(error);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }
}
