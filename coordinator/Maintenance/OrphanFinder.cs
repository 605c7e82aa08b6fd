using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Errors;
using Federation.ObjectStorage;

namespace Federation.Maintenance;

/// <summary>Finds files in a table's folder that no state of the table names and that nobody keeps for later.</summary>
public static class OrphanFinder
{
    /// <param name="olderThan">Only files written before; metadata that a retained version of the catalog may name is left out. Null for
    /// all files that no state names.</param>
    public static async ValueTask<IReadOnlyList<ListedObject>> FindAsync(MaintenanceServices services, TableEntry table,
        DateTimeOffset? olderThan, CancellationToken cancellationToken)
    {
        if (services.Formats.FirstOrDefault(format => format.Name == table.Pointer.Format) is not ITableMaintenance maintenance)
            throw new SqlException(SqlState.FeatureNotSupported, $"orphans of tables of format {table.Pointer.Format} cannot be listed");
        var files = await maintenance.ListOrphansAsync(table.Pointer, cancellationToken);
        var pending = await DeferredRemovals.PendingAsync(services, table.Pointer.Location, cancellationToken);
        var orphans = files.Where(file => !pending.Contains(file.Path));
        if (olderThan is not { } time) return [.. orphans];
        var due = await services.DueAsync(cancellationToken);
        var old = await maintenance.ListOldMetadataAsync(table.Pointer, due, cancellationToken);
        return
        [
            .. orphans.Where(file => file.Written < time.UtcDateTime
                && (!maintenance.IsMetadata(file.Path) || old.Contains(file.Path))),
        ];
    }
}
