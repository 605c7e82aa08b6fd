using Federation.Catalog;
using Federation.Core.Security;
using Federation.Plan;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Session.Catalogs;
using Federation.Session.Statements;

namespace Federation.Session;

/// <summary>
/// The rights on tables that statements need, asked for whenever they are run: as in PostgreSQL, a statement may be prepared without them.
/// </summary>
internal static class TableRights
{
    /// <summary>Raises 42501 for a query, or the RETURNING of a statement, that reads what its user may not.</summary>
    public static async ValueTask RequireReadsAsync(QuerySession session, PreparedStatement statement, CancellationToken cancellationToken)
    {
        if (statement.Query is not { } query || statement.CatalogVersion == default) return;
        var returning = statement.Insert?.Returning;
        if (!query.Tables.Keys.Any(IsManaged) && query.Views.Count == 0 && returning is null) return;
        var rights = await session.RightsAsync(cancellationToken);
        if (query.Views.Count == 0 && await rights.IsSuperuserAsync(session.User, cancellationToken)) return;
        await RequireViewsAsync(session, rights, query, cancellationToken);
        await RequireAsync(session, rights, statement.Reads, cancellationToken);
        await RequireLocksAsync(session, rights, query, cancellationToken);
        if (returning is not null) await RequireAsync(session, rights, ReadColumns.Of(returning.Plan), cancellationToken);
    }

    /// <summary>Raises 42501 for a user who may not give values for the columns.</summary>
    public static async ValueTask RequireInsertAsync(QuerySession session, TableEntry table, IEnumerable<string> columns,
        CancellationToken cancellationToken) =>
        await (await session.RightsAsync(cancellationToken)).RequireAsync(session.User, table, 'a', columns, cancellationToken);

    /// <summary>Raises 42501 for a user who may not insert rows as a statement does.</summary>
    public static async ValueTask RequireInsertAsync(QuerySession session, PreparedStatement statement,
        CancellationToken cancellationToken)
    {
        var (insert, table) = (statement.Insert!, statement.Target!);
        var user = await RequireViewAccessAsync(session, insert.Views, async (rights, asked, view, columns) =>
            await rights.RequireAsync(asked, view, 'a', columns, cancellationToken), cancellationToken);
        await (await session.RightsAsync(cancellationToken)).RequireAsync(user, table, 'a',
            insert.Views.Count > 0 ? insert.Given : InsertStatements.InsertedColumns(statement), cancellationToken);
    }

    /// <summary>Asks for a right on each view that a statement changes rows through, of whoever reads it.</summary>
    /// <returns>Whose rights on the table count: the owner of the lowest view.</returns>
    private static async ValueTask<string> RequireViewAccessAsync(QuerySession session, EquatableArray<ViewAccess> views,
        Func<AccessRights, string, ViewEntry, EquatableArray<string>, ValueTask> require, CancellationToken cancellationToken)
    {
        var user = session.User;
        if (views.Count == 0) return user;
        var rights = await session.RightsAsync(cancellationToken);
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        foreach (var access in views)
        {
            if (await catalog.FindViewAsync(access.View.Schema, access.View.Table, cancellationToken) is not { } view) continue;
            await require(rights, user, view, access.Columns);
            user = view.Owner;
        }

        return user;
    }

    /// <summary>Raises 42501 for a user who may not change the rows of a table as a statement does.</summary>
    public static async ValueTask RequireChangeAsync(QuerySession session, TableEntry table, ChangeRights needed,
        CancellationToken cancellationToken)
    {
        var user = await RequireViewAccessAsync(session, needed.Views, async (rights, asked, view, columns) =>
        {
            if (needed.Updated is not null) await rights.RequireAsync(asked, view, 'w', columns, cancellationToken);
            if (needed.Deletes) await rights.RequireWholeAsync(asked, view, 'd', cancellationToken);
        }, cancellationToken);
        var rights = await session.RightsAsync(cancellationToken);
        if (needed.Updated is { } updated) await rights.RequireAsync(user, table, 'w', updated, cancellationToken);
        if (needed.Inserted is { } inserted) await rights.RequireAsync(user, table, 'a', inserted, cancellationToken);
        if (needed.Deletes) await rights.RequireWholeAsync(user, table, 'd', cancellationToken);
    }

