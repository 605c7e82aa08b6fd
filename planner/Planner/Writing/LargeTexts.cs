namespace Federation.Planner.Writing;

/// <summary>
/// Whether a statement makes texts of any length out of little: by functions that repeat or gather, by large parameters, by recursion. In
/// all others a text is at most a few values of a table in a row.
/// </summary>
internal static class LargeTexts
{
    private static readonly HashSet<string> s_makers = new(StringComparer.Ordinal)
    {
        "array_agg", "array_fill", "array_to_string", "convert_from", "decode", "encode", "format", "json_agg", "jsonb_agg", "lpad",
        "overlay", "regexp_replace", "repeat", "replace", "rpad", "string_agg",
        "to_char",
    };

    public static bool AreMadeBy(LogicalPlan plan) =>
        PlanRewriter.Nodes(plan).Any(node => (node is With with && with.Definitions.Any(definition => definition.IsRecursive))
        || PlanRewriter.ExpressionsOf(node).Any(expression => PlanRewriter.Contains(expression, IsMaker)));

    private static bool IsMaker(Expr expression) => expression switch
    {
        Parameter { Value: not null } => true,
        Call call => s_makers.Contains(call.Function.Name),
        AggregateCall aggregate => s_makers.Contains(aggregate.Function.Name),
        WindowCall { Function: var aggregate } => s_makers.Contains(aggregate.Function.Name),
        _ => false,
    };
}
