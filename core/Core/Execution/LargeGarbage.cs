namespace Federation.Core.Execution;

/// <summary>
/// Large objects that are garbage, or soon will be: the collector neither hurries nor gives memory back of itself. Thread-safe.
/// </summary>
public static class LargeGarbage
{
    /// <summary>So much is left to lie.</summary>
    private const long CollectedBytes = 128L << 20;

    private static long s_bytes;

    /// <summary>Counts what was let go of since the last collection, and collects when it has become much.</summary>
    public static void Add(long bytes)
    {
        if (Interlocked.Add(ref s_bytes, bytes) < CollectedBytes) return;
        Interlocked.Exchange(ref s_bytes, 0);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
