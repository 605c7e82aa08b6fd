using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>Data files that no state of a table names.</summary>
internal static class TableFiles
{
    /// <summary>Removes the files, and on a local disk the folders below the root that become empty.</summary>
    public static async ValueTask TryDeleteAsync(IObjectStore store, IReadOnlyCollection<string> paths, string root)
    {
        await store.TryDeleteAsync(paths);
        if (StoragePath.IsRemote(root)) return;
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in paths)
            for (var folder = StoragePath.FolderOf(path); folder != root && StoragePath.IsWithin(folder, root);
                folder = StoragePath.FolderOf(folder)) folders.Add(folder);
        foreach (var folder in folders.OrderByDescending(folder => folder.Length))
        {
            // Another task may have written there.
            if ((await store.ListAsync(folder, 1, CancellationToken.None)).Count == 0) await store.TryDeleteFolderAsync(folder);
        }
    }
}
