using Federation.Planner.Functions;

namespace Federation.Planner.Rules;

/// <summary>
/// Subqueries that the kernel would plan badly or wrongly, as something simpler.
/// <list type="bullet">
/// <item>A scalar or lateral subquery without FROM is its expression. (Not <c>(SELECT random())</c>, which PostgreSQL computes once for all
/// rows.)</item>
/// <item>A definition of WITH that names columns of an outer query stands where it is used: the kernel takes another row's columns when a
/// subquery reads it. (Not when it is volatile and read twice.)</item>
/// <item>A subquery that is volatile and names columns of an outer query gets the number of the outer row, because the kernel runs it once
/// for all outer rows whose named columns are equal. So does one that shows in which of several equal forms a column is held.</item>
/// </list>
/// See docs/kernel-workarounds.md.
/// </summary>
public sealed class InlineSubqueries : IRule
{
    private static readonly FunctionEntry s_rowNumber = FunctionCatalog.Instance.FunctionsNamed("row_number")[0];

    public string Name => "inline subqueries";

    public LogicalPlan Apply(LogicalPlan plan, RuleContext context) =>
        new Run(PlanColumns.HighestOf(plan), CteReads.Count(plan)).InPlan(plan);

    /// <param name="last">The highest number of a column.</param>
    /// <param name="reads">How often names of WITH are read; kept true while definitions move.</param>
    private sealed class Run(int last, Dictionary<CteId, int> reads)
    {
        private int _last = last;

        public LogicalPlan InPlan(LogicalPlan part) => PlanRewriter.Rewrite(part, InNode);

        private LogicalPlan InNode(LogicalPlan node)
        {
            if (PlanRewriter.ExpressionsOf(node).Any(PlanRewriter.HasSubquery))
                node = Numbered(PlanRewriter.MapOwnExpressions(node, InExpression));
            return node switch
            {
                With with => WithoutCorrelated(with),
                Join { IsLateral: true } join => Lateral(join),
                _ => node,
            };
        }

        private Expr InExpression(Expr expression) => PlanRewriter.Rewrite(expression, Inline, InPlan);

        private static Expr Inline(Expr expression) =>
            expression is Subquery { Kind: SubqueryKind.Scalar,
                Plan: Project { Input: Values { Outputs.Count: 0, Rows.Count: 1 }, Assignments: [var only] } plan } subquery
            && only.Expression.Type.Equals(subquery.Type) && (!IsVolatile(plan) || PlanColumns.FreeOf(plan).Count > 0)
                ? only.Expression
                : expression;

        private LogicalPlan Lateral(Join join)
        {
            if (join is { Type: JoinType.Inner or JoinType.Left, Condition: Constant { Value: true },
                Right: Project { Input: Values { Outputs.Count: 0, Rows.Count: 1 } } computed })
                return new Project(join.Left, join.Left.Columns.Select(PassedOn).Concat(computed.Assignments).ToEquatableArray());
            if (!DiffersByRow(join.Right, join.Left)) return join;
            var (left, number) = WithNumber(join.Left);
            return Only(join with { Left = left, Right = new Filter(join.Right, number) }, join.Columns);
        }

        /// <summary>The node over an input whose rows are numbered, when one of its subqueries needs that.</summary>
        private LogicalPlan Numbered(LogicalPlan node)
        {
            if (node.Inputs is not [var input] || !PlanRewriter.ExpressionsOf(node).SelectMany(PlanRewriter.Subqueries).Any(NeedsNumber))
                return node;
            var (numbered, number) = WithNumber(input);
            var mapped = PlanRewriter.MapOwnExpressions(
                node.WithInputs([numbered]),
                expression =>
                    PlanRewriter.Rewrite(expression,
                        item => item is Subquery subquery && NeedsNumber(subquery)
                            ? subquery with { Plan = new Filter(subquery.Plan, number) }
                            : item));
            return mapped.Columns.Count == node.Columns.Count ? mapped : Only(mapped, node.Columns);

            // The items of an array keep their order only where the plan ends in it.
            bool NeedsNumber(Subquery subquery) => subquery.Kind != SubqueryKind.Array && DiffersByRow(subquery.Plan, input);
        }

