using System.Globalization;
using System.Text.Json.Nodes;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>What a snapshot says of itself: counts as text (spec, appendix F); totals go on from those of the snapshot before.</summary>
internal static class SnapshotSummary
{
    /// <summary>Said of a snapshot whose commit has taken rows out of the table's tail, or into files.</summary>
    public const string ChangesTail = "federation.changes-tail";

    /// <param name="gone">Data files that the snapshot has no more.</param>
    /// <param name="isEmptied">Nothing of the snapshot before is left.</param>
    public static JsonObject Make(MetadataDocument document, long? parentId, IReadOnlyList<DataFile> added, IEnumerable<DataFile> deletes,
        IReadOnlyList<GoneFile> gone, bool isEmptied)
    {
        var before = Before(document, parentId);
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

    /// <summary>The summary of a snapshot with the same rows in other files.</summary>
    /// <param name="gone">Files of rows and of deletes that the snapshot has no more.</param>
    public static JsonObject Replace(MetadataDocument document, long? parentId, IReadOnlyList<DataFile> added, IReadOnlyList<GoneFile> gone)
    {
        var summary = new JsonObject { ["operation"] = "replace" };
        var before = Before(document, parentId);
        var (data, deletes) = (added.Where(file => file.Content == FileContent.Data).ToArray(),
            added.Where(file => file.Content != FileContent.Data).ToArray());
        var goneData = gone.Where(file => file.Content == FileContent.Data).ToArray();
        var gonePositions = gone.Where(file => file.Content == FileContent.PositionDeletes).ToArray();
        var goneEqualities = gone.Where(file => file.Content == FileContent.EqualityDeletes).ToArray();
        var (addedBytes, goneBytes) = (added.Sum(file => file.SizeBytes), gone.Sum(file => file.Bytes));
        foreach (var (name, count) in (IEnumerable<(string, long)>)
        [
            ("added-data-files", data.Length), ("deleted-data-files", goneData.Length), ("added-records", data.Sum(file => file.RowCount)),
            ("deleted-records", goneData.Sum(file => file.Rows)), ("added-delete-files", deletes.Length),
            ("added-position-delete-files", deletes.Length), ("added-position-deletes", deletes.Sum(file => file.RowCount)),
            ("removed-delete-files", gonePositions.Length + goneEqualities.Length), ("removed-position-delete-files", gonePositions.Length),
            ("removed-position-deletes", gonePositions.Sum(file => file.Rows)), ("removed-equality-delete-files", goneEqualities.Length),
            ("removed-equality-deletes", goneEqualities.Sum(file => file.Rows)), ("added-files-size", addedBytes),
            ("removed-files-size", goneBytes),
        ])
        {
            if (count > 0) summary[name] = Text(count);
        }

        summary["changed-partition-count"] = Text(added.Select(PartitionOf).Distinct(StringComparer.Ordinal).Count());
        foreach (var (name, change) in (IEnumerable<(string, long)>)
        [
            ("total-records", data.Sum(file => file.RowCount) - goneData.Sum(file => file.Rows)),
            ("total-files-size", addedBytes - goneBytes), ("total-data-files", data.Length - goneData.Length),
            ("total-delete-files", deletes.Length - gonePositions.Length - goneEqualities.Length),
            ("total-position-deletes", deletes.Sum(file => file.RowCount) - gonePositions.Sum(file => file.Rows)),
            ("total-equality-deletes", -goneEqualities.Sum(file => file.Rows)),
        ])
        {
            if (before?[name] is JsonValue value && long.TryParse((string?)value, CultureInfo.InvariantCulture, out var total))
                summary[name] = Text(total + change);
        }

        return summary;
    }

    private static JsonObject? Before(MetadataDocument document, long? parentId) => parentId is null
        ? null
        : document.Array("snapshots").OfType<JsonObject>().FirstOrDefault(item => (long)item["snapshot-id"]! == parentId)
            ?["summary"] as JsonObject;

    private static string PartitionOf(DataFile file) =>
        string.Join('/', file.Partition.Select(value => value is null ? "-" : Convert.ToHexString(value)));

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
