using Federation.Connectors.Formats.Parquet;
using Federation.Connectors.Lakehouse.Iceberg.Writing;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg.Maintenance;

/// <summary>Makes the updates that put other files in the place of some (<see cref="TableRewrite"/>). Thread-safe.</summary>
internal sealed class TableMaintenance(IcebergWriter writer, ParquetFooters footers, TimeProvider clock)
{
    /// <summary>The update that puts files with the rows of a group in the place of the group's.</summary>
    public async Task<TableRewrite> RewriteAsync(WritePlan plan, CompactionGroup group, IReadOnlyList<WrittenFile> files,
        CancellationToken cancellationToken)
    {
        try
        {
            var table = writer.Open(plan.Pointer);
            var spec = table.Metadata.Specs[table.Metadata.DefaultSpecId];
            var fields = table.Metadata.CurrentSchema.Fields.ToArray();
            var added = files.Select(file => DataFiles.Read(file, footers.Get(file.Path), IcebergWriter.Recorded(table, file.Path), fields,
                spec, IcebergWriter.WrittenOrder(table.Metadata))).ToLookup(file => file.RowCount > 0);
            // A group all of whose rows are deleted may come to a file without rows.
            var empty = files.Where(file => added[false].Any(item =>
                item.RecordedPath == IcebergWriter.Recorded(table, file.Path))).ToArray();
            await TableFiles.TryDeleteAsync(writer.Store, [.. empty.Select(file => file.Path)], plan.Output.Folder);
            var removed = group.Files.ToHashSet(StringComparer.Ordinal);
            var (data, deletes) = Live(table);
            var made = new NewFiles { Written = [.. files.Except(empty)], Rows = [.. added[true]], SpecId = spec.Id };
            return new TableRewrite(writer, made, plan.Output.Folder, clock)
            {
                Removed = removed,
                RemovedDeletes = await NeededDeletes.FindUnneededAsync(table, data, deletes, removed, cancellationToken),
                KnownTail = plan.Pointer.Tail,
                KnownDeletes = deletes.Select(delete => delete.Packed.Path).ToHashSet(StringComparer.Ordinal),
            };
        }
        catch (Exception error) when (error is SqlException or OperationCanceledException)
        {
            await TableFiles.TryDeleteAsync(writer.Store, [.. files.Select(file => file.Path)], plan.Output.Folder);
            throw;
        }
    }

    /// <summary>
    /// The update that makes one file of all position deletes of a partition, where there are enough of them, and drops those that are for
    /// no row any more; null when there is nothing to do.
    /// </summary>
    public async Task<MaintenanceUpdate?> RewriteDeletesAsync(TablePointer pointer, int least, CancellationToken cancellationToken)
    {
        var table = writer.Open(pointer);
        IcebergWriter.RequireWritable(table.Metadata);
        var (data, deletes) = Live(table);
        var unneeded = await NeededDeletes.FindUnneededAsync(table, data, deletes, new HashSet<string>(), cancellationToken);
        var replaced = deletes
            .Where(delete => delete.Entry is { Content: FileContent.PositionDeletes, Format: "parquet" }
                && !unneeded.Contains(delete.Entry.Path))
            .GroupBy(delete => delete.PartitionKey, StringComparer.Ordinal).Where(partition => partition.Count() >= Math.Max(2, least))
            .Select(partition => partition.ToArray()).ToArray();
        if (replaced.Length == 0 && unneeded.Count < least) return null;
        var live = data.Select(file => file.Packed.Path).ToHashSet(StringComparer.Ordinal);
        var (made, paths) = (new Dictionary<int, IReadOnlyList<DataFile>>(), new List<string>());
        var folder = StoragePath.Combine(pointer.Location, "data");
        try
        {
            foreach (var partition in replaced)
            {
                var selection = await SelectAsync(table, partition, live, cancellationToken);
                var bytes = await PositionDeleteFiles.WriteAsync(selection, cancellationToken);
                var path = StoragePath.Combine(folder, $"{Guid.NewGuid()}-deletes.parquet");
                paths.Add(path);
                await writer.Store.CreateAsync(path, bytes, cancellationToken);
                var spec = partition[0].Spec;
                var values = spec.Fields.Select((field, i) => PositionDeleteFiles.PartitionValue(
                    FileRanges.Raw(partition[0].Entry.Partition, field, i),
                    ManifestWriter.PartitionType(table.Metadata, field)));
                var described = PositionDeleteFiles.Describe(IcebergWriter.Recorded(table, path), bytes.Length, selection, [.. values]);
                made[spec.Id] = [.. made.GetValueOrDefault(spec.Id) ?? [], described];
            }
        }
        catch (Exception error) when (error is SqlException or OperationCanceledException)
        {
            await writer.Store.TryDeleteAsync(paths);
            throw;
        }

        var gone = replaced.SelectMany(partition => partition).Select(delete => delete.Entry).ToArray();
        var bytesGone = gone.Sum(entry => entry.SizeBytes) + deletes.Where(delete => unneeded.Contains(delete.Entry.Path))
            .Sum(delete => delete.Entry.SizeBytes);
        return new MaintenanceUpdate(new TableRewrite(writer, new NewFiles { Deletes = made, DeleteFiles = paths }, folder, clock)
        {
            RemovedDeletes = gone.Select(entry => entry.Path).Concat(unneeded).ToHashSet(StringComparer.Ordinal),
        }, gone.Length + unneeded.Count, paths.Count, bytesGone);
    }