        private (LogicalPlan Plan, Expr IsThere) WithNumber(LogicalPlan input)
        {
            var column = new Column(++_last, "row", SqlType.Int8);
            var call = new WindowCall(new AggregateCall(s_rowNumber, [], SqlType.Int8), [], [], null);
            return (new Window(input, [new Assignment(column, call)]), new Not(new IsNull(new ColumnRef(column))));
        }

        private LogicalPlan WithoutCorrelated(With with)
        {
            var kept = new List<CteDefinition>();
            var inlined = new Dictionary<CteId, LogicalPlan>();
            foreach (var item in with.Definitions)
            {
                var definition = item with { Plan = Expand(item.Plan) };
                if (!item.IsRecursive && PlanColumns.FreeOf(definition.Plan).Count > 0
                    && (reads.GetValueOrDefault(item.Id) <= 1 || !IsVolatile(definition.Plan)))
                {
                    inlined.Add(item.Id, definition.Plan);
                    foreach (var (read, times) in CteReads.Count(definition.Plan))
                        reads[read] += times * (reads.GetValueOrDefault(item.Id) - 1);
                }
                else
                {
                    kept.Add(definition);
                }
            }

            if (inlined.Count == 0) return with;
            var input = Expand(with.Input);
            return kept.Count == 0 ? input : with with { Definitions = kept.ToEquatableArray(), Input = input };

            LogicalPlan Expand(LogicalPlan plan) => inlined.Count == 0 ? plan : PlanRewriter.Rewrite(plan, node =>
            {
                if (PlanRewriter.ExpressionsOf(node).Any(PlanRewriter.HasSubquery))
                    node = PlanRewriter.MapOwnExpressions(node, expression => PlanRewriter.Rewrite(expression, item => item, Expand));
                return node is CteScan scan && inlined.TryGetValue(scan.Cte, out var body)
                    ? new Project(body,
                        scan.Outputs.Select((output, i) => new Assignment(output, new ColumnRef(scan.Sources[i]))).ToEquatableArray())
                    : node;
            });
        }

        /// <summary>Whether outer rows whose named columns are equal may need answers of their own.</summary>
        private static bool DiffersByRow(LogicalPlan plan, LogicalPlan outer) =>
            IsVolatile(plan) ? PlanColumns.FreeOf(plan) is { Count: > 0 } free
                && outer.Columns.Any(column => free.Contains(column.Id)) : ShowsForms(plan, outer);

        /// <summary>
        /// Whether a plan does more than compare an outer column whose equal values are held in several forms: 0 and -0, 30 days and 1
        /// month.
        /// </summary>
        private static bool ShowsForms(LogicalPlan plan, LogicalPlan outer)
        {
            var watched = outer.Columns.Where(column => HasForms(column.Type)).Select(column => column.Id).ToHashSet();
            return watched.Count > 0 && InPlan(plan);

            bool InPlan(LogicalPlan part) => PlanRewriter.Nodes(part).SelectMany(PlanRewriter.ExpressionsOf).Any(Shows);

            bool Shows(Expr expression) => expression switch
            {
                ColumnRef reference => watched.Contains(reference.Column.Id),
                Call { Operator: "=" or "<>" or "<" or "<=" or ">" or ">=" } call =>
                    call.Arguments.Any(argument => argument is not ColumnRef && Shows(argument)),
                Subquery subquery => subquery.Operands.Any(Shows) || InPlan(subquery.Plan),
                _ => expression.Operands.Any(Shows),
            };
        }

        private static bool HasForms(SqlType type) =>
            (type.Element ?? type).Base is var held && (held == PgTypes.Interval || held == PgTypes.Float4 || held == PgTypes.Float8);

        private static bool IsVolatile(LogicalPlan plan) =>
            PlanRewriter.Nodes(plan).SelectMany(PlanRewriter.ExpressionsOf).Any(PlanRewriter.IsVolatile);

        private static Project Only(LogicalPlan plan, EquatableArray<Column> columns) =>
            new(plan, columns.Select(PassedOn).ToEquatableArray());

        private static Assignment PassedOn(Column column) => new(column, new ColumnRef(column));
    }
}
