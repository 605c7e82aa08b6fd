using Federation.Connectors.Lakehouse.Pruning;
using Federation.Connectors.Spi;
using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>The data files that a scan has to read, and all delete files.</summary>
/// <param name="LiveFiles">Data files of the snapshot, read or not.</param>
internal sealed record FileChoice(IReadOnlyList<TableFile> Data, IReadOnlyList<TableFile> Deletes, long LiveFiles)
{
    public static readonly FileChoice Empty = new([], [], 0);

    public static FileChoice Make(IcebergTable table, Snapshot snapshot, IcebergSchema schema, EquatableArray<ConnectorExpression> filters, string? onlyManifest = null)
    {
        var predicate = new Predicate.All(filters.Select(PredicateReader.Read).ToEquatableArray());
        var ranges = new FileRanges(table.Metadata, schema);
        var data = new List<TableFile>();
        var deletes = new List<TableFile>();
        long live = 0;
        foreach (var manifest in table.Manifests(snapshot))
        {
            if (onlyManifest is not null && manifest.Path != onlyManifest) continue;
            if (manifest.HoldsDeletes)
            {
                deletes.AddRange(table.Files(manifest, ranges));
                continue;
            }

            var spec = table.SpecOf(manifest);
            if (manifest.LiveFiles is { } count && !Pruner.MayMatch(predicate, column => ranges.OfManifest(manifest, spec, column)))
            {
                live += count;
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
                if (file.Packed.RecordCount > 0 && Pruner.MayMatch(predicate, column => ranges.OfFile(file, column))) data.Add(file);
            }
        }

        return new FileChoice(data, data.Count == 0 ? [] : deletes, live);
    }
}
