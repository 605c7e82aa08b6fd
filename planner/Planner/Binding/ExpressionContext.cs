namespace Federation.Planner.Binding;

/// <summary>The clause an expression stands in: what it may contain, and its name in errors.</summary>
internal sealed record ExpressionContext(string Name)
{
    public bool AllowsAggregates { get; init; }

    public bool AllowsWindows { get; init; }

    public bool AllowsSets { get; init; }

    public bool AllowsGrouping { get; init; }

    /// <summary>Why an aggregate may not stand here, when it is not because of the clause.</summary>
    public string? AggregateError { get; init; }

    public string? WindowError { get; init; }

    public static readonly ExpressionContext SelectList = new("SELECT")
    {
        AllowsAggregates = true, AllowsWindows = true, AllowsSets = true, AllowsGrouping = true,
    };

    public static readonly ExpressionContext OrderBy = SelectList with { Name = "ORDER BY" };
    public static readonly ExpressionContext DistinctOn = SelectList with { Name = "DISTINCT ON" };
    public static readonly ExpressionContext Having = new("HAVING") { AllowsAggregates = true, AllowsGrouping = true };
    public static readonly ExpressionContext Where = new("WHERE");
    public static readonly ExpressionContext Update = new("UPDATE");
    public static readonly ExpressionContext MergeWhen = new("MERGE WHEN conditions");
    public static readonly ExpressionContext JoinCondition = new("JOIN conditions");
    public static readonly ExpressionContext GroupBy = new("GROUP BY") { AllowsSets = true };
    public static readonly ExpressionContext Limit = new("LIMIT");
    public static readonly ExpressionContext Offset = new("OFFSET");
    public static readonly ExpressionContext Values = new("VALUES");
    public static readonly ExpressionContext FromQuery = new("FROM clause of their own query level");
    public static readonly ExpressionContext FromFunction = new("functions in FROM") { AllowsSets = true };
}
