using System.Collections.Concurrent;
using Federation.Core.Errors;
using Federation.Core.Execution;

namespace Federation.ObjectStorage;

/// <summary>
/// The folders that files must lie in, after <c>..</c> and links are followed: the one place that decides whether a path may be used. Paths
/// come from SQL and from metadata that others wrote, so each is checked. Thread-safe. Where links lead is kept, so an instance belongs to
/// one statement or to folders that only the operator changes.
/// </summary>
public sealed class AllowedPaths
{
    private readonly string[] _given;
    private readonly ConcurrentDictionary<string, string> _realFolders = new(StringComparer.Ordinal);

    /// <param name="folders">Absolute folders, local or remote; a local one also stands for where its links lead.</param>
    public AllowedPaths(IEnumerable<string> folders)
    {
        _given = [.. Outermost(folders.Select(WithSlash))];
        Folders = [.. _given.Concat(_given.Where(folder => !StoragePath.IsRemote(folder)).Select(folder => WithSlash(RealPaths.Of(folder))))
            .Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The folders and where their links lead, each with a slash at its end.</summary>
    public IReadOnlyList<string> Folders { get; }

    /// <summary>The full path; 42501 when it is outside of every folder.</summary>
    public string Demand(string path) =>
        IsAllowed(path, out var full)
            ? full
            : throw new SqlException(SqlState.InsufficientPrivilege, $"file \"{path}\" is outside of the folders that may be read");

    public bool Contains(string path) => IsAllowed(path, out _);

    /// <summary>Whether a folder lies in one of those given, by their texts: what its links lead to is not looked at.</summary>
    public bool Names(string folder)
    {
        var path = WithSlash(folder);
        return Array.Exists(_given, given => path.StartsWith(given, StringComparison.Ordinal));
    }

    private bool IsAllowed(string path, out string full)
    {
        full = StoragePath.Full(path);
        if (!IsInside(full)) return false;
        return StoragePath.IsRemote(full) ? !HasDots(full) : IsInside(Follow(full));
    }

    // Object stores take dots for names; clients of HTTP on the way may not.
    private static bool HasDots(string path) => path.Split('/').Any(part => part is "." or "..");

    private string Follow(string path)
    {
        if (Path.GetDirectoryName(path) is not { } folder) return path;
        var real = Path.Combine(_realFolders.GetOrAdd(folder, RealPaths.Of), Path.GetFileName(path));
        return new FileInfo(real).LinkTarget is null ? real : RealPaths.Of(real);
    }

    private bool IsInside(string path)
    {
        var folder = path.EndsWith('/') ? path : path + "/";
        foreach (var allowed in Folders)
            if (folder.StartsWith(allowed, StringComparison.Ordinal))
                return true;
        return false;
    }

    private static List<string> Outermost(IEnumerable<string> folders)
    {
        var kept = new List<string>();
        foreach (var folder in folders.Distinct(StringComparer.Ordinal).OrderBy(folder => folder.Length))
            if (!kept.Exists(outer => folder.StartsWith(outer, StringComparison.Ordinal)))
                kept.Add(folder);
        return kept;
    }

    private static string WithSlash(string path) => StoragePath.Full(path).TrimEnd('/') + "/";
}
