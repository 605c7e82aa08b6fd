namespace Federation.DuckDb;

/// <summary>Counts native kernel objects and pinned callback states that are alive; tests assert that it returns to where it was.</summary>
public static class KernelObjects
{
    private static long s_live;

    public static long Live => Interlocked.Read(ref s_live);

    internal static void Add() => Interlocked.Increment(ref s_live);

    internal static void Remove() => Interlocked.Decrement(ref s_live);
}
