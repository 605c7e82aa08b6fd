using System.Globalization;
using Federation.Core.Errors;

namespace Federation.Core.Execution;

/// <summary>
/// What functions over large values take while they compute one: the kernel's memory limit does not know of it. All threads share a fixed
/// amount; a value that would pass it is refused with 53200 before the work. Small values are not counted: a thread has one of them at a
/// time.
/// </summary>
public static class ValueMemory
{
    /// <summary>All large values together.</summary>
    public const long MostBytes = 640L << 20;

    /// <summary>Less is not counted.</summary>
    private const long SmallBytes = 1 << 20;

    /// <summary>From here on what the process holds is looked at.</summary>
    private const long LargeBytes = 16L << 20;

    private static long s_held;

    /// <summary>What this thread has handed to the kernel since the process was last looked at.</summary>
    [ThreadStatic]
    private static long t_given;

    [ThreadStatic]
    private static long t_held;

    /// <summary>The thread holds memory for a value that it is computing.</summary>
    public static bool IsHeld => t_held > 0;

    /// <summary>The thread is about to take this much, until <see cref="Release"/>.</summary>
    public static void Reserve(long bytes)
    {
        if (bytes < SmallBytes) return;
        if (bytes >= LargeBytes) ProcessMemory.Demand(bytes);
        if (Interlocked.Add(ref s_held, bytes) > MostBytes)
        {
            Interlocked.Add(ref s_held, -bytes);
            throw new SqlException(SqlState.OutOfMemory, "out of memory")
            {
                Detail = $"A function needs {bytes.ToString(CultureInfo.InvariantCulture)} bytes for one value.",
            };
        }

        t_held += bytes;
    }

    /// <summary>The thread is about to hand the kernel a value, which keeps it until it has done with the rows of the call.</summary>
    public static void Give(long bytes)
    {
        t_given += bytes;
        if (t_given < LargeBytes) return;
        t_given = 0;
        ProcessMemory.Demand(bytes);
    }

    /// <summary>The value is computed; nothing that was reserved for it is used any more.</summary>
    public static void Release()
    {
        var held = t_held;
        if (held == 0) return;
        t_held = 0;
        Interlocked.Add(ref s_held, -held);
        LargeGarbage.Add(held);
    }
}
