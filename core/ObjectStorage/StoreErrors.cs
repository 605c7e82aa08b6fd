using Federation.Core.Errors;

namespace Federation.ObjectStorage;

/// <summary>The errors of stores; each names the file, because the user cannot see which of many was meant.</summary>
public static class StoreErrors
{
    /// <summary>ENOSPC and EDQUOT as the runtime reports them.</summary>
    private const int NoSpace = 28, NoQuota = 122;

    public static SqlException Missing(string path, Exception? inner = null) =>
        new(SqlState.UndefinedFile, $"file \"{path}\" does not exist", inner);

    public static SqlException Changed(string path, Exception? inner = null) =>
        new(SqlState.ObjectNotInPrerequisiteState, $"file \"{path}\" was replaced while it was read", inner)
            { Hint = "Run the statement again." };

    /// <summary>The error for a failed system call on a local file.</summary>
    public static SqlException Io(string path, Exception error) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => Missing(path, error),
        UnauthorizedAccessException =>
            new SqlException(SqlState.InsufficientPrivilege, $"file \"{path}\" cannot be opened: permission denied", error),
        IOException when (error.HResult & 0xffff) is NoSpace or NoQuota =>
            new SqlException(SqlState.DiskFull, $"file \"{path}\" cannot be written: {error.Message}", error),
        _ => new SqlException(SqlState.IoError, $"file \"{path}\" cannot be read: {error.Message}", error),
    };
}
