using System.IO.Enumeration;
using Federation.Connectors.Formats;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.ObjectStorage;

namespace Federation.Connectors.Files;

/// <summary>The files of one table, in order of their paths.</summary>
internal sealed record FileSet(FileFormat Format, IReadOnlyList<ListedObject> Files);

/// <summary>
/// Names for files below the root. A schema is the root (<c>public</c>) or a folder in it. A table of a schema is
/// a file, named without its extension, or with it where two files share the rest; a folder whose files are of one format;
/// or a pattern with <c>*</c> and <c>?</c> over the file names of the schema.
/// </summary>
internal sealed class FileCatalog(string root, IObjectStore store)
{
    private const string RootSchema = "public";

    public IReadOnlyList<string> Schemas() =>
        [RootSchema, .. Folders(List(root)).Where(name => name != RootSchema).Order(StringComparer.Ordinal)];

    public IReadOnlyList<string> Tables(string schema)
    {
        if (FolderOf(schema) is not { } folder) return [];
        var entries = List(folder);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var group in NamedFiles(entries).GroupBy(file => FileKinds.Of(file.Path)!.Value.Stem, StringComparer.Ordinal))
        {
            if (group.Count() == 1) names.Add(group.Key);
            else names.UnionWith(group.Select(file => file.Name));
        }

        foreach (var child in Folders(entries))
            if (LooksLikeTable(StoragePath.Combine(folder, child)))
                names.Add(child);
        return [.. names.Order(StringComparer.Ordinal)];
    }

    /// <summary>The files of a table, or null when there is none of that name.</summary>
    public FileSet? Find(string schema, string table) =>
        FolderOf(schema) is { } folder && table.Length > 0 ? Find(folder, table, NamedFiles(List(folder))) : null;

    /// <summary>The files of each of the tables, or why they cannot be had. The schema's folder is listed once.</summary>
    public IReadOnlyList<(string Table, FileSet? Files, SqlException? Failure)> FindAll(string schema, IEnumerable<string> tables)
    {
        if (FolderOf(schema) is not { } folder) return [];
        var named = NamedFiles(List(folder)).ToArray();
        return [.. tables.Select(table => TryFind(folder, table, named))];
    }

    private (string Table, FileSet? Files, SqlException? Failure) TryFind(string folder, string table, IEnumerable<ListedObject> named)
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

    private FileSet? Find(string folder, string table, IEnumerable<ListedObject> named)
    {
        // A name is no path; "..", for instance, would lead out of the schema.
        if (table.AsSpan().IndexOfAny("/\\\0") >= 0 || table is "." or "..")
            throw new SqlException(SqlState.InsufficientPrivilege, $"\"{table}\" is no name of a file in the server's folder");
        if (table.AsSpan().IndexOfAny("*?") >= 0)
            return SameFormat(DataFiles(named, file => FileSystemName.MatchesSimpleExpression(table, file.Name, ignoreCase: false)));
        var exact = DataFiles(named, file => file.Name == table || FileKinds.Of(file.Path)!.Value.Stem == table);
        if (exact.Find(file => file.Name == table) is { } whole) exact = [whole];
        if (exact.Count > 1)
        {
            throw new SqlException(SqlState.AmbiguousAlias, $"several files are called \"{table}\"")
            {
                Hint = $"Name one with its extension: {string.Join(", ", exact.Select(file => file.Name))}.",
            };
        }

        if (exact.Count == 1) return SameFormat(exact);
        var child = StoragePath.Combine(folder, table);
        if (!store.IsFolder(child)) return null;
        // The files of such a table are not its rows: some are deleted, some replaced.
        if (TableFormats.Of(store, child) is { } format)
            throw new SqlException(SqlState.FeatureNotSupported,
                $"folder \"{child}\" holds a {format} table, whose files cannot be read without its log");
        return SameFormat(DataFiles(NamedFiles(List(child))));
    }

    private string? FolderOf(string schema)
    {
        if (schema == RootSchema) return StoragePath.IsRemote(root) || store.IsFolder(root) ? root : throw StoreErrors.Missing(root);
        if (schema.Length == 0 || schema[0] is '.' or '_' || schema.AsSpan().IndexOfAny("/\\\0") >= 0) return null;
        var folder = StoragePath.Combine(root, schema);
        return store.IsFolder(folder) ? Allowed().Demand(folder) : null;
    }

    // Links may change between statements, so what is known of them is not kept.
    private AllowedPaths Allowed() => new([root]);

    /// <summary>Folders by their names alone, also links that lead out: what is in those is refused when it is listed.</summary>
    private static IEnumerable<string> Folders(IEnumerable<ListedObject> entries) => entries
        .Where(entry => entry.IsFolder && entry.Name is [not ('.' or '_'), ..]).Select(entry => entry.Name);

    /// <summary>Files of a folder that hold tables; only of those that are asked for it is looked up where their links lead.</summary>
    private List<ListedObject> DataFiles(IEnumerable<ListedObject> named, Func<ListedObject, bool>? isWanted = null) =>
        [.. named.Where(file => isWanted?.Invoke(file) != false).Select(file => file with { Path = Regular(Allowed().Demand(file.Path)) })];

    private static string Regular(string path) => StoragePath.IsRemote(path) ? path : FileNature.DemandRegular(path);

    /// <summary>Files by their names alone: a link that leads out is found out when its table is read.</summary>
    private static IEnumerable<ListedObject> NamedFiles(IEnumerable<ListedObject> entries) =>
        entries.Where(entry => !entry.IsFolder && FileKinds.Of(entry.Path) is not null)
            .OrderBy(entry => entry.Path, StringComparer.Ordinal);

    /// <summary>A folder that cannot be listed is no table: what it holds is not known.</summary>
    private bool LooksLikeTable(string folder)
    {
        try
        {
            return SameFormat([.. NamedFiles(List(folder))]) is not null;
        }
        catch (SqlException)
        {
            return false;
        }
    }

    private IReadOnlyList<ListedObject> List(string folder) => store.List(Allowed().Demand(folder));

    private static FileSet? SameFormat(IReadOnlyList<ListedObject> files)
    {
        if (files.Count == 0) return null;
        var format = FileKinds.Of(files[0].Path)!.Value.Format;
        return files.All(file => FileKinds.Of(file.Path)!.Value.Format == format) ? new FileSet(format, files) : null;
    }
}
