using Federation.Core.Errors;

namespace Federation.Core.Execution;

/// <summary>Where paths lead once every link on the way is followed, so that what is checked is what will be opened.</summary>
public static class RealPaths
{
    /// <summary>The same limit as the system's.</summary>
    private const int MostLinks = 40;

    /// <summary>The absolute path without links; the part that does not exist stays as it is.</summary>
    public static string Of(string path) => Of(path, 0);

    /// <summary>Whether a real path is a real folder, or lies in it.</summary>
    public static bool IsWithin(string path, string folder) =>
        path == folder || path.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal);

    private static string Of(string path, int depth)
    {
        if (depth > MostLinks) throw new SqlException(SqlState.IoError, $"file \"{path}\" is behind too many links");
        var real = "/";
        foreach (var part in Path.GetFullPath(path).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(real, part);
            var target = new FileInfo(next).LinkTarget;
            real = target is null ? next : Of(Path.Combine(real, target), depth + 1);
        }

        return real;
    }
}
