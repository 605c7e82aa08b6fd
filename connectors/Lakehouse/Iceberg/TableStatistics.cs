using System.Collections.Concurrent;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// The ranges of a snapshot's columns, from the bounds of its data files. Kept, because a snapshot never changes. Thread-safe.
/// </summary>
internal sealed class TableStatistics
{
    /// <summary>Of larger tables the manifests would be read for estimates alone.</summary>
    private const int MostFiles = 10_000;

    private const int MostKept = 1_000;

    private readonly ConcurrentDictionary<(string Metadata, long Snapshot, int Schema), EquatableArray<ColumnStatistics?>> _known = new();

    /// <summary>For each column of a schema its range, or null when some file does not say it.</summary>
    public EquatableArray<ColumnStatistics?> Get(IcebergTable table, Snapshot snapshot, IcebergSchema schema)
    {
        var key = (table.Metadata.Path, snapshot.Id, schema.Id);
        if (_known.TryGetValue(key, out var known)) return known;
        if (_known.Count >= MostKept) _known.Clear();
        try
        {
            return _known[key] = Read(table, snapshot, schema);
        }
        catch (SqlException)
        {
            // A manifest that cannot be read is reported by the scan that needs it; an estimate does not.
            return Unknown(schema);
        }
    }

    private static EquatableArray<ColumnStatistics?> Unknown(IcebergSchema schema) =>
        new ColumnStatistics?[schema.Fields.Count].ToEquatableArray();

    private static EquatableArray<ColumnStatistics?> Read(IcebergTable table, Snapshot snapshot, IcebergSchema schema)
    {
        var manifests = table.Manifests(snapshot).Where(manifest => !manifest.HoldsDeletes).ToArray();
        if (manifests.Sum(manifest => manifest.LiveFiles ?? 0L) > MostFiles) return Unknown(schema);
        table.Prefetch(manifests);
        var ranges = new FileRanges(table.Metadata, schema);
        ColumnStatistics?[]? all = null;
        foreach (var file in manifests.SelectMany(manifest => table.Files(manifest, ranges))
            .Where(file => file.Packed is { Content: FileContent.Data, RecordCount: > 0 }))
        {
            var own = schema.Fields.Select(field => Of(file.Packed, field)).ToArray();
            all = all is null ? own : [.. all.Zip(own, ColumnStatistics.Union)];
        }

        return all?.ToEquatableArray() ?? Unknown(schema);
    }

    private static ColumnStatistics? Of(PackedEntry entry, IcebergField field) =>
        field.Type is IcebergType.Primitive type && entry.Metrics(field.Id) is { Lower: { } lower, Upper: { } upper }
            ? ColumnStatistics.Of(SingleValue.FromBound(lower, type), SingleValue.FromBound(upper, type))
            : null;
}
