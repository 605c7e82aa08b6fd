namespace Federation.Planner;

/// <summary>
/// Invariants that hold for every plan after binding and after each rule; a violation is a defect and names the step that made it.
/// </summary>
public static class PlanChecker
{
    public static void Check(LogicalPlan plan, string step) => Check(plan, [], [], step);

    private static void Check(LogicalPlan plan, HashSet<int> outer, HashSet<CteId> ctes, string step)
    {
        if (plan is With with)
        {
            ctes = [.. ctes];
            foreach (var definition in with.Definitions)
            {
                if (definition.IsRecursive) ctes.Add(definition.Id);
                Check(definition.Plan, outer, ctes, step);
                ctes.Add(definition.Id);
            }

            Check(with.Input, outer, ctes, step);
            return;
        }

        if (plan is CteScan scan && !ctes.Contains(scan.Cte)) throw Broken($"{scan.Cte.Name} is scanned but not defined");
        var visible = new HashSet<int>(outer);
        foreach (var input in plan.Inputs) visible.UnionWith(input.Columns.Select(column => column.Id));
        if (plan is ProjectSet) visible.UnionWith(plan.Columns.Select(column => column.Id));

        // What a source filters by need not be among the columns it gives.
        if (plan is Scan) return;
        foreach (var expression in PlanRewriter.ExpressionsOf(plan)) CheckExpression(expression);
        for (var i = 0; i < plan.Inputs.Count; i++)
        {
            var around = outer;
            if (plan is Join { IsLateral: true } join && i == 1) around = [.. outer, .. join.Left.Columns.Select(column => column.Id)];
            Check(plan.Inputs[i], around, ctes, step);
        }

        void CheckExpression(Expr expression)
        {
            if (expression is ColumnRef reference && !visible.Contains(reference.Column.Id))
                throw Broken(
                    $"{plan.GetType().Name} names column {reference.Column.Name}#{reference.Column.Id}, which its input does not have");
            if (expression is AggregateCall && plan is not (Aggregate or Window))
                throw Broken($"an aggregate stands in {plan.GetType().Name}");
            if (expression is SetCall && plan is not (ProjectSet or FunctionScan))
                throw Broken($"a set-returning call stands in {plan.GetType().Name}");
            if (expression is Subquery subquery) Check(subquery.Plan, visible, ctes, step);
            foreach (var operand in expression.Operands) CheckExpression(operand);
        }

        InvalidOperationException Broken(string what) => new($"plan invariant broken after {step}: {what}");
    }
}
