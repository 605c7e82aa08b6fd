using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>Takes the tails of tables apart for stores, and puts them together again.</summary>
internal static class TailStorage
{
    /// <summary>The object as its own body holds it: a table's tail is in objects of its own, and only that there is one is said.</summary>
    public static CatalogObject Body(CatalogObject entry) => entry is TableEntry { Pointer.Tail: not null } table
        ? table with { Pointer = table.Pointer with { Tail = TableTail.Empty } }
        : entry;

    /// <summary>The object with the tail that its store holds at a version.</summary>
    public static async ValueTask<CatalogObject> CompleteAsync(CatalogObject entry, ICatalogStore store, CatalogCodec codec, long version,
        CancellationToken cancellationToken)
    {
        if (entry is not TableEntry { Pointer.Tail: not null } table) return entry;
        var parts = (await store.ListAsync(TailEntry.ListOf(table.Oid), version, cancellationToken))
            .Select(stored => (TailEntry)codec.Read(stored)).ToArray();
        var tail = new TableTail(parts.Select(part => part.Rows).OfType<TailRows>().ToEquatableArray(),
            parts.Select(part => part.Deletes).OfType<TailDeletes>().ToEquatableArray());
        return table with { Pointer = table.Pointer with { Tail = tail.IsEmpty ? null : tail } };
    }

    /// <summary>What changes of the parts of some tables' tails.</summary>
    /// <param name="changed">The states of changed objects, before and after; null for objects that are not there.</param>
    public static IEnumerable<ObjectWrite> Writes(IReadOnlyCollection<(CatalogObject? Before, CatalogObject? After)> changed,
        CatalogCodec codec)
    {
        // A table that was renamed stands twice among them.
        var before = PartsOf(changed.Select(item => item.Before));
        var after = PartsOf(changed.Select(item => item.After));
        foreach (var (key, part) in after)
            if (!before.TryGetValue(key, out var known) || !known.Equals(part))
                yield return new ObjectWrite(key, part.Oid, codec.Write(part));
        foreach (var (key, part) in before)
            if (!after.ContainsKey(key))
                yield return new ObjectWrite(key, part.Oid, null);
    }

    private static Dictionary<CatalogKey, TailEntry> PartsOf(IEnumerable<CatalogObject?> objects)
    {
        var parts = new Dictionary<CatalogKey, TailEntry>();
        foreach (var table in objects.OfType<TableEntry>())
        {
            foreach (var rows in table.Pointer.Tail?.Rows ?? []) Add(new TailEntry(table.Oid, rows, null));
            foreach (var deletes in table.Pointer.Tail?.Deletes ?? []) Add(new TailEntry(table.Oid, null, deletes));
        }

        return parts;

        void Add(TailEntry part) => parts[part.Key] = part;
    }
}
