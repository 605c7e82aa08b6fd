namespace Federation.Planner.Rules;

/// <summary>What rules may ask about the tables of a plan.</summary>
public sealed record RuleContext(IReadOnlyDictionary<TableSource, Binding.ResolvedTable> Tables)
{
    /// <summary>Sources may take more of a plan than one table's columns, filters and limit.</summary>
    public bool PushesSubtrees { get; init; } = true;
}

/// <summary>A rewrite of a whole plan that keeps its rows and columns. Stateless.</summary>
public interface IRule
{
    string Name { get; }

    /// <summary>The rewritten plan; the same object when nothing applied.</summary>
    LogicalPlan Apply(LogicalPlan plan, RuleContext context);
}
