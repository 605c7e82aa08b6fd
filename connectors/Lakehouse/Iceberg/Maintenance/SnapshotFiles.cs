using Federation.Connectors.Formats.Avro;
using Federation.Connectors.Spi;
using System.Globalization;

namespace Federation.Connectors.Lakehouse.Iceberg.Maintenance;

/// <summary>The files that snapshots name.</summary>
internal static class SnapshotFiles
{
    private const int Deleted = 2;

    /// <summary>Files that some snapshots name and no others do, as absolute paths.</summary>
    public static IReadOnlyDictionary<ExpiredKind, IReadOnlyList<string>> OnlyOf(IcebergTable table, IReadOnlySet<long> gone,
        CancellationToken cancellationToken)
    {
        var lists = new HashSet<string>(StringComparer.Ordinal);
        var kept = new HashSet<string>(StringComparer.Ordinal);
        var candidates = new HashSet<string>(StringComparer.Ordinal);
        foreach (var snapshot in table.Metadata.Snapshots.Values)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (gone.Contains(snapshot.Id))
            {
                if (snapshot.ManifestList is { } list) lists.Add(list);
                candidates.UnionWith(Manifests(table, snapshot));
            }
            else
            {
                kept.UnionWith(Manifests(table, snapshot));
            }
        }

        candidates.ExceptWith(kept);
        var files = new Dictionary<string, ExpiredKind>(StringComparer.Ordinal);
        foreach (var manifest in candidates)
            foreach (var (path, kind) in Live(table, manifest))
                files[path] = kind;
        foreach (var manifest in files.Count == 0 ? [] : kept)
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var (path, _) in Live(table, manifest)) files.Remove(path);
        }

        var found = files.GroupBy(item => item.Value, item => table.Location.Resolve(item.Key))
            .ToDictionary(group => group.Key, group => (IReadOnlyList<string>)[.. group]);
        found[ExpiredKind.Manifest] = [.. candidates.Select(table.Location.Resolve)];
        found[ExpiredKind.ManifestList] = [.. lists.Select(table.Location.Resolve)];
        return found;
    }

    private static IEnumerable<string> Manifests(IcebergTable table, Snapshot snapshot) =>
        table.Manifests(snapshot).Select(manifest => manifest.Path);

    private static IEnumerable<(string Path, ExpiredKind Kind)> Live(IcebergTable table, string manifest)
    {
        foreach (var entry in AvroFile.Open(table.Store, table.Location.Resolve(manifest)).ReadRecords())
        {
            if (Convert.ToInt32(entry.ById(0), CultureInfo.InvariantCulture) == Deleted) continue;
            var file = (AvroRecord)entry.ById(2)!;
            yield return ((string)file.ById(100)!, (FileContent)Convert.ToInt32(file.ById(134) ?? 0, CultureInfo.InvariantCulture) switch
            {
                FileContent.PositionDeletes => ExpiredKind.PositionDeletes,
                FileContent.EqualityDeletes => ExpiredKind.EqualityDeletes,
                _ => ExpiredKind.Data,
            });
        }
    }
}
