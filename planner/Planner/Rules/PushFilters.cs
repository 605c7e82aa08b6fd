using Federation.Connectors.Spi;

namespace Federation.Planner.Rules;

/// <summary>
/// Moves each conjunct as near to the sources as it may go, and offers it to the source there.
/// <para>
/// A conjunct does not pass a LIMIT (it would change which rows are counted), the null-supplying side of an outer join
/// (<c>a LEFT JOIN b … WHERE b.x IS NULL</c> keeps unmatched rows that no row of b satisfies), or, when it is volatile, anything.
/// </para>
/// </summary>
public sealed class PushFilters : IRule
{
    public string Name => "push filters";

    public LogicalPlan Apply(LogicalPlan plan, RuleContext context) => new Pusher(context).Push(plan, []);

    private sealed class Pusher(RuleContext context)
    {
        public LogicalPlan Push(LogicalPlan plan, List<Expr> conjuncts)
        {
            conjuncts = conjuncts.ConvertAll(InSubqueries);
            switch (plan)
            {
                case Filter filter:
                    // The inner predicate stays on the left: (WHERE b <> 0) then (WHERE a / b > 1) guards the division.
                    return Push(filter.Input, [.. Conjuncts.Of(filter.Predicate), .. conjuncts]);
                case Project project: return PushThroughProject(project, conjuncts);
                case Join join: return PushIntoJoin(join, conjuncts);
                case Aggregate aggregate: return PushThroughAggregate(aggregate, conjuncts);
                case Sort or Distinct:
                    return plan.WithInputs([Push(plan.Inputs[0], conjuncts)]);
                case With with:
                    var definitions = with.Definitions.Select(definition => definition with { Plan = Push(definition.Plan, []) })
                        .ToEquatableArray();
                    return with with { Definitions = definitions, Input = Push(with.Input, conjuncts) };
                case ProjectSet set: return PushThroughSet(set, conjuncts);
                case SetOperation operation: return PushIntoSetOperation(operation, conjuncts);
                case Scan scan: return PushIntoScan(scan, conjuncts);
                default:
                    var mapped = PlanRewriter.MapOwnExpressions(plan, InSubqueries);
                    var inputs = mapped.Inputs.Select(input => Push(input, [])).ToEquatableArray();
                    return Conjuncts.Filter(mapped.Inputs.Count == 0 ? mapped : mapped.WithInputs(inputs), conjuncts);
            }
        }

        private Expr InSubqueries(Expr expression) => PlanRewriter.HasSubquery(expression)
            ? PlanRewriter.Rewrite(expression, item => item, plan => Push(plan, []))
            : expression;

        /// <summary>A call that makes several rows makes them where it stands.</summary>
        private static bool IsVolatile(Expr expression) =>
            PlanRewriter.IsVolatile(expression) || PlanRewriter.Contains(expression, item => item is SetCall);

        private LogicalPlan PushThroughProject(Project project, List<Expr> conjuncts)
        {
            var own = project with
            {
                Assignments = project.Assignments .Select(item => item with { Expression = InSubqueries(item.Expression) })
                    .ToEquatableArray(),
            };
            var values = own.Assignments.ToDictionary(assignment => assignment.Column.Id, assignment => assignment.Expression);
            var (movable, staying) = Split(conjuncts, conjunct => !IsVolatile(conjunct)
                && !PlanColumns.Of(conjunct)
                    .Any(id => values.TryGetValue(id, out var value) && (IsVolatile(value) || PlanRewriter.HasSubquery(value))));
            var moved = movable.ConvertAll(conjunct => Substitute(conjunct, values));
            return Conjuncts.Filter(own.WithInputs([Push(project.Input, moved)]), staying);
        }

        private LogicalPlan PushThroughSet(ProjectSet set, List<Expr> conjuncts)
        {
            var made = set.Calls.Select(call => call.Column.Id).ToHashSet();
            var (movable, staying) = Split(conjuncts, conjunct => !IsVolatile(conjunct) && !PlanColumns.Of(conjunct).Overlaps(made));
            return Conjuncts.Filter(set.WithInputs([Push(set.Input, movable)]), staying);
        }

        private LogicalPlan PushThroughAggregate(Aggregate aggregate, List<Expr> conjuncts)
        {
            // With grouping sets a key may be NULL above where it is not below; without keys the one row must stay.
            var keys = aggregate.Sets.Count == 0 ? aggregate.Keys.ToDictionary(key => key.Column.Id, key => key.Expression) : [];
            var made = aggregate.Columns.Select(column => column.Id).ToHashSet();
            var (movable, staying) = Split(conjuncts, conjunct =>
            {
                var named = PlanColumns.Of(conjunct);
                return keys.Count > 0 && !IsVolatile(conjunct) && named.Overlaps(keys.Keys)
                    && named.All(id => keys.ContainsKey(id) || !made.Contains(id));
            });
            var moved = movable.ConvertAll(conjunct => Substitute(conjunct, keys));
            var own = (Aggregate)PlanRewriter.MapOwnExpressions(aggregate, InSubqueries);
            return Conjuncts.Filter(own.WithInputs([Push(aggregate.Input, moved)]), staying);
        }

        private LogicalPlan PushIntoSetOperation(SetOperation operation, List<Expr> conjuncts)
        {
            var (movable, staying) = Split(conjuncts, conjunct => !IsVolatile(conjunct));
            List<Expr> For(LogicalPlan side)
            {
                var values = operation.Outputs.Select((output, i) => (output.Id, Value: (Expr)new ColumnRef(side.Columns[i])))
                    .ToDictionary(pair => pair.Id, pair => pair.Value);
                return movable.ConvertAll(conjunct => Substitute(conjunct, values));
            }

            // Below a column-less side there is nothing to name.
            return Conjuncts.Filter(
                operation.WithInputs([Push(operation.Left, For(operation.Left)), Push(operation.Right, For(operation.Right))]), staying);
        }

