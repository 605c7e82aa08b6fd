using Federation.Connectors.Lakehouse.Pruning;
using Federation.Connectors.Spi;
using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>The data files that a scan has to read, and all delete files.</summary>
/// <param name="LiveFiles">Data files of the snapshot, read or not.</param>
internal sealed record FileChoice(IReadOnlyList<TableFile> Data, IReadOnlyList<TableFile> Deletes, long LiveFiles)
{
    public static readonly FileChoice Empty = new([], [], 0);

    public static FileChoice Make(IcebergTable table, Snapshot snapshot, IcebergSchema schema, EquatableArray<ConnectorExpression> filters,
        string? onlyManifest = null, IReadOnlySet<string>? onlyFiles = null)
    {
        var predicate = new Predicate.All(filters.Select(PredicateReader.Read).ToEquatableArray());
        var ranges = new FileRanges(table.Metadata, schema);
        var data = new List<TableFile>();
        var deletes = new List<TableFile>();
        var manifests = table.Manifests(snapshot).Where(manifest => onlyManifest is null || manifest.Path == onlyManifest)
            .ToLookup(IsPruned);
        long live = manifests[true].Sum(manifest => (long)manifest.LiveFiles!);
        table.Prefetch([.. manifests[false]]);
        foreach (var manifest in manifests[false])
        {
            if (manifest.HoldsDeletes)
            {
                deletes.AddRange(table.Files(manifest, ranges));
                continue;
            }

            foreach (var file in table.Files(manifest, ranges))
            {
                if (file.Packed.Content != FileContent.Data)
                {
                    // Manifest lists of some writers do not say what their manifests hold.
                    deletes.Add(file);
                    continue;
                }

                live++;
                if (onlyFiles is not null && !onlyFiles.Contains(file.Packed.Path)) continue;
                if (file.Packed.RecordCount > 0 && Pruner.MayMatch(predicate, column => ranges.OfFile(file, column))) data.Add(file);
            }
        }

        return new FileChoice(data, data.Count == 0 ? [] : deletes, live);

        // No file of it can hold a row that the filters keep.
        bool IsPruned(ManifestFile manifest)
        {
            if (manifest.HoldsDeletes || manifest.LiveFiles is null) return false;
            var spec = table.SpecOf(manifest);
            return !Pruner.MayMatch(predicate, column => ranges.OfManifest(manifest, spec, column));
        }
    }
}
