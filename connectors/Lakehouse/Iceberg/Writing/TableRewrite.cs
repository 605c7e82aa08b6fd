using System.Globalization;
using Federation.Connectors.Formats.Avro;
using Federation.Connectors.Lakehouse.Iceberg.Tail;
using Federation.Connectors.Spi;
using Federation.Core.Errors;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// Puts other files in the place of some, with the same rows: compaction of data files, of delete files, and of manifests. It follows on
/// whatever others have committed since, unless they have taken away a row of a file that it replaces: the row would come back (spec,
/// "Commit Conflict Resolution and Retry"; BaseRewriteFiles of the reference implementation). Used by one thread at a time.
/// </summary>
/// <param name="dataFolder">Where the files lie that were written.</param>
internal sealed class TableRewrite(IcebergWriter writer, NewFiles files, string dataFolder, TimeProvider clock) : ITableUpdate
{
    /// <summary>A merged manifest does not grow beyond this: commit.manifest.target-size-bytes.</summary>
    public const long ManifestBytes = 8 << 20;

    private readonly NewSnapshot _snapshot = new(writer, files, dataFolder, clock);
    private (TablePointer Before, TablePointer After)? _applied;

    /// <summary>Data files that go, by recorded path.</summary>
    public IReadOnlySet<string> Removed { get; init; } = new HashSet<string>();

    /// <summary>Delete files that go, by recorded path. Each names rows of files that go alone, or is in one of the new ones.</summary>
    public IReadOnlySet<string> RemovedDeletes { get; init; } = new HashSet<string>();

    /// <summary>All delete files of the state that was read: what the replaced files have lost is known from these.</summary>
    public IReadOnlySet<string> KnownDeletes { get; init; } = new HashSet<string>();

    /// <summary>The tail of the state that was read: what it deletes of the replaced files is not in the new ones.</summary>
    public TableTail? KnownTail { get; init; }

    /// <summary>Manifests that are merged although none of their files goes.</summary>
    public IReadOnlySet<string> Merged { get; init; } = new HashSet<string>();

    public async ValueTask<TablePointer> ApplyAsync(TablePointer current, CancellationToken cancellationToken)
    {
        if (_applied is { } applied && applied.Before == current) return applied.After;
        var table = writer.Open(current);
        IcebergWriter.RequireWritable(table.Metadata);
        var document = MetadataDocument.Load(table.Store, table.Metadata.Path);
        var parent = table.Metadata.CurrentSnapshotId is { } id ? table.SnapshotOf(id) : throw RemovedRows.Clash();
        var holders = FindHolders(table, table.Manifests(parent));
        RequireNoNewDeletes(current.Tail);
        await RequireNoNewDeletesAsync(table, table.Manifests(parent), cancellationToken);
        var gone = new List<GoneFile>();
        var (kept, copies) = Merge(table, parent, holders, gone);
        var summary = SnapshotSummary.Replace(document, parent.Id, [.. files.All], gone);
        var tail = new TailChange { GoneFiles = Removed }.Apply(current.Tail);
        var made = _snapshot.Make(current, table, document, parent, kept, copies, summary, MetadataUpdates.MainBranch);
        var after = made with { Tail = tail };
        _applied = (current, after);
        return after;
    }

    /// <summary>Raises 40001 when the tail names a row of a file that goes, and did not name it when the file was read.</summary>
    private void RequireNoNewDeletes(TableTail? tail)
    {
        var known = (KnownTail ?? TableTail.Empty).Deletes.ToDictionary(item => item.File, item => item.Positions, StringComparer.Ordinal);
        foreach (var deletes in tail?.Deletes ?? [])
            if (Removed.Contains(deletes.File) && deletes.Positions.Except(known.GetValueOrDefault(deletes.File)).Any())
                throw RemovedRows.Clash();
    }

    public ValueTask PublishAsync(CancellationToken cancellationToken) => _snapshot.PublishAsync(cancellationToken);

    public ValueTask DiscardAsync(CancellationToken cancellationToken) => _snapshot.DiscardAsync();

    /// <summary>The manifests that list files which go. Raises 40001 when one of these files is not there any more.</summary>
    private HashSet<string> FindHolders(IcebergTable table, IReadOnlyList<ManifestFile> manifests)
    {
        var holders = new HashSet<string>(StringComparer.Ordinal);
        var missing = Removed.Concat(RemovedDeletes).ToHashSet(StringComparer.Ordinal);
        var ranges = new FileRanges(table.Metadata, table.Metadata.CurrentSchema);
        foreach (var manifest in missing.Count == 0 ? [] : manifests)
            foreach (var file in table.Files(manifest, ranges))
                if (missing.Remove(file.Packed.Path))
                    holders.Add(manifest.Path);
        if (missing.Count > 0) throw RemovedRows.Clash();
        return holders;
    }

