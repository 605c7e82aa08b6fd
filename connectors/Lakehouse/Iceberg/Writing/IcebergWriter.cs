using System.Globalization;
using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Parquet;
using Federation.Connectors.Lakehouse.Iceberg.Tail;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>Makes Iceberg tables and appends to them: format version 2, Parquet files, identity partitions. Thread-safe.</summary>
internal sealed class IcebergWriter(PendingFiles store, Func<TablePointer, IcebergTable> open, ParquetFooters footers, TimeProvider clock)
{
    public PendingFiles Store { get; } = store;

    private const string FormatName = "iceberg";

    /// <summary>
    /// The table at a state that the catalog names. Raises 0A000 when the folder says what the state is, as whoever writes there knows
    /// nothing of the catalog.
    /// </summary>
    public IcebergTable Open(TablePointer pointer) => pointer.Metadata.Length > 0
        ? open(pointer)
        : throw new SqlException(SqlState.FeatureNotSupported, "a table that follows its folder cannot be written")
            { Detail = $"The folder is \"{pointer.Location}\"." };

    public async ValueTask<TablePointer> CreateAsync(NewTable table, CancellationToken cancellationToken)
    {
        var uuid = Guid.NewGuid();
        var document = NewTableMetadata.Make(table, uuid, clock.GetUtcNow().ToUnixTimeMilliseconds());
        if (!table.HasUniqueLocation && (await Store.ListAsync(table.Location, 1, cancellationToken)).Count > 0)
            throw new SqlException(SqlState.ObjectNotInPrerequisiteState, $"folder \"{table.Location}\" is not empty")
                { Hint = "A new table needs a folder of its own." };
        var metadata = NextMetadataFile(null);
        await Store.CreateAsync(StoragePath.Combine(table.Location, metadata), document.ToBytes(), cancellationToken);
        return new TablePointer(FormatName, table.Location, metadata, uuid.ToString());
    }

    public WritePlan PlanAppend(TablePointer pointer)
    {
        var table = Open(pointer);
        RequireWritable(table.Metadata);
        var schema = table.Metadata.CurrentSchema;
        var spec = table.Metadata.Specs[table.Metadata.DefaultSpecId];
        var partitions = spec.Fields.Where(field => field.Transform.Kind != TransformKind.Void)
            .Select(field => Written(table.Metadata, field.SourceId) is var (column, index, type)
                ? TransformExpressions.Partition(column, index, type, field.Transform)
                : throw new SqlException(SqlState.FeatureNotSupported,
                    "tables partitioned by a nested or dropped column cannot be written yet")).ToEquatableArray();
        var columns = schema.Fields
            .Select(field => new FileColumn(field.Name, WrittenTypes.KernelType(field.Type), WrittenTypes.FieldIds(field))
        {
            Converted = StoredForms.ToFile("{0}", table.Metadata.TypeOf(field)),
            NullError = field.IsRequired ? $"null value in column \"{field.Name}\" violates not-null constraint" : null,
        }).ToEquatableArray();
        return new WritePlan(pointer, new TaskOutput.WriteFiles(StoragePath.Combine(pointer.Location, "data"), columns, partitions)
        {
            SortedBy = Order(table.Metadata),
            WriterOptions = ["COMPRESSION zstd", $"KV_METADATA {{'iceberg.schema': {KernelText.Literal(SchemaText(schema))}}}"],
        });
    }

    /// <summary>
    /// The schema as files of the reference implementation carry it: some readers find the columns of older files by it, and not by the
    /// field ids in the files' own schemas.
    /// </summary>
    private static string SchemaText(IcebergSchema schema) => NewTableMetadata.Struct(schema.Fields, schema.Id).ToJsonString();

    /// <summary>The update that adds the files, which are removed when they cannot be added.</summary>
    public ValueTask<RowDelta> AppendAsync(WritePlan plan, IReadOnlyList<WrittenFile> files, CancellationToken cancellationToken) =>
        ChangeRowsAsync(plan, files, new RowSelection(), null, cancellationToken);

