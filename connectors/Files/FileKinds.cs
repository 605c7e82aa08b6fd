using Federation.Core.Tasks;

namespace Federation.Connectors.Files;

/// <summary>Which files are data, by name. Names that begin with a dot or an underscore are somebody's bookkeeping.</summary>
internal static class FileKinds
{
    private static readonly (string Extension, FileFormat Format)[] s_extensions =
    [
        (".parquet", FileFormat.Parquet), (".pq", FileFormat.Parquet),
        (".csv", FileFormat.Csv), (".tsv", FileFormat.Csv), (".csv.gz", FileFormat.Csv), (".tsv.gz", FileFormat.Csv),
        (".jsonl", FileFormat.JsonLines), (".ndjson", FileFormat.JsonLines), (".json", FileFormat.JsonLines),
        (".jsonl.gz", FileFormat.JsonLines), (".ndjson.gz", FileFormat.JsonLines), (".json.gz", FileFormat.JsonLines),
    ];

    /// <summary>The format and the name without extension, or null for other files.</summary>
    public static (FileFormat Format, string Stem)? Of(string path)
    {
        var name = Path.GetFileName(path);
        if (name.Length == 0 || name[0] is '.' or '_') return null;
        foreach (var (extension, format) in s_extensions)
            if (name.Length > extension.Length && name.EndsWith(extension, StringComparison.OrdinalIgnoreCase))
                return (format, name[..^extension.Length]);
        return null;
    }

    public static bool IsTabSeparated(string path) =>
        path.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".tsv.gz", StringComparison.OrdinalIgnoreCase);

    public static bool IsCompressed(string path) => path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
}
