using Federation.Execution;
using Federation.SystemCatalog;

namespace Federation.Session.Catalogs;

/// <summary>Statements as system.queries shows them.</summary>
internal static class QueryStates
{
    /// <param name="now">The end of statements that still run, by the clock of the gateway that runs them.</param>
    public static IReadOnlyList<QueryState> Of(IEnumerable<LoggedQuery> queries, DateTimeOffset now) =>
        [.. queries.Select(query => Of(query, now))];

    private static QueryState Of(LoggedQuery query, DateTimeOffset now) => new(
        query.Id, query.Origin.ProcessId, query.Origin.User, query.Origin.Database, query.Origin.Text,
        query.Figures.State.ToString().ToLowerInvariant())
    {
        Address = query.Origin.Address.Length == 0 ? null : query.Origin.Address,
        CatalogVersion = query.Figures.CatalogVersion == 0 ? null : query.Figures.CatalogVersion,
        SqlState = query.Figures.SqlState,
        StartedAt = QuerySession.ToTimestamp(query.StartedAt),
        EndedAt = query.Figures.EndedAt is { } end ? QuerySession.ToTimestamp(end) : null,
        Elapsed = query.Elapsed(now).TotalMilliseconds,
        Queued = query.Figures.Queued.TotalMilliseconds,
        Planning = query.Figures.Planning.TotalMilliseconds,
        Rows = query.Figures.Rows,
        Tasks = query.Figures.Tasks,
        Retries = query.Figures.Retries,
        ExchangedBytes = query.Figures.ExchangedBytes,
        Sources = query.Figures.Sources,
    };
}
