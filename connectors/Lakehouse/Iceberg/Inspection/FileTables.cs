using System.Globalization;
using System.Text.Json.Nodes;
using Federation.Connectors.Formats.Avro;
using Federation.Connectors.Lakehouse.Iceberg.Writing;
using Federation.Core.Values;

namespace Federation.Connectors.Lakehouse.Iceberg.Inspection;

/// <summary>What the manifests of the current snapshot say of files.</summary>
internal static class FileTables
{
    private const int Deleted = 2;

    public static IEnumerable<object?[]> Manifests(IcebergTable table) => Lists(table).Select(listed =>
    {
        var spec = table.Metadata.Specs.GetValueOrDefault((int)(Number(listed, 502) ?? 0));
        return new object?[]
        {
            listed.ById(500), Number(listed, 501), (int?)Number(listed, 502), Number(listed, 503), (int?)Number(listed, 504),
            Number(listed, 512), (int?)Number(listed, 505), Number(listed, 513), (int?)Number(listed, 506), Number(listed, 514),
            InspectedJson.Text(Summaries(table, spec, ManifestReader.Summaries(listed.ById(507)))),
        };
    });

    public static IEnumerable<object?[]> Files(IcebergTable table) =>
        Read(table).Where(item => Number(item.Entry, 0) != Deleted).Select(item =>
        {
            var file = (AvroRecord)item.Entry.ById(2)!;
            return new object?[]
            {
                (int)(Number(file, 134) ?? 0), file.ById(100), file.ById(101), item.Spec.Id,
                InspectedJson.Text(InspectedJson.Partition(file.ById(102) as AvroRecord, item.Spec, item.Ranges)), Number(file, 103),
                Number(file, 104), Json(InspectedJson.Counts(file.ById(108))), Json(InspectedJson.Counts(file.ById(109))),
                Json(InspectedJson.Counts(file.ById(110))), Json(InspectedJson.Counts(file.ById(137))),
                Json(InspectedJson.Bounds(file.ById(125), table.Metadata)), Json(InspectedJson.Bounds(file.ById(128), table.Metadata)),
                file.ById(131) as byte[], Array(file.ById(132), value => Convert.ToInt64(value, CultureInfo.InvariantCulture)),
                Array(file.ById(135), value => Convert.ToInt32(value, CultureInfo.InvariantCulture)), (int?)Number(file, 140),
                InspectedJson.Text(Metrics(table, file)),
            };
        });

    public static IEnumerable<object?[]> Entries(IcebergTable table) => Read(table).Select(item =>
    {
        var file = (AvroRecord)item.Entry.ById(2)!;
        var shown = new JsonObject
        {
            ["content"] = Number(file, 134) ?? 0, ["file_path"] = (string?)file.ById(100), ["file_format"] = (string?)file.ById(101),
            ["spec_id"] = item.Spec.Id,
            ["partition"] = InspectedJson.Partition(file.ById(102) as AvroRecord, item.Spec, item.Ranges),
            ["record_count"] = Number(file, 103), ["file_size_in_bytes"] = Number(file, 104),
            ["column_sizes"] = InspectedJson.Counts(file.ById(108)), ["value_counts"] = InspectedJson.Counts(file.ById(109)),
            ["null_value_counts"] = InspectedJson.Counts(file.ById(110)), ["nan_value_counts"] = InspectedJson.Counts(file.ById(137)),
            ["lower_bounds"] = InspectedJson.Bounds(file.ById(125), table.Metadata),
            ["upper_bounds"] = InspectedJson.Bounds(file.ById(128), table.Metadata), ["sort_order_id"] = Number(file, 140),
        };
        // What an entry does not say it has from the list.
        return new object?[]
        {
            (int?)Number(item.Entry, 0), Number(item.Entry, 1) ?? Number(item.Listed, 503),
            Number(item.Entry, 3) ?? Number(item.Listed, 515),
            Number(item.Entry, 4) ?? Number(item.Listed, 515), InspectedJson.Text(shown), InspectedJson.Text(Metrics(table, file)),
        };
    });

    /// <summary>One row for each partition; one in all for a table without.</summary>
    public static IEnumerable<object?[]> Partitions(IcebergTable table)
    {
        if (table.Metadata.CurrentSnapshotId is not { } id) yield break;
        var ranges = new FileRanges(table.Metadata, table.Metadata.CurrentSchema);
        var files = table.Manifests(table.SnapshotOf(id)).SelectMany(manifest => table.Files(manifest, ranges))
            .Where(file => file.Packed.Content == FileContent.Data).ToArray();
        foreach (var group in files.GroupBy(file => file.PartitionKey, StringComparer.Ordinal))
        {
            var first = group.First();
            var entries = group.Select(file => file.Entry).ToArray();
            yield return
            [
                InspectedJson.Text(InspectedJson.Partition(first.Entry.Partition, first.Spec, ranges)),
                entries.Sum(entry => entry.RecordCount), (long)entries.Length, entries.Sum(entry => entry.SizeBytes),
                InspectedJson.Text(Ranges(table, entries)),
            ];
        }
    }

