using Federation.Core.Errors;

namespace Federation.Host;

/// <summary>The folders that a command line names.</summary>
internal static class AllowedFolders
{
    /// <summary>The full paths of the folders; raises 58P01 for one that does not exist, so that a mistyped option is found at the start and not by the first query.</summary>
    /// <param name="option">The option that names them, for the error.</param>
    public static IReadOnlyList<string> Require(string option, IEnumerable<string> folders)
    {
        var paths = folders.Select(Path.GetFullPath).ToArray();
        if (Array.Find(paths, path => !Directory.Exists(path)) is { } missing) throw new SqlException(SqlState.UndefinedFile, $"{option}: folder \"{missing}\" does not exist");
        return paths;
    }
}