    /// <summary>Raises 40001 when a delete that is not known names a file that goes.</summary>
    private async ValueTask RequireNoNewDeletesAsync(IcebergTable table, IReadOnlyList<ManifestFile> manifests,
        CancellationToken cancellationToken)
    {
        if (Removed.Count == 0) return;
        var ranges = new FileRanges(table.Metadata, table.Metadata.CurrentSchema);
        foreach (var manifest in manifests.Where(manifest => manifest.HoldsDeletes))
            foreach (var delete in table.Files(manifest, ranges))
                if (!KnownDeletes.Contains(delete.Packed.Path) && await NamesRemovedAsync(table, delete, cancellationToken))
                    throw RemovedRows.Clash();
    }

    private async ValueTask<bool> NamesRemovedAsync(IcebergTable table, TableFile delete, CancellationToken cancellationToken)
    {
        if (delete.Entry.ReferencedDataFile is { } only) return Removed.Contains(only);
        // What other kinds of deletes name is not looked into: they are written by no gateway.
        if (delete.Entry.Content != FileContent.PositionDeletes || delete.Entry.Format != "parquet") return true;
        if (!Removed.Any(path => DeleteIndex.MayName(delete, path))) return false;
        await foreach (var (paths, _) in PositionDeleteFiles.ReadAsync(table.Store, delete.Path, cancellationToken))
            if (Array.Exists(paths, Removed.Contains))
                return true;
        return false;
    }

    /// <summary>The entries of the list before that stay, and the manifests that stand for the others.</summary>
    private (List<AvroRecord> Kept, List<NewManifest> Copies) Merge(IcebergTable table, Snapshot parent, HashSet<string> holders,
        List<GoneFile> gone)
    {
        var (kept, merged) = (new List<AvroRecord>(), new Dictionary<string, List<(AvroFile, AvroRecord)>>(StringComparer.Ordinal));
        foreach (var listed in AvroFile.Open(table.Store, table.Location.Resolve(parent.ManifestList!)).ReadRecords())
        {
            // A manifest of files that are gone tells what the snapshot before has removed, and nothing of this one.
            if (Number(listed, 504, missing: 1) + Number(listed, 505, missing: 1) == 0) continue;
            var path = (string)listed.ById(500)!;
            if (!holders.Contains(path) && !Merged.Contains(path))
            {
                kept.Add(listed);
                continue;
            }

            var manifest = AvroFile.Open(table.Store, table.Location.Resolve(path));
            if (!ManifestCopy.IsPossible(manifest))
            {
                if (!holders.Contains(path))
                {
                    kept.Add(listed);
                    continue;
                }

                throw new SqlException(SqlState.FeatureNotSupported, "files that were added by format version 1 cannot be rewritten")
                    { Detail = $"Their manifest is \"{path}\"." };
            }

            var layout = ManifestCopy.LayoutOf(manifest, listed);
            if (!merged.TryGetValue(layout, out var group)) merged.Add(layout, group = []);
            group.Add((manifest, listed));
        }

        var copies = new List<NewManifest>();
        foreach (var part in merged.Values.SelectMany(Parts))
        {
            var spec = table.Metadata.Specs[(int)Number(part[0].Listed, 502, missing: 0)];
            var types = spec.Fields.Select(field =>
                field.Transform.ResultOf(table.Metadata.FindField(field.SourceId)?.Type as IcebergType.Primitive)).ToArray();
            var (bytes, copy) = ManifestCopy.Make(part, types, file => Removed.Contains(file) || RemovedDeletes.Contains(file),
                _snapshot.Id, gone);
            copies.Add(_snapshot.AddCopy(table, bytes, copy));
        }

        return (kept, copies);
    }

    /// <summary>Manifests that become one each, in the order of the list.</summary>
    private static IEnumerable<List<(AvroFile Manifest, AvroRecord Listed)>> Parts(List<(AvroFile Manifest, AvroRecord Listed)> manifests)
    {
        var (part, bytes) = (new List<(AvroFile, AvroRecord)>(), 0L);
        foreach (var item in manifests)
        {
            var length = Number(item.Listed, 501, missing: 0);
            if (part.Count > 0 && bytes + length > ManifestBytes)
            {
                yield return part;
                (part, bytes) = ([], 0);
            }

            part.Add(item);
            bytes += length;
        }

        if (part.Count > 0) yield return part;
    }

    private static long Number(AvroRecord listed, int field, long missing) =>
        Convert.ToInt64(listed.ById(field) ?? missing, CultureInfo.InvariantCulture);
}
