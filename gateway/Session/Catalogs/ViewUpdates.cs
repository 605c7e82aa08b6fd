using Federation.Catalog;
using Federation.Planner.Binding;
using Federation.Session.Statements;
using Federation.SystemCatalog;

namespace Federation.Session.Catalogs;

/// <summary>Which changes of rows views let through, as the system catalogs show it.</summary>
internal static class ViewUpdates
{
    /// <returns>Null for a view that lets none through.</returns>
    public static async ValueTask<UpdateState?> OfAsync(ICatalogSnapshot catalog, ViewEntry view, CancellationToken cancellationToken)
    {
        var query = ViewTexts.Parse(view.Query);
        if (UpdatableViews.WhyNot(query) is not null) return null;
        var source = view.Sources.FirstOrDefault(item => ViewTexts.Names(UpdatableViews.SourceOf(query), item));
        if (source is null || source.Server.Length > 0) return null;
        var below = await catalog.FindRelationAsync(source.Schema, source.Name, cancellationToken) switch
        {
            TableEntry => new UpdateState(true, (source.Present.Count > 0 ? source.Present : source.Columns).ToHashSet()),
            ViewEntry inner => await OfAsync(catalog, inner, cancellationToken),
            _ => null,
        };
        if (below is null) return null;
        var present = source.Columns.Zip(source.Present.Count > 0 ? source.Present : source.Columns)
            .ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
        var columns = view.Columns.Zip(UpdatableViews.PlainColumns(query, source.Columns))
            .Where(pair => pair.Second is { } plain && present.TryGetValue(plain, out var name) && below.Columns.Contains(name))
            .Select(pair => pair.First.Name).ToHashSet(StringComparer.Ordinal);
        return new UpdateState(below.Writes && UpdatableViews.WhyNotWritten(query) is null, columns);
    }
}
