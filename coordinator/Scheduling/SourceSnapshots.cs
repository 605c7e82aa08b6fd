using Federation.Connectors.Spi;

namespace Federation.Scheduling;

/// <summary>
/// One state of each source, for all that a transaction or a statement reads of it: taken when the source is read first, kept until
/// disposed. Used by one statement at a time.
/// </summary>
public sealed class SourceSnapshots : IAsyncDisposable
{
    private readonly Dictionary<ISnapshotSource, ISourceSnapshot> _snapshots = [];

    internal async ValueTask<ISourceSnapshot> GetAsync(ISnapshotSource source, CancellationToken cancellationToken)
    {
        if (!_snapshots.TryGetValue(source, out var snapshot))
            _snapshots[source] = snapshot = await source.OpenSnapshotAsync(cancellationToken);
        return snapshot;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var snapshot in _snapshots.Values) await snapshot.DisposeAsync();
        _snapshots.Clear();
    }
}
