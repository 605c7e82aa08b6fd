using Federation.Connectors.Spi;
using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Compares what a scan reads in two states of a table: its data files and the deletes that apply to them. A file that comes, goes or loses
/// rows counts when its partition and statistics leave room for a row that the filters keep; so does one that maintenance has rewritten.
/// </summary>
internal static class ChangedReads
{
    public static bool Any(IcebergTable earlier, IcebergTable later, EquatableArray<ConnectorExpression> filters)
    {
        // Filters name columns of the schema that they were made for.
        if (earlier.Metadata.CurrentSchemaId != later.Metadata.CurrentSchemaId) return true;
        if (earlier.Metadata.CurrentSnapshotId == later.Metadata.CurrentSnapshotId) return false;
        return !FilesOf(earlier, filters).SetEquals(FilesOf(later, filters));
    }

    /// <summary>A scan's data files, each with its deletes.</summary>
    private static HashSet<ReadFile> FilesOf(IcebergTable table, EquatableArray<ConnectorExpression> filters)
    {
        if (table.Metadata.CurrentSnapshotId is not { } id) return [];
        var choice = FileChoice.Make(table, table.SnapshotOf(id), table.Metadata.CurrentSchema, filters);
        var deletes = new DeleteIndex(choice.Deletes);
        return [.. choice.Data.Select(file => new ReadFile(file.Entry.Path, DeletesOf(deletes, file)))];
    }

    private static EquatableArray<(string Path, long Offset)> DeletesOf(DeleteIndex deletes, TableFile file)
    {
        var files = deletes.EqualitiesOf(file).AsEnumerable();
        files = deletes.VectorOf(file) is { } vector ? files.Append(vector) : files.Concat(deletes.PositionsOf(file));
        return files.Select(delete => (delete.Entry.Path, delete.Entry.ContentOffset ?? 0)).Order().ToEquatableArray();
    }

    private sealed record ReadFile(string Path, EquatableArray<(string Path, long Offset)> Deletes);
}
