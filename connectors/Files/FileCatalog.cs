using System.IO.Enumeration;
using Federation.Connectors.Formats;
using Federation.Core.Errors;
using Federation.Core.Tasks;

namespace Federation.Connectors.Files;

/// <summary>The files of one table, in order of their paths.</summary>
internal sealed record FileSet(FileFormat Format, IReadOnlyList<string> Paths);

/// <summary>
/// Names for files below the root. A schema is the root (<c>public</c>) or a folder in it. A table of a schema is
/// a file, named without its extension, or with it where two files share the rest; a folder whose files are of one format;
/// or a pattern with <c>*</c> and <c>?</c> over the file names of the schema.
/// </summary>
internal sealed class FileCatalog(string root)
{
    private const string RootSchema = "public";

    public IReadOnlyList<string> Schemas() =>
        [RootSchema, .. Folders(root).Where(name => name != RootSchema).Order(StringComparer.Ordinal)];

    public IReadOnlyList<string> Tables(string schema)
    {
        if (FolderOf(schema) is not { } folder) return [];
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var group in NamedFiles(folder).GroupBy(path => FileKinds.Of(path)!.Value.Stem, StringComparer.Ordinal))
        {
            if (group.Count() == 1) names.Add(group.Key);
            else names.UnionWith(group.Select(path => Path.GetFileName(path)));
        }

        foreach (var child in Folders(folder))
            if (LooksLikeTable(Path.Combine(folder, child)))
                names.Add(child);
        return [.. names.Order(StringComparer.Ordinal)];
    }

    /// <summary>The files of a table, or null when there is none of that name.</summary>
    public FileSet? Find(string schema, string table) => FolderOf(schema) is { } folder && table.Length > 0 ? Find(folder, table, NamedFiles(folder)) : null;

    /// <summary>The files of each of the tables, or why they cannot be had. The schema's folder is listed once.</summary>
    public IReadOnlyList<(string Table, FileSet? Files, SqlException? Failure)> FindAll(string schema, IEnumerable<string> tables)
    {
        if (FolderOf(schema) is not { } folder) return [];
        var named = NamedFiles(folder).ToArray();
        return [.. tables.Select(table => TryFind(folder, table, named))];
    }

    private (string Table, FileSet? Files, SqlException? Failure) TryFind(string folder, string table, IEnumerable<string> named)
    {
        try
        {
            return (table, Find(folder, table, named), null);
        }
        catch (SqlException error)
        {
            return (table, null, error);
        }
    }

    private FileSet? Find(string folder, string table, IEnumerable<string> named)
    {
        // A name is no path; "..", for instance, would lead out of the schema.
        if (table.AsSpan().IndexOfAny("/\\\0") >= 0 || table is "." or "..")
            throw new SqlException(SqlState.InsufficientPrivilege, $"\"{table}\" is no name of a file in the server's folder");
        if (table.AsSpan().IndexOfAny("*?") >= 0)
            return SameFormat(DataFiles(named, path => FileSystemName.MatchesSimpleExpression(table, Path.GetFileName(path), ignoreCase: false)));
        var exact = DataFiles(named, path => Path.GetFileName(path) == table || FileKinds.Of(path)!.Value.Stem == table);
        if (exact.Find(path => Path.GetFileName(path) == table) is { } whole) exact = [whole];
        if (exact.Count > 1)
        {
            throw new SqlException(SqlState.AmbiguousAlias, $"several files are called \"{table}\"")
            {
                Hint = $"Name one with its extension: {string.Join(", ", exact.Select(Path.GetFileName))}.",
            };
        }

        if (exact.Count == 1) return SameFormat(exact);
        var child = Path.Combine(folder, table);
        if (!IsFolder(child)) return null;
        // The files of such a table are not its rows: some are deleted, some replaced.
        if (TableFormats.Of(child) is { } format) throw new SqlException(SqlState.FeatureNotSupported, $"folder \"{child}\" holds a {format} table, whose files cannot be read without its log");
        return SameFormat(DataFiles(NamedFiles(child)));
    }

    private string? FolderOf(string schema)
    {
        if (schema == RootSchema) return IsFolder(root) ? root : throw FormatErrors.Missing(root);
        if (schema.Length == 0 || schema[0] is '.' or '_' || schema.AsSpan().IndexOfAny("/\\\0") >= 0) return null;
        var folder = Path.Combine(root, schema);
        return IsFolder(folder) ? Allowed().Demand(folder) : null;
    }

    private static bool IsFolder(string path) => Directory.Exists(path);

    // Links may change between statements, so what is known of them is not kept.
    private LocalPaths Allowed() => new([root]);

    /// <summary>Folders by their names alone, also links that lead out: what is in those is refused when it is listed.</summary>
    private static IEnumerable<string> Folders(string folder) => List(folder, Directory.EnumerateDirectories)
        .Select(path => Path.GetFileName(path)).Where(name => name[0] is not ('.' or '_'));

    /// <summary>Files of a folder that hold tables; only of those that are asked for it is looked up where their links lead.</summary>
    private List<string> DataFiles(IEnumerable<string> named, Func<string, bool>? isWanted = null) =>
        [.. named.Where(path => isWanted?.Invoke(path) != false).Select(Allowed().Demand).Select(FileNature.DemandRegular)];

    /// <summary>Files by their names alone: a link that leads out is found out when its table is read.</summary>
    private IEnumerable<string> NamedFiles(string folder) =>
        List(Allowed().Demand(folder), Directory.EnumerateFiles).Where(path => FileKinds.Of(path) is not null).Order(StringComparer.Ordinal);

    /// <summary>A folder that cannot be listed is no table: what it holds is not known.</summary>
    private bool LooksLikeTable(string folder)
    {
        try
        {
            return SameFormat([.. NamedFiles(folder)]) is not null;
        }
        catch (SqlException)
        {
            return false;
        }
    }

    private static IEnumerable<string> List(string folder, Func<string, IEnumerable<string>> list)
    {
        try
        {
            return list(folder).ToArray();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FormatErrors.Io(folder, error);
        }
    }

    private static FileSet? SameFormat(IReadOnlyList<string> paths)
    {
        if (paths.Count == 0) return null;
        var format = FileKinds.Of(paths[0])!.Value.Format;
        return paths.All(path => FileKinds.Of(path)!.Value.Format == format) ? new FileSet(format, paths) : null;
    }
}
