namespace Federation.Planner.Binding;

/// <summary>
/// Columns and common table expressions are numbered as they are bound, so that a subquery written twice is bound to two expressions that
/// are not equal. Numbered by their order within the expression they are, as PostgreSQL's equal() finds them.
/// </summary>
internal static class SubqueryNumbers
{
    /// <summary>The expression with what its subqueries make numbered from -1 downwards. For comparing only.</summary>
    public static Expr Canonical(Expr expression)
    {
        if (!PlanRewriter.HasSubquery(expression)) return expression;
        var columns = new Dictionary<int, Column>();
        var commons = new Dictionary<CteId, CteId>();
        foreach (var node in PlanRewriter.Subqueries(expression).SelectMany(subquery => PlanRewriter.Nodes(subquery.Plan)))
        {
            foreach (var column in node.Columns) columns.TryAdd(column.Id, column with { Id = -columns.Count - 1 });
            if (node is With with)
                foreach (var definition in with.Definitions) commons.TryAdd(definition.Id, definition.Id with { Id = -commons.Count - 1 });
        }

        return InExpression(expression);

        Column OfColumn(Column column) => columns.GetValueOrDefault(column.Id, column);
        Expr InExpression(Expr item) => PlanRewriter.Rewrite(item, OfPart, InPlan);
        Expr OfPart(Expr part) => part switch
        {
            ColumnRef reference => reference with { Column = OfColumn(reference.Column) },
            Subquery { Comparisons.Count: > 0 } subquery =>
                subquery with
                {
                    Comparisons = subquery.Comparisons
                        .Select(call => call with { Arguments = call.Arguments.With(1, InExpression(call.Arguments[1])) })
                        .ToEquatableArray(),
                },
            _ => part,
        };

        LogicalPlan InPlan(LogicalPlan plan) =>
            PlanRewriter.Rewrite(plan,
                node => OfCommons(PlanRewriter.MapOwnColumns(PlanRewriter.MapOwnExpressions(node, InExpression), OfColumn)));
        LogicalPlan OfCommons(LogicalPlan node) => node switch
        {
            CteScan scan => scan with { Cte = commons.GetValueOrDefault(scan.Cte, scan.Cte) },
            With with =>
                with with
                {
                    Definitions = with.Definitions.Select(definition => definition with { Id = commons[definition.Id] })
                        .ToEquatableArray(),
                },
            _ => node,
        };
    }
}
