using Federation.Planner.Distribution;

namespace Federation.Planner.Rules;

/// <summary>
/// Below ORDER BY with LIMIT, what only shapes results is computed above the limit, on the rows that are left: <c>to_char</c>, casts to
/// text, rounding, and the division by which an average of integers follows from a sum and a count. Only expressions that raise no error
/// are moved: an error of a row that is cut off must be raised as PostgreSQL raises it.
/// </summary>
public sealed class ComputeLate : IRule
{
    /// <summary>Functions over values of any content that neither fail nor change from call to call.</summary>
    private static readonly HashSet<string> s_shaping =
        new(["to_char", "numeric_div", "round", "trunc", "ceil", "ceiling", "floor", "upper", "lower", "concat", "textcat", "initcap",
            "md5"], StringComparer.Ordinal);

    public string Name => "compute late";

    public LogicalPlan Apply(LogicalPlan plan, RuleContext context)
    {
        var last = PlanColumns.HighestOf(plan);
        return PlanRewriter.Rewrite(plan,
            node => node is Limit { Count: not null, WithTies: false, Input: Sort sort } limit ? Move(limit, sort, ref last) : node);
    }

    private static LogicalPlan Move(Limit limit, Sort sort, ref int last)
    {
        var project = sort.Input as Project ?? new Project(sort.Input, sort.Input.Columns.Select(Passed).ToEquatableArray());
        var (input, averages) = SplitAverages(project.Input, ref last);
        var sorted = sort.Keys.SelectMany(key => PlanColumns.Of(key.Expression)).ToHashSet();
        var late = new List<Assignment>();
        var early = new Dictionary<int, Assignment>();
        var isWorthIt = false;
        foreach (var assignment in project.Assignments)
        {
            var expression = PlanRewriter.Rewrite(assignment.Expression,
                item => item is ColumnRef { Column.Id: var id } && averages.TryGetValue(id, out var average) ? average : item);
            if (expression is ColumnRef || sorted.Contains(assignment.Column.Id) || !IsShaping(expression))
            {
                early[assignment.Column.Id] = assignment with { Expression = expression };
                late.Add(Passed(assignment.Column));
                continue;
            }

            isWorthIt = true;
            late.Add(assignment with { Expression = expression });
            foreach (var column in Columns(expression)) early[column.Id] = Passed(column);
        }

        if (!isWorthIt) return limit;
        var below = new Project(input, early.Values.ToEquatableArray());
        return new Project(limit with { Input = sort with { Input = below } }, late.ToEquatableArray());
    }

    private static Assignment Passed(Column column) => new(column, new ColumnRef(column));

    private static IEnumerable<Column> Columns(Expr expression) =>
        expression is ColumnRef reference ? [reference.Column] : expression.Operands.SelectMany(Columns);

    /// <summary>Something is to be computed, and nothing that may fail.</summary>
    private static bool IsShaping(Expr expression) =>
        expression is not (ColumnRef or Constant) && !PlanRewriter.Contains(expression, item => item switch
    {
        ColumnRef or Constant or Case or Coalesce or IsNull => false,
        // Text of any length is a value of these types; other casts look at the value.
        Cast { Type: { IsArray: false, Modifier: < 0 } type } cast =>
            !(type.Category == 'S' || (type.IsNumeric && IsInteger(cast.Operand.Type))),
        Call { Function.Volatility: Volatility.Immutable or Volatility.Stable } call => !s_shaping.Contains(call.Function.Name),
        _ => true,
    });

    private static bool IsInteger(SqlType type) => !type.IsArray && type.Base.Name is "int2" or "int4" or "int8";

    /// <summary>Averages of integers as sums and counts, and each average's column with what computes it of those.</summary>
    private static (LogicalPlan Input, IReadOnlyDictionary<int, Expr> Averages) SplitAverages(LogicalPlan input, ref int last)
    {
        if (input is not Aggregate aggregate || !aggregate.Aggregates.Any(IsAverage)) return (input, new Dictionary<int, Expr>());
        var highest = last;
        var (calls, known, averages) = (new List<Assignment>(), new Dictionary<Expr, Column>(), new Dictionary<int, Expr>());
        foreach (var item in aggregate.Aggregates.Where(item => !IsAverage(item)))
        {
            calls.Add(item);
            known.TryAdd(item.Expression, item.Column);
        }

        foreach (var item in aggregate.Aggregates.Where(IsAverage))
        {
            var call = (AggregateCall)item.Expression;
            var sum = Find(PartialAggregates.Sum(call.Arguments[0]) with { Filter = call.Filter });
            var count = Find(PartialAggregates.Count(call.Arguments[0]) with { Filter = call.Filter });
            averages[item.Column.Id] = PartialAggregates.Average(sum, count, call.Type);

            ColumnRef Find(AggregateCall part)
            {
                if (!known.TryGetValue(part, out var column))
                {
                    known[part] = column = new Column(++highest, item.Column.Name, part.Type);
                    calls.Add(new Assignment(column, part));
                }

                return new ColumnRef(column);
            }
        }

        last = highest;
        return (aggregate with { Aggregates = calls.ToEquatableArray() }, averages);
    }

    private static bool IsAverage(Assignment item) =>
        item.Expression is AggregateCall { Function.Name: "avg", IsDistinct: false, OrderBy.Count: 0, Arguments: [var argument] }
            && IsInteger(argument.Type);
}