    private static JsonObject Ranges(IcebergTable table, ManifestEntry[] entries)
    {
        var shown = new JsonObject();
        foreach (var field in table.Metadata.CurrentSchema.Fields)
        {
            if (field.Type is not IcebergType.Primitive type) continue;
            var order = DataFiles.ValueComparer(type);
            shown[field.Name] = new JsonObject
            {
                ["min"] = Bound(entries.Select(entry => entry.LowerBounds.GetValueOrDefault(field.Id)), bounds => bounds.Min(order)),
                ["max"] = Bound(entries.Select(entry => entry.UpperBounds.GetValueOrDefault(field.Id)), bounds => bounds.Max(order)),
                ["null_count"] = Sum(entries.Select(entry => Find(entry.NullCounts, field.Id))),
                ["nan_count"] = Sum(entries.Select(entry => Find(entry.NaNCounts, field.Id))),
            };

            // A file without a bound has no values, or does not say which.
            JsonValue? Bound(IEnumerable<byte[]?> bounds, Func<IEnumerable<byte[]>, byte[]?> choose)
            {
                var known = bounds.OfType<byte[]>().Where(bytes => SingleValue.FromBound(bytes, type) is not null).ToArray();
                return known.Length == 0 ? null : JsonValue.Create(InspectedJson.Bound(choose(known)!, type));
            }
        }

        return shown;

        static long? Find(IReadOnlyDictionary<int, long> counts, int id) => counts.TryGetValue(id, out var count) ? count : null;

        static JsonNode? Sum(IEnumerable<long?> counts) => counts.ToArray() is var all && all.All(count => count is not null)
            ? JsonValue.Create(all.Sum())
            : null;
    }

    private static JsonObject Metrics(IcebergTable table, AvroRecord file)
    {
        var (sizes, values, nulls, nans) = (InspectedJson.Counts(file.ById(108)), InspectedJson.Counts(file.ById(109)),
            InspectedJson.Counts(file.ById(110)), InspectedJson.Counts(file.ById(137)));
        var (lower, upper) = (InspectedJson.Bounds(file.ById(125), table.Metadata), InspectedJson.Bounds(file.ById(128), table.Metadata));
        var shown = new JsonObject();
        foreach (var field in table.Metadata.CurrentSchema.Fields.Where(field => field.Type is IcebergType.Primitive))
        {
            var id = field.Id.ToString(CultureInfo.InvariantCulture);
            shown[field.Name] = new JsonObject
            {
                ["column_size"] = sizes?[id]?.DeepClone(), ["value_count"] = values?[id]?.DeepClone(),
                ["null_value_count"] = nulls?[id]?.DeepClone(), ["nan_value_count"] = nans?[id]?.DeepClone(),
                ["lower_bound"] = lower?[id]?.DeepClone(), ["upper_bound"] = upper?[id]?.DeepClone(),
            };
        }

        return shown;
    }

    private static JsonArray Summaries(IcebergTable table, PartitionSpec? spec, IReadOnlyList<PartitionSummary> summaries)
    {
        var ranges = new FileRanges(table.Metadata, table.Metadata.CurrentSchema);
        return new JsonArray([.. summaries.Select((summary, i) =>
        {
            var type = spec is not null && i < spec.Fields.Count ? spec.Fields[i].Transform.ResultOf(ranges.SourceOf(spec.Fields[i]))
                : null;
            return (JsonNode)new JsonObject
            {
                ["contains_null"] = summary.HasNull, ["contains_nan"] = summary.HasNaN,
                ["lower_bound"] = summary.Lower is { } lower ? InspectedJson.Bound(lower, type) : null,
                ["upper_bound"] = summary.Upper is { } upper ? InspectedJson.Bound(upper, type) : null,
            };
        })]);
    }

    private static IEnumerable<(AvroRecord Entry, AvroRecord Listed, PartitionSpec Spec, FileRanges Ranges)> Read(IcebergTable table)
    {
        var ranges = new FileRanges(table.Metadata, table.Metadata.CurrentSchema);
        foreach (var listed in Lists(table))
        {
            var spec = table.Metadata.Specs.GetValueOrDefault((int)(Number(listed, 502) ?? 0)) ?? new PartitionSpec(0, default);
            foreach (var entry in AvroFile.Open(table.Store, table.Location.Resolve((string)listed.ById(500)!)).ReadRecords())
                yield return (entry, listed, spec, ranges);
        }
    }

    /// <summary>The entries of the manifest list; none for snapshots of version 1 that have no list.</summary>
    private static IEnumerable<AvroRecord> Lists(IcebergTable table) =>
        table.Metadata.CurrentSnapshotId is { } id && table.SnapshotOf(id).ManifestList is { } list
            ? AvroFile.Open(table.Store, table.Location.Resolve(list)).ReadRecords()
            : [];

    private static string? Json(JsonNode? node) => node is null ? null : InspectedJson.Text(node);

    private static PgArray? Array(object? value, Func<object?, object?> convert) =>
        value is object?[] items ? PgArray.Vector([.. items.Select(convert)]) : null;

    private static long? Number(AvroRecord record, int field) =>
        record.ById(field) is { } value ? Convert.ToInt64(value, CultureInfo.InvariantCulture) : null;
}
