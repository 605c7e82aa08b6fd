namespace Federation.Planner.Rules;

/// <summary>count(*) of a whole table whose metadata counts its rows exactly opens no file.</summary>
public sealed class CountFromMetadata : IRule
{
    public string Name => "count from metadata";

    public LogicalPlan Apply(LogicalPlan plan, RuleContext context) => PlanRewriter.Rewrite(plan, node => node switch
    {
        Aggregate { Keys.Count: 0, Sets.Count: 0,
            Input: Scan { Source: { IsRowCountExact: true, EstimatedRows: >= 0 } source, Filters.Count: 0, Hints.Count: 0 },
            Aggregates: { Count: > 0 } calls }
            when calls.All(IsPlainCount)
            => new Values([calls.Select(_ => (Expr)new Constant(source.EstimatedRows, SqlType.Int8)).ToEquatableArray()],
                calls.Select(call => call.Column).ToEquatableArray()),
        _ => node,
    });

    private static bool IsPlainCount(Assignment assignment) =>
        assignment.Expression is AggregateCall { IsStar: true, Function.Name: "count", Filter: null, IsDistinct: false };
}