    /// <summary>The update that adds the files, which are removed when they cannot be added, and takes rows away.</summary>
    /// <param name="flush">What becomes of the table's tail; null when the files are not made of it.</param>
    public async ValueTask<RowDelta> ChangeRowsAsync(WritePlan plan, IReadOnlyList<WrittenFile> files, RowSelection removed,
        TailFlush? flush, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.Run(() => DescribeAsync(plan, files, removed, flush, cancellationToken), cancellationToken);
        }
        catch (Exception error) when (error is SqlException or OperationCanceledException)
        {
            await TableFiles.TryDeleteAsync(Store, [.. files.Select(file => file.Path)], plan.Output.Folder);
            throw;
        }
    }

    public RowDelta Truncate(TablePointer pointer)
    {
        RequireWritable(Open(pointer).Metadata);
        return new RowDelta(this, new NewFiles(), pointer.Location, clock) { RemovesAll = true, Branch = pointer.Branch };
    }

    private async Task<RowDelta> DescribeAsync(WritePlan plan, IReadOnlyList<WrittenFile> files, RowSelection removed, TailFlush? flush,
        CancellationToken cancellationToken)
    {
        var table = Open(plan.Pointer);
        var spec = table.Metadata.Specs[table.Metadata.DefaultSpecId];
        var fields = table.Metadata.CurrentSchema.Fields.ToArray();
        var data = files.Select(file => DataFiles.Read(file, footers.Get(file.Path), Recorded(table, file.Path), fields, spec,
            WrittenOrder(table.Metadata))).ToArray();
        var (ofFiles, ofTail) = TailNames.Part(removed);
        var rows = ofFiles.Count == 0 ? null : RemovedRows.Find(table, ofFiles);
        var (deletes, paths) = rows is null ? ([], []) : await WriteDeletesAsync(table, plan, rows, ofFiles, cancellationToken);
        var added = new NewFiles { Written = files, Rows = data, SpecId = spec.Id, Deletes = deletes, DeleteFiles = paths };
        return new RowDelta(this, added, plan.Output.Folder, clock)
        {
            SchemaId = table.Metadata.CurrentSchemaId, Removed = rows, Branch = plan.Pointer.Branch,
            Tail = new TailChange { Removed = ofTail, GoneFiles = rows?.GoneFiles ?? [], Flush = flush },
        };
    }

    /// <summary>A file of deletes for each partition that keeps rows of files from which some go.</summary>
    private async Task<(Dictionary<int, IReadOnlyList<DataFile>> Deletes, List<string> Paths)> WriteDeletesAsync(
        IcebergTable table, WritePlan plan, RemovedRows rows, RowSelection removed, CancellationToken cancellationToken)
    {
        var (deletes, paths) = (new Dictionary<int, IReadOnlyList<DataFile>>(), new List<string>());
        try
        {
            var kept = rows.Files.Where(file => !rows.GoneFiles.Contains(file.Entry.Path));
            foreach (var partition in kept.GroupBy(file => file.PartitionKey))
            {
                var selection = partition.Select(file => KeyValuePair.Create(file.Entry.Path, removed.Files[file.Entry.Path])).ToArray();
                var bytes = await PositionDeleteFiles.WriteAsync(selection, cancellationToken);
                var path = StoragePath.Combine(plan.Output.Folder, $"{Guid.NewGuid()}-deletes.parquet");
                paths.Add(path);
                await Store.CreateAsync(path, bytes, cancellationToken);
                var file = partition.First();
                var values = file.Spec.Fields.Select((field, i) => PositionDeleteFiles.PartitionValue(
                    FileRanges.Raw(file.Entry.Partition, field, i), ManifestWriter.PartitionType(table.Metadata, field)));
                var described = PositionDeleteFiles.Describe(Recorded(table, path), bytes.Length, selection, [.. values]);
                if (deletes.TryGetValue(file.Spec.Id, out var known)) ((List<DataFile>)known).Add(described);
                else deletes.Add(file.Spec.Id, new List<DataFile> { described });
            }
        }
        catch (Exception error) when (error is SqlException or OperationCanceledException)
        {
            await Store.TryDeleteAsync(paths);
            throw;
        }

        return (deletes, paths);
    }

    /// <summary>The update that changes the columns of a table.</summary>
    public SchemaUpdate Alter(TablePointer pointer, EquatableArray<ColumnChange> changes)
    {
        var table = Open(pointer);
        RequireWritable(table.Metadata);
        return new SchemaUpdate(this, changes, table.Metadata, pointer.Tail, clock);
    }

    /// <summary>
    /// Rows and columns that were made for one schema do not fit another. Raises 40001: PostgreSQL would have made one of the two wait.
    /// </summary>
    public static void RequireSchema(TableMetadata metadata, int schemaId)
    {
        if (metadata.CurrentSchemaId != schemaId)
            throw new SqlException(SqlState.TRSerializationFailure, "could not serialize access due to concurrent update")
                { Detail = "The columns of the table were changed by another transaction." };
    }

    /// <summary>How the table's metadata names a file that lies in its folder.</summary>
    public static string Recorded(IcebergTable table, string path)
    {
        var folder = table.Location.Folder;
        return path.StartsWith(folder + "/", StringComparison.Ordinal) ? table.Metadata.Location + path[folder.Length..] : path;
    }

    /// <summary>Version 1 has no sequence numbers, version 3 counts rows: neither may be written as if it were version 2.</summary>
    public static void RequireWritable(TableMetadata metadata)
    {
        if (metadata.FormatVersion != 2)
            throw new SqlException(SqlState.FeatureNotSupported,
                $"Iceberg tables of format version {metadata.FormatVersion} cannot be written yet")
                    { Detail = $"The table is \"{metadata.Location}\"." };
        if (metadata.Snapshots.Keys.Any(snapshot => snapshot < 0))
            throw new SqlException(SqlState.FeatureNotSupported, "Iceberg tables with snapshot ids of more than 63 bits cannot be written")
                { Detail = $"The table is \"{metadata.Location}\"." };
        if (metadata.CurrentSnapshotId is { } id && metadata.Snapshots.GetValueOrDefault(id) is { ManifestList: null })
            throw new SqlException(SqlState.FeatureNotSupported, "Iceberg tables whose snapshot has no manifest list cannot be written yet")
                { Detail = $"The table is \"{metadata.Location}\"." };
    }

    /// <summary>
    /// The name of the metadata file after another, relative to the table's folder: a number that goes up by one, and a unique part.
    /// </summary>
    public static string NextMetadataFile(string? current)
    {
        var name = StoragePath.NameOf(current ?? "");
        var digits = name.TrimStart('v').TakeWhile(char.IsAsciiDigit).ToArray();
        var number = int.TryParse(digits, CultureInfo.InvariantCulture, out var version) ? version + 1 : 0;
        return string.Create(CultureInfo.InvariantCulture, $"metadata/{number:00000}-{Guid.NewGuid()}.metadata.json");
    }

    /// <summary>A column of a task's rows in the type that files have for it; null for one that is nested or dropped.</summary>
    private static (string Column, int Index, IcebergType.Primitive Type)? Written(TableMetadata metadata, int fieldId)
    {
        var schema = metadata.CurrentSchema;
        for (var i = 0; i < schema.Fields.Count; i++)
            if (schema.Fields[i].Id == fieldId && schema.Fields[i].Type is IcebergType.Primitive type)
            {
                var value = StoredForms.ToFile(string.Create(CultureInfo.InvariantCulture, $"c{i}"), metadata.TypeOf(schema.Fields[i]));
                return ($"CAST({value} AS {WrittenTypes.KernelType(type)})", i, type);
            }

        return null;
    }

    /// <summary>The order of new files; none when the kernel cannot make the one that the table wants, which no reader relies on.</summary>
    private static EquatableArray<string> Order(TableMetadata metadata) => !CanSort(metadata)
        ? []
        : metadata.SortOrder.Fields.Select(field =>
        {
            var (column, _, type) = Written(metadata, field.SourceId)!.Value;
            return $"{TransformExpressions.Of(column, type, field.Transform)} {(field.IsDescending ? "DESC" : "ASC")} "
                + $"NULLS {(field.IsNullsFirst ? "FIRST" : "LAST")}";
        }).ToEquatableArray();

    private static bool CanSort(TableMetadata metadata) => metadata.SortOrder.Fields.All(field =>
        Written(metadata, field.SourceId) is not null && field.Transform.Kind is not (TransformKind.Void or TransformKind.Unknown));

    /// <summary>The id of the order that new files have.</summary>
    public static int WrittenOrder(TableMetadata metadata) =>
        CanSort(metadata) ? metadata.SortOrder.Id : 0;
}
