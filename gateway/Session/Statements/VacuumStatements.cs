using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Maintenance;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// VACUUM makes files of the small changes that the catalog keeps for a table, and with FULL writes small files, and those of which much is
/// deleted, again. ANALYZE looks whether the tables and columns are there: row counts and ranges of values are in the metadata of files,
/// where the planner reads them.
/// </summary>
internal static class VacuumStatements
{
    public static async ValueTask<string> RunAsync(QuerySession session, SessionServices services, VacuumStatement vacuum,
        CancellationToken cancellationToken)
    {
        if (vacuum.IsVacuum) session.Transaction.RequireNoBlock("VACUUM");
        var analyzes = !vacuum.IsVacuum || vacuum.Options.Contains("analyze");
        if (!analyzes && vacuum.Tables.Any(table => table.Columns.Count > 0))
            throw new SqlException(SqlState.FeatureNotSupported, "ANALYZE option must be specified when a column list is provided");
        foreach (var table in vacuum.Tables) await RunAsync(session, services, vacuum, table, cancellationToken);
        if (vacuum is { IsVacuum: true, Tables.Count: 0 })
        {
            var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
            foreach (var schema in await catalog.ListSchemasAsync(cancellationToken))
                foreach (var entry in await catalog.ListTablesAsync(schema.Name, cancellationToken))
                    if (await OwnsAsync(session, entry, cancellationToken))
                        await CleanAsync(services, vacuum, entry, cancellationToken);
        }

        return vacuum.Command;
    }

    private static async ValueTask RunAsync(QuerySession session, SessionServices services, VacuumStatement vacuum, VacuumedTable named,
        CancellationToken cancellationToken)
    {
        if (await session.FindTableAsync(named.Name, cancellationToken) is not { } table)
            throw new SqlException(SqlState.UndefinedTable, $"relation \"{string.Join('.', named.Name.Parts)}\" does not exist");
        var verb = vacuum.Command.ToLowerInvariant();
        if (table.View is not null || (vacuum.IsVacuum && table.Provider is not ITableFormat))
        {
            session.Notify(NoticeSeverity.Warning, SqlState.Warning,
                $"skipping \"{named.Name.Name}\" --- cannot {verb} non-tables or special system tables");
            return;
        }

        var entry = await session.FindRelationAsync(named.Name, cancellationToken);
        if (entry is not null && !await OwnsAsync(session, entry, cancellationToken))
        {
            session.Notify(NoticeSeverity.Warning, SqlState.Warning,
                $"skipping \"{named.Name.Name}\" --- only table or database owner can {verb} it");
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var column in named.Columns)
        {
            if (table.Columns.All(known => known.Name != column))
                throw new SqlException(SqlState.UndefinedColumn, $"column \"{column}\" of relation \"{named.Name.Name}\" does not exist");
            if (!seen.Add(column))
                throw new SqlException(SqlState.DuplicateColumn,
                    $"column \"{column}\" of relation \"{named.Name.Name}\" appears more than once");
        }

        if (vacuum.IsVacuum && entry is TableEntry stored) await CleanAsync(services, vacuum, stored, cancellationToken);
    }

    private static async ValueTask<bool> OwnsAsync(QuerySession session, RelationEntry entry, CancellationToken cancellationToken) =>
        await (await session.RightsAsync(cancellationToken)).HasRightsOfAsync(session.User, entry.Owner, cancellationToken);

    /// <summary>Each step is committed by itself. Tables that follow their folder belong to who writes there.</summary>
    private static async ValueTask CleanAsync(SessionServices services, VacuumStatement vacuum, TableEntry entry,
        CancellationToken cancellationToken)
    {
        if (entry.Pointer.Metadata.Length == 0) return;
        var maintainer = new TableMaintainer(services.Maintenance, entry, null);
        await maintainer.FlushAsync(cancellationToken);
        if (vacuum.Options.Contains("full")) await maintainer.RewriteDataAsync(new CompactionOptions(), null, cancellationToken);
    }
}
