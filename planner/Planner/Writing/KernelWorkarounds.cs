namespace Federation.Planner.Writing;

/// <summary>
/// Where a plan has shapes that passes of the kernel (1.5.6) answer wrongly, so that they are written in forms which those passes leave
/// alone. docs/kernel-workarounds.md has a statement for each.
/// </summary>
internal sealed class KernelWorkarounds
{
    private readonly bool _hasJoins;
    private readonly HashSet<int> _outer = [];

    private KernelWorkarounds(LogicalPlan plan)
    {
        foreach (var node in PlanRewriter.Nodes(plan))
        {
            _hasJoins |= node is Join;
            if (node is Join { IsLateral: true } lateral) _outer.UnionWith(PlanColumns.FreeOf(lateral.Right));
            foreach (var subquery in PlanRewriter.ExpressionsOf(node).SelectMany(PlanRewriter.Subqueries))
            {
                _hasJoins = true;
                _outer.UnionWith(PlanColumns.FreeOf(subquery.Plan));
            }
        }
    }

    public static KernelWorkarounds Of(LogicalPlan plan) => new(plan);

    /// <summary>
    /// Whether a filter that the kernel makes of a join's keys must not pass the node, which would choose its rows among those that are
    /// left. <c>join_filter_pushdown</c> takes such filters to the scans below; a materialised common table expression it does not enter.
    /// What names columns of an outer query the kernel turns into joins first, which have no limit.
    /// </summary>
    public bool KeepsFiltersAbove(LogicalPlan cut) => _hasJoins && PlanColumns.FreeOf(cut).Count == 0;

    /// <summary>The same for a definition of WITH, which the kernel may write out in its place.</summary>
    public bool IsCut(LogicalPlan definition) => definition switch
    {
        Limit or DistinctOn => KeepsFiltersAbove(definition),
        Project or Sort or Filter or Distinct => IsCut(definition.Inputs[0]),
        _ => false,
    };

    /// <summary>
    /// Whether the condition is an inequality with a column of an outer query. Where that is NULL, <c>deliminator</c> takes <c>&lt;&gt;</c>
    /// for IS DISTINCT FROM; the test of an inequality it does not know.
    /// </summary>
    public bool NamesOuterInequality(Expr condition) =>
        condition is Call { Operator: "<>" } or Not { Operand: Call { Operator: "=" } } && PlanColumns.Of(condition) is { Count: > 1 } named
            && named.Overlaps(_outer);
}
