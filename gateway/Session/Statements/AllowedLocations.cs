namespace Federation.Session.Statements;

/// <summary>Local folders that SQL may name: those the operator allowed, symbolic links resolved.</summary>
internal static class AllowedLocations
{
    /// <summary>The full path of a location. Raises 42501 outside the allowed folders, 58P01 when there is nothing.</summary>
    public static string Check(string location, IReadOnlyList<string> roots)
    {
        var path = !location.StartsWith("file://", StringComparison.Ordinal) ? location
            : Uri.TryCreate(location, UriKind.Absolute, out var uri) ? uri.LocalPath
            : throw new SqlException(SqlState.InvalidParameterValue, $"location \"{location}\" is no URI");
        if (path.Contains('\0', StringComparison.Ordinal)) throw new SqlException(SqlState.InvalidParameterValue, "a location must not contain a null character");
        if (path.Contains("://", StringComparison.Ordinal))
            throw new SqlException(SqlState.FeatureNotSupported, $"location \"{location}\" is not supported") { Hint = "Local folders are." };
        if (!Path.IsPathRooted(path))
            throw new SqlException(SqlState.InvalidParameterValue, $"location \"{location}\" must be an absolute path");
        var full = Resolve(Path.GetFullPath(path));
        if (!roots.Any(root => IsWithin(full, Resolve(Path.GetFullPath(root)))))
        {
            throw new SqlException(SqlState.InsufficientPrivilege, $"location \"{location}\" is outside the allowed folders")
            {
                Detail = $"Allowed: {string.Join(", ", roots)}.",
                Hint = "Start the gateway with --allow DIR to allow another folder.",
            };
        }

        return Directory.Exists(full) || File.Exists(full)
            ? full
            : throw new SqlException(SqlState.UndefinedFile, $"location \"{location}\" does not exist");
    }

    private static bool IsWithin(string path, string root) => path == root || path.StartsWith(root.TrimEnd('/') + "/", StringComparison.Ordinal);

    /// <summary>The path with every symbolic link on the way resolved.</summary>
    private static string Resolve(string path)
    {
        var resolved = "/";
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            resolved = Path.Combine(resolved, part);
            var target = Directory.Exists(resolved)
                ? Directory.ResolveLinkTarget(resolved, returnFinalTarget: true)
                : File.Exists(resolved) ? File.ResolveLinkTarget(resolved, returnFinalTarget: true) : null;
            if (target is not null) resolved = target.FullName;
        }

        return resolved;
    }
}