    /// <summary>The update that merges manifests which are smaller than they should be; null when that is not worth it.</summary>
    public MaintenanceUpdate? RewriteManifests(TablePointer pointer, int least)
    {
        var table = writer.Open(pointer);
        IcebergWriter.RequireWritable(table.Metadata);
        if (table.Metadata.CurrentSnapshotId is not { } id) return null;
        var small = new List<(ManifestFile Manifest, long Bytes)>();
        foreach (var listed in Formats.Avro.AvroFile.Open(table.Store,
            table.Location.Resolve(table.SnapshotOf(id).ManifestList!)).ReadRecords())
        {
            var manifest = table.Manifests(table.SnapshotOf(id)).First(item => item.Path == (string)listed.ById(500)!);
            var bytes = Convert.ToInt64(listed.ById(501) ?? 0L, System.Globalization.CultureInfo.InvariantCulture);
            if (manifest.LiveFiles is not 0 && bytes < TableRewrite.ManifestBytes / 2) small.Add((manifest, bytes));
        }

        var groups = small.GroupBy(item => (item.Manifest.SpecId, item.Manifest.HoldsDeletes)).Where(group => group.Count() > 1).ToArray();
        var merged = groups.SelectMany(group => group).ToArray();
        if (merged.Length < Math.Max(2, least)) return null;
        return new MaintenanceUpdate(new TableRewrite(writer, new NewFiles(), StoragePath.Combine(pointer.Location, "data"), clock)
        {
            Merged = merged.Select(item => item.Manifest.Path).ToHashSet(StringComparer.Ordinal),
        }, merged.Length, groups.Length, merged.Sum(item => item.Bytes));
    }

    /// <summary>The bytes of those of some data files that are live, by recorded path.</summary>
    public IReadOnlyDictionary<string, long> SizesOf(TablePointer pointer, IReadOnlySet<string> files) => Live(writer.Open(pointer)).Data
        .Where(file => files.Contains(file.Packed.Path))
        .ToDictionary(file => file.Packed.Path, file => file.Entry.SizeBytes, StringComparer.Ordinal);

    private static async Task<List<KeyValuePair<string, PositionSet>>> SelectAsync(IcebergTable table, TableFile[] deletes,
        HashSet<string> live, CancellationToken cancellationToken)
    {
        var selection = new RowSelection();
        foreach (var delete in deletes)
            await foreach (var (paths, positions) in PositionDeleteFiles.ReadAsync(table.Store, delete.Path, cancellationToken))
                for (var row = 0; row < paths.Length; row++)
                    if (positions[row] >= 0 && live.Contains(paths[row]))
                        selection.Add(paths[row], positions[row]);
        return [.. selection.Files];
    }

    private static (IReadOnlyList<TableFile> Data, IReadOnlyList<TableFile> Deletes) Live(IcebergTable table)
    {
        if (table.Metadata.CurrentSnapshotId is not { } id) return ([], []);
        var ranges = new FileRanges(table.Metadata, table.Metadata.CurrentSchema);
        var files = table.Manifests(table.SnapshotOf(id)).SelectMany(manifest => table.Files(manifest, ranges))
            .ToLookup(file => file.Packed.Content == FileContent.Data);
        return ([.. files[true]], [.. files[false]]);
    }
}
