using Federation.Connectors.Formats.Avro;
using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg;

internal enum FileContent
{
    Data = 0,
    PositionDeletes = 1,
    EqualityDeletes = 2,
}

/// <summary>An entry of a manifest list (spec, "Manifest Lists").</summary>
/// <param name="SpecId">Null for v1 snapshots without a manifest list; the manifest's own header tells then.</param>
/// <param name="LiveFiles">Added and existing files; null when the writer did not count.</param>
internal sealed record ManifestFile(
    string Path,
    int? SpecId,
    bool HoldsDeletes,
    long SequenceNumber,
    long? LiveFiles,
    long? LiveRows,
    EquatableArray<PartitionSummary> Partitions);

/// <summary>The values of one partition field over all files of a manifest.</summary>
internal sealed record PartitionSummary(bool HasNull, bool? HasNaN, byte[]? Lower, byte[]? Upper);

/// <summary>A manifest as it was written; what entries inherit is added by whoever knows the list entry.</summary>
internal sealed record Manifest(int? SpecId, PackedEntries Entries);

/// <summary>A live file of a manifest (spec, "Manifests").</summary>
/// <param name="SequenceNumber">Null when it is inherited from the manifest list.</param>
/// <param name="Partition">The partition record as decoded; its fields are known by partition field id.</param>
internal sealed record ManifestEntry(
    bool IsAdded,
    long? SequenceNumber,
    FileContent Content,
    string Path,
    string Format,
    AvroRecord? Partition,
    long RecordCount,
    long SizeBytes,
    IReadOnlyDictionary<int, long> ValueCounts,
    IReadOnlyDictionary<int, long> NullCounts,
    IReadOnlyDictionary<int, long> NaNCounts,
    IReadOnlyDictionary<int, byte[]> LowerBounds,
    IReadOnlyDictionary<int, byte[]> UpperBounds,
    EquatableArray<int> EqualityIds,
    bool IsEncrypted,
    string? ReferencedDataFile,
    long? ContentOffset,
    long? ContentLength);
