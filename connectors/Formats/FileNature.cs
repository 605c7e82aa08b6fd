using System.Runtime.InteropServices;
using Federation.Core.Errors;

namespace Federation.Connectors.Formats;

/// <summary>
/// What a path leads to, without opening it: opening a named pipe waits for ever for its other end, and a device may do anything.
/// </summary>
public static partial class FileNature
{
    private const int TypeMask = 0xf000;
    private const int RegularFile = 0x8000;

    /// <summary>
    /// The path when it leads to an ordinary file; 42809 when to something else. What is not there is found when it is opened.
    /// </summary>
    public static string DemandRegular(string path) => IsRegular(path)
        ? path
        : throw new SqlException(SqlState.WrongObjectType, $"\"{path}\" is not a regular file");

    private static bool IsRegular(string path)
    {
        if (OperatingSystem.IsWindows()) return true;
        return Stat(path, out var status) != 0 || (status.Mode & TypeMask) == RegularFile;
    }

    // The runtime's own call of stat, whose result has the same form on every system.
    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_Stat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Stat(string path, out FileStatus status);

    [StructLayout(LayoutKind.Sequential, Size = 256)]
    private struct FileStatus
    {
        public int Flags;
        public int Mode;
    }
}
