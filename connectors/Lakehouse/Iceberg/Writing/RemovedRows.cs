using Federation.Connectors.Formats.Avro;
using Federation.Connectors.Spi;
using Federation.Core.Errors;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// The rows that a change takes away, as the state that its statement read has them, and whether they can still be taken away in a later
/// state: each must be there, and nobody else may have removed it (spec, "Commit Conflict Resolution and Retry"). Changes of other rows of
/// the same files do not clash. Used by one thread at a time.
/// </summary>
internal sealed class RemovedRows
{
    private readonly IReadOnlyDictionary<string, PositionSet> _selection;

    /// <summary>The manifests of the state that was read; they never change.</summary>
    private readonly HashSet<string> _knownManifests;

    /// <summary>The data files that rows are taken from, by the manifest that lists each.</summary>
    private readonly Dictionary<string, List<TableFile>> _filesByManifest = new(StringComparer.Ordinal);

    private RemovedRows(IReadOnlyDictionary<string, PositionSet> selection, HashSet<string> knownManifests) =>
        (_selection, _knownManifests) = (selection, knownManifests);

    /// <summary>The data files that rows are taken from.</summary>
    public IEnumerable<TableFile> Files => _filesByManifest.Values.SelectMany(files => files);

    /// <summary>The rows, by the recorded path of their file.</summary>
    public IReadOnlyDictionary<string, PositionSet> Selection => _selection;

    /// <summary>Files of which no row is left, by recorded path.</summary>
    public HashSet<string> GoneFiles { get; } = new(StringComparer.Ordinal);

    /// <summary>The manifests that list them, in the state that was looked at last.</summary>
    public HashSet<string> ManifestsOfGoneFiles() => _filesByManifest
        .Where(item => item.Value.Exists(file => GoneFiles.Contains(file.Entry.Path))).Select(item => item.Key)
        .ToHashSet(StringComparer.Ordinal);

    public static RemovedRows Find(IcebergTable table, RowSelection selection)
    {
        var snapshot = table.Metadata.CurrentSnapshotId is { } id ? table.SnapshotOf(id) : null;
        var manifests = snapshot is null ? [] : table.Manifests(snapshot);
        var removed = new RemovedRows(selection.Files,
            manifests.Select(manifest => manifest.Path).ToHashSet(StringComparer.Ordinal));
        var missing = selection.Files.Keys.ToHashSet(StringComparer.Ordinal);
        removed.Locate(table, manifests, missing);
        if (missing.Count > 0) throw Clash();
        var deletes = selection.Count == 0 ? null : DeletesOf(table, manifests);
        foreach (var (manifest, files) in removed._filesByManifest)
        {
            var gone = files.FindAll(file => IsGone(file, selection.Files[file.Entry.Path], deletes!));
            if (gone.Count > 0 && ManifestCopy.IsPossible(AvroFile.Open(table.Store, table.Location.Resolve(manifest))))
                removed.GoneFiles.UnionWith(gone.Select(file => file.Entry.Path));
        }

        return removed;
    }

    /// <summary>Raises 40001 when a row is not there any more, or was changed by another transaction.</summary>
    public async ValueTask RequireUnchangedAsync(IcebergTable table, IReadOnlyList<ManifestFile> manifests,
        CancellationToken cancellationToken)
    {
        var present = manifests.Select(manifest => manifest.Path).ToHashSet(StringComparer.Ordinal);
        if (present.SetEquals(_knownManifests)) return;
        var missing = _filesByManifest.Where(item => !present.Contains(item.Key))
            .SelectMany(item => item.Value, (_, file) => file.Entry.Path).ToHashSet(StringComparer.Ordinal);
        if (missing.Count > 0) FindElsewhere(table, manifests, missing);
        var ranges = new FileRanges(table.Metadata, table.Metadata.CurrentSchema);
        foreach (var manifest in manifests.Where(manifest => manifest.HoldsDeletes && !_knownManifests.Contains(manifest.Path)))
            foreach (var delete in table.Files(manifest, ranges))
                if (await ClashesAsync(table, delete, cancellationToken))
                    throw Clash();
    }

    /// <summary>A manifest that is gone may have been written again, without other files.</summary>
    private void FindElsewhere(IcebergTable table, IReadOnlyList<ManifestFile> manifests, HashSet<string> missing)
    {
        var unknown = manifests.Where(manifest => !_knownManifests.Contains(manifest.Path)).ToArray();
        foreach (var manifest in _filesByManifest.Where(item => item.Value.Exists(file => missing.Contains(file.Entry.Path))).ToArray())
            _filesByManifest.Remove(manifest.Key);
        Locate(table, unknown, missing);
        if (missing.Count > 0) throw Clash();
    }

    private void Locate(IcebergTable table, IReadOnlyList<ManifestFile> manifests, HashSet<string> missing)
    {
        if (missing.Count == 0) return;
        var ranges = new FileRanges(table.Metadata, table.Metadata.CurrentSchema);
        foreach (var manifest in manifests.Where(manifest => !manifest.HoldsDeletes))
        {
            foreach (var file in table.Files(manifest, ranges))
            {
                if (!missing.Remove(file.Packed.Path)) continue;
                if (!_filesByManifest.TryGetValue(manifest.Path, out var files)) _filesByManifest.Add(manifest.Path, files = []);
                files.Add(file);
            }

            if (missing.Count == 0) return;
        }
    }

    private async ValueTask<bool> ClashesAsync(IcebergTable table, TableFile delete, CancellationToken cancellationToken)
    {
        var touched = Files.Where(file => delete.SequenceNumber >= file.SequenceNumber && (delete.Entry.ReferencedDataFile is { } only
            ? only == file.Entry.Path
            : DeleteIndex.MayName(delete, file.Entry.Path))).ToArray();
        if (touched.Length == 0) return false;
        // What other kinds of deletes name is not looked into: they are written by no gateway.
        if (delete.Entry.Content != FileContent.PositionDeletes || delete.Entry.Format != "parquet") return true;
        return await PositionDeleteFiles.NamesAnyAsync(table.Store, delete.Path,
            touched.ToDictionary(file => file.Entry.Path, file => _selection[file.Entry.Path], StringComparer.Ordinal), cancellationToken);
    }

    /// <summary>Whether a file without deletes of its own loses all rows.</summary>
    private static bool IsGone(TableFile file, PositionSet removed, DeleteIndex deletes)
    {
        if (removed.Count >= file.Entry.RecordCount) return true;
        // Each earlier delete names a row once at most, and none of those removed now: the statement has seen them.
        var earlier = deletes.PositionsOf(file);
        return earlier.Count > 0 && deletes.VectorOf(file) is null && deletes.EqualitiesOf(file).Count == 0
            && earlier.All(delete => delete.Entry.ReferencedDataFile == file.Entry.Path)
            && removed.Count + earlier.Sum(delete => delete.Entry.RecordCount) == file.Entry.RecordCount;
    }

    private static DeleteIndex DeletesOf(IcebergTable table, IReadOnlyList<ManifestFile> manifests)
    {
        var ranges = new FileRanges(table.Metadata, table.Metadata.CurrentSchema);
        return new DeleteIndex(manifests.Where(manifest => manifest.HoldsDeletes).SelectMany(manifest => table.Files(manifest, ranges)));
    }

    public static SqlException Clash() =>
        new(SqlState.TRSerializationFailure, "could not serialize access due to concurrent update")
        {
            Detail = "Another transaction has changed a row of the table meanwhile.",
            Hint = "Run the transaction again.",
        };
}
