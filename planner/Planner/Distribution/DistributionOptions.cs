namespace Federation.Planner.Distribution;

/// <summary>How far a plan is spread over workers. Row counts are estimates.</summary>
/// <param name="Workers">Workers that may run tasks; a plan for fewer than two is never cut.</param>
public sealed record DistributionOptions(int Workers)
{
    public static readonly DistributionOptions SingleTask = new(1);

    /// <summary>
    /// A query whose scans have fewer rows in all runs as one task: an exchange costs milliseconds, the scan would take less.
    /// </summary>
    public long MinRows { get; init; } = 500_000;

    /// <summary>
    /// A scan that takes no longer than that of so many rows of a file is not spread over tasks: two row groups, the least that two tasks
    /// can share. Nor are so few rows worth a semi-join reduction.
    /// </summary>
    public long SplitRows { get; init; } = 240_000;

    /// <summary>
    /// What it takes to start a stage and to wait for its last task, as rows of a file that a task scans in that time: some milliseconds.
    /// </summary>
    public long StageRows { get; init; } = 300_000;

    /// <summary>What it takes to move a row to one task, as rows of a file that are scanned in that time.</summary>
    public double MoveRows { get; init; } = 2;

    /// <summary>Every scan of a large table is spread, whether it pays or not; small tables stay in one task.</summary>
    public static DistributionOptions Large(int workers) => new(workers) { MinRows = 0, StageRows = 0, MoveRows = 0 };

    /// <summary>Everything that can be spread is spread, however few its rows are.</summary>
    public static DistributionOptions Always(int workers) => Large(workers) with { SplitRows = 0 };
}
