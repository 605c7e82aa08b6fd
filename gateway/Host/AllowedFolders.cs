using Federation.Core.Errors;
using Federation.ObjectStorage;

namespace Federation.Host;

/// <summary>The folders that a command line names.</summary>
internal static class AllowedFolders
{
    /// <summary>
    /// The full paths of the folders; raises 58P01 for a local one that does not exist, so that a mistyped option is found at the start and
    /// not by the first query.
    /// </summary>
    /// <param name="option">The option that names them, for the error.</param>
    public static IReadOnlyList<string> Require(string option, IEnumerable<string> folders)
    {
        var paths = folders.Select(folder => StoragePath.Full(StoragePath.Normalise(folder))).ToArray();
        if (Array.Find(paths, path => !StoragePath.IsRemote(path) && !Directory.Exists(path)) is { } missing)
            throw new SqlException(SqlState.UndefinedFile, $"{option}: folder \"{missing}\" does not exist");
        return paths;
    }

    /// <summary>Those that the kernel reads itself.</summary>
    public static IReadOnlyList<string> Local(IEnumerable<string> folders) => [.. folders.Where(folder => !StoragePath.IsRemote(folder))];
}
