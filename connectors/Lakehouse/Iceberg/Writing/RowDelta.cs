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
/// What a statement does to the rows of a table: data files come, single rows go by files of deletes, and files go of which no row is left.
/// Two deltas clash only where they take away the same row. Applied to another state, the delta writes another manifest list and other
/// metadata, and keeps its manifests of new files, which leave their sequence number to the list. Used by one thread at a time.
/// </summary>
internal sealed class RowDelta(IcebergWriter writer, string dataFolder, TimeProvider clock) : ITableUpdate
{
    private readonly string _id = Guid.NewGuid().ToString();
    private readonly long _snapshotId = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & long.MaxValue;
    private readonly StagedMetadata _metadata = new(writer.Store);
    private List<NewManifest>? _manifests;
    private int _attempts;

    /// <summary>The files of new rows as they were written, to be removed if the change is.</summary>
    public IReadOnlyList<WrittenFile> Written { get; init; } = [];

    /// <summary>New rows, all of one partition spec.</summary>
    public IReadOnlyList<DataFile> Added { get; init; } = [];

    public int SpecId { get; init; }

    /// <summary>The columns that new rows were written with.</summary>
    public int SchemaId { get; init; }

    /// <summary>Files of position deletes by the partition spec of the data files that they are for.</summary>
    public IReadOnlyDictionary<int, IReadOnlyList<DataFile>> Deletes { get; init; } = new Dictionary<int, IReadOnlyList<DataFile>>();

    /// <summary>Files of deletes as they were written, to be removed if the change is.</summary>
    public IReadOnlyList<string> DeleteFiles { get; init; } = [];

    /// <summary>The rows that go; null when none does.</summary>
    public RemovedRows? Removed { get; init; }

    /// <summary>The branch that gets the change; null for the main one.</summary>
    public string? Branch { get; init; }

    /// <summary>All files go that are there when the update is applied.</summary>
    public bool RemovesAll { get; init; }

    /// <summary>The manifest of the added rows, as manifest lists name it; null before the update was applied.</summary>
    public string? AddedManifest => _manifests?.Find(manifest => !manifest.HoldsDeletes)?.RecordedPath;

    public async ValueTask<TablePointer> ApplyAsync(TablePointer current, CancellationToken cancellationToken)
    {
        if (_metadata.After(current) is { } applied) return applied;
        var table = writer.Open(current with { Branch = Branch });
        IcebergWriter.RequireWritable(table.Metadata);
        if (Added.Count > 0) IcebergWriter.RequireSchema(table.Metadata, SchemaId);
        var document = MetadataDocument.Load(table.Store, table.Metadata.Path);
        var parent = table.Metadata.CurrentSnapshotId is { } id ? table.SnapshotOf(id) : null;
        if (Removed is not null)
            await Removed.RequireUnchangedAsync(table, parent is null ? [] : table.Manifests(parent), cancellationToken);
        _manifests ??= NewManifests.Make(_metadata, table, document, Files(), _id, _snapshotId);

        _attempts++;
        var sequenceNumber = document.Long("last-sequence-number", 0) + 1;
        var previous = parent?.ManifestList is { } path ? AvroFile.Open(table.Store, table.Location.Resolve(path)).ReadRecords() : [];
        var (kept, copies) = WithoutGoneFiles(table, previous);
        var list = string.Create(CultureInfo.InvariantCulture, $"metadata/snap-{_snapshotId}-{_attempts}-{_id}.avro");
        _metadata.AddToNext(StoragePath.Combine(current.Location, list),
            ManifestListWriter.Write(kept, [.. _manifests, .. copies.Select(copy => copy.Entry).OfType<NewManifest>()],
                manifest => NewManifests.Count(table, manifest), _snapshotId, parent?.Id, sequenceNumber));

        var snapshot = new JsonObject
        {
            ["sequence-number"] = sequenceNumber,
            ["snapshot-id"] = _snapshotId,
            ["parent-snapshot-id"] = parent?.Id,
            ["timestamp-ms"] = 0,
            ["summary"] = SnapshotSummary.Make(document, parent?.Id, Added, Deletes.Values.SelectMany(files => files),
                [.. copies.SelectMany(copy => copy.Gone)], RemovesAll),
            ["manifest-list"] = $"{table.Metadata.Location}/{list}",
            ["schema-id"] = table.Metadata.CurrentSchemaId,
        };
        if (parent is null) snapshot.Remove("parent-snapshot-id");
        MetadataUpdates.Apply(
            document,
            [new MetadataUpdate.AddSnapshot(snapshot), new MetadataUpdate.SetBranch(Branch ?? MetadataUpdates.MainBranch, _snapshotId)],
            clock.GetUtcNow().ToUnixTimeMilliseconds(), IcebergWriter.Recorded(table, table.Metadata.Path));
        return _metadata.Add(current, document);
    }

