using System.Globalization;

namespace Federation.Core.Execution;

/// <summary>
/// A process's folder for what does not fit in memory: nobody else's to read, and gone with the process. A file next to it is locked while
/// the process lives; folders whose lock is free, and whatever has no lock, are what dead processes left, and are removed when the next one
/// begins.
/// </summary>
public sealed class SpillFolder : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const string LockExtension = ".lock";

    private readonly FileStream _lock;

    private SpillFolder(string path, FileStream ownLock) => (Path, _lock) = (path, ownLock);

    public string Path { get; }

    /// <summary>
    /// Bytes that spilling may take: some of what is free is kept back, so that others on the disk, and the kernel itself, do not meet its
    /// end.
    /// </summary>
    public static long LimitOf(string path, long most)
    {
        var free = FreeBytes(path);
        return Math.Clamp(free - Math.Min(free / 8, 64L << 20), 1L << 20, most);
    }

    /// <summary>
    /// Bytes that are free on the disk of a folder, which need not be there: it may be made only when something spills, and gone when its
    /// process ends.
    /// </summary>
    public static long FreeBytes(string path)
    {
        for (var present = System.IO.Path.GetFullPath(path); ; present = System.IO.Path.GetDirectoryName(present)!)
        {
            try
            {
                return new DriveInfo(present).AvailableFreeSpace;
            }
            catch (DriveNotFoundException) when (present.Length > 1)
            {
                // The folder above it is on the same disk, or is what the folder will be made in.
            }
        }
    }

    /// <param name="root">The folder that all processes share.</param>
    public static SpillFolder Open(string root)
    {
        var shared = Create(root);
        var name = string.Create(CultureInfo.InvariantCulture, $"process-{Environment.ProcessId}-{Guid.NewGuid():N}");
        // The lock comes first: a folder without one belongs to nobody.
        var ownLock = TryLock(System.IO.Path.Combine(shared, name + LockExtension))
            ?? throw new IOException($"the spill folder \"{root}\" cannot be locked");
        RemoveLeftovers(shared);
        return new SpillFolder(Create(System.IO.Path.Combine(shared, name)), ownLock);
    }

    public void Dispose()
    {
        TryDelete(Path);
        TryDelete(_lock.Name);
        _lock.Dispose();
    }

    private static string Create(string path)
    {
        if (OperatingSystem.IsWindows()) return Directory.CreateDirectory(path).FullName;
        var folder = Directory.CreateDirectory(path, Private);
        // It may have been there, with the mode of an earlier version.
        folder.UnixFileMode = Private;
        return folder.FullName;
    }

    private static void RemoveLeftovers(string root)
    {
        foreach (var path in Directory.GetFileSystemEntries(root))
        {
            var lockPath = path.EndsWith(LockExtension, StringComparison.Ordinal) ? path : path + LockExtension;
            if (!File.Exists(lockPath))
            {
                TryDelete(path);
                continue;
            }

            using var free = TryLock(lockPath);
            if (free is null) continue;
            TryDelete(lockPath[..^LockExtension.Length]);
            TryDelete(lockPath);
        }
    }

    /// <summary>Null while another holds it.</summary>
    private static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
            else File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What is left costs space, not correctness; the next start tries again.
        }
    }
}
