using Federation.ObjectStorage;

namespace Federation.Worker;

/// <summary>What the tasks of one worker may use together.</summary>
public sealed record WorkerOptions
{
    /// <summary>Kernel threads. Tasks add one each, which works on their own statement.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    public long MemoryLimitBytes { get; init; } = DefaultMemoryLimit();

    /// <summary>Folder for what does not fit the memory limit. Each kernel instance makes and removes a folder of its own in it.</summary>
    public required string SpillDirectory { get; init; }

    /// <summary>Spooled pages held in memory by all tasks together; more go to the spill folder.</summary>
    public long ExchangeMemoryBytes { get; init; } = 256L << 20;

    public long SpillLimitBytes { get; init; } = 64L << 30;

    /// <summary>Folders that the kernel may read from the start; the folders of a task's files are added when a task needs them.</summary>
    public IReadOnlyList<string> DataDirectories { get; init; } = [];

    /// <summary>Where files lie that are not on a local disk.</summary>
    public IObjectStore Store { get; init; } = LocalStore.Instance;

    /// <summary>Bytes of remote files that are kept in the spill folder when nobody reads them.</summary>
    public long CacheBytes { get; init; } = 10L << 30;

    /// <summary>Batches that a task makes before its reader asks for them.</summary>
    public int ReadAheadBatches { get; init; } = 8;

    /// <summary>Batches of a source that wait for the kernel, for each input.</summary>
    public int InputQueueBatches { get; init; } = 8;

    // Half of what the process may use: the kernel exceeds its limit by its allocator's caches, and pages and results live outside of it.
    private static long DefaultMemoryLimit() => Math.Max(256L << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2);
}
