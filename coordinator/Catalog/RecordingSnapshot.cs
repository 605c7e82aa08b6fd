namespace Federation.Catalog;

/// <summary>
/// Remembers what was looked up in a snapshot: what a commit relies on, and so what must not have changed when it is written. Lookups are
/// thread-safe; what was remembered is asked for when there are none any more.
/// </summary>
public sealed class RecordingSnapshot(ICatalogSnapshot below) : ICatalogSnapshot
{
    public HashSet<CatalogKey> Objects { get; } = [];

    public HashSet<CatalogList> Lists { get; } = [];

    public SnapshotId Id => below.Id;

    public DateTimeOffset CommittedAt => below.CommittedAt;

    public ValueTask<CatalogObject?> FindAsync(CatalogKey key, CancellationToken cancellationToken)
    {
        lock (Objects) Objects.Add(key);
        return below.FindAsync(key, cancellationToken);
    }

    public ValueTask<IReadOnlyList<CatalogObject>> ListAsync(CatalogList list, CancellationToken cancellationToken)
    {
        lock (Lists) Lists.Add(list);
        return below.ListAsync(list, cancellationToken);
    }
}
