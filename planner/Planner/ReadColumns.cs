using Federation.Plan;

namespace Federation.Planner;

/// <summary>
/// Which columns of which tables a bound query names, for the rights that it needs. A column counts wherever it is named, also where its
/// value makes no difference.
/// </summary>
public static class ReadColumns
{
    /// <summary>
    /// The columns by table; none for a table of which only the rows count. Of a plan as it was bound: rules drop columns.
    /// </summary>
    public static IReadOnlyDictionary<TableSource, IReadOnlySet<string>> Of(LogicalPlan plan)
    {
        var named = plan.Columns.Select(column => column.Id).ToHashSet();
        var scans = new List<Scan>();
        foreach (var node in PlanRewriter.Nodes(plan))
        {
            if (node is Scan scan) scans.Add(scan);
            foreach (var column in PassedOn(node)) named.Add(column.Id);
            foreach (var expression in NamedBy(node)) Collect(expression, named);
        }

        return scans.GroupBy(scan => scan.Source).ToDictionary(
            group => group.Key,
            IReadOnlySet<string> (group) => group.SelectMany(scan => scan.Outputs).Where(output => named.Contains(output.Column.Id))
                .Select(output => output.SourceName).ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>A column that is passed on under its own identity was added by binding, and is named nowhere.</summary>
    private static IEnumerable<Expr> NamedBy(LogicalPlan node) => node is Project project
        ? project.Assignments.Where(assignment => !assignment.IsPassThrough).Select(assignment => assignment.Expression)
        : PlanRewriter.ExpressionsOf(node);

    /// <summary>Columns that a node needs of its inputs without naming them.</summary>
    private static IEnumerable<Column> PassedOn(LogicalPlan node) => node switch
    {
        SetOperation operation => operation.Left.Columns.Concat(operation.Right.Columns),
        Distinct distinct => distinct.Input.Columns,
        CteScan scan => scan.Sources,
        _ => [],
    };

    private static void Collect(Expr expression, HashSet<int> named)
    {
        if (expression is ColumnRef reference) named.Add(reference.Column.Id);
        if (expression is Subquery subquery)
        {
            foreach (var column in subquery.Plan.Columns) named.Add(column.Id);
            foreach (var comparison in subquery.Comparisons) Collect(comparison, named);
        }

        foreach (var operand in expression.Operands) Collect(operand, named);
    }
}
