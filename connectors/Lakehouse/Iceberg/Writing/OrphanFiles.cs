using System.Globalization;
using System.Text.Json.Nodes;
using Federation.Connectors.Formats.Avro;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// Files in a table's folder that its metadata does not name: left by processes that were killed, or by transactions that are open still.
/// </summary>
internal static class OrphanFiles
{
    private const int Deleted = 2;

    public static async ValueTask<IReadOnlyList<ListedObject>> ListAsync(IcebergTable table, CancellationToken cancellationToken)
    {
        // Listed first: what is committed meanwhile is not among the files then.
        var found = new List<ListedObject>();
        await CollectAsync(table.Store, table.Location.Folder, found, cancellationToken);
        var named = Named(table);
        return [.. found.Where(file => !named.Contains(file.Path) && file.Name != "version-hint.text")
            .OrderBy(file => file.Path, StringComparer.Ordinal)];
    }

    private static async ValueTask CollectAsync(IObjectStore store, string folder, List<ListedObject> found,
        CancellationToken cancellationToken)
    {
        foreach (var item in await store.ListAsync(folder, int.MaxValue, cancellationToken))
        {
            if (item.IsFolder) await CollectAsync(store, item.Path, found, cancellationToken);
            else if (item.Status is not null) found.Add(item);
            else if (await store.StatAsync(item.Path, cancellationToken) is { } status) found.Add(item with { Status = status });
        }
    }

    /// <summary>The paths that any snapshot, or the metadata itself, names.</summary>
    private static HashSet<string> Named(IcebergTable table)
    {
        var document = MetadataDocument.Load(table.Store, table.Metadata.Path);
        var named = new HashSet<string>(StringComparer.Ordinal) { table.Metadata.Path };
        foreach (var (list, member) in (ValueTuple<string, string>[])[("metadata-log", "metadata-file"), ("statistics", "statistics-path"),
            ("partition-statistics", "statistics-path")])
            foreach (var entry in document.Array(list).OfType<JsonObject>())
                if ((string?)entry[member] is { } path)
                    named.Add(table.Location.Resolve(path));
        foreach (var snapshot in table.Metadata.Snapshots.Values)
        {
            var manifests = snapshot.Manifests.Select(table.Location.Resolve);
            if (snapshot.ManifestList is { } listed)
            {
                var list = table.Location.Resolve(listed);
                named.Add(list);
                manifests = AvroFile.Open(table.Store, list).ReadRecords().Select(record =>
                    table.Location.Resolve((string)record.ById(500)!));
            }

            foreach (var manifest in manifests)
                if (named.Add(manifest))
                    AddFiles(table, manifest, named);
        }

        return named;
    }

    private static void AddFiles(IcebergTable table, string manifest, HashSet<string> named)
    {
        foreach (var entry in AvroFile.Open(table.Store, manifest).ReadRecords())
            if (Convert.ToInt32(entry.ById(0), CultureInfo.InvariantCulture) != Deleted)
                named.Add(table.Location.Resolve((string)((AvroRecord)entry.ById(2)!).ById(100)!));
    }
}