        private LogicalPlan PushIntoJoin(Join join, List<Expr> conjuncts)
        {
            var left = join.Left.Columns.Select(column => column.Id).ToHashSet();
            var right = join.Right.Columns.Select(column => column.Id).ToHashSet();
            var condition = Conjuncts.Of(InSubqueries(join.Condition)).ToList();
            var toLeft = new List<Expr>();
            var toRight = new List<Expr>();
            var above = new List<Expr>();
            var on = new List<Expr>();
            foreach (var conjunct in conjuncts)
            {
                var named = PlanColumns.Of(conjunct);
                var onlyLeft = !named.Overlaps(right) && named.Overlaps(left);
                var onlyRight = !named.Overlaps(left) && named.Overlaps(right);
                // A subquery is asked for the rows that the join leaves, not for all of one side.
                if (IsVolatile(conjunct) || PlanRewriter.HasSubquery(conjunct)) above.Add(conjunct);
                else if (onlyLeft && join.Type is JoinType.Inner or JoinType.Left) toLeft.Add(conjunct);
                else if (onlyRight && join.Type is JoinType.Inner or JoinType.Right) toRight.Add(conjunct);
                else if (join.Type == JoinType.Inner) on.Add(conjunct);
                else above.Add(conjunct);
            }

            foreach (var term in condition)
            {
                var named = PlanColumns.Of(term);
                var onlyLeft = !named.Overlaps(right) && named.Overlaps(left);
                var onlyRight = !named.Overlaps(left) && named.Overlaps(right);
                if (IsVolatile(term)) on.Add(term);
                else if (onlyRight && join.Type is JoinType.Inner or JoinType.Left) toRight.Add(term);
                else if (onlyLeft && join.Type is JoinType.Inner or JoinType.Right) toLeft.Add(term);
                else on.Add(term);
            }

            if (join.Type == JoinType.Inner)
            {
                foreach (var term in on.Where(term => !IsVolatile(term)))
                {
                    if (Conjuncts.Restriction(term, left) is { } ofLeft) toLeft.Add(ofLeft);
                    if (Conjuncts.Restriction(term, right) is { } ofRight) toRight.Add(ofRight);
                }
            }

            var joined = join with
            {
                Left = Push(join.Left, toLeft),
                Right = Push(join.Right, toRight),
                Condition = Conjuncts.Combine(on),
            };
            return Conjuncts.Filter(joined, above);
        }

        private LogicalPlan PushIntoScan(Scan scan, List<Expr> conjuncts)
        {
            var provider = context.Tables.GetValueOrDefault(scan.Source)?.Provider;
            if (conjuncts.Count == 0 || provider is not IFilterPushdown pushdown) return Conjuncts.Filter(scan, conjuncts);
            var names = scan.Outputs.ToDictionary(output => output.Column.Id, output => output.SourceName);
            var offered = new List<(Expr Conjunct, ConnectorExpression Converted)>();
            var reasons = new List<string>();
            var staying = new List<Expr>();
            foreach (var conjunct in conjuncts)
            {
                if (ConnectorExpressions.Convert(conjunct, names) is { } converted)
                {
                    offered.Add((conjunct, converted));
                }
                else
                {
                    reasons.Add($"{ExprPrinter.Print(conjunct)}: not an expression over this table alone");
                    staying.Add(conjunct);
                }
            }

            if (offered.Count == 0) return Conjuncts.Filter(scan with { NotPushed = reasons.ToEquatableArray() }, staying);
            var answer = pushdown.PushFilter(scan.Handle, offered.Select(item => item.Converted).ToEquatableArray());
            var exact = new List<Expr>();
            var hints = new List<Expr>();
            for (var i = 0; i < offered.Count; i++)
            {
                var (precision, reason) = answer.Conjuncts[i];
                if (precision == PushPrecision.Exact) exact.Add(offered[i].Conjunct);
                else staying.Add(offered[i].Conjunct);
                if (precision == PushPrecision.Inexact) hints.Add(offered[i].Conjunct);
                if (precision == PushPrecision.Unsupported && reason is not null)
                    reasons.Add($"{ExprPrinter.Print(offered[i].Conjunct)}: {reason}");
            }

            var pushed = scan with
            {
                Handle = answer.Handle,
                Filters = scan.Filters.Concat(exact).ToEquatableArray(),
                Hints = scan.Hints.Concat(hints).ToEquatableArray(),
                NotPushed = scan.NotPushed.Concat(reasons).ToEquatableArray(),
            };
            return Conjuncts.Filter(pushed, conjuncts.Where(staying.Contains).ToList());
        }

        private static (List<Expr> Movable, List<Expr> Staying) Split(List<Expr> conjuncts, Func<Expr, bool> isMovable) =>
            (conjuncts.Where(isMovable).ToList(), conjuncts.Where(conjunct => !isMovable(conjunct)).ToList());

        private static Expr Substitute(Expr expression, IReadOnlyDictionary<int, Expr> values)
        {
            Expr Replace(Expr item) => item is ColumnRef reference && values.TryGetValue(reference.Column.Id, out var value) ? value : item;
            return PlanRewriter.Rewrite(expression, Replace, plan => PlanRewriter.RewriteExpressions(plan, Replace));
        }
    }
}
