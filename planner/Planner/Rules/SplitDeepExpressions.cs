namespace Federation.Planner.Rules;

/// <summary>
/// Expressions that nest deeply are computed in steps: what is <see cref="StepHeight"/> calls high becomes a column of a projection below,
/// until the rest is low. The kernel walks an expression again for every level and every rewrite, so that the time it takes grows with a
/// power of the depth; projections it plans one by one.
/// <para>
/// Only operands that are computed whatever the values are may move: what stands in a branch of CASE, or behind the first argument of
/// COALESCE, AND and OR, might raise an error that nobody may see.
/// </para>
/// </summary>
public sealed class SplitDeepExpressions : IRule
{
    /// <summary>Expressions that are not higher stay as they are.</summary>
    private const int MostHeight = 40;

    private const int StepHeight = 16;

    public string Name => "split deep expressions";

    public LogicalPlan Apply(LogicalPlan plan, RuleContext context)
    {
        var highest = -1;
        return Rewrite(plan);

        LogicalPlan Rewrite(LogicalPlan tree) => PlanRewriter.Rewrite(tree, node =>
        {
            var split = PlanRewriter.MapOwnExpressions(node,
                expression => PlanRewriter.HasSubquery(expression) ? PlanRewriter.Rewrite(expression, item => item, Rewrite) : expression);
            if (!CanSplit(split) || !PlanRewriter.ExpressionsOf(split).Any(IsDeep)) return split;
            if (highest < 0) highest = PlanColumns.HighestOf(plan);
            return Split(split, ref highest);
        });
    }

    /// <summary>Nodes that compute their expressions once for each row of their one input.</summary>
    private static bool CanSplit(LogicalPlan node) => node is Project or Filter or Aggregate or ProjectSet or Sort;

    private static bool IsDeep(Expr expression) => new Heights().Of(expression) > MostHeight;

    private static LogicalPlan Split(LogicalPlan node, ref int highest)
    {
        var input = node.Inputs[0];
        var mapped = node;
        // The others pass the columns of their input on: what is added is dropped above.
        var isComputing = node is Project or Aggregate;
        while (true)
        {
            var computed = new List<Assignment>();
            var last = highest;
            var heights = new Heights();
            var next = PlanRewriter.MapOwnExpressions(mapped,
                expression => heights.Of(expression) > MostHeight ? Step(expression, heights, computed, ref last) : expression);
            highest = last;
            if (computed.Count == 0) break;
            var needed = PlanRewriter.ExpressionsOf(next).SelectMany(PlanColumns.Of).ToHashSet();
            if (!isComputing) needed.UnionWith(node.Columns.Select(column => column.Id));
            input = new Project(input,
                input.Columns.Where(column => needed.Contains(column.Id)).Select(Passed).Concat(computed).ToEquatableArray());
            mapped = next;
        }

        mapped = mapped.WithInputs([input]);

        return isComputing ? mapped : new Project(mapped, node.Columns.Select(Passed).ToEquatableArray());
    }

    private static Assignment Passed(Column column) => new(column, new ColumnRef(column));

    /// <summary>The expression with each part that is a step high replaced by a column.</summary>
    private static Expr Step(Expr expression, Heights heights, List<Assignment> computed, ref int last)
    {
        var height = heights.Of(expression);
        if (height < StepHeight) return expression;
        if (height == StepHeight)
        {
            var column = new Column(++last, "step", expression.Type);
            computed.Add(new Assignment(column, expression));
            return new ColumnRef(column);
        }

        var operands = expression.Operands;
        var always = Heights.AlwaysComputed(expression);
        for (var i = 0; i < always; i++)
        {
            var operand = Step(operands[i], heights, computed, ref last);
            if (!ReferenceEquals(operand, operands[i])) operands = operands.With(i, operand);
        }

        return expression.WithOperands(operands);
    }

    /// <summary>How deep the operands nest that may move; 1 for an expression without any.</summary>
    private sealed class Heights
    {
        private readonly Dictionary<Expr, int> _heights = new(ReferenceEqualityComparer.Instance);

        /// <summary>How many of the operands, from the first, are computed whenever the expression is.</summary>
        public static int AlwaysComputed(Expr expression) => expression switch
        {
            Case or Subquery or Grouping or WindowCall => 0,
            AggregateCall { Filter: not null } => 0,
            And or Or or Coalesce or Let or InList or Quantified => 1,
            _ => expression.Operands.Count,
        };

        public int Of(Expr expression)
        {
            Core.Execution.StatementGuard.EnterLevel();
            if (_heights.TryGetValue(expression, out var known)) return known;
            var most = 0;
            var operands = expression.Operands;
            for (var i = 0; i < AlwaysComputed(expression); i++) most = Math.Max(most, Of(operands[i]));
            return _heights[expression] = most + 1;
        }
    }
}
