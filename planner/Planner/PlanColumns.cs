using System.Runtime.CompilerServices;

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

    /// <summary>
    /// Of plans that others hold at many levels: subqueries and WITH clauses. Each level of a statement asks for all below it, so that
    /// what was found is kept as long as the plan.
    /// </summary>
    private static readonly ConditionalWeakTable<LogicalPlan, Found> s_found = [];

    /// <param name="Free">What the plan names and does not make.</param>
    /// <param name="Made">The columns of all its nodes.</param>
    private sealed record Found(HashSet<int> Free, HashSet<int> Made);

    /// <summary>Columns that a plan names but does not make: those of outer queries and of lateral left sides. The set is shared.</summary>
    public static IReadOnlySet<int> FreeOf(LogicalPlan plan) => Find(plan).Free;

    private static Found Find(LogicalPlan plan) => s_found.GetValue(plan, static plan =>
    {
        var named = new HashSet<int>();
        var made = new HashSet<int>();
        Walk(plan, named, made);
        named.ExceptWith(made);
        return new Found(named, made);
    });

    /// <summary>The highest number of a column that the plan makes; 0 without any.</summary>
    public static int HighestOf(LogicalPlan plan) =>
        PlanRewriter.Nodes(plan).SelectMany(node => node.Columns).Select(column => column.Id).DefaultIfEmpty(0).Max();

    private static void Walk(LogicalPlan plan, HashSet<int> named, HashSet<int> made)
    {
        // What a source filters by is its own, also when nobody reads that column and the scan does not give it.
        if (plan is not Scan) foreach (var expression in PlanRewriter.ExpressionsOf(plan)) Collect(expression, named);
        foreach (var column in plan.Columns) made.Add(column.Id);
        foreach (var input in plan.Inputs)
        {
            if (input is not With)
            {
                Walk(input, named, made);
                continue;
            }

            var found = Find(input);
            named.UnionWith(found.Free);
            made.UnionWith(found.Made);
        }
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
