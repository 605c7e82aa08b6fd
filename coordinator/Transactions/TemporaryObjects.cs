using System.Collections.Immutable;
using System.Globalization;
using Federation.Catalog;

namespace Federation.Transactions;

/// <summary>
/// The temporary schema of a session and what is in it: objects of the catalog that no store has and nobody else sees, though transactions
/// change them as all others. Used by one thread at a time.
/// </summary>
/// <param name="schema">The schema's name.</param>
public sealed class TemporaryObjects(string schema)
{
    private ImmutableDictionary<CatalogKey, CatalogObject> _objects = ImmutableDictionary<CatalogKey, CatalogObject>.Empty;
    private long _state;

    public string Schema => schema;

    public bool IsEmpty => _objects.IsEmpty;

    /// <summary>The schema's OID; null while there is no schema, as far as transactions have committed.</summary>
    public Core.Types.Oid? SchemaOid => _objects.GetValueOrDefault(SchemaEntry.KeyOf(schema))?.Oid;

    /// <summary>A committed snapshot with the objects on top.</summary>
    internal ICatalogSnapshot Over(ICatalogSnapshot below) => IsEmpty ? below : new Snapshot(below, _objects, _state);

    /// <summary>Whether a change is of the temporary schema, so that no store has to know it.</summary>
    internal bool Contains(CatalogChange change) => change switch
    {
        CatalogChange.Create { Object: AccessEntry entry } => Contains(entry),
        CatalogChange.Alter { Object: AccessEntry entry } => Contains(entry),
        CatalogChange.Create create => Contains(create.Object.Key),
        CatalogChange.Alter alter => Contains(alter.Object.Key),
        CatalogChange.Drop drop => Contains(drop.Key),
        CatalogChange.UpdateTable update => Contains(update.Key),
        CatalogChange.Redefine redefine => Contains(redefine.Before.Key),
        _ => false,
    };

    /// <summary>The change without what it does to temporary objects on the way: views that read what it changes.</summary>
    internal CatalogChange Permanent(CatalogChange change) => change is CatalogChange.Redefine { Views.Count: > 0 } redefine
        ? redefine with { Views = [.. redefine.Views.Where(view => !Contains(view.Before.Key))] }
        : change;

    /// <summary>The transaction has committed: what it left of the objects is what there is.</summary>
    /// <param name="changed">All that the transaction changed; null for what is gone.</param>
    /// <param name="state">A number that no other state has.</param>
    internal void Commit(IReadOnlyDictionary<CatalogKey, CatalogObject?> changed, long state)
    {
        var oids = _objects.Values.Concat(changed.Values.OfType<CatalogObject>()).OfType<RelationEntry>()
            .Where(relation => relation.Schema == schema).Select(relation => relation.AccessTarget.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (key, value) in changed)
        {
            if (!Contains(key) && !(key.Kind == ObjectKind.Access && key.Parent == nameof(AccessKind.Table) && oids.Contains(key.Name)))
                continue;
            _objects = value is null ? _objects.Remove(key) : _objects.SetItem(key, value);
        }

        _state = state;
    }

    private bool Contains(CatalogKey key) => key.Kind switch
    {
        ObjectKind.Schema => key.Name == schema,
        ObjectKind.Access => key.Parent == nameof(AccessKind.Schema) && key.Name == schema,
        _ => key.Parent == schema,
    };

    private bool Contains(AccessEntry entry) => Contains(entry.Key)
        || entry.Shown?.StartsWith(string.Create(CultureInfo.InvariantCulture, $"{schema}."), StringComparison.Ordinal) == true;

    /// <param name="below">What everybody sees.</param>
    private sealed class Snapshot(ICatalogSnapshot below, ImmutableDictionary<CatalogKey, CatalogObject> objects, long state)
        : ICatalogSnapshot
    {
        public SnapshotId Id => below.Id with { OwnChanges = state };

        public DateTimeOffset CommittedAt => below.CommittedAt;

        public ValueTask<CatalogObject?> FindAsync(CatalogKey key, CancellationToken cancellationToken) =>
            objects.TryGetValue(key, out var own) ? ValueTask.FromResult<CatalogObject?>(own) : below.FindAsync(key, cancellationToken);

        public async ValueTask<IReadOnlyList<CatalogObject>> ListAsync(CatalogList list, CancellationToken cancellationToken)
        {
            var committed = await below.ListAsync(list, cancellationToken);
            var own = objects.Where(item => item.Key.List == list).Select(item => item.Value).ToArray();
            return own.Length == 0 ? committed
                : [.. committed.Concat(own).OrderBy(entry => entry.Key.Name, StringComparer.Ordinal)];
        }
    }
}
