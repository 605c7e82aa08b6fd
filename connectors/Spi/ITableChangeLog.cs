namespace Federation.Connectors.Spi;

/// <summary>A table format that tells which rows each of its states has taken and given. Thread-safe.</summary>
public interface ITableChangeLog
{
    /// <summary>The changes after one state up to another, oldest first. States with the same rows in other files are left out.</summary>
    /// <param name="from">Null for all changes since the table was made.</param>
    /// <param name="to">Null for the present state.</param>
    /// <returns>The columns of all rows, and the changes. Raises 42704 for a state that is not there, and 55000 when the first is not one
    /// of those that led to the second.</returns>
    ValueTask<TableChangeLog> ListChangesAsync(TablePointer pointer, TableVersion? from, TableVersion? to,
        CancellationToken cancellationToken);
}

public sealed record TableChangeLog(Core.EquatableArray<ConnectorColumn> Columns, IReadOnlyList<SnapshotChange> Changes);

/// <summary>What one snapshot has changed.</summary>
/// <param name="Microseconds">When, since 1970.</param>
/// <param name="Added">The rows of files that came; null for none.</param>
/// <param name="Gone">The rows of files that went, as they were before; null for none.</param>
/// <param name="Before">The rows of files that stayed and lost some, with the columns of <see cref="RowIdentity"/>; null for none.</param>
/// <param name="After">The rows that these files have kept.</param>
public sealed record SnapshotChange(long SnapshotId, long Microseconds, ConnectorTable? Added, ConnectorTable? Gone, ConnectorTable? Before,
    ConnectorTable? After);
