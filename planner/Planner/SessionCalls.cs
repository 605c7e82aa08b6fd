using System.Diagnostics;

namespace Federation.Planner;

/// <summary>A call that the session makes for each row.</summary>
/// <param name="Result">The column that gets its value.</param>
/// <param name="Arguments">Over the columns of the step's input.</param>
/// <param name="Guard">Makes the call for rows for which it is true; the others get NULL. Null for all rows.</param>
public sealed record SessionCall(Column Result, FunctionEntry Function, EquatableArray<Expr> Arguments, Expr? Guard);

/// <summary>A part of a plan whose rows go through the session, which makes calls for them, a row after the other.</summary>
/// <param name="Input">The rows. A plan of its own: it names no column of others.</param>
/// <param name="Calls">The calls for a row, in order.</param>
/// <param name="Replace">The whole plan with another plan in the place of the input, which has the results of the calls as well.</param>
public sealed record SessionStep(LogicalPlan Input, EquatableArray<SessionCall> Calls, Func<LogicalPlan, LogicalPlan> Replace);

/// <summary>
/// Functions of sequences and of advisory locks: each call has an effect and is made once, in the order of the rows. Only the session can
/// do that, so that a plan with such calls is run in steps: the rows below a call, then the call, then what is above it.
/// </summary>
public static class SessionCalls
{
    /// <summary>nextval of an identity column, for which nobody needs a right on the sequence.</summary>
    public static readonly FunctionEntry IdentityNext = new(Oid.None, "nextval", FunctionKind.Scalar, [PgTypes.Regclass.Oid],
        PgTypes.Int8.Oid, IsStrict: true, ReturnsSet: false, Volatility.Volatile) { Signature = "identity_nextval" };

    public static bool Is(FunctionEntry function) =>
        function.Name is "nextval" or "currval" or "setval" or "lastval" || IsOfLocks(function);

    /// <summary>Whether the function takes or gives back advisory locks.</summary>
    public static bool IsOfLocks(FunctionEntry function) => function.Name.StartsWith("pg_advisory_", StringComparison.Ordinal)
        || function.Name.StartsWith("pg_try_advisory_", StringComparison.Ordinal);

    /// <summary>Whether a plan, or a subquery in it, has such calls.</summary>
    public static bool AreIn(LogicalPlan plan) =>
        PlanRewriter.Nodes(plan).Any(node => PlanRewriter.ExpressionsOf(node).Any(AreIn));

    /// <summary>Whether an expression has such calls; plans of subqueries are not searched.</summary>
    public static bool AreIn(Expr expression) => PlanRewriter.Contains(expression, item => item is Call call && Is(call.Function));

    /// <summary>
    /// The first part of a plan that the session has to compute; null when there is none. Raises 0A000 for calls in a part that is run for
    /// each row of another.
    /// </summary>
    public static SessionStep? First(LogicalPlan plan)
    {
        if (!AreIn(plan)) return null;
        return new StepSearch(PlanColumns.HighestOf(plan)).Find(Lower(plan), [], isRepeated: false);
    }

    /// <summary>
    /// Calls of a select list are made for the rows that LIMIT leaves, and in the order of ORDER BY where that does not need their values.
    /// </summary>
    private static LogicalPlan Lower(LogicalPlan plan) => PlanRewriter.Rewrite(plan, node => node switch
    {
        Sort { Input: Project project } sort when Has(project) && Substituted(sort.Keys, project) is { } keys =>
            project with { Input = new Sort(project.Input, keys) },
        Limit { Input: Project project } limit when HasBelow(project) => LowerLimit(limit, project),
        _ => node,
    });

    private static Project LowerLimit(Limit limit, Project project) => project with
    {
        Input = project.Input is Project inner && HasBelow(inner) ? LowerLimit(limit, inner) : limit with { Input = project.Input },
    };

    private static bool Has(Project project) => project.Assignments.Any(assignment => AreIn(assignment.Expression));

    private static bool HasBelow(Project project) => Has(project) || (project.Input is Project inner && HasBelow(inner));

    private static EquatableArray<SortKey>? Substituted(EquatableArray<SortKey> keys, Project project)
    {
        var values = project.Assignments.ToDictionary(assignment => assignment.Column.Id, assignment => assignment.Expression);
        var substituted = keys.Select(key => key with
        {
            Expression = PlanRewriter.Rewrite(key.Expression, item =>
                item is ColumnRef reference && values.TryGetValue(reference.Column.Id, out var value) ? value : item),
        }).ToArray();
        return substituted.Any(key => AreIn(key.Expression)) ? null : substituted.ToEquatableArray();
    }

