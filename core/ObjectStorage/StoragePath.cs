using Federation.Core.Errors;

namespace Federation.ObjectStorage;

/// <summary>
/// Paths of files and folders: absolute local paths, and <c>s3://bucket/key</c>. The text of a remote path is taken as it is: an object
/// store knows no links and no <c>..</c>.
/// </summary>
public static class StoragePath
{
    public const string S3 = "s3://";

    /// <summary>Schemes of other clients for the same objects.</summary>
    private static readonly string[] s_aliases = ["s3a://", "s3n://"];

    public static bool IsRemote(string path) => path.StartsWith(S3, StringComparison.Ordinal);

    /// <summary>
    /// A location as this system writes it: <c>file:</c> URIs become local paths, and all spellings of S3 become one. Anything else is
    /// returned as it is.
    /// </summary>
    public static string Normalise(string location)
    {
        if (location.StartsWith("file:", StringComparison.OrdinalIgnoreCase)) return "/" + location["file:".Length..].TrimStart('/');
        foreach (var scheme in s_aliases)
            if (location.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
                return S3 + location[scheme.Length..];
        return location.StartsWith(S3, StringComparison.OrdinalIgnoreCase) ? S3 + location[S3.Length..] : location;
    }

    /// <summary>The full path without a slash at its end; raises 22023 for a remote path without a bucket.</summary>
    public static string Full(string path)
    {
        if (!IsRemote(path)) return Path.GetFullPath(path) is { Length: > 1 } full ? full.TrimEnd('/') : "/";
        if (path.Length == S3.Length || path[S3.Length] == '/')
            throw new SqlException(SqlState.InvalidParameterValue, $"location \"{path}\" names no bucket");
        return path.TrimEnd('/');
    }

    public static string Combine(string folder, string name) =>
        name.StartsWith('/') || IsRemote(name) ? name : $"{folder.TrimEnd('/')}/{name}";

    /// <summary>The text behind the last slash.</summary>
    public static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    /// <summary>The folder that a file or folder lies in; of a bucket the bucket itself.</summary>
    public static string FolderOf(string path)
    {
        var end = path.LastIndexOf('/');
        return IsRemote(path) && end < S3.Length ? path : end <= 0 ? "/" : path[..end];
    }

    /// <summary>Whether a path is a folder or lies in it, by their texts.</summary>
    public static bool IsWithin(string path, string folder) =>
        path == folder || path.StartsWith(folder.EndsWith('/') ? folder : folder + "/", StringComparison.Ordinal);

    /// <summary>Bucket and key of a remote path; the key is empty for the bucket itself.</summary>
    public static (string Bucket, string Key) Split(string path)
    {
        var rest = path[S3.Length..];
        var end = rest.IndexOf('/', StringComparison.Ordinal);
        return end < 0 ? (rest, "") : (rest[..end], rest[(end + 1)..]);
    }
}
