using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Federation.Core.Errors;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Finds the current metadata file of a table folder: the version that metadata/version-hint.text names (Hadoop tables), else the file with
/// the highest number in its name. <c>v3.metadata.json</c>, <c>00003-uuid.metadata.json</c>, and the two spellings of compressed ones,
/// <c>.gz.metadata.json</c> and <c>.metadata.json.gz</c>. This is the one place that lists a folder of a table: whoever has a pointer needs
/// none of it.
/// </summary>
internal static partial class MetadataFiles
{
    private const string Folder = "metadata";
    private const int LongestHint = 200;

    /// <summary>The table's folder and its metadata file, or null when the location is no Iceberg table.</summary>
    public static async ValueTask<(string TableFolder, string MetadataFile)?> FindAsync(IObjectStore store, string location,
        CancellationToken cancellationToken)
    {
        var full = StoragePath.Full(location);
        if (IsMetadataFile(full) && await store.StatAsync(full, cancellationToken) is not null)
        {
            var parent = StoragePath.FolderOf(full);
            return (StoragePath.NameOf(parent) == Folder ? StoragePath.FolderOf(parent) : parent, full);
        }

        var metadata = StoragePath.Combine(full, Folder);
        var files = (await store.ListAsync(metadata, int.MaxValue, cancellationToken)).Where(entry => !entry.IsFolder)
            .ToDictionary(entry => entry.Path, entry => entry.Written, StringComparer.Ordinal);
        var found = await HintedAsync(store, metadata, files, cancellationToken) ?? Highest(files);
        return found is null ? null : (full, found);
    }

    public static bool IsMetadataFile(string path) =>
        path.EndsWith(".metadata.json", StringComparison.Ordinal) || path.EndsWith(".metadata.json.gz", StringComparison.Ordinal);

    private static async ValueTask<string?> HintedAsync(IObjectStore store, string metadata, Dictionary<string, DateTime> files,
        CancellationToken cancellationToken)
    {
        var hint = StoragePath.Combine(metadata, "version-hint.text");
        if (!files.ContainsKey(hint)) return null;
        string version;
        try
        {
            version = Encoding.UTF8.GetString(await store.ReadAllAsync(hint, LongestHint, cancellationToken)).Trim();
        }
        catch (SqlException error) when (error.State == SqlState.UndefinedFile || error.State == SqlState.ProgramLimitExceeded)
        {
            // Its writer replaces it by removing it first; and so long a text is no version.
            return null;
        }

        // The hint is text from elsewhere; only a plain name may become part of a path.
        if (version.Length == 0 || version.AsSpan().IndexOfAny("/\\") >= 0) return null;
        foreach (var prefix in new[] { "v", "" })
            foreach (var suffix in new[] { ".metadata.json", ".gz.metadata.json", ".metadata.json.gz" })
                if (StoragePath.Combine(metadata, prefix + version + suffix) is var path && files.ContainsKey(path))
                    return path;
        // A hint may lag behind or name a file that was removed.
        return null;
    }

    private static string? Highest(Dictionary<string, DateTime> files) => files.Keys
        .Where(IsMetadataFile)
        .OrderByDescending(VersionOf)
        .ThenByDescending(path => files[path])
        .ThenByDescending(path => path, StringComparer.Ordinal)
        .FirstOrDefault();

    private static long VersionOf(string path) =>
        Version().Match(StoragePath.NameOf(path)) is { Success: true } match
        && long.TryParse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var version) ? version : -1;

    [GeneratedRegex(@"^v?([0-9]+)[-.]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Version();
}
