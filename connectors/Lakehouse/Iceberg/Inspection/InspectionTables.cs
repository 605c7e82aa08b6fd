using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;

namespace Federation.Connectors.Lakehouse.Iceberg.Inspection;

/// <summary>A table about one state of a table.</summary>
internal sealed record InspectionHandle(TablePointer Pointer, string Kind) : ITableHandle;

/// <summary>
/// Tables about a table, with the names and columns of Trino's Iceberg connector. What are maps and rows there is jsonb here. Thread-safe.
/// </summary>
/// <param name="open">Opens the table at a state.</param>
internal sealed class InspectionTables(Func<TablePointer, IcebergTable> open) : IScanPlanner
{
    private sealed record Definition(EquatableArray<(string Name, SqlType Type)> Columns, Func<IcebergTable, IEnumerable<object?[]>> Rows);

    private static readonly Dictionary<string, Definition> s_all = new(StringComparer.Ordinal)
    {
        ["properties"] = new([("key", SqlType.Text), ("value", SqlType.Text)], SnapshotTables.Properties),
        ["history"] = new(
            [
                ("made_current_at", SqlType.Timestamptz), ("snapshot_id", SqlType.Int8), ("parent_id", SqlType.Int8),
                ("is_current_ancestor", SqlType.Bool),
            ], SnapshotTables.History),
        ["snapshots"] = new(
            [
                ("committed_at", SqlType.Timestamptz), ("snapshot_id", SqlType.Int8), ("parent_id", SqlType.Int8),
                ("operation", SqlType.Text),
                ("manifest_list", SqlType.Text), ("summary", SqlType.Jsonb),
            ], SnapshotTables.Snapshots),
        ["refs"] = new(
            [
                ("name", SqlType.Text), ("type", SqlType.Text), ("snapshot_id", SqlType.Int8), ("max_reference_age_in_ms", SqlType.Int8),
                ("min_snapshots_to_keep", SqlType.Int4), ("max_snapshot_age_in_ms", SqlType.Int8),
            ], SnapshotTables.References),
        ["manifests"] = new(
            [
                ("path", SqlType.Text), ("length", SqlType.Int8), ("partition_spec_id", SqlType.Int4), ("added_snapshot_id", SqlType.Int8),
                ("added_data_files_count", SqlType.Int4), ("added_rows_count", SqlType.Int8), ("existing_data_files_count", SqlType.Int4),
                ("existing_rows_count", SqlType.Int8), ("deleted_data_files_count", SqlType.Int4), ("deleted_rows_count", SqlType.Int8),
                ("partition_summaries", SqlType.Jsonb),
            ], FileTables.Manifests),
        ["partitions"] = new(
            [
                ("partition", SqlType.Jsonb), ("record_count", SqlType.Int8), ("file_count", SqlType.Int8), ("total_size", SqlType.Int8),
                ("data", SqlType.Jsonb),
            ], FileTables.Partitions),
        ["files"] = new(
            [
                ("content", SqlType.Int4), ("file_path", SqlType.Text), ("file_format", SqlType.Text), ("spec_id", SqlType.Int4),
                ("partition", SqlType.Jsonb), ("record_count", SqlType.Int8), ("file_size_in_bytes", SqlType.Int8),
                ("column_sizes", SqlType.Jsonb), ("value_counts", SqlType.Jsonb), ("null_value_counts", SqlType.Jsonb),
                ("nan_value_counts", SqlType.Jsonb), ("lower_bounds", SqlType.Jsonb), ("upper_bounds", SqlType.Jsonb),
                ("key_metadata", SqlType.Bytea), ("split_offsets", SqlType.Array(SqlType.Int8)),
                ("equality_ids", SqlType.Array(SqlType.Int4)),
                ("sort_order_id", SqlType.Int4), ("readable_metrics", SqlType.Jsonb),
            ], FileTables.Files),
        ["entries"] = new(
            [
                ("status", SqlType.Int4), ("snapshot_id", SqlType.Int8), ("sequence_number", SqlType.Int8),
                ("file_sequence_number", SqlType.Int8), ("data_file", SqlType.Jsonb), ("readable_metrics", SqlType.Jsonb),
            ], FileTables.Entries),
    };

    public static ConnectorTable? Find(TablePointer pointer, string kind) => s_all.TryGetValue(kind, out var definition)
        ? new ConnectorTable(new InspectionHandle(pointer, kind),
            definition.Columns.Select(column => new ConnectorColumn(column.Name, column.Type)).ToEquatableArray())
        : null;

    public async ValueTask<ScanPlan> PlanScanAsync(ITableHandle handle, EquatableArray<string> columns, string inputName,
        CancellationToken cancellationToken)
    {
        var own = (InspectionHandle)handle;
        var definition = s_all[own.Kind];
        // A scan without columns still has rows to count.
        var positions = columns.Count == 0 ? [0]
            : columns.Select(name => Array.FindIndex(definition.Columns.ToArray(), column => column.Name == name)).ToArray();
        if (positions.Contains(-1))
            throw new SqlException(SqlState.UndefinedColumn, $"column \"{columns[Array.IndexOf(positions, -1)]}\" does not exist");
        var rows = await Task.Run(() => definition.Rows(open(own.Pointer))
            .Select(row => positions.Select(position => row[position]).ToEquatableArray()).ToEquatableArray(), cancellationToken);
        var fields = positions.Select(position => new RecordField(definition.Columns[position].Name, definition.Columns[position].Type))
            .ToEquatableArray();
        return new ScanPlan([new InlineRows(inputName, fields, rows) { EstimatedRows = rows.Count }],
            Details: [$"{rows.Count} rows in memory"]);
    }
}
