namespace Federation.Planner.Rules;

/// <summary>
/// Takes subqueries out of the conditions of outer joins, where the kernel cannot run them. One that names columns of one side becomes a
/// column of that side, which the condition reads; one that names both makes the other side a lateral one, filtered by the condition for
/// each row whose partner it is.
/// <para>
/// The condition may not simply become a filter of the side that keeps its rows (<c>a LEFT JOIN b ON a.x IN (…)</c> keeps every row of a).
/// FULL JOIN with a subquery of both sides stays as it is, and is refused by the kernel.
/// </para>
/// </summary>
public sealed class OuterJoinSubqueries : IRule
{
    public string Name => "outer join subqueries";

    public LogicalPlan Apply(LogicalPlan plan, RuleContext context)
    {
        var last = PlanColumns.HighestOf(plan);
        return InPlan(plan);

        LogicalPlan InPlan(LogicalPlan part) => PlanRewriter.Rewrite(part, node =>
        {
            if (PlanRewriter.ExpressionsOf(node).Any(PlanRewriter.HasSubquery)) node = PlanRewriter.MapOwnExpressions(node, InExpression);
            return node is Join { Type: JoinType.Left or JoinType.Right or JoinType.Full } join && PlanRewriter.HasSubquery(join.Condition)
                ? Without(join, ref last)
                : node;
        });

        Expr InExpression(Expr expression) => PlanRewriter.Rewrite(expression, item => item, InPlan);
    }

    private static LogicalPlan Without(Join join, ref int last)
    {
        var left = new List<Assignment>();
        var right = new List<Assignment>();
        var ofLeft = join.Left.Columns.Select(column => column.Id).ToHashSet();
        var ofRight = join.Right.Columns.Select(column => column.Id).ToHashSet();
        foreach (var subquery in PlanRewriter.Subqueries(join.Condition).Distinct())
        {
            var named = PlanColumns.Of(subquery);
            var namesRight = named.Overlaps(ofRight);
            if (namesRight && named.Overlaps(ofLeft)) return Lateral(join);
            (namesRight ? right : left).Add(new Assignment(new Column(++last, "subquery", subquery.Type), subquery));
        }

        var columns = left.Concat(right).ToDictionary(item => item.Expression, item => item.Column);
        var condition =
            PlanRewriter.Rewrite(join.Condition, item => columns.TryGetValue(item, out var column) ? new ColumnRef(column) : item);
        return Only(join with { Left = WithColumns(join.Left, left), Right = WithColumns(join.Right, right), Condition = condition },
            join.Columns);
    }

    private static LogicalPlan Lateral(Join join) => join.Type switch
    {
        JoinType.Left =>
            join with { Right = new Filter(join.Right, join.Condition), Condition = new Constant(true, SqlType.Bool), IsLateral = true },
        JoinType.Right =>
            Only(new Join(JoinType.Left, join.Right, new Filter(join.Left, join.Condition), new Constant(true, SqlType.Bool),
                IsLateral: true), join.Columns),
        _ => join,
    };

    private static LogicalPlan WithColumns(LogicalPlan side, List<Assignment> added) =>
        added.Count == 0 ? side : new Project(side, side.Columns.Select(PassedOn).Concat(added).ToEquatableArray());

    private static Project Only(LogicalPlan plan, EquatableArray<Column> columns) => new(plan, columns.Select(PassedOn).ToEquatableArray());

    private static Assignment PassedOn(Column column) => new(column, new ColumnRef(column));
}
