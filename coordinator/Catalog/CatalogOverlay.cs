using System.Collections.Immutable;

namespace Federation.Catalog;

/// <summary>
/// A snapshot with changes on top, so that a transaction sees what it did and nobody else does. Immutable: a change makes another overlay,
/// which is what savepoints return to.
/// </summary>
public sealed class CatalogOverlay : ICatalogSnapshot
{
    private readonly ICatalogSnapshot _base;
    private readonly ImmutableDictionary<CatalogKey, CatalogObject?> _objects;

    public CatalogOverlay(ICatalogSnapshot below)
        : this(below, ImmutableDictionary<CatalogKey, CatalogObject?>.Empty, below.Id.OwnChanges) { }

    private CatalogOverlay(ICatalogSnapshot below, ImmutableDictionary<CatalogKey, CatalogObject?> objects, long ownChanges)
    {
        _base = below;
        _objects = objects;
        Id = below.Id with { OwnChanges = ownChanges };
    }

    public SnapshotId Id { get; }

    public DateTimeOffset CommittedAt => _base.CommittedAt;

    /// <summary>The objects that differ from the snapshot below; null for those that are gone.</summary>
    public IReadOnlyDictionary<CatalogKey, CatalogObject?> Changed => _objects;

    public ValueTask<CatalogObject?> FindAsync(CatalogKey key, CancellationToken cancellationToken) =>
        _objects.TryGetValue(key, out var own) ? ValueTask.FromResult(own) : _base.FindAsync(key, cancellationToken);

    public async ValueTask<IReadOnlyList<CatalogObject>> ListAsync(CatalogList list, CancellationToken cancellationToken)
    {
        var below = await _base.ListAsync(list, cancellationToken);
        if (_objects.IsEmpty) return below;
        var own = _objects.Where(item => item.Key.List == list).ToArray();
        if (own.Length == 0) return below;
        return [.. below.Where(entry => !_objects.ContainsKey(entry.Key)).Concat(own.Select(item => item.Value).OfType<CatalogObject>())
            .OrderBy(entry => entry.Key.Name, StringComparer.Ordinal)];
    }

    /// <summary>The overlay with one more object changed; null takes the object away.</summary>
    public CatalogOverlay With(CatalogKey key, CatalogObject? value) => new(_base, _objects.SetItem(key, value), Id.OwnChanges);

    /// <summary>The same objects under another identity.</summary>
    public CatalogOverlay Named(long ownChanges) => new(_base, _objects, ownChanges);
}