    /// <param name="highest">The highest number of a column in the plan.</param>
    private sealed class StepSearch(int highest)
    {
        private int _nextColumn = highest;

        /// <param name="definitions">The common table expressions that can be named.</param>
        /// <param name="isRepeated">The plan is run again and again.</param>
        public SessionStep? Find(LogicalPlan plan, IReadOnlyList<CteDefinition> definitions, bool isRepeated)
        {
            for (var i = 0; i < plan.Inputs.Count; i++)
            {
                var (index, known, repeats) = (i, definitions, isRepeated);
                if (plan is With with)
                {
                    known = [.. definitions, .. with.Definitions.Take(i)];
                    repeats |= i < with.Definitions.Count && with.Definitions[i].IsRecursive;
                }

                if (Find(plan.Inputs[i], known, repeats) is { } step)
                    return step with { Replace = part => plan.WithInputs(plan.Inputs.With(index, step.Replace(part))) };
            }

            foreach (var subquery in PlanRewriter.ExpressionsOf(plan).SelectMany(PlanRewriter.Subqueries))
                if (Find(subquery.Plan, definitions, isRepeated) is { } step)
                    return step with { Replace = part => WithSubquery(plan, subquery, step.Replace(part)) };
            return PlanRewriter.ExpressionsOf(plan).Any(AreIn) ? Make(plan, definitions, isRepeated) : null;
        }

        private static LogicalPlan WithSubquery(LogicalPlan plan, Subquery subquery, LogicalPlan inner) =>
            PlanRewriter.MapOwnExpressions(plan, expression => PlanRewriter.Rewrite(expression, item =>
                ReferenceEquals(item, subquery) ? subquery with { Plan = inner } : item));

        private SessionStep Make(LogicalPlan plan, IReadOnlyList<CteDefinition> definitions, bool isRepeated)
        {
            plan = plan switch
            {
                Values values => AsProject(values),
                FunctionScan { Functions: [{ Call: Call call, Outputs: [var output] }], Ordinality: null } =>
                    new Project(Values.OneRow, [new Assignment(output, call)]),
                _ => plan,
            };
            if (plan is not (Project or ProjectSet or Aggregate or Filter or Sort or DistinctOn or Window)) throw NotHere();
            var calls = new CallCollector(this);
            var mapped = PlanRewriter.MapOwnExpressions(plan, expression => calls.Take(expression, null));
            if (calls.Taken.Count == 0) throw NotHere();
            var input = WithDefinitions(plan.Inputs[0], definitions);
            var all = new Project(input, calls.Taken.SelectMany(call => call.Arguments.Concat(call.Guard is null ? [] : [call.Guard]))
                .Select(argument => new Assignment(NewColumn("argument", argument.Type), argument)).ToEquatableArray());
            if (isRepeated || PlanColumns.FreeOf(all).Count > 0) throw NotHere();
            return new SessionStep(input, calls.Taken.ToEquatableArray(), part =>
            {
                var above = mapped.WithInputs([part]);
                return plan is Project or Aggregate ? above
                    : new Project(above, plan.Columns.Select(column => new Assignment(column, new ColumnRef(column))).ToEquatableArray());
            });
        }

        /// <summary>The common table expressions that a plan reads stand with it.</summary>
        private static LogicalPlan WithDefinitions(LogicalPlan plan, IReadOnlyList<CteDefinition> definitions)
        {
            var needed = new List<CteDefinition>();
            var wanted = CteReads.Count(plan).Keys.ToHashSet();
            foreach (var definition in definitions.Reverse().Where(definition => wanted.Contains(definition.Id)))
            {
                // It is computed here and once more for the rest of the statement.
                if (PlanRewriter.Nodes(definition.Plan).SelectMany(PlanRewriter.ExpressionsOf).Any(PlanRewriter.IsVolatile))
                    throw NotHere();
                needed.Insert(0, definition);
                wanted.UnionWith(CteReads.Count(definition.Plan).Keys);
            }

            return needed.Count == 0 ? plan : new With(needed.ToEquatableArray(), plan);
        }

