namespace Federation.DuckDb;

/// <summary>What one kernel instance may use. Limits hold for the whole instance, not for one statement.</summary>
public sealed record KernelOptions
{
    public int Threads { get; init; } = Environment.ProcessorCount;

    public long MemoryLimitBytes { get; init; } = 1L << 30;

    /// <summary>Where statements that exceed the memory limit spill. Private to this instance: the kernel may read it.</summary>
    public required string SpillDirectory { get; init; }

    public long SpillLimitBytes { get; init; } = 64L << 30;

    /// <summary>Folders that the kernel may read files of; nothing else can be opened.</summary>
    public IReadOnlyCollection<string> AllowedDirectories { get; init; } = [];

    /// <summary>Optimiser passes to turn off, comma separated. The kernel has this option for whole instances only.</summary>
    public string DisabledOptimizers { get; init; } = "";

    /// <summary>Whether passes that answer wrongly run too; for the tests that watch them.</summary>
    public bool EnablesAllPasses { get; init; }

    /// <summary>Functions registered in the instance beside the kernel's own.</summary>
    public IReadOnlyCollection<ScalarFunction> ScalarFunctions { get; init; } = [];

    public IReadOnlyCollection<AggregateFunction> AggregateFunctions { get; init; } = [];
}
