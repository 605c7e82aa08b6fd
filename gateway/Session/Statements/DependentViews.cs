using Federation.Catalog;
using Federation.SessionApi;
using Federation.SystemCatalog;

namespace Federation.Session.Statements;

/// <summary>
/// The views that depend on something that a statement takes away: refused without CASCADE, told of with it (PostgreSQL's dependency.c).
/// </summary>
internal static class DependentViews
{
    /// <summary>PostgreSQL names no more in one message.</summary>
    private const int MostNamed = 100;

    /// <summary>
    /// Raises 2BP01 if there are views and the statement has no CASCADE; else gives the notice of what goes with the object, and the views,
    /// those that depend on others first.
    /// </summary>
    /// <param name="described">The object, as errors call it: table t, column a of table t.</param>
    /// <param name="roots">The views that read the object itself.</param>
    /// <param name="taken">What the statement takes away besides, by OID.</param>
    public static async ValueTask<IReadOnlyList<ViewEntry>> TakeAsync(
        QuerySession session, string described, IReadOnlyList<ViewEntry> roots, bool isCascade, IReadOnlySet<Oid> taken,
        CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var found = new List<(ViewEntry View, string On)>();
        await CollectAsync(session, catalog, roots, described, taken, found, cancellationToken);
        if (found.Count == 0) return [];
        var shown = Enumerable.Reverse(found).ToArray();
        if (!isCascade)
        {
            throw new SqlException(SqlState.DependentObjectsStillExist, $"cannot drop {described} because other objects depend on it")
            {
                Detail = Lines(shown.Select(item => $"{Described(session, item.View)} depends on {item.On}").ToArray()),
                Hint = "Use DROP ... CASCADE to drop the dependent objects too.",
            };
        }

        var names = shown.Select(item => $"drop cascades to {Described(session, item.View)}").ToArray();
        if (names.Length == 1) session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, names[0]);
        else session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, $"drop cascades to {names.Length} other objects",
            Lines(names));
        return [.. found.Select(item => item.View)];
    }

    /// <summary>How errors call a relation: without its schema where the search path finds it.</summary>
    public static string Described(QuerySession session, RelationEntry relation) =>
        $"{(relation is ViewEntry ? "view" : "table")} {Named(session, relation)}";

    public static string Named(QuerySession session, RelationEntry relation) =>
        SystemNames.Relation(relation.Schema, relation.Name, session.Names.SearchPath());

    public static ValueTask<IReadOnlyList<ViewEntry>> OfAsync(ICatalogSnapshot catalog, RelationEntry relation,
        CancellationToken cancellationToken) =>
        catalog.FindViewsAsync(source => source.Relation == relation.Oid, cancellationToken);

    /// <summary>Newer views first, each behind those that depend on it.</summary>
    private static async ValueTask CollectAsync(QuerySession session, ICatalogSnapshot catalog, IReadOnlyList<ViewEntry> views, string on,
        IReadOnlySet<Oid> taken, List<(ViewEntry View, string On)> found, CancellationToken cancellationToken)
    {
        foreach (var view in views.OrderByDescending(view => view.Oid.Value))
        {
            if (taken.Contains(view.Oid) || found.Exists(item => item.View.Oid == view.Oid)) continue;
            await CollectAsync(session, catalog, await OfAsync(catalog, view, cancellationToken), Described(session, view), taken, found,
                cancellationToken);
            if (!found.Exists(item => item.View.Oid == view.Oid)) found.Add((view, on));
        }
    }

    private static string Lines(string[] lines) => lines.Length <= MostNamed
        ? string.Join('\n', lines)
        : string.Join('\n', lines.Take(MostNamed)) + $"\nand {lines.Length - MostNamed} other objects (see server log for list)";
}
