using Federation.Connectors.Formats;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>Writes small files of a table, each once and whole: on disk before anybody is told of it.</summary>
internal static class TableFiles
{
    /// <summary>Raises 58030 or 53100 with the file's name; 58P02 when there is a file of this name already.</summary>
    public static async ValueTask WriteAsync(string path, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
            await file.WriteAsync(bytes, cancellationToken);
            file.Flush(flushToDisk: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FormatErrors.Io(path, error);
        }
    }

    /// <summary>Removes data files that nothing names, and the folders below the root that become empty.</summary>
    public static void TryDelete(IEnumerable<string> paths, string root)
    {
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in paths)
        {
            TryDelete(path);
            for (var folder = Path.GetDirectoryName(path)!; folder.StartsWith(root + "/", StringComparison.Ordinal); folder = Path.GetDirectoryName(folder)!) folders.Add(folder);
        }

        foreach (var folder in folders.OrderByDescending(folder => folder.Length))
        {
            try
            {
                if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any()) Directory.Delete(folder);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // An empty folder costs nothing.
            }
        }
    }

    /// <summary>Removes a file that nothing names. One that is gone, or cannot be removed now, is left to maintenance.</summary>
    public static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // An orphan costs space, not correctness.
        }
    }
}
