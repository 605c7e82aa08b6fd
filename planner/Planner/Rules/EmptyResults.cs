namespace Federation.Planner.Rules;

/// <summary>
/// Parts of a plan that cannot give a row become empty VALUES, so that no source is read: tools ask for a query's columns with WHERE 1 = 0
/// or LIMIT 0.
/// <para>
/// Not below an aggregate without keys, which has a row all the same, and not where an outer join keeps the other side's rows (<c>a LEFT
/// JOIN b ON false</c> is all of a).
/// </para>
/// </summary>
public sealed class EmptyResults : IRule
{
    public string Name => "empty results";

    public LogicalPlan Apply(LogicalPlan plan, RuleContext context) =>
        PlanRewriter.Rewrite(plan, node => IsEmpty(node) ? new Values([], node.Columns) : node);

    private static bool IsEmpty(LogicalPlan plan) => plan switch
    {
        Filter { Predicate: Constant { Value: not true } } => true,
        Limit { Count: Constant { Value: 0L } } => true,
        Filter or Project or ProjectSet or Sort or Limit or Distinct or DistinctOn or Window => IsNothing(plan.Inputs[0]),
        Aggregate { Keys.Count: > 0, Sets.Count: 0 } aggregate => IsNothing(aggregate.Input),
        Join { Type: JoinType.Inner or JoinType.Semi } join =>
            IsNothing(join.Left) || IsNothing(join.Right) || join.Condition is Constant { Value: not true },
        Join { Type: JoinType.Left or JoinType.Anti } join => IsNothing(join.Left),
        Join { Type: JoinType.Right } join => IsNothing(join.Right),
        SetOperation operation => IsNothing(operation.Left) && (operation.Type != SetOperationType.Union || IsNothing(operation.Right)),
        _ => false,
    };

    private static bool IsNothing(LogicalPlan plan) => plan is Values { Rows.Count: 0 };
}
