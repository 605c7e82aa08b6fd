using System.Globalization;
using Federation.Connectors.Formats.Avro;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// Makes the manifest list of a snapshot: the lists' entries before it, and those of new manifests (spec, "Manifest Lists").
/// </summary>
internal static class ManifestListWriter
{
    private static readonly string s_schema = ManifestWriter.Record("manifest_file",
        ManifestWriter.Field(500, "manifest_path", "string"), ManifestWriter.Field(501, "manifest_length", "long"),
        ManifestWriter.Field(502, "partition_spec_id", "int"),
        ManifestWriter.Field(517, "content", "int"), ManifestWriter.Field(515, "sequence_number", "long"),
        ManifestWriter.Field(516, "min_sequence_number", "long"),
        ManifestWriter.Field(503, "added_snapshot_id", "long"), ManifestWriter.Field(504, "added_files_count", "int"),
        ManifestWriter.Field(505, "existing_files_count", "int"),
        ManifestWriter.Field(506, "deleted_files_count", "int"), ManifestWriter.Field(512, "added_rows_count", "long"),
        ManifestWriter.Field(513, "existing_rows_count", "long"),
        ManifestWriter.Field(514, "deleted_rows_count", "long"),
        ManifestWriter.Field(507, "partitions", ManifestWriter.Optional(new System.Text.Json.Nodes.JsonObject
        {
            ["type"] = "array", ["element-id"] = 508,
            ["items"] = ManifestWriter.Record("r508",
                ManifestWriter.Field(509, "contains_null", "boolean"),
                ManifestWriter.Field(518, "contains_nan", ManifestWriter.Optional("boolean")),
                ManifestWriter.Field(510, "lower_bound", ManifestWriter.Optional("bytes")),
                ManifestWriter.Field(511, "upper_bound", ManifestWriter.Optional("bytes"))),
        })),
        ManifestWriter.Field(519, "key_metadata", ManifestWriter.Optional("bytes"))).ToJsonString();

    /// <param name="previous">The records of the list before, as they were read.</param>
    /// <param name="count">Gives the counts of a manifest, by field id, whose entry lacks some.</param>
    /// <param name="sequenceNumber">Of the new snapshot.</param>
    public static byte[] Write(IEnumerable<AvroRecord> previous, IReadOnlyList<NewManifest> added,
        Func<string, Dictionary<int, long>> count, long snapshotId, long? parentId, long sequenceNumber)
    {
        var writer = new AvroFileWriter(s_schema, new Dictionary<string, string>
        {
            ["snapshot-id"] = snapshotId.ToString(CultureInfo.InvariantCulture),
            ["parent-snapshot-id"] = parentId?.ToString(CultureInfo.InvariantCulture) ?? "null",
            ["sequence-number"] = sequenceNumber.ToString(CultureInfo.InvariantCulture),
            ["format-version"] = "2",
        });
        foreach (var manifest in added) writer.Add(encoder => Write(encoder, manifest, snapshotId, sequenceNumber));
        foreach (var record in previous) writer.Add(encoder => Copy(encoder, record, count));
        return writer.Finish();
    }

    private static void Write(AvroEncoder encoder, NewManifest manifest, long snapshotId, long sequenceNumber)
    {
        encoder.String(manifest.RecordedPath);
        encoder.Long(manifest.Length);
        encoder.Long(manifest.SpecId);
        encoder.Long(manifest.HoldsDeletes ? 1 : 0);
        encoder.Long(sequenceNumber);
        encoder.Long(manifest.MinSequenceNumber ?? sequenceNumber);
        encoder.Long(snapshotId);
        var counts = manifest.Counts;
        encoder.Long(counts.AddedFiles);
        encoder.Long(counts.KeptFiles);
        encoder.Long(counts.DeletedFiles);
        encoder.Long(counts.AddedRows);
        encoder.Long(counts.KeptRows);
        encoder.Long(counts.DeletedRows);
        encoder.Optional(true);
        encoder.Items(manifest.Partitions, partition =>
        {
            encoder.Boolean(partition.HasNull);
            if (encoder.Optional(partition.HasNaN is not null)) encoder.Boolean(partition.HasNaN!.Value);
            foreach (var bound in (byte[]?[])[partition.Lower, partition.Upper])
                if (encoder.Optional(bound is not null))
                    encoder.Bytes(bound);
        });
        encoder.Optional(false);
    }

    private static void Copy(AvroEncoder encoder, AvroRecord record, Func<string, Dictionary<int, long>> count)
    {
        var path = (string)record.ById(500)!;
        encoder.String(path);
        foreach (var id in (int[])[501, 502, 517, 515, 516, 503])
            encoder.Long(Convert.ToInt64(record.ById(id) ?? 0, CultureInfo.InvariantCulture));
        var ids = (int[])[504, 505, 506, 512, 513, 514];
        var counts = Array.TrueForAll(ids, id => record.ById(id) is not null) ? null : count(path);
        foreach (var id in ids) encoder.Long(Convert.ToInt64(record.ById(id) ?? counts![id], CultureInfo.InvariantCulture));
        var partitions = record.ById(507) as object?[];
        if (encoder.Optional(partitions is not null))
        {
            encoder.Items(partitions!.OfType<AvroRecord>().ToArray(), summary =>
            {
                encoder.Boolean(summary.ById(509) is not false);
                var hasNaN = summary.ById(518) as bool?;
                if (encoder.Optional(hasNaN is not null)) encoder.Boolean(hasNaN!.Value);
                foreach (var id in (int[])[510, 511])
                {
                    var bound = summary.ById(id) as byte[];
                    if (encoder.Optional(bound is not null)) encoder.Bytes(bound);
                }
            });
        }

        var key = record.ById(519) as byte[];
        if (encoder.Optional(key is not null)) encoder.Bytes(key);
    }
}

/// <summary>A manifest that a snapshot adds.</summary>
/// <param name="MinSequenceNumber">The least sequence number of a live file in it; null when all are the snapshot's own.</param>
internal sealed record NewManifest(string RecordedPath, long Length, int SpecId, bool HoldsDeletes, ManifestCounts Counts,
    long? MinSequenceNumber, IReadOnlyList<PartitionSummary> Partitions)
{
    /// <summary>The entry of a manifest all of whose files are added.</summary>
    public static NewManifest Of(string recordedPath, long length, PartitionSpec spec, IReadOnlyList<DataFile> files,
        IReadOnlyList<IcebergType.Primitive> partitionTypes) => new(
        recordedPath, length, spec.Id, files[0].Content != FileContent.Data,
        new ManifestCounts { AddedFiles = files.Count, AddedRows = files.Sum(file => file.RowCount) }, null,
        [.. partitionTypes.Select((type, field) => PartitionSummaries.Of([.. files.Select(file => file.Partition[field])], type))]);
}

/// <summary>Files and rows of a manifest by what it says of them.</summary>
internal sealed record ManifestCounts
{
    public long AddedFiles { get; init; }

    public long AddedRows { get; init; }

    public long KeptFiles { get; init; }

    public long KeptRows { get; init; }

    public long DeletedFiles { get; init; }

    public long DeletedRows { get; init; }
}
