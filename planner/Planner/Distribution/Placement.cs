namespace Federation.Planner.Distribution;

internal enum PlacementKind
{
    /// <summary>Cheap and the same wherever it is computed; any task may have a copy.</summary>
    Replicated,

    /// <summary>One task computes all rows.</summary>
    Single,

    /// <summary>Every task computes some of the rows.</summary>
    Spread,
}

/// <summary>A part of a plan and the tasks that have its rows.</summary>
/// <param name="Keys">
/// Column lists by whose hash the rows of a spread part are placed, each in the order of hashing: rows that agree in all columns of any one
/// list lie in one task. </param>
internal sealed record Placed(LogicalPlan Plan, PlacementKind Kind, EquatableArray<EquatableArray<int>> Keys = default)
{
    public bool IsSpread => Kind == PlacementKind.Spread;

    /// <summary>Another node over the same tasks.</summary>
    public Placed With(LogicalPlan plan) => this with { Plan = plan };

    /// <summary>Rows that agree in these columns lie in one task.</summary>
    public bool IsGroupedBy(IReadOnlySet<int> columns) => !IsSpread || Keys.Any(key => key.All(columns.Contains));
}