        /// <summary>
        /// Rows of values as a projection: calls at the same place of all rows are one call, else each row says which of them it makes.
        /// </summary>
        private Project AsProject(Values values)
        {
            var assignments = values.Outputs.Select(output => new Assignment(output, new ColumnRef(output))).ToArray();
            var cells = values.Rows.Select(row => row.ToList()).ToArray();
            var outputs = values.Outputs.ToList();
            for (var i = 0; i < assignments.Length; i++)
            {
                var made = cells.Select(row => row[i]).Where(AreIn).Distinct().ToArray();
                if (made.Length == 0) continue;
                // The value of rows without a call keeps its column under another name.
                var plain = NewColumn(outputs[i].Name, outputs[i].Type);
                Expr value = new ColumnRef(plain);
                foreach (var call in made)
                {
                    var isMade = NewColumn("is_made", SqlType.Bool);
                    if (cells.All(row => row[i].Equals(call)))
                    {
                        value = call;
                        continue;
                    }

                    outputs.Add(isMade);
                    foreach (var row in cells) row.Add(new Constant(row[i].Equals(call), SqlType.Bool));
                    value = new Case([new CaseWhen(new ColumnRef(isMade), call)], value, outputs[i].Type);
                }

                outputs[i] = plain;
                assignments[i] = assignments[i] with { Expression = value };
                foreach (var row in cells)
                    if (AreIn(row[i]))
                        row[i] = new Constant(null, plain.Type);
            }

            var input = new Values(cells.Select(row => row.ToEquatableArray()).ToEquatableArray(), outputs.ToEquatableArray());
            return new Project(input, assignments.Select(assignment =>
                assignment.IsPassThrough && !outputs.Contains(assignment.Column) ? throw new UnreachableException() : assignment)
                .ToEquatableArray());
        }

        public Column NewColumn(string name, SqlType type) => new(++_nextColumn, name, type);
    }

    /// <summary>
    /// Takes calls out of expressions, from left to right, with the conditions under which they are made. A call that needs the value of
    /// another one, in an argument or a condition, stays for the next step, and so does all behind it.
    /// </summary>
    private sealed class CallCollector(StepSearch search)
    {
        private bool _isFull;

        public List<SessionCall> Taken { get; } = [];

        public Expr Take(Expr expression, Expr? guard)
        {
            if (_isFull || !AreIn(expression)) return expression;
            switch (expression)
            {
                case Call call when Is(call.Function):
                    if (call.Arguments.Any(AreIn)) return Stop(call with { Arguments = All(call.Arguments, guard) });
                    if (guard is not null && IsPending(guard)) return Stop(call);
                    var result = search.NewColumn(call.Function.Name, call.Type);
                    Taken.Add(new SessionCall(result, call.Function, call.Arguments, guard));
                    return new ColumnRef(result);
                case Case choice:
                    return TakeCase(choice, guard);
                case Coalesce coalesce:
                    return coalesce with { Arguments = InOrder(coalesce.Arguments, guard, item => new IsNull(item)) };
                case And and:
                    return new And(InOrder(and.Terms, guard, item => new Not(new IsBoolean(item, false))));
                case Or or:
                    return new Or(InOrder(or.Terms, guard, item => new Not(new IsBoolean(item, true))));
                case AggregateCall { Filter: not null } or WindowCall or Let:
                    throw NotHere();
                default:
                    return expression.WithOperands(All(expression.Operands, guard));
            }
        }

        private Expr Stop(Expr expression)
        {
            _isFull = true;
            return expression;
        }

        private EquatableArray<Expr> All(EquatableArray<Expr> items, Expr? guard) =>
            items.Select(item => Take(item, guard)).ToEquatableArray();

        /// <param name="goesOn">The condition on an item under which the next one is computed.</param>
        private EquatableArray<Expr> InOrder(EquatableArray<Expr> items, Expr? guard, Func<Expr, Expr> goesOn)
        {
            var taken = new List<Expr>();
            foreach (var item in items)
            {
                taken.Add(Take(item, guard));
                guard = With(guard, goesOn(item));
            }

            return taken.ToEquatableArray();
        }

        private Case TakeCase(Case choice, Expr? guard)
        {
            var whens = new List<CaseWhen>();
            foreach (var when in choice.Whens)
            {
                var condition = Take(when.Condition, guard);
                whens.Add(new CaseWhen(condition, Take(when.Result, With(guard, when.Condition))));
                guard = With(guard, new Not(new IsBoolean(when.Condition, true)));
            }

            return choice with { Whens = whens.ToEquatableArray(), Else = Take(choice.Else, guard) };
        }

        private static Expr With(Expr? guard, Expr condition) => guard is null ? condition : new And([guard, condition]);

        /// <summary>Whether a condition needs the value of a call.</summary>
        private static bool IsPending(Expr guard) => AreIn(guard);
    }

    private static SqlException NotHere() =>
        new(SqlState.FeatureNotSupported, "functions of sequences are not supported in this part of a query")
        {
            Detail = "They are supported where they are called once for each row of a query, a subquery without outer columns, or VALUES.",
        };
}