    /// <summary>Gives a new object the access list that its owner's default rights say.</summary>
    public static async ValueTask StartAsync(QuerySession session, RelationEntry table, CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var schema = await catalog.FindSchemaAsync(table.Schema, cancellationToken);
        var type = table is SequenceEntry ? 'S' : 'r';
        if (await session.RightsOf(catalog).DefaultOfAsync(table.Owner, type, schema, cancellationToken) is { } items)
            await CreateAsync(session,
                new AccessEntry(Oid.None, table.AccessTarget, []) { Shown = $"{table.Schema}.{table.Name}" }.With(null, items),
                cancellationToken);
    }

    public static async ValueTask StartAsync(QuerySession session, SchemaEntry schema, CancellationToken cancellationToken)
    {
        if (await (await session.RightsAsync(cancellationToken)).DefaultOfAsync(schema.Owner, 'n', null, cancellationToken) is { } items)
            await CreateAsync(session, new AccessEntry(Oid.None, AccessRights.TargetOf(schema), []).With(null, items), cancellationToken);
    }

    /// <summary>What was the old owner's is the new one's; the object is given away already.</summary>
    public static async ValueTask GiveAwayAsync(QuerySession session, AccessTarget target, string owner, string newOwner,
        CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        if (await catalog.FindAccessAsync(target, cancellationToken) is not { } entry) return;
        var moved = entry with { Grants = [] };
        foreach (var column in entry.Columns.Cast<string?>().Prepend(null))
            moved = moved.With(column, AccessList.WithOwner(entry.ItemsOf(column), owner, newOwner));
        await session.Transaction.ChangeAsync(new CatalogChange.Alter(moved), cancellationToken);
    }

    /// <summary>Rights on columns go with the columns.</summary>
    /// <param name="renamed">Names before and after; null for a column that is gone.</param>
    public static async ValueTask MoveColumnsAsync(QuerySession session, RelationEntry relation,
        IReadOnlyList<(string Name, string? NewName)> renamed, CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        if (await catalog.FindAccessAsync(relation.AccessTarget, cancellationToken) is not { } access) return;
        var moved = access;
        foreach (var (name, newName) in renamed)
        {
            moved = moved with
            {
                Grants = moved.Grants.Where(grant => grant.Column != name || newName is not null)
                    .Select(grant => grant.Column == name ? grant with { Column = newName } : grant).ToEquatableArray(),
            };
        }

        if (moved != access) await session.Transaction.ChangeAsync(new CatalogChange.Alter(moved), cancellationToken);
    }

    private static async ValueTask CreateAsync(QuerySession session, AccessEntry entry, CancellationToken cancellationToken) =>
        await session.Transaction.ChangeAsync(new CatalogChange.Create(entry), cancellationToken);

    private static async ValueTask RequireAsync(QuerySession session, AccessRights rights,
        IReadOnlyDictionary<TableSource, IReadOnlySet<string>> reads, CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        foreach (var (source, _) in reads)
            if (IsManaged(source) && source.About is { } name
                && await catalog.FindTableAsync(source.Schema, name, cancellationToken) is { } described)
                await rights.RequireWholeAsync(source.ReadBy ?? session.User, described, 'r', cancellationToken);
        foreach (var (source, columns) in reads)
            if (IsManaged(source) && source.About is null
                && await catalog.FindTableAsync(source.Schema, source.Table, cancellationToken) is { } table)
                await rights.RequireAsync(source.ReadBy ?? session.User, table, 'r', columns, cancellationToken);
    }

    /// <summary>FOR UPDATE and its kin need a right to change the rows, of whatever column.</summary>
    private static async ValueTask RequireLocksAsync(QuerySession session, AccessRights rights, BoundQuery query,
        CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        foreach (var source in query.Locked.Keys)
            if (await catalog.FindTableAsync(source.Schema, source.Table, cancellationToken) is { } table)
                await rights.RequireAsync(source.ReadBy ?? session.User, table, 'w', [], cancellationToken);
    }

    /// <summary>Whoever names a view needs the right on it; below it the rights of its owner count.</summary>
    private static async ValueTask RequireViewsAsync(QuerySession session, AccessRights rights, BoundQuery query,
        CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        foreach (var source in query.Views)
            if (await catalog.FindViewAsync(source.Schema, source.Table, cancellationToken) is { } view)
                await rights.RequireAsync(source.ReadBy ?? session.User, view, 'r', view.Columns.Select(column => column.Name),
                    cancellationToken);
            else if (await catalog.FindSequenceAsync(source.Schema, source.Table, cancellationToken) is { } sequence)
                await rights.RequireAnyAsync(source.ReadBy ?? session.User, sequence, "r", cancellationToken);
    }

    private static bool IsManaged(TableSource source) => source.Catalog == TableResolver.ManagedCatalog;
}
