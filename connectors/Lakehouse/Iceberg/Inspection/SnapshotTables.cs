using System.Text.Json.Nodes;
using Federation.Connectors.Lakehouse.Iceberg.Writing;
using Federation.Core.Values;

namespace Federation.Connectors.Lakehouse.Iceberg.Inspection;

/// <summary>What a table's metadata says of its snapshots.</summary>
internal static class SnapshotTables
{
    public static IEnumerable<object?[]> Properties(IcebergTable table) => Load(table).Object("properties")
        .OrderBy(item => item.Key, StringComparer.Ordinal).Select(item => new object?[] { item.Key, item.Value?.ToString() });

    public static IEnumerable<object?[]> History(IcebergTable table)
    {
        var ancestors = Maintenance.References.Ancestors(table, table.Metadata.CurrentSnapshotId).ToHashSet();
        return table.Metadata.SnapshotLog.Select(entry => new object?[]
        {
            Time(entry.TimestampMs), entry.SnapshotId, table.Metadata.Snapshots.GetValueOrDefault(entry.SnapshotId)?.ParentId,
            ancestors.Contains(entry.SnapshotId),
        });
    }

    public static IEnumerable<object?[]> Snapshots(IcebergTable table) => Load(table).Array("snapshots").OfType<JsonObject>()
        .Select(snapshot =>
        {
            var summary = snapshot["summary"] as JsonObject ?? [];
            var shown = new JsonObject(summary.Where(item => item.Key != "operation")
                .Select(item => KeyValuePair.Create(item.Key, item.Value?.DeepClone())));
            return new object?[]
            {
                Time((long)snapshot["timestamp-ms"]!), (long)snapshot["snapshot-id"]!, (long?)snapshot["parent-snapshot-id"],
                (string?)summary["operation"], (string?)snapshot["manifest-list"], InspectedJson.Text(shown),
            };
        });

    public static IEnumerable<object?[]> References(IcebergTable table)
    {
        var kept = Load(table).Root["refs"] as JsonObject ?? [];
        return table.Metadata.References.OrderBy(item => item.Key, StringComparer.Ordinal).Select(item => new object?[]
        {
            item.Key, item.Value.IsBranch ? "BRANCH" : "TAG", item.Value.SnapshotId, (long?)kept[item.Key]?["max-ref-age-ms"],
            (int?)kept[item.Key]?["min-snapshots-to-keep"], (long?)kept[item.Key]?["max-snapshot-age-ms"],
        });
    }

    private static MetadataDocument Load(IcebergTable table) => MetadataDocument.Load(table.Store, table.Metadata.Path);

    private static PgTimestamp Time(long milliseconds) => new(milliseconds * 1000);
}
