using Federation.Catalog;
using Federation.Core.Errors;
using Federation.Membership;

namespace Federation.Host;

/// <summary>
/// Keeps the newest snapshot of the catalog at hand: by the store's notifications, and by the version in the heartbeat's answers where one
/// of those got lost.
/// </summary>
internal sealed class Follower : IHeartbeatListener, IAsyncDisposable
{
    private readonly CatalogDatabase _catalog;
    private readonly CancellationTokenSource _stopped = new();
    private readonly Task _listening;
    private Task _noting = Task.CompletedTask;

    public Follower(CatalogDatabase catalog)
    {
        _catalog = catalog;
        _listening = Task.Run(() => UntilStoppedAsync(catalog.FollowAsync(_stopped.Token)));
    }

    public void OnAnswer(HeartbeatAnswer answer, long askedAt)
    {
        if (_noting.IsCompleted) _noting = UntilStoppedAsync(_catalog.NoteVersionAsync(answer.Version, _stopped.Token).AsTask());
    }

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        await Task.WhenAll(_listening, _noting);
        _stopped.Dispose();
    }

    private static async Task UntilStoppedAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (Exception error) when (error is OperationCanceledException or SqlException)
        {
            // Stopped, or the store is out of reach, which the heartbeat reports.
        }
    }
}
