using Federation.Core;
using Federation.Core.Types;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>What a table metadata file says (spec, "Table Metadata Fields"), as far as readers need it.</summary>
/// <param name="Location">The table's folder as the writer knew it.</param>
internal sealed record TableMetadata(
    string Path,
    int FormatVersion,
    string? Uuid,
    string Location,
    long LastUpdatedMs,
    int CurrentSchemaId,
    long? CurrentSnapshotId)
{
    public required IReadOnlyDictionary<int, IcebergSchema> Schemas { get; init; }

    public required IReadOnlyDictionary<int, PartitionSpec> Specs { get; init; }

    public required int DefaultSpecId { get; init; }

    /// <summary>The order of rows in new files.</summary>
    public required SortOrder SortOrder { get; init; }

    public required IReadOnlyDictionary<long, Snapshot> Snapshots { get; init; }

    /// <summary>When each snapshot became current, oldest first.</summary>
    public required IReadOnlyList<SnapshotLogEntry> SnapshotLog { get; init; }

    public required IReadOnlyDictionary<string, SnapshotReference> References { get; init; }

    public required NameMapping? NameMapping { get; init; }

    /// <summary>SQL types of columns that the table's types do not tell, by field id.</summary>
    public required IReadOnlyDictionary<int, SqlType> ColumnTypes { get; init; }

    public IcebergSchema CurrentSchema => Schemas[CurrentSchemaId];

    /// <summary>What SQL calls the type of a column.</summary>
    public SqlType TypeOf(IcebergField column) =>
        ColumnTypes.TryGetValue(column.Id, out var declared) ? declared : SqlTypes.Of(column.Type, column.Name);

    /// <summary>A field of any schema by id, the current one first: partition sources and delete columns may have been dropped.</summary>
    public IcebergField? FindField(int id) =>
        CurrentSchema.Find(id)
            ?? Schemas.Values.OrderByDescending(schema => schema.Id).Select(schema => schema.Find(id))
            .FirstOrDefault(field => field is not null);
}

/// <param name="ManifestList">Null for v1 snapshots that list their manifests in place.</param>
internal sealed record Snapshot(
    long Id, long SequenceNumber, long TimestampMs, string? ManifestList, EquatableArray<string> Manifests, int? SchemaId)
{
    /// <summary>The snapshot that it follows on, which may be gone; null for none.</summary>
    public long? ParentId { get; init; }

    /// <summary>Its commit has taken rows out of the table's tail, or into files.</summary>
    public bool ChangesTail { get; init; }

    /// <summary>v3: the key that its manifest list is encrypted with.</summary>
    public string? KeyId { get; init; }
}

internal sealed record SnapshotLogEntry(long SnapshotId, long TimestampMs);

internal sealed record SnapshotReference(long SnapshotId, bool IsBranch);

/// <param name="Id">0 for no order.</param>
internal sealed record SortOrder(int Id, EquatableArray<SortField> Fields)
{
    public static readonly SortOrder None = new(0, []);
}

internal sealed record SortField(int SourceId, Transform Transform, bool IsDescending, bool IsNullsFirst);

internal sealed record PartitionSpec(int Id, EquatableArray<PartitionField> Fields);

internal sealed record PartitionField(int SourceId, int FieldId, string Name, Transform Transform);
