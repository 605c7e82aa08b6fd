using System.Globalization;
using System.Text.Json.Nodes;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>What a snapshot says of itself: counts as text (spec, appendix F); totals go on from those of the snapshot before.</summary>
internal static class SnapshotSummary
{
    /// <param name="gone">Rows and bytes of data files that the snapshot has no more.</param>
    /// <param name="isEmptied">Nothing of the snapshot before is left.</param>
    public static JsonObject Make(MetadataDocument document, long? parentId, IReadOnlyList<DataFile> added, IEnumerable<DataFile> deletes,
        IReadOnlyList<(long Rows, long Bytes)> gone, bool isEmptied)
    {
        var before = parentId is null
            ? null
            : document.Array("snapshots").OfType<JsonObject>().FirstOrDefault(item => (long)item["snapshot-id"]! == parentId)
                ?["summary"] as JsonObject;
        var deleteFiles = deletes.ToArray();
        var (rows, bytes) = (added.Sum(file => file.RowCount), added.Sum(file => file.SizeBytes));
        var (deletedRows, deleteBytes) = (deleteFiles.Sum(file => file.RowCount), deleteFiles.Sum(file => file.SizeBytes));
        var (goneRows, goneBytes) = (gone.Sum(file => file.Rows), gone.Sum(file => file.Bytes));
        var takesAway = deleteFiles.Length > 0 || gone.Count > 0 || isEmptied;
        var summary = new JsonObject { ["operation"] = !takesAway ? "append" : added.Count > 0 ? "overwrite" : "delete" };
        Count("added-data-files", added.Count);
        Count("added-delete-files", deleteFiles.Length);
        Count("added-position-delete-files", deleteFiles.Length);
        Count("deleted-data-files", gone.Count);
        Count("added-records", rows);
        Count("deleted-records", goneRows);
        Count("added-position-deletes", deletedRows);
        Count("added-files-size", bytes + deleteBytes);
        Count("removed-files-size", goneBytes);
        summary["changed-partition-count"] = Text(added.Concat(deleteFiles).Select(PartitionOf).Distinct(StringComparer.Ordinal).Count());
        foreach (var (name, change) in (IEnumerable<(string, long)>)
        [
            ("total-records", rows - goneRows), ("total-files-size", bytes + deleteBytes - goneBytes),
            ("total-data-files", added.Count - gone.Count), ("total-delete-files", deleteFiles.Length),
            ("total-position-deletes", deletedRows), ("total-equality-deletes", 0),
        ])
        {
            if (isEmptied) summary[name] = Text(0);
            // A total that the snapshot before does not tell is not known now either.
            else if (parentId is null) summary[name] = Text(change);
            else if (before?[name] is JsonValue value && long.TryParse((string?)value, CultureInfo.InvariantCulture, out var total))
                summary[name] = Text(total + change);
        }

        return summary;

        void Count(string name, long count)
        {
            if (count > 0) summary[name] = Text(count);
        }
    }

    private static string PartitionOf(DataFile file) =>
        string.Join('/', file.Partition.Select(value => value is null ? "-" : Convert.ToHexString(value)));

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
