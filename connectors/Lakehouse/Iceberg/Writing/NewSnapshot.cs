using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Federation.Connectors.Formats.Avro;
using Federation.Connectors.Spi;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// The snapshot that a change of files adds to a table. Made for another state again, it gets another manifest list and other metadata, and
/// keeps its id and its manifests of new files, which leave their sequence number to the list. Used by one thread at a time.
/// </summary>
/// <param name="files">What the change adds.</param>
/// <param name="dataFolder">Where they lie.</param>
internal sealed class NewSnapshot(IcebergWriter writer, NewFiles files, string dataFolder, TimeProvider clock)
{
    private readonly string _id = Guid.NewGuid().ToString();
    private readonly StagedMetadata _metadata = new(writer.Store);
    private List<NewManifest>? _manifests;
    private int _attempts;
    private int _copies;

    public long Id { get; } = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & long.MaxValue;

    /// <summary>The manifest of the added rows, as manifest lists name it; null before the snapshot was made.</summary>
    public string? AddedManifest => _manifests?.Find(manifest => !manifest.HoldsDeletes)?.RecordedPath;

    /// <summary>Stages a copy of a manifest for the state that is made next; as the list names it.</summary>
    public NewManifest AddCopy(IcebergTable table, byte[] bytes, NewManifest copy)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"metadata/{_id}-c{_attempts}-{_copies++}.avro");
        _metadata.AddToNext(StoragePath.Combine(table.Location.Folder, name), bytes);
        return copy with { RecordedPath = $"{table.Metadata.Location}/{name}" };
    }

    /// <summary>Makes the state that follows on one.</summary>
    /// <param name="kept">Entries of the parent's manifest list that stay.</param>
    /// <param name="copies">Manifests in the place of others.</param>
    /// <param name="summary">What the snapshot says of itself.</param>
    /// <param name="branch">The branch that gets it.</param>
    public TablePointer Make(TablePointer current, IcebergTable table, MetadataDocument document, Snapshot? parent,
        IReadOnlyList<AvroRecord> kept, IEnumerable<NewManifest> copies, JsonObject summary, string branch)
    {
        _manifests ??= NewManifests.Make(_metadata, table, document, files.BySpec(), _id, Id);
        var sequenceNumber = document.Long("last-sequence-number", 0) + 1;
        var list = string.Create(CultureInfo.InvariantCulture, $"metadata/snap-{Id}-{_attempts + 1}-{_id}.avro");
        _metadata.AddToNext(StoragePath.Combine(current.Location, list),
            ManifestListWriter.Write(kept, [.. _manifests, .. copies], manifest => NewManifests.Count(table, manifest), Id, parent?.Id,
                sequenceNumber));
        var snapshot = new JsonObject
        {
            ["sequence-number"] = sequenceNumber,
            ["snapshot-id"] = Id,
            ["parent-snapshot-id"] = parent?.Id,
            ["timestamp-ms"] = 0,
            ["summary"] = summary,
            ["manifest-list"] = $"{table.Metadata.Location}/{list}",
            ["schema-id"] = table.Metadata.CurrentSchemaId,
        };
        if (parent is null) snapshot.Remove("parent-snapshot-id");
        MetadataUpdates.Apply(document, [new MetadataUpdate.AddSnapshot(snapshot), new MetadataUpdate.SetBranch(branch, Id)],
            clock.GetUtcNow().ToUnixTimeMilliseconds(), IcebergWriter.Recorded(table, table.Metadata.Path));
        (_attempts, _copies) = (_attempts + 1, 0);
        return _metadata.Add(current, document);
    }

    public ValueTask PublishAsync(CancellationToken cancellationToken) => _metadata.PublishAsync(cancellationToken);

    /// <summary>Removes the metadata and the files that the change adds.</summary>
    public async ValueTask DiscardAsync()
    {
        await _metadata.DiscardAsync();
        await writer.Store.TryDeleteAsync(files.DeleteFiles);
        await TableFiles.TryDeleteAsync(writer.Store, [.. files.Written.Select(file => file.Path)], dataFolder);
    }
}
