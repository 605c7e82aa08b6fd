using Federation.Connectors.Lakehouse.Iceberg.Tail;
using Federation.Connectors.Spi;
using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Compares what a scan reads in two states of a table: its data files and the deletes that apply to them. A file that comes, goes or loses
/// rows counts when its partition and statistics leave room for a row that the filters keep; so does one that maintenance has rewritten.
/// </summary>
internal static class ChangedReads
{
    public static bool Any((IcebergTable Table, TableTail Tail) earlier, (IcebergTable Table, TableTail Tail) later,
        EquatableArray<ConnectorExpression> filters)
    {
        // Filters name columns of the schema that they were made for.
        if (earlier.Table.Metadata.CurrentSchemaId != later.Table.Metadata.CurrentSchemaId) return true;
        if (TailScan.HasChanged(earlier.Tail, later.Tail, later.Table.Metadata, filters)) return true;
        if (earlier.Table.Metadata.CurrentSnapshotId == later.Table.Metadata.CurrentSnapshotId
            && earlier.Tail.Deletes.Equals(later.Tail.Deletes)) return false;
        return !FilesOf(earlier, filters).SetEquals(FilesOf(later, filters));
    }

    /// <summary>A scan's data files, each with its deletes.</summary>
    private static HashSet<ReadFile> FilesOf((IcebergTable Table, TableTail Tail) state, EquatableArray<ConnectorExpression> filters)
    {
        var table = state.Table;
        if (table.Metadata.CurrentSnapshotId is not { } id) return [];
        var choice = FileChoice.Make(table, table.SnapshotOf(id), table.Metadata.CurrentSchema, filters);
        var deletes = new DeleteIndex(choice.Deletes);
        var kept = state.Tail.Deletes.ToDictionary(item => item.File, item => item.Positions, StringComparer.Ordinal);
        return [.. choice.Data.Select(file => new ReadFile(file.Entry.Path, DeletesOf(deletes, file),
            kept.GetValueOrDefault(file.Entry.Path)))];
    }

    private static EquatableArray<(string Path, long Offset)> DeletesOf(DeleteIndex deletes, TableFile file)
    {
        var files = deletes.EqualitiesOf(file).AsEnumerable();
        files = deletes.VectorOf(file) is { } vector ? files.Append(vector) : files.Concat(deletes.PositionsOf(file));
        return files.Select(delete => (delete.Entry.Path, delete.Entry.ContentOffset ?? 0)).Order().ToEquatableArray();
    }

    /// <param name="Gone">The rows that the tail takes away.</param>
    private sealed record ReadFile(string Path, EquatableArray<(string Path, long Offset)> Deletes, EquatableArray<long> Gone);
}
