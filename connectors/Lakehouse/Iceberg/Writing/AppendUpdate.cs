using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Federation.Connectors.Formats.Avro;
using Federation.Connectors.Spi;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// Adds data files to a table. Two appends never clash: applied to another state, the update writes another manifest list and other
/// metadata, and keeps its manifest, which leaves its sequence number to the list. Used by one thread at a time.
/// </summary>
/// <param name="schemaId">The columns that the files were written with.</param>
internal sealed class AppendUpdate(IcebergWriter writer, IReadOnlyList<WrittenFile> written, IReadOnlyList<DataFile> files, int schemaId,
    int specId, string dataFolder, TimeProvider clock) : ITableUpdate
{
    private readonly string _id = Guid.NewGuid().ToString();
    private readonly long _snapshotId = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & long.MaxValue;
    private readonly List<string> _made = [];
    private NewManifest? _manifest;
    private int _attempts;

    /// <summary>
    /// Metadata files that are to be read before they are there; the last is that of the state which the update was applied to last.
    /// </summary>
    private readonly List<(string Path, byte[] Bytes)> _pending = [];

    private string? _published;

    /// <summary>The state that the update was applied to last, and what came of it.</summary>
    private (TablePointer Before, TablePointer After)? _applied;

    /// <summary>The manifest of the added files, as manifest lists name it; null before the update was applied.</summary>
    public string? ManifestPath => _manifest?.RecordedPath;

    public async ValueTask<TablePointer> ApplyAsync(TablePointer current, CancellationToken cancellationToken)
    {
        if (_applied is { } applied && applied.Before == current) return applied.After;
        var table = writer.Open(current);
        IcebergWriter.RequireWritable(table.Metadata);
        IcebergWriter.RequireSchema(table.Metadata, schemaId);
        if (!table.Metadata.Specs.TryGetValue(specId, out var spec))
            throw new SqlException(SqlState.TRSerializationFailure, "could not serialize access due to concurrent update")
                { Detail = $"Partition spec {specId} of the table is gone." };
        var document = MetadataDocument.Load(table.Store, table.Metadata.Path);
        _manifest ??= await WriteManifestAsync(table, document, spec, cancellationToken);

        var parent = table.Metadata.CurrentSnapshotId is { } id ? table.SnapshotOf(id) : null;
        var sequenceNumber = document.Long("last-sequence-number", 0) + 1;
        var list = string.Create(CultureInfo.InvariantCulture, $"metadata/snap-{_snapshotId}-{++_attempts}-{_id}.avro");
        var previous = parent?.ManifestList is { } path ? AvroFile.Open(table.Store, table.Location.Resolve(path)).ReadRecords() : [];
        await MakeAsync(StoragePath.Combine(current.Location, list),
            ManifestListWriter.Write(previous, [_manifest], manifest => Count(table, manifest), _snapshotId, parent?.Id, sequenceNumber),
            cancellationToken);

        var snapshot = new JsonObject
        {
            ["sequence-number"] = sequenceNumber,
            ["snapshot-id"] = _snapshotId,
            ["parent-snapshot-id"] = parent?.Id,
            ["timestamp-ms"] = 0,
            ["summary"] = Summary(document, parent),
            ["manifest-list"] = $"{table.Metadata.Location}/{list}",
            ["schema-id"] = table.Metadata.CurrentSchemaId,
        };
        if (parent is null) snapshot.Remove("parent-snapshot-id");
        MetadataUpdates.Apply(
            document, [new MetadataUpdate.AddSnapshot(snapshot), new MetadataUpdate.SetBranch(MetadataUpdates.MainBranch, _snapshotId)],
            clock.GetUtcNow().ToUnixTimeMilliseconds(), IcebergWriter.Recorded(table, table.Metadata.Path));
        var metadata = IcebergWriter.NextMetadataFile(current.Metadata);
        _pending.Add((StoragePath.Combine(current.Location, metadata), document.ToBytes()));
        writer.Store.Add(_pending[^1].Path, _pending[^1].Bytes);
        var after = current with { Metadata = metadata };
        _applied = (current, after);
        return after;
    }

    /// <summary>
    /// Who reads the folder by itself takes the metadata file with the highest number, so there is none before the commit.
    /// </summary>
    public async ValueTask PublishAsync(CancellationToken cancellationToken)
    {
        var (path, bytes) = _pending[^1];
        if (_published == path) return;
        // Another commit came before: nobody names what was published for this one.
        if (_published is not null) await writer.Store.TryDeleteAsync([_published]);
        await MakeAsync(path, bytes, cancellationToken);
        _published = path;
        ForgetPending();
    }

    public async ValueTask DiscardAsync(CancellationToken cancellationToken)
    {
        ForgetPending();
        await writer.Store.TryDeleteAsync(_made);
        await TableFiles.TryDeleteAsync(writer.Store, [.. written.Select(file => file.Path)], dataFolder);
    }

    private async ValueTask<NewManifest> WriteManifestAsync(IcebergTable table, MetadataDocument document, PartitionSpec spec,
        CancellationToken cancellationToken)
    {
        var name = $"metadata/{_id}-m0.avro";
        var schema = document.Array("schemas").OfType<JsonObject>()
            .First(item => (int)item["schema-id"]! == table.Metadata.CurrentSchemaId);
        var specFields = document.Array("partition-specs").OfType<JsonObject>().First(item => (int)item["spec-id"]! == spec.Id)["fields"]!;
        var bytes = ManifestWriter.Write(files, table.Metadata.CurrentSchema, schema, spec, specFields, _snapshotId);
        await MakeAsync(StoragePath.Combine(table.Location.Folder, name), bytes, cancellationToken);
        return new NewManifest($"{table.Metadata.Location}/{name}", bytes.Length, spec, files);
    }

    /// <summary>
    /// Files and rows that a manifest adds, keeps and deletes, as lists name them: version 1 lets lists leave them out, version 2 does not.
    /// </summary>
    private static Dictionary<int, long> Count(IcebergTable table, string manifest)
    {
        var counts = new[] { 504, 505, 506, 512, 513, 514 }.ToDictionary(id => id, _ => 0L);
        foreach (var entry in AvroFile.Open(table.Store, table.Location.Resolve(manifest)).ReadRecords())
        {
            // Status: 0 kept, 1 added, 2 deleted.
            var status = Convert.ToInt32(entry.ById(0), CultureInfo.InvariantCulture);
            var (file, rows) = status switch { 0 => (505, 513), 1 => (504, 512), _ => (506, 514) };
            counts[file]++;
            counts[rows] += Convert.ToInt64((entry.ById(2) as AvroRecord)?.ById(103) ?? 0L, CultureInfo.InvariantCulture);
        }

        return counts;
    }

    private void ForgetPending()
    {
        foreach (var (path, _) in _pending) writer.Store.Forget(path);
    }

    private async ValueTask MakeAsync(string path, byte[] bytes, CancellationToken cancellationToken)
    {
        await writer.Store.CreateAsync(path, bytes, cancellationToken);
        _made.Add(path);
    }

    /// <summary>Counts as text (spec, appendix F); totals go on from those of the snapshot before.</summary>
    private JsonObject Summary(MetadataDocument document, Snapshot? parent)
    {
        var before = parent is null
            ? null
            : document.Array("snapshots").OfType<JsonObject>().FirstOrDefault(item => (long)item["snapshot-id"]! == parent.Id)
                ?["summary"] as JsonObject;
        var rows = files.Sum(file => file.RowCount);
        var bytes = files.Sum(file => file.SizeBytes);
        var summary = new JsonObject
        {
            ["operation"] = "append",
            ["added-data-files"] = Text(files.Count),
            ["added-records"] = Text(rows),
            ["added-files-size"] = Text(bytes),
            ["changed-partition-count"] =
                Text(
                    files.Select(file => string.Join('/', file.Partition.Select(value => value is null ? "-" : Convert.ToHexString(value))))
                        .Distinct(StringComparer.Ordinal).Count()),
        };
        foreach (var (name, added) in (IEnumerable<(string, long)>)
        [
            ("total-records", rows), ("total-files-size", bytes), ("total-data-files", files.Count), ("total-delete-files", 0),
            ("total-position-deletes", 0), ("total-equality-deletes", 0),
        ])
        {
            // A total that the snapshot before does not tell is not known now either.
            if (parent is null) summary[name] = Text(added);
            else if (before?[name] is JsonValue value && long.TryParse((string?)value, CultureInfo.InvariantCulture, out var total))
                summary[name] = Text(total + added);
        }

        return summary;
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
