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
        var full = RealPaths.Of(path);
        if (!roots.Any(root => RealPaths.IsWithin(full, RealPaths.Of(root))))
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
}
