using Federation.Connectors.Spi;
using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>One snapshot of a table with the filters it was given.</summary>
/// <param name="SnapshotId">Null for a table without any snapshot.</param>
/// <param name="Filters">Conjuncts that choose files; rows are filtered by the engine.</param>
internal sealed record IcebergTableHandle(
    TablePointer Pointer, long? SnapshotId, int SchemaId, EquatableArray<ConnectorExpression> Filters = default) : ITableHandle
{
    /// <summary>What is on top of the snapshot; null for nothing.</summary>
    public TableTail? Tail { get; init; }

    /// <summary>The one manifest whose files are read; null for all of the snapshot.</summary>
    public string? OnlyManifest { get; init; }

    /// <summary>The only data files that are read, by recorded path; null for all.</summary>
    public EquatableArray<string>? OnlyFiles { get; init; }
}
