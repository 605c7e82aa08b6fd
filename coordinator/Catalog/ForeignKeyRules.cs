using Federation.Core;

namespace Federation.Catalog;

/// <summary>What tables have to do with each other by foreign keys.</summary>
public static class ForeignKeyRules
{
    /// <summary>The foreign keys of other tables that refer to a table.</summary>
    public static async ValueTask<IReadOnlyList<(TableEntry Table, TableConstraint Key)>> ReferencesAsync(ICatalogSnapshot catalog,
        TableEntry table, CancellationToken cancellationToken)
    {
        var found = new List<(TableEntry, TableConstraint)>();
        foreach (var schema in await catalog.ListSchemasAsync(cancellationToken))
            foreach (var other in await catalog.ListTablesAsync(schema.Name, cancellationToken))
                if (other.Oid != table.Oid)
                    found.AddRange(other.Constraints.Where(key => key.Target?.Table == table.Oid).Select(key => (other, key)));
        return found;
    }

    /// <summary>Makes a table free to go. Raises 2BP01 while foreign keys refer to it, unless CASCADE takes them away.</summary>
    internal static async ValueTask<CatalogOverlay> ReleaseAsync(CatalogOverlay catalog, TableEntry table, bool isCascade,
        CancellationToken cancellationToken)
    {
        var references = await ReferencesAsync(catalog, table, cancellationToken);
        if (references.Count == 0) return catalog;
        if (!isCascade)
            throw CatalogRules.StillNeeded(table.Key, [.. references.Select(item =>
                $"constraint {item.Key.Name} on table {item.Table.Schema}.{item.Table.Name}")]);
        foreach (var other in references.Select(item => item.Table).DistinctBy(item => item.Key))
            catalog = catalog.With(other.Key, other with
            {
                Constraints = other.Constraints.Where(key => key.Target?.Table != table.Oid).ToEquatableArray(),
            });
        return catalog;
    }
}
