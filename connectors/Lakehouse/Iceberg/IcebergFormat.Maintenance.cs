using System.Globalization;
using System.Text.Json.Nodes;
using Federation.Connectors.Lakehouse.Iceberg.Maintenance;
using Federation.Connectors.Lakehouse.Iceberg.Writing;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>What keeps tables fast and small.</summary>
public sealed partial class IcebergFormat
{
    public async ValueTask<IReadOnlyList<ListedObject>> ListOrphansAsync(TablePointer pointer, CancellationToken cancellationToken) =>
        await Task.Run(() => OrphanFiles.ListAsync(_writer.Open(pointer), cancellationToken).AsTask(), cancellationToken);

    public async ValueTask<IReadOnlyList<CompactionGroup>> PlanCompactionAsync(TablePointer pointer, ITableHandle? selected,
        CompactionOptions options, CancellationToken cancellationToken) => await Task.Run(() =>
        {
            var table = _writer.Open(pointer);
            IcebergWriter.RequireWritable(table.Metadata);
            return CompactionPlanner.Make(table, ((IcebergTableHandle?)selected)?.Filters ?? default, options);
        }, cancellationToken);

    public async ValueTask<CompactionGroup> KeepLiveAsync(TablePointer pointer, CompactionGroup group, CancellationToken cancellationToken)
    {
        var live = await Task.Run(() => _maintenance.SizesOf(pointer, group.Files.ToHashSet(StringComparer.Ordinal)), cancellationToken);
        return new CompactionGroup(group.Files.Where(live.ContainsKey).ToEquatableArray(), live.Values.Sum());
    }

    public async ValueTask<ConnectorTable> LoadGroupAsync(TablePointer pointer, CompactionGroup group, CancellationToken cancellationToken)
    {
        var loaded = await LoadAsync(pointer, null, cancellationToken);
        var handle = (IcebergTableHandle)loaded.Handle with { OnlyFiles = group.Files };
        handle = handle with { Tail = handle.Tail is { } tail ? tail with { Rows = [] } : null };
        return loaded with { Handle = handle, EstimatedRows = -1, IsRowCountExact = false };
    }

    public async ValueTask<ITableUpdate> RewriteAsync(WritePlan plan, CompactionGroup group, IReadOnlyList<WrittenFile> files,
        CancellationToken cancellationToken) =>
        await Task.Run(() => _maintenance.RewriteAsync(plan, group, files, cancellationToken), cancellationToken);

    public async ValueTask<MaintenanceUpdate?> RewriteDeletesAsync(TablePointer pointer, int least, CancellationToken cancellationToken) =>
        await Task.Run(() => _maintenance.RewriteDeletesAsync(pointer, least, cancellationToken), cancellationToken);

    public async ValueTask<MaintenanceUpdate?> RewriteManifestsAsync(TablePointer pointer, int least,
        CancellationToken cancellationToken) =>
        await Task.Run(() => _maintenance.RewriteManifests(pointer, least), cancellationToken);

    public async ValueTask<ExpiryUpdate?> ExpireAsync(TablePointer pointer, ExpiryOptions options, CancellationToken cancellationToken) =>
        await Task.Run(() => Expire(pointer, options, cancellationToken), cancellationToken);

    public async ValueTask<ReferenceUpdate> ChangeReferencesAsync(TablePointer pointer, ReferenceChange change,
        CancellationToken cancellationToken) =>
        await Task.Run(() => References.Change(_writer, pointer, change, TimeProvider.System), cancellationToken);

    public async ValueTask<IReadOnlyDictionary<string, string>> ReadPropertiesAsync(TablePointer pointer,
        CancellationToken cancellationToken)
        => await Task.Run(
            () => MetadataDocument.Load(_store, _writer.Open(pointer).Metadata.Path).Object("properties")
                .Where(item => item.Value is JsonValue)
                .ToDictionary(item => item.Key, item => item.Value!.ToString(), StringComparer.Ordinal),
            cancellationToken);

    public bool IsMetadata(string path) => MetadataFiles.IsMetadataFile(path);

    public async ValueTask<IReadOnlyList<string>> ListOldMetadataAsync(TablePointer pointer, DateTimeOffset replacedBefore,
        CancellationToken cancellationToken)
    {
        var table = _writer.Open(pointer);
        var document = MetadataDocument.Load(table.Store, table.Metadata.Path);
        var named = document.Array("metadata-log").OfType<JsonObject>()
            .Select(entry => table.Location.Resolve((string)entry["metadata-file"]!))
            .Append(table.Metadata.Path).ToHashSet(StringComparer.Ordinal);
        var current = NumberOf(table.Metadata.Path);
        var files = (await _store.ListAsync(StoragePath.Combine(pointer.Location, "metadata"), int.MaxValue, cancellationToken))
            .Where(file => !file.IsFolder && file.Name.EndsWith(".metadata.json", StringComparison.Ordinal)
                && NumberOf(file.Path) is not null)
            .ToArray();
        // A file was the current one until the next was written, however old it is itself.
        var written = files.GroupBy(file => NumberOf(file.Path)!.Value)
            .ToDictionary(group => group.Key, group => group.Max(file => file.Written));
        return
        [
            .. files.Where(file => NumberOf(file.Path) is { } number && number < current && !named.Contains(file.Path)
                && written.TryGetValue(number + 1, out var next) && next < replacedBefore.UtcDateTime).Select(file => file.Path),
        ];
    }

    private ExpiryUpdate? Expire(TablePointer pointer, ExpiryOptions options, CancellationToken cancellationToken)
    {
        var table = _writer.Open(pointer);
        IcebergWriter.RequireWritable(table.Metadata);
        var document = MetadataDocument.Load(table.Store, table.Metadata.Path);
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var found = SnapshotExpiry.Find(document, options, now);
        if (found.Snapshots.Count == 0 && found.References.Count == 0) return null;
        var files = SnapshotFiles.OnlyOf(table, found.Snapshots, cancellationToken).ToDictionary();
        files[ExpiredKind.Statistics] =
        [
            .. document.Array("statistics").Concat(document.Array("partition-statistics")).OfType<JsonObject>()
                .Where(item => found.Snapshots.Contains((long)item["snapshot-id"]!))
                .Select(item => table.Location.Resolve((string)item["statistics-path"]!)),
        ];
        var update = new MetadataChange(_writer, (_, present) =>
        {
            // Another transaction may have named one of the snapshots, or gone back to it. Those that others have added stay.
            var still = SnapshotExpiry.Find(present, options, now);
            if (!found.Snapshots.IsSubsetOf(still.Snapshots)) throw RemovedRows.Clash();
            return
            [
                .. found.References.Where(still.References.Contains).Select(name => new MetadataUpdate.RemoveReference(name)),
                new MetadataUpdate.RemoveSnapshots(found.Snapshots),
            ];
        }, TimeProvider.System);
        return new ExpiryUpdate(update, found.Snapshots.Count, files);
    }

    private static long? NumberOf(string path)
    {
        var digits = StoragePath.NameOf(path).TrimStart('v').TakeWhile(char.IsAsciiDigit).ToArray();
        return long.TryParse(digits, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
