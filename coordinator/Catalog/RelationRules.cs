using Federation.Core.Errors;

namespace Federation.Catalog;

/// <summary>What <see cref="CatalogRules"/> demands of tables and views: one name for both, and no view without what it reads.</summary>
internal static class RelationRules
{
    private static readonly ObjectKind[] s_kinds = [ObjectKind.Table, ObjectKind.View, ObjectKind.Sequence];

    /// <summary>Raises 42P07 for a name that a relation of another kind has, and 42P01 for a view that reads what is not there.</summary>
    public static async ValueTask RequireCreatableAsync(ICatalogSnapshot catalog, RelationEntry created,
        CancellationToken cancellationToken)
    {
        await RequireFreeAsync(catalog, created.Key, cancellationToken);
        if (created is ViewEntry view) await RequireSourcesAsync(catalog, view, cancellationToken);
    }

    public static async ValueTask<CatalogOverlay> RedefineAsync(CatalogOverlay catalog, CatalogChange.Redefine change,
        CancellationToken cancellationToken)
    {
        var (before, after) = (change.Before, change.After);
        var (key, newKey) = (before.Key, after.Key);
        if (await catalog.FindAsync(key, cancellationToken) is not RelationEntry present || present.Oid != before.Oid)
            throw ObjectKinds.MissingError(key);
        if (present.Definition != before.Definition) throw ObjectKinds.ClashError(key);
        if (present is TableEntry table) after = (TableEntry)after with { Pointer = table.Pointer };
        if (after is ViewEntry own) await RequireSourcesAsync(catalog, own, cancellationToken);
        if (newKey != key)
        {
            var schema = SchemaEntry.KeyOf(newKey.Parent);
            if (await catalog.FindAsync(schema, cancellationToken) is null) throw ObjectKinds.MissingError(schema);
            await RequireFreeAsync(catalog, newKey, cancellationToken);
            catalog = catalog.With(key, null);
        }

        catalog = catalog.With(newKey, after with { ChangedAt = present.ChangedAt });
        foreach (var view in change.Views) catalog = await RedefineAsync(catalog, view, cancellationToken);
        // A view that somebody has made meanwhile knows the old name.
        if (newKey != key && (await DependentsAsync(catalog, after, cancellationToken))
            .FirstOrDefault(view => view.Sources.Any(source => source.Relation == after.Oid
                && (source.Schema, source.Name) != (after.Schema, after.Name))) is { } unknown)
            throw ObjectKinds.ClashError(unknown.Key);
        return catalog;
    }

    /// <summary>The views that read an object: a table, a view or a server.</summary>
    public static ValueTask<IReadOnlyList<ViewEntry>> DependentsAsync(ICatalogSnapshot catalog, CatalogObject item,
        CancellationToken cancellationToken) => item switch
    {
        RelationEntry => catalog.FindViewsAsync(source => source.Relation == item.Oid, cancellationToken),
        ServerEntry server => catalog.FindViewsAsync(source => source.Server == server.Name, cancellationToken),
        _ => ValueTask.FromResult<IReadOnlyList<ViewEntry>>([]),
    };

    private static async ValueTask RequireFreeAsync(ICatalogSnapshot catalog, CatalogKey key, CancellationToken cancellationToken)
    {
        foreach (var kind in s_kinds)
            if (await catalog.FindAsync(key with { Kind = kind }, cancellationToken) is not null)
                throw ObjectKinds.TakenError(key);
    }

    private static async ValueTask RequireSourcesAsync(ICatalogSnapshot catalog, ViewEntry view, CancellationToken cancellationToken)
    {
        foreach (var source in view.Sources)
        {
            if (source.Server.Length > 0)
            {
                var server = ServerEntry.KeyOf(source.Server);
                if (await catalog.FindAsync(server, cancellationToken) is null) throw ObjectKinds.MissingError(server);
            }
            else if (source.Relation != Core.Types.Oid.None
                && (await catalog.FindRelationAsync(source.Schema, source.Name, cancellationToken))?.Oid != source.Relation)
            {
                throw new SqlException(SqlState.UndefinedTable, $"relation \"{source.Schema}.{source.Name}\" does not exist");
            }
        }
    }
}
