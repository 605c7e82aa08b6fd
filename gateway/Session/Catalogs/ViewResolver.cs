using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Planner.Binding;
using Federation.Plan;
using Federation.Session.Statements;
using Federation.Sql.Syntax;
using Federation.SystemCatalog;

namespace Federation.Session.Catalogs;

/// <summary>
/// Loads a view with all that its query names, which its owner must be allowed to read. What was added to a relation since the view was
/// made stays out of it, so that a star, a natural join or a bare name means what it meant then.
/// </summary>
/// <param name="resolverOf">Finds what a user may read.</param>
internal sealed class ViewResolver(SessionServices services, ICatalogSnapshot snapshot, AccessRights rights, QuerySession session,
    Func<string, TableResolver> resolverOf)
{
    /// <summary>A view has nothing that could be read without its query.</summary>
    private sealed record Handle(Oid View) : ITableHandle;

    public async ValueTask<ResolvedTable> LoadAsync(ViewEntry view, TableVersion? version, CancellationToken cancellationToken)
    {
        if (version is not null)
            throw new SqlException(SqlState.FeatureNotSupported, $"\"{view.Name}\" is a view, which has no versions");
        var query = await services.Planning.RunAsync(view.Query.Length, () => ViewTexts.Parse(view.Query), cancellationToken);
        var names = await services.Planning.RunAsync(view.Query.Length, () => TableNames.Of(query), cancellationToken);
        var typeNames = await services.Planning.RunAsync(view.Query.Length, () => SourceTypeNames.Of(query), cancellationToken);
        var resolver = resolverOf(view.Owner);
        var tables = new Dictionary<TableName, ResolvedTable>();
        foreach (var name in names)
            if (!tables.ContainsKey(name) && await FindAsync(view, resolver, name, cancellationToken) is { } found)
                tables[name] = found;
        var types = new Dictionary<QualifiedName, PgType>();
        foreach (var name in typeNames)
            if (await resolver.FindTypeAsync(name, cancellationToken) is { } type)
                types[name] = type;
        var columns = ManagedRelations.ColumnsOf(view).Select((column, i) => column with { Number = (short)(i + 1) }).ToEquatableArray();
        var source = new TableSource(TableResolver.ManagedCatalog, view.Schema, view.Name, -1) { TableOid = view.Oid };
        return new ResolvedTable(source, new Handle(view.Oid), columns)
        {
            Provider = this,
            OwnsRows = false,
            View = new ResolvedView(query, name => tables.GetValueOrDefault(name), name => types.GetValueOrDefault(name),
                ViewStatements.ValuesOf(view, session.TextFormat)) { CheckOption = view.CheckOption },
        };
    }

    private async ValueTask<ResolvedTable?> FindAsync(ViewEntry view, TableResolver resolver, TableName name,
        CancellationToken cancellationToken)
    {
        if (view.Sources.FirstOrDefault(source => ViewTexts.Names(name, source)) is not { } source || source.Relation == Oid.None
            && source.Server.Length == 0)
        {
            // A name of WITH, a system table, or a table about another.
            return name.Name.Parts is [var system, var table]
                && (SystemTables.IsSystemSchema(system) || table.Contains('$', StringComparison.Ordinal))
                && await resolver.ResolveAsync(name, null, cancellationToken) is { } known
                ? known with { Source = known.Source.About is null ? known.Source : known.Source with { ReadBy = view.Owner } }
                : null;
        }

        if (source.Server.Length == 0 && await snapshot.FindSchemaAsync(source.Schema, cancellationToken) is { } schema)
            await rights.RequireAsync(view.Owner, schema, 'U', cancellationToken);
        var found = await resolver.FindAsync(source.Server.Length > 0 ? source.Server : TableResolver.ManagedCatalog, source.Schema,
            source.Name, await session.Analyzer.Versions.OfAsync(name, [], cancellationToken), cancellationToken);
        return found is null ? null : AsSeen(found, source) with
        {
            Source = found.Source with { ReadBy = view.Owner },
            Whole = found with { Source = found.Source with { ReadBy = view.Owner } },
            FollowsFolder = found.FollowsFolder || TableVersions.MayMove(name),
        };
    }

    /// <summary>The relation with the columns that the view knows, by the names it knows.</summary>
    private static ResolvedTable AsSeen(ResolvedTable table, ViewSource source)
    {
        var present = source.Present.Count > 0 ? source.Present : source.Columns;
        var seen = new List<string>();
        var columns = new List<ConnectorColumn>();
        for (var i = 0; i < present.Count; i++)
        {
            var at = Enumerable.Range(0, table.Columns.Count).FirstOrDefault(index => table.Columns[index].Name == present[i], -1);
            // A column that is gone: the view does not use it, or says so.
            if (at < 0) continue;
            var column = table.Columns[at];
            columns.Add(column with { Number = column.Number > 0 ? column.Number : (short)(at + 1) });
            seen.Add(source.Columns[i]);
        }

        return table with { Columns = columns.ToEquatableArray(), SeenAs = source.Present.Count > 0 ? seen.ToEquatableArray() : [] };
    }
}
