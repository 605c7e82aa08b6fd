using Federation.Catalog;
using Federation.SessionApi;
using Federation.SystemCatalog;

namespace Federation.Session.Statements;

/// <summary>
/// The relations that depend on what a statement takes away: refused without CASCADE, told of with it (PostgreSQL's dependency.c).
/// </summary>
internal static class DependentViews
{
    /// <summary>PostgreSQL names no more in one message.</summary>
    private const int MostNamed = 100;

    /// <summary>
    /// Raises 2BP01 if there are views and the statement has no CASCADE; else gives the notice of what goes with the object, and the views,
    /// those that depend on others first.
    /// </summary>
    /// <param name="described">The object, as errors call it: table t, column a of table t, schema s.</param>
    /// <param name="roots">The views that read the object itself, or the relations of a schema.</param>
    /// <param name="taken">What the statement takes away besides, by OID.</param>
    public static async ValueTask<IReadOnlyList<RelationEntry>> TakeAsync(
        QuerySession session, string described, IReadOnlyList<RelationEntry> roots, bool isCascade, IReadOnlySet<Oid> taken,
        CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var found = new List<(RelationEntry Relation, string On)>();
        await CollectAsync(session, catalog, roots, described, taken, found, cancellationToken);
        if (found.Count == 0) return [];
        var shown = Enumerable.Reverse(found).ToArray();
        if (!isCascade)
        {
            throw new SqlException(SqlState.DependentObjectsStillExist, $"cannot drop {described} because other objects depend on it")
            {
                Detail = Lines(shown.Select(item => $"{Described(session, item.Relation)} depends on {item.On}").ToArray()),
                Hint = "Use DROP ... CASCADE to drop the dependent objects too.",
            };
        }

        var names = shown.Select(item => $"drop cascades to {Described(session, item.Relation)}").ToArray();
        if (names.Length == 1) session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, names[0]);
        else session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, $"drop cascades to {names.Length} other objects",
            Lines(names));
        return [.. found.Select(item => item.Relation)];
    }

    /// <summary>What becomes of the views that read a relation of which a column is renamed.</summary>
    public static async ValueTask<IReadOnlyList<CatalogChange.Redefine>> RenamedAsync(QuerySession session, RelationEntry relation,
        string column, string newName, CancellationToken cancellationToken)
    {
        var views = await OfAsync(await session.Transaction.GetCatalogAsync(cancellationToken), relation, cancellationToken);
        return [.. views.Select(view => new CatalogChange.Redefine(view, view with
        {
            Sources = view.Sources.Select(source => source.Relation == relation.Oid ? source.Renamed(column, newName) : source)
                .ToEquatableArray(),
        }))];
    }

    /// <summary>How errors call a relation: without its schema where the search path finds it.</summary>
    public static string Described(QuerySession session, RelationEntry relation) =>
        $"{AlterTableStatements.NounOf(relation)} {Named(session, relation)}";

    public static string Named(QuerySession session, RelationEntry relation) =>
        SystemNames.Relation(relation.Schema, relation.Name, session.Names.SearchPath());

    public static ValueTask<IReadOnlyList<ViewEntry>> OfAsync(ICatalogSnapshot catalog, RelationEntry relation,
        CancellationToken cancellationToken) =>
        catalog.FindViewsAsync(source => source.Relation == relation.Oid, cancellationToken);

    /// <summary>Newer ones first, each behind those that depend on it.</summary>
    private static async ValueTask CollectAsync(
        QuerySession session, ICatalogSnapshot catalog, IReadOnlyList<RelationEntry> relations, string on, IReadOnlySet<Oid> taken,
        List<(RelationEntry Relation, string On)> found, CancellationToken cancellationToken)
    {
        foreach (var relation in relations.OrderByDescending(relation => relation.Oid.Value))
        {
            if (taken.Contains(relation.Oid) || found.Exists(item => item.Relation.Oid == relation.Oid)) continue;
            await CollectAsync(session, catalog, await OfAsync(catalog, relation, cancellationToken), Described(session, relation), taken,
                found, cancellationToken);
            if (!found.Exists(item => item.Relation.Oid == relation.Oid)) found.Add((relation, on));
        }
    }

    private static string Lines(string[] lines) => lines.Length <= MostNamed
        ? string.Join('\n', lines)
        : string.Join('\n', lines.Take(MostNamed)) + $"\nand {lines.Length - MostNamed} other objects (see server log for list)";
}
