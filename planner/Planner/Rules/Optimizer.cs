namespace Federation.Planner.Rules;

/// <summary>The rules in the order in which they run.</summary>
public static class Optimizer
{
    public static readonly IReadOnlyList<IRule> Rules =
    [
        // First: what it makes of subqueries can be folded and moved like any expression.
        new InlineSubqueries(),
        new FoldConstants(),

        // After folding: what a constant condition decides against raises nothing.
        new ConstantErrors(),

        // After folding, which finds conditions that are always false.
        new EmptyResults(),

        // After folding, so that dates computed from constants reach the sources as constants.
        new PushFilters(),

        // After filters have moved: what one side alone can answer is asked there.
        new OuterJoinSubqueries(),

        // Before columns are pruned: it passes all of an input's columns on.
        new ComputeArgumentsOnce(),

        // After filters have moved: a filter's columns are needed only where it stands now.
        new PruneColumns(),
        new CountFromMetadata(),
        new PushLimits(),

        // What one source does alone is one scan from here on.
        new PushSubtrees(),

        // After it: a source that sorts and cuts off computes what it gives.
        new ComputeLate(),
    ];

    public static LogicalPlan Optimize(LogicalPlan plan, RuleContext context)
    {
        foreach (var rule in Rules)
        {
            plan = rule.Apply(plan, context);
            PlanChecker.Check(plan, rule.Name);
        }

        return plan;
    }
}
