using Federation.Connectors.Spi;

namespace Federation.Planner.Rules;

/// <summary>
/// Tells a source how many rows are needed at most. Only where every row that the source gives counts: below a filter that the source did
/// not take exactly, rows may still be dropped.
/// </summary>
public sealed class PushLimits : IRule
{
    public string Name => "push limits";

    public LogicalPlan Apply(LogicalPlan plan, RuleContext context) => PlanRewriter.Rewrite(plan, node =>
    {
        if (node is not Limit { WithTies: false, Count: Constant { Value: long count and >= 0 } } limit) return node;
        var offset = limit.Offset switch { null => 0, Constant { Value: long skipped and >= 0 } => skipped, _ => (long?)null };
        return offset is { } rows && count <= long.MaxValue - rows ? limit.WithInputs([Offer(limit.Input, count + rows, context)]) : node;
    });

    private static LogicalPlan Offer(LogicalPlan plan, long rows, RuleContext context)
    {
        switch (plan)
        {
            case Project project: return project.WithInputs([Offer(project.Input, rows, context)]);
            case SetOperation { Type: SetOperationType.Union, IsAll: true } union:
                return union.WithInputs([Offer(union.Left, rows, context), Offer(union.Right, rows, context)]);
            case Scan { Hints.Count: 0 } scan
                when context.Tables.GetValueOrDefault(scan.Source)?.Provider is ILimitPushdown pushdown
                    && pushdown.PushLimit(scan.Handle, rows) is { } handle:
                return scan with { Handle = handle, Limit = rows };
            default: return plan;
        }
    }
}
