using Federation.Planner.Writing;

namespace Federation.Planner.Rules;

/// <summary>
/// Arguments of aggregates and grouping keys that the written SQL names several times become columns below, unless they are short and
/// always the same: an average is a sum divided by a count, which must see the same values, and the text of nested ones would grow with a
/// power of the depth.
/// <para>
/// The kernel computes arguments before it filters, so that one with FILTER is computed under its condition: <c>avg(1 / x) FILTER (WHERE x
/// &lt;&gt; 0)</c> must not divide by what is left out.
/// </para>
/// </summary>
public sealed class ComputeArgumentsOnce : IRule
{
    public string Name => "compute arguments once";

    public LogicalPlan Apply(LogicalPlan plan, RuleContext context)
    {
        var highest = PlanColumns.HighestOf(plan);
        return Rewrite(plan);

        LogicalPlan Rewrite(LogicalPlan tree) => PlanRewriter.Rewrite(tree, node =>
            Below(PlanRewriter.MapOwnExpressions(node, expression => PlanRewriter.Rewrite(expression, item => item, Rewrite)),
                ref highest));
    }

    private static LogicalPlan Below(LogicalPlan node, ref int highest)
    {
        if (node is not (Aggregate or Window)) return node;
        // Arguments are computed under their conditions, so these come one step before.
        var conditions = new List<Assignment>();
        var computed = new List<Assignment>();
        var keys = new Dictionary<Expr, Expr>();
        var last = highest;
        var mapped = node switch
        {
            Aggregate aggregate => aggregate with
            {
                Keys = aggregate.Keys.Select(key => key with { Expression = Key(key.Expression) }).ToEquatableArray(),
                Aggregates = aggregate.Aggregates.Select(item => item with { Expression = Arguments(item.Expression) }).ToEquatableArray(),
            },
            Window window =>
                window with
                {
                    Calls = window.Calls.Select(call => call with { Expression = Arguments(call.Expression) }) .ToEquatableArray(),
                },
            _ => node,
        };
        highest = last;
        if (conditions.Count + computed.Count == 0) return mapped;
        var input = With(With(node.Inputs[0], conditions), computed);

        // The columns of a Window are those of its input and its calls; what was added is dropped above.
        return mapped is Window
            ? new Project(mapped.WithInputs([input]), Passed(node.Columns).ToEquatableArray())
            : mapped.WithInputs([input]);

        Expr Arguments(Expr expression) => expression switch
        {
            WindowCall window => window with { Function = (AggregateCall)Arguments(window.Function) },
            AggregateCall { Filter: { } filter } call => Filtered(call, Computed(filter, conditions)),
            AggregateCall call when NamesRepeatedly(call) =>
                call.WithOperands(call.Operands.Select(operand => Computed(operand, computed)).ToEquatableArray()),
            Grouping grouping => new Grouping(grouping.Arguments.Select(key => keys.GetValueOrDefault(key, key)).ToEquatableArray()),
            _ => expression,
        };

        AggregateCall Filtered(AggregateCall call, Expr filter)
        {
            Expr UnderFilter(Expr value) =>
                value is ColumnRef or Constant
                    ? value
                    : Computed(new Case([new CaseWhen(filter, value)], new Constant(null, value.Type), value.Type), computed);
            return call with
            {
                Filter = filter,
                Arguments = call.Function.AggregateKind == 'n' ? call.Arguments.Select(UnderFilter).ToEquatableArray() : call.Arguments,
                OrderBy = call.OrderBy.Select(key => key with { Expression = UnderFilter(key.Expression) }).ToEquatableArray(),
            };
        }

        Expr Key(Expr expression)
        {
            if (!KernelExpressionWriter.HasKey(expression.Type)) return expression;
            keys[expression] = Computed(expression, computed);
            return keys[expression];
        }

        Expr Computed(Expr expression, List<Assignment> step)
        {
            if (Repetition.IsCheap(expression)) return expression;
            if (step.Find(item => item.Expression == expression && !PlanRewriter.IsVolatile(expression)) is { } known)
                return new ColumnRef(known.Column);
            var column = new Column(++last, "argument", expression.Type);
            step.Add(new Assignment(column, expression));
            return new ColumnRef(column);
        }
    }

    private static LogicalPlan With(LogicalPlan input, List<Assignment> added) =>
        added.Count == 0 ? input : new Project(input, Passed(input.Columns).Concat(added).ToEquatableArray());

    private static IEnumerable<Assignment> Passed(IEnumerable<Column> columns) =>
        columns.Select(column => new Assignment(column, new ColumnRef(column)));

    /// <summary>
    /// Whether the SQL of a call may name an argument more than once. Sums of numerics keep their arithmetic, which is written in narrow
    /// decimals.
    /// </summary>
    private static bool NamesRepeatedly(AggregateCall call) =>
        call.Function.Name is not ("count" or "array_agg" or "bool_and" or "bool_or" or "every" or "string_agg")
            && !(call.Function.Name == "sum" && call.Type.Category == 'N' && call.Type.Storage is not (Storage.Float32 or Storage.Float64));
}
