using System.Collections.Concurrent;
using Federation.Core.Errors;
using Federation.Core.Execution;

namespace Federation.Connectors.Formats;

/// <summary>
/// Folders that files must lie in, after <c>..</c> and links are followed. Paths come from metadata that others wrote, so every one is
/// checked.
/// </summary>
public sealed class LocalPaths
{
    private readonly string[] _roots;
    private readonly ConcurrentDictionary<string, string> _folders = new(StringComparer.Ordinal);

    /// <param name="roots">Absolute folders; each also counts as where its links lead.</param>
    public LocalPaths(IEnumerable<string> roots) =>
        _roots = [.. roots.Select(WithSlash).SelectMany(root => new[] { root, WithSlash(RealPaths.Of(root)) })
            .Distinct(StringComparer.Ordinal)];

    /// <summary>The absolute path, or an error 42501 when it is outside of every root.</summary>
    public string Demand(string path)
    {
        var full = Path.GetFullPath(path);
        if (!IsInside(full) || !IsInside(Follow(full))) throw Outside(path);
        return full;
    }

    public bool Contains(string path)
    {
        var full = Path.GetFullPath(path);
        return IsInside(full) && IsInside(Follow(full));
    }

    private string Follow(string path)
    {
        if (Path.GetDirectoryName(path) is not { } folder) return path;
        var real = Path.Combine(_folders.GetOrAdd(folder, RealPaths.Of), Path.GetFileName(path));
        return new FileInfo(real).LinkTarget is null ? real : RealPaths.Of(real);
    }

    private bool IsInside(string path)
    {
        var folder = WithSlash(path);
        foreach (var root in _roots)
            if (folder.StartsWith(root, StringComparison.Ordinal))
                return true;
        return false;
    }

    private static string WithSlash(string path) => Path.GetFullPath(path).TrimEnd('/') + "/";

    private static SqlException Outside(string path) =>
        new(SqlState.InsufficientPrivilege, $"file \"{path}\" is outside of the folders that may be read");
}
