using System.Globalization;
using System.Text.Json;
using Federation.DuckDb;

namespace Federation.CompatTests.Suite.Lake;

/// <summary>
/// Checks the snapshots of a table of format version 2 that has lost rows against the rules of the Iceberg specification: what manifest
/// lists say of manifests, manifests of files, files of deletes of rows, and summaries of all of them. Over raw metadata, raw Avro files
/// and the kernel's own view of the Parquet files.
/// </summary>
internal sealed class ChangedTableRules(string location, PlainKernel kernel)
{
    private const long Kept = 0;
    private const long Added = 1;
    private const long Deleted = 2;

    /// <summary>A live file as a snapshot has it.</summary>
    private sealed record LiveFile(string Path, long Content, long Rows, long Bytes, long Sequence, string Partition, string? Only);

    private readonly Dictionary<string, List<(string Path, long Position)>> _deletes = new(StringComparer.Ordinal);

    /// <summary>The number of live rows of the current snapshot. Fails at the first rule that the table breaks.</summary>
    public long Check()
    {
        var file = Directory.GetFiles(Path.Combine(location, "metadata"), "*.metadata.json")
            .MaxBy(path => int.Parse(Path.GetFileName(path).Split('-')[0], CultureInfo.InvariantCulture))!;
        using var document = JsonDocument.Parse(File.ReadAllBytes(file));
        var rows = 0L;
        JsonElement? parent = null;
        foreach (var snapshot in document.RootElement.GetProperty("snapshots").EnumerateArray())
        {
            rows = CheckSnapshot(snapshot, parent);
            parent = snapshot;
        }

        return rows;
    }

    private long CheckSnapshot(JsonElement snapshot, JsonElement? parent)
    {
        var id = snapshot.GetProperty("snapshot-id").GetInt64();
        var sequence = snapshot.GetProperty("sequence-number").GetInt64();
        Assert.True(parent is null || parent.Value.GetProperty("sequence-number").GetInt64() < sequence);
        var (_, manifests) = AvroObjects.Read(snapshot.GetProperty("manifest-list").GetString()!);
        Assert.Equal(manifests.Count, manifests.Select(manifest => manifest["manifest_path"]).Distinct().Count());
        var live = new List<LiveFile>();
        var counts = new Dictionary<(long Status, bool IsDelete), (long Files, long Rows)>();
        foreach (var manifest in manifests) live.AddRange(CheckManifest(manifest, id, sequence, counts));
        Assert.Equal(live.Count, live.Select(item => item.Path).Distinct(StringComparer.Ordinal).Count());

        var (data, deletes) = (live.Where(item => item.Content == 0).ToArray(), live.Where(item => item.Content == 1).ToArray());
        Assert.Equal(live.Count, data.Length + deletes.Length);
        var gone = CheckDeletes(data, deletes);
        CheckSummary(snapshot.GetProperty("summary"), counts, data, deletes);
        return data.Sum(item => item.Rows) - gone;
    }

    private static List<LiveFile> CheckManifest(Dictionary<string, object?> listed, long snapshotId, long sequence,
        Dictionary<(long Status, bool IsDelete), (long Files, long Rows)> counts)
    {
        var path = (string)listed["manifest_path"]!;
        Assert.Equal(new FileInfo(path).Length, listed["manifest_length"]);
        var (header, entries) = AvroObjects.Read(path);
        var holdsDeletes = (long)listed["content"]! == 1;
        Assert.Equal(holdsDeletes ? "deletes" : "data", header["content"]);
        Assert.Equal(header["partition-spec-id"], Convert.ToString(listed["partition_spec_id"], CultureInfo.InvariantCulture));
        var isNew = (long)listed["added_snapshot_id"]! == snapshotId;
        Assert.Equal(isNew, (long)listed["sequence_number"]! == sequence);
        var (files, found) = (new List<LiveFile>(), new long[6]);
        foreach (var entry in entries)
        {
            var file = (Dictionary<string, object?>)entry["data_file"]!;
            var status = (long)entry["status"]!;
            var content = (long)file["content"]!;
            Assert.Equal(holdsDeletes, content != 0);
            var rows = (long)file["record_count"]!;
            // What was added inherits its number; what was kept or deleted has it written out.
            Assert.Equal(status == Added, entry["sequence_number"] is null);
            Assert.Equal(status == Added, entry["file_sequence_number"] is null);
            if (status != Kept) Assert.Equal(listed["added_snapshot_id"], entry["snapshot_id"]);
            if (isNew && status != Kept)
            {
                var (before, rowsBefore) = counts.GetValueOrDefault((status, holdsDeletes));
                counts[(status, holdsDeletes)] = (before + 1, rowsBefore + rows);
            }

            var slot = status switch { Added => 0, Kept => 1, _ => 2 };
            found[slot]++;
            found[slot + 3] += rows;
            if (status == Deleted) continue;
            Assert.Equal(new FileInfo((string)file["file_path"]!).Length, file["file_size_in_bytes"]);
            var number = status == Added ? (long)listed["sequence_number"]! : (long)entry["sequence_number"]!;
            Assert.InRange(number, 1, (long)listed["sequence_number"]!);
            Assert.True(number >= (long)listed["min_sequence_number"]!);
            var partition = string.Join('|', ((Dictionary<string, object?>)file["partition"]!).Values.Select(value =>
                value is byte[] bytes ? Convert.ToHexString(bytes) : Convert.ToString(value ?? "NULL", CultureInfo.InvariantCulture)));
            files.Add(new LiveFile((string)file["file_path"]!, content, rows, (long)file["file_size_in_bytes"]!, number, partition,
                (string?)file.GetValueOrDefault("referenced_data_file")));
        }

        Assert.Equal(found,
            ((string[])["added_files_count", "existing_files_count", "deleted_files_count", "added_rows_count", "existing_rows_count",
                "deleted_rows_count"]).Select(name => (long)listed[name]!));
        return files;
    }

