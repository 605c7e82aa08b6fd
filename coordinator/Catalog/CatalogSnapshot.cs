using System.Collections.Concurrent;

namespace Federation.Catalog;

/// <summary>
/// A committed version. It never changes, so what has been looked up is kept, and the snapshot of the next version begins with all of it
/// that the commits between have not touched. Thread-safe.
/// </summary>
internal sealed class CatalogSnapshot : ICatalogSnapshot
{
    /// <summary>Names that do not exist are kept too, and there is no end of those.</summary>
    private const int MostKept = 100_000;

    private readonly ICatalogStore _store;
    private readonly CatalogCodec _codec;
    private readonly ConcurrentDictionary<CatalogKey, CatalogObject?> _objects;
    private readonly ConcurrentDictionary<CatalogList, IReadOnlyList<CatalogObject>> _lists;

    public CatalogSnapshot(ICatalogStore store, CatalogCodec codec, CatalogVersion version)
        : this(store, codec, version, new(), new()) { }

    private CatalogSnapshot(
        ICatalogStore store, CatalogCodec codec, CatalogVersion version,
        ConcurrentDictionary<CatalogKey, CatalogObject?> objects, ConcurrentDictionary<CatalogList, IReadOnlyList<CatalogObject>> lists)
    {
        _store = store;
        _codec = codec;
        _objects = objects;
        _lists = lists;
        Id = new SnapshotId(version.Version);
        CommittedAt = version.CommittedAt;
    }

    public SnapshotId Id { get; }

    public DateTimeOffset CommittedAt { get; }

    public async ValueTask<CatalogObject?> FindAsync(CatalogKey key, CancellationToken cancellationToken)
    {
        if (_objects.TryGetValue(key, out var known)) return known;
        var stored = await _store.ReadAsync(key, Id.Version, cancellationToken);
        return Keep(key, stored is null ? null
            : await TailStorage.CompleteAsync(_codec.Read(stored), _store, _codec, Id.Version, cancellationToken));
    }

    public async ValueTask<IReadOnlyList<CatalogObject>> ListAsync(CatalogList list, CancellationToken cancellationToken)
    {
        if (_lists.TryGetValue(list, out var known)) return known;
        var objects = (await _store.ListAsync(list, Id.Version, cancellationToken)).Select(_codec.Read).ToArray();
        for (var i = 0; i < objects.Length; i++)
        {
            objects[i] = _objects.TryGetValue(objects[i].Key, out var complete) && complete is not null
                ? complete
                : await TailStorage.CompleteAsync(objects[i], _store, _codec, Id.Version, cancellationToken);
        }

        if (_lists.Count >= MostKept) _lists.Clear();
        _lists[list] = objects;
        foreach (var entry in objects) Keep(entry.Key, entry);
        return objects;
    }

    /// <summary>The snapshot of a later version.</summary>
    /// <param name="version">The version.</param>
    /// <param name="changed">All objects that differ between the two.</param>
    public CatalogSnapshot Next(CatalogVersion version, IReadOnlySet<CatalogKey> changed)
    {
        var changedLists = changed.Select(key => key.List).ToHashSet();
        return new CatalogSnapshot(
            _store, _codec, version,
            new(_objects.Where(item => !changed.Contains(item.Key))), new(_lists.Where(item => !changedLists.Contains(item.Key))));
    }

    /// <summary>The snapshot of the next version, which differs by objects in known states.</summary>
    /// <param name="changed">All that differ; null for those that are gone.</param>
    public CatalogSnapshot Next(CatalogVersion version, IReadOnlyDictionary<CatalogKey, CatalogObject?> changed)
    {
        var next = Next(version, changed.Keys.ToHashSet());
        foreach (var (key, value) in changed) next.Keep(key, value is null ? null : value with { ChangedAt = version.Version });
        return next;
    }

    private CatalogObject? Keep(CatalogKey key, CatalogObject? entry)
    {
        if (_objects.Count >= MostKept) _objects.Clear();
        _objects[key] = entry;
        return entry;
    }
}
