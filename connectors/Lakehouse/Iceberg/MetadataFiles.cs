using System.Globalization;
using System.Text.RegularExpressions;
using Federation.Connectors.Formats;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Finds the current metadata file of a table folder: the version that metadata/version-hint.text names (Hadoop tables), else the file with
/// the highest number in its name. <c>v3.metadata.json</c>, <c>00003-uuid.metadata.json</c>, and the two spellings of compressed ones,
/// <c>.gz.metadata.json</c> and <c>.metadata.json.gz</c>.
/// </summary>
internal static partial class MetadataFiles
{
    private const string Folder = "metadata";

    /// <summary>The table's folder and its metadata file, or null when the location is no Iceberg table.</summary>
    public static (string TableFolder, string MetadataFile)? Find(string location)
    {
        if (File.Exists(location))
        {
            if (!IsMetadataFile(location)) return null;
            var parent = Path.GetDirectoryName(Path.GetFullPath(location))!;
            return (Path.GetFileName(parent) == Folder ? Path.GetDirectoryName(parent)! : parent, Path.GetFullPath(location));
        }

        var folder = Path.GetFullPath(location).TrimEnd('/');
        var metadata = Path.Combine(folder, Folder);
        if (!Directory.Exists(metadata)) return null;
        try
        {
            return (Hinted(metadata) ?? Highest(metadata)) is { } file ? (folder, file) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FormatErrors.Io(metadata, error);
        }
    }

    private static bool IsMetadataFile(string path) =>
        path.EndsWith(".metadata.json", StringComparison.Ordinal) || path.EndsWith(".metadata.json.gz", StringComparison.Ordinal);

    private static string? Hinted(string metadata)
    {
        var hint = Path.Combine(metadata, "version-hint.text");
        if (!File.Exists(hint)) return null;
        var version = File.ReadAllText(hint).Trim();
        // The hint is text from elsewhere; only a plain name may become part of a path.
        if (version.Length is 0 or > 200 || version.AsSpan().IndexOfAny("/\\") >= 0) return null;
        foreach (var prefix in new[] { "v", "" })
            foreach (var suffix in new[] { ".metadata.json", ".gz.metadata.json", ".metadata.json.gz" })
                if (Path.Combine(metadata, prefix + version + suffix) is var path && File.Exists(path))
                    return path;
        // A hint may lag behind or name a file that was removed.
        return null;
    }

    private static string? Highest(string metadata) => Directory.EnumerateFiles(metadata)
        .Where(IsMetadataFile)
        .OrderByDescending(VersionOf)
        .ThenByDescending(File.GetLastWriteTimeUtc)
        .ThenByDescending(path => path, StringComparer.Ordinal)
        .FirstOrDefault();

    private static long VersionOf(string path) =>
        Version().Match(Path.GetFileName(path)) is { Success: true } match
        && long.TryParse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var version) ? version : -1;

    [GeneratedRegex(@"^v?([0-9]+)[-.]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Version();
}