    /// <summary>How many rows the deletes take away: each names a row of a file that is there, once.</summary>
    private long CheckDeletes(LiveFile[] data, LiveFile[] deletes)
    {
        var byPath = data.ToDictionary(item => item.Path, StringComparer.Ordinal);
        var gone = new HashSet<(string, long)>();
        foreach (var delete in deletes)
        {
            if (!_deletes.TryGetValue(delete.Path, out var rows)) _deletes.Add(delete.Path, rows = Read(delete));
            Assert.Equal(delete.Rows, rows.Count);
            foreach (var (path, position) in rows)
            {
                // A file that is gone needs no deletes any more.
                if (!byPath.TryGetValue(path, out var file)) continue;
                Assert.Equal(file.Partition, delete.Partition);
                Assert.True(file.Sequence <= delete.Sequence);
                Assert.InRange(position, 0, file.Rows - 1);
                Assert.True(gone.Add((path, position)), $"row {position} of {path} is deleted twice");
            }
        }

        return gone.Count;
    }

    private List<(string Path, long Position)> Read(LiveFile delete)
    {
        var file = SqlText.Literal(delete.Path);
        Assert.Equal([("file_path", "2147483546"), ("pos", "2147483545")],
            kernel.Rows($"SELECT name, CAST(field_id AS VARCHAR) FROM parquet_schema({file}) WHERE field_id IS NOT NULL")
                .Select(row => (row[0]!, row[1]!)));
        var rows = kernel.Rows($"SELECT file_path, CAST(pos AS VARCHAR) FROM read_parquet({file}, hive_partitioning = false)")
            .ConvertAll(row => (row[0]!, long.Parse(row[1]!, CultureInfo.InvariantCulture)));
        Assert.Equal(rows.OrderBy(row => row.Item1, StringComparer.Ordinal).ThenBy(row => row.Item2), rows);
        if (delete.Only is { } only) Assert.All(rows, row => Assert.Equal(only, row.Item1));
        return rows;
    }

    private static void CheckSummary(JsonElement summary, Dictionary<(long Status, bool IsDelete), (long Files, long Rows)> counts,
        LiveFile[] data, LiveFile[] deletes)
    {
        var (added, addedDeletes, gone, goneDeletes) = (counts.GetValueOrDefault((Added, false)), counts.GetValueOrDefault((Added, true)),
            counts.GetValueOrDefault((Deleted, false)), counts.GetValueOrDefault((Deleted, true)));
        var takesAway = addedDeletes.Files > 0 || gone.Files > 0;
        var operation = summary.GetProperty("operation").GetString();
        // Only a snapshot with the same rows drops files of deletes; that the rows are the same is not seen here.
        if (operation != "replace") Assert.Equal((0, 0), goneDeletes);
        if (operation != "replace") Assert.Equal(added.Files == 0 ? "delete" : takesAway ? "overwrite" : "append", operation);
        Assert.Equal(
            [added.Files, added.Rows, addedDeletes.Files, addedDeletes.Rows, gone.Files, gone.Rows, goneDeletes.Files, goneDeletes.Rows,
                data.Length,
                data.Sum(item => item.Rows),
                deletes.Length, deletes.Sum(item => item.Rows), data.Sum(item => item.Bytes) + deletes.Sum(item => item.Bytes)],
            ((string[])["added-data-files", "added-records", "added-delete-files", "added-position-deletes", "deleted-data-files",
                "deleted-records", "removed-delete-files", "removed-position-deletes", "total-data-files", "total-records",
                "total-delete-files", "total-position-deletes", "total-files-size"])
                .Select(name => summary.TryGetProperty(name, out var value)
                    ? long.Parse(value.GetString()!, CultureInfo.InvariantCulture)
                    : 0));
    }
}