    public ValueTask PublishAsync(CancellationToken cancellationToken) => _metadata.PublishAsync(cancellationToken);

    public async ValueTask DiscardAsync(CancellationToken cancellationToken)
    {
        await _metadata.DiscardAsync();
        await writer.Store.TryDeleteAsync(DeleteFiles);
        await TableFiles.TryDeleteAsync(writer.Store, [.. Written.Select(file => file.Path)], dataFolder);
    }

    /// <summary>
    /// The entries of the list before that stay, and copies of the manifests that hold files of which no row is left.
    /// </summary>
    private (List<AvroRecord> Kept, List<CopiedManifest> Copies) WithoutGoneFiles(IcebergTable table, IEnumerable<AvroRecord> previous)
    {
        var (kept, copies) = (new List<AvroRecord>(), new List<CopiedManifest>());
        var rewritten = Removed?.ManifestsOfGoneFiles() ?? [];
        foreach (var listed in previous)
        {
            // A manifest of files that are gone tells what the snapshot before has removed, and nothing of this one. Writers of version 1
            // need not count; then there may be some.
            if (Number(listed, 504, missing: 1) + Number(listed, 505, missing: 1) == 0) continue;
            var path = (string)listed.ById(500)!;
            if (!RemovesAll && !rewritten.Contains(path))
            {
                kept.Add(listed);
                continue;
            }

            // Deletes of files that are gone mean nothing.
            if (RemovesAll && Number(listed, 517, missing: 0) == 1) continue;

            var manifest = AvroFile.Open(table.Store, table.Location.Resolve(path));
            var gone = new List<GoneFile>();
            if (!ManifestCopy.IsPossible(manifest))
            {
                // Only files of format version 1 are in such a manifest. All of them go, without a trace of them in the new snapshot.
                foreach (var entry in manifest.ReadRecords()) gone.Add(ManifestCopy.Describe(entry));
                copies.Add(new CopiedManifest(null, gone));
                continue;
            }

            var (bytes, copy) = ManifestCopy.Make([(manifest, listed)], [],
                file => RemovesAll || Removed!.GoneFiles.Contains(file), _snapshotId, gone);
            var name = string.Create(CultureInfo.InvariantCulture, $"metadata/{_id}-c{_attempts}-{copies.Count}.avro");
            _metadata.AddToNext(StoragePath.Combine(table.Location.Folder, name), bytes);
            copies.Add(new CopiedManifest(copy with { RecordedPath = $"{table.Metadata.Location}/{name}" }, gone));
        }

        return (kept, copies);

        static long Number(AvroRecord listed, int field, long missing) =>
            Convert.ToInt64(listed.ById(field) ?? missing, CultureInfo.InvariantCulture);
    }

    /// <summary>New files by their partition spec, rows first.</summary>
    private IEnumerable<(int SpecId, IReadOnlyList<DataFile> Files)> Files()
    {
        var deletes = Deletes.Select(item => (SpecId: item.Key, Files: item.Value));
        return Added.Count > 0 ? deletes.Prepend((SpecId, Added)) : deletes;
    }
    /// <param name="Entry">What the new list says of the copy; null when nothing of the manifest is left.</param>
    /// <param name="Gone">The files that go.</param>
    private sealed record CopiedManifest(NewManifest? Entry, IReadOnlyList<GoneFile> Gone);
}
