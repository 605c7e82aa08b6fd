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
        encoder.Long(manifest.Spec.Id);
        encoder.Long(0);
        encoder.Long(sequenceNumber);
        encoder.Long(sequenceNumber);
        encoder.Long(snapshotId);
        encoder.Long(manifest.Files.Count);
        encoder.Long(0);
        encoder.Long(0);
        encoder.Long(manifest.Files.Sum(file => file.RowCount));
        encoder.Long(0);
        encoder.Long(0);
        encoder.Optional(true);
        var fields = Enumerable.Range(0, manifest.Spec.Fields.Count).ToArray();
        encoder.Items(fields, field =>
        {
            var values = manifest.Files.Select(file => file.Partition[field]).ToArray();
            encoder.Boolean(values.Any(value => value is null));
            encoder.Optional(false);
            // Bounds of one value are known without an order; of several they are left open.
            var known = values.OfType<byte[]>().DistinctBy(Convert.ToHexString).ToArray();
            for (var bound = 0; bound < 2; bound++)
                if (encoder.Optional(known.Length == 1))
                    encoder.Bytes(known[0]);
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
internal sealed record NewManifest(string RecordedPath, long Length, PartitionSpec Spec, IReadOnlyList<DataFile> Files);
