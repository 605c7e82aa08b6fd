namespace Federation.Planner;

/// <summary>Which columns expressions and plans name.</summary>
public static class PlanColumns
{
    /// <summary>Columns named by an expression, those of outer queries inside its subqueries among them.</summary>
    public static HashSet<int> Of(Expr expression)
    {
        var found = new HashSet<int>();
        Collect(expression, found);
        return found;
    }

    public static HashSet<int> Of(IEnumerable<Expr> expressions)
    {
        var found = new HashSet<int>();
        foreach (var expression in expressions) Collect(expression, found);
        return found;
    }

    /// <summary>Columns that a plan names but does not make: those of outer queries and of lateral left sides.</summary>
    public static HashSet<int> FreeOf(LogicalPlan plan)
    {
        var named = new HashSet<int>();
        var made = new HashSet<int>();
        Walk(plan, named, made);
        named.ExceptWith(made);
        return named;
    }

    /// <summary>The highest number of a column that the plan makes; 0 without any.</summary>
    public static int HighestOf(LogicalPlan plan) =>
        PlanRewriter.Nodes(plan).SelectMany(node => node.Columns).Select(column => column.Id).DefaultIfEmpty(0).Max();

    private static void Walk(LogicalPlan plan, HashSet<int> named, HashSet<int> made)
    {
        // What a source filters by is its own, also when nobody reads that column and the scan does not give it.
        if (plan is not Scan) foreach (var expression in PlanRewriter.ExpressionsOf(plan)) Collect(expression, named);
        foreach (var column in plan.Columns) made.Add(column.Id);
        foreach (var input in plan.Inputs) Walk(input, named, made);
    }

    private static void Collect(Expr expression, HashSet<int> found)
    {
        if (expression is ColumnRef reference) found.Add(reference.Column.Id);
        if (expression is Subquery subquery)
        {
            found.UnionWith(FreeOf(subquery.Plan));

            // The right sides of comparisons name the subquery's own columns.
            var own = subquery.Plan.Columns.Select(column => column.Id).ToHashSet();
            foreach (var comparison in subquery.Comparisons)
                foreach (var id in Of(comparison).Where(id => !own.Contains(id))) found.Add(id);
        }

        foreach (var operand in expression.Operands) Collect(operand, found);
    }
}
