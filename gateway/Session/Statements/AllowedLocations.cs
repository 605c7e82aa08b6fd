using Federation.ObjectStorage;

namespace Federation.Session.Statements;

/// <summary>Folders that SQL may name: those the operator allowed, symbolic links resolved.</summary>
internal static class AllowedLocations
{
    /// <summary>
    /// The full path of a location that exists; a remote folder is but a name, and always does. Raises 58P01 besides the errors of
    /// <see cref="Check"/>.
    /// </summary>
    public static string CheckExisting(string location, SessionServices services)
    {
        var full = Check(location, services);
        return StoragePath.IsRemote(full) || services.Store.IsFolder(full) || services.Store.Stat(full) is not null
            ? full
            : throw new SqlException(SqlState.UndefinedFile, $"location \"{location}\" does not exist");
    }

    /// <summary>The full path of a location. Raises 42501 outside the allowed folders.</summary>
    public static string Check(string location, SessionServices services)
    {
        var path = !location.StartsWith("file://", StringComparison.Ordinal) ? StoragePath.Normalise(location)
            : Uri.TryCreate(location, UriKind.Absolute, out var uri) ? uri.LocalPath
            : throw new SqlException(SqlState.InvalidParameterValue, $"location \"{location}\" is no URI");
        if (path.Contains('\0', StringComparison.Ordinal))
            throw new SqlException(SqlState.InvalidParameterValue, "a location must not contain a null character");
        if (StoragePath.IsRemote(path)) return Allowed(StoragePath.Full(path), location, services.AllowedRoots);
        if (path.Contains("://", StringComparison.Ordinal))
            throw new SqlException(SqlState.FeatureNotSupported, $"location \"{location}\" is not supported")
                { Hint = "Local folders and s3://bucket/folder are." };
        if (!Path.IsPathRooted(path))
            throw new SqlException(SqlState.InvalidParameterValue, $"location \"{location}\" must be an absolute path");
        return Allowed(RealPaths.Of(path), location, services.AllowedRoots);
    }

    private static string Allowed(string full, string location, IReadOnlyList<string> roots) => new AllowedPaths(roots).Contains(full)
        ? full
        : throw new SqlException(SqlState.InsufficientPrivilege, $"location \"{location}\" is outside the allowed folders")
        {
            Detail = $"Allowed: {string.Join(", ", roots)}.",
            Hint = "Start the gateway with --allow DIR to allow another folder.",
        };
}
