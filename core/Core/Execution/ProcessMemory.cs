using System.Globalization;
using Federation.Core.Errors;

namespace Federation.Core.Execution;

/// <summary>
/// What this process holds in memory, and the most that statements may make it hold. Who is about to take much asks before the work: a
/// thread that computes one value, or many in a row, cannot be stopped from outside. Thread-safe.
/// </summary>
public static class ProcessMemory
{
    /// <summary>A value is in the function's hands, in the kernel's vector, and there again as a constant.</summary>
    private const int Copies = 3;

    private const long PageBytes = 4096;

    private static long s_most = long.MaxValue;

    /// <summary>The most, in bytes. Of several runners in a process the last one counts.</summary>
    public static void Allow(long most) => Interlocked.Exchange(ref s_most, most);

    /// <summary>Bytes of memory that the process holds; 0 where the system does not tell.</summary>
    public static long Resident()
    {
        if (!OperatingSystem.IsLinux()) return 0;
        var fields = File.ReadAllText("/proc/self/statm").Split(' ');
        return long.Parse(fields[1], CultureInfo.InvariantCulture) * PageBytes;
    }

    /// <summary>The thread is about to make a value of this many bytes.</summary>
    /// <exception cref="SqlException">53200: the process would hold more than it may, and garbage is not the reason.</exception>
    public static void Demand(long bytes)
    {
        if (HasRoom(bytes)) return;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        if (HasRoom(bytes)) return;
        throw new SqlException(SqlState.OutOfMemory, "out of memory")
        {
            Detail =
                $"A value of {bytes.ToString(CultureInfo.InvariantCulture)} bytes would take the process beyond the memory that it was "
                    + "given.",
        };
    }

    private static bool HasRoom(long bytes) => Resident() + (bytes * Copies) <= Interlocked.Read(ref s_most);
}
