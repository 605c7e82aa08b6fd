namespace Federation.Planner.Distribution;

/// <summary>How far a plan is spread over workers. Row counts are estimates.</summary>
/// <param name="Workers">Workers that may run tasks; a plan for fewer than two is never cut.</param>
public sealed record DistributionOptions(int Workers)
{
    public static readonly DistributionOptions SingleTask = new(1);

    /// <summary>A query whose scans have fewer rows in all runs as one task: an exchange costs milliseconds, the scan would take less.</summary>
    public long MinRows { get; init; } = 500_000;

    /// <summary>A scan of fewer rows is not spread over tasks.</summary>
    public long SplitRows { get; init; } = 50_000;
}
