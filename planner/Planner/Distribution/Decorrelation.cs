namespace Federation.Planner.Distribution;

/// <summary>
/// Turns subqueries that name the row around them into joins, so that they can be spread: EXISTS and IN as conditions become semi joins,
/// NOT EXISTS an anti join, and a scalar aggregate over equalities a join with the aggregate by those columns. What does not have one of
/// these shapes stays a subquery.
/// </summary>
internal sealed class Decorrelation(Func<string, SqlType, Column> newColumn, RowEstimates estimates)
{
    // Aggregates that are NULL for no rows, as a left join gives for no match. count is not among them.
    private static readonly HashSet<string> s_nullWhenEmpty = new(["sum", "avg", "min", "max"], StringComparer.Ordinal);

    /// <summary>A semi or anti join whose left side is still to be chosen.</summary>
    private sealed record SemiJoin(JoinType Type, LogicalPlan Inner, Expr Condition)
    {
        public Join Over(LogicalPlan left) => new(Type, left, Inner, Condition);

        /// <summary>The condition names nothing but these columns and the inner ones.</summary>
        public bool Names(LogicalPlan left) =>
            PlanColumns.Of(Condition).IsSubsetOf(left.Columns.Concat(Inner.Columns).Select(column => column.Id).ToHashSet());
    }

    public LogicalPlan Apply(LogicalPlan plan) => PlanRewriter.Rewrite(plan, node =>
    {
        node = PlanRewriter.MapOwnExpressions(node, expression => PlanRewriter.Rewrite(expression, item => item, Apply));
        return node is Filter filter ? OfFilter(filter) : node;
    });

    private LogicalPlan OfFilter(Filter filter)
    {
        var columns = filter.Input.Columns;
        var (plain, semi, others) = (new List<Expr>(), new List<SemiJoin>(), new List<Expr>());
        foreach (var term in Conjuncts.Of(filter.Predicate))
        {
            if (ToSemiJoin(term, filter.Input) is { } join) semi.Add(join);
            else if (!PlanRewriter.IsVolatile(term)
                && PlanRewriter.Subqueries(term).All(subquery => PlanColumns.FreeOf(subquery.Plan).Count == 0)) plain.Add(term);
            else others.Add(term);
        }

        // An aggregate is joined with the rows that plain conditions and semi joins leave.
        var result = Conjuncts.Filter(filter.Input, plain);
        foreach (var join in semi) result = Under(result, join);
        var isChanged = semi.Count > 0;
        var staying = new List<Expr>();
        foreach (var term in others)
        {
            if (ToAggregateJoin(term, result) is var (joined, condition))
            {
                result = joined;
                staying.Add(condition);
                isChanged = true;
            }
            else
            {
                staying.Add(term);
            }
        }

        if (!isChanged) return filter;
        result = Conjuncts.Filter(result, staying);
        return result.Columns.Equals(columns)
            ? result
            : new Project(result, columns.Select(column => new Assignment(column, new ColumnRef(column))).ToEquatableArray());
    }

    /// <summary>
    /// A semi join of a plan; where it keeps few rows of the one relation whose columns it names, it stands below the joins with others.
    /// </summary>
    private LogicalPlan Under(LogicalPlan plan, SemiJoin join) =>
        (join.Type == JoinType.Semi ? BelowJoins(plan, join) : null) ?? join.Over(plan);

    private LogicalPlan? BelowJoins(LogicalPlan plan, SemiJoin join)
    {
        switch (plan)
        {
            case Filter filter: return BelowJoins(filter.Input, join) is { } input ? filter.WithInputs([input]) : null;
            case Join { Type: JoinType.Inner, IsLateral: false } inner:
            {
                var isOfLeft = join.Names(inner.Left);
                var side = isOfLeft ? inner.Left : inner.Right;
                if ((!isOfLeft && !join.Names(side)) || RowEstimates.Kept(estimates.Of(side), estimates.Of(join.Inner)) >= 0.5) return null;
                var reduced = BelowJoins(side, join) ?? join.Over(side);
                return isOfLeft ? inner with { Left = reduced } : inner with { Right = reduced };
            }

            default: return null;
        }
    }

    private static SemiJoin? ToSemiJoin(Expr term, LogicalPlan outer)
    {
        var (expression, type) = term is Not not ? (not.Operand, JoinType.Anti) : (term, JoinType.Semi);
        if (expression is Subquery { Kind: SubqueryKind.Exists } exists)
        {
            // What EXISTS selects does not matter.
            var rows = exists.Plan;
            while (rows is Project project && !project.Assignments.Any(item => PlanRewriter.HasSubquery(item.Expression)))
                rows = project.Input;
            if (Separate(rows) is not var (inner, conditions) || conditions.Count == 0 || !Names(outer, inner, conditions)) return null;
            return new SemiJoin(type, inner, Conjuncts.Combine(conditions));
        }

        // NOT IN keeps a row only if no comparison is NULL, which an anti join does not ask.
        if (type == JoinType.Semi && expression is Subquery { Kind: SubqueryKind.Any, Operator: "=" } any
            && PlanColumns.FreeOf(any.Plan).Count == 0
            && !any.Left.Any(PlanRewriter.HasSubquery))
            return new SemiJoin(JoinType.Semi, any.Plan, Conjuncts.Combine([.. any.Comparisons]));
        return null;
    }

    /// <summary>
    /// A condition with one scalar aggregate in it: the input joined with the aggregate, and the condition over the joined columns.
    /// </summary>
    private (LogicalPlan Joined, Expr Condition)? ToAggregateJoin(Expr term, LogicalPlan outer)
    {
        var found = new List<Subquery>();
        Find(term, found);
        if (found is not [{ Kind: SubqueryKind.Scalar } subquery]) return null;
        var projects = new Stack<Project>();
        var plan = subquery.Plan;
        while (plan is Project project)
        {
            projects.Push(project);
            plan = project.Input;
        }

        if (plan is not Aggregate { Keys.Count: 0, Sets.Count: 0 } aggregate
            || !aggregate.Aggregates.All(item => item.Expression is AggregateCall call && s_nullWhenEmpty.Contains(call.Function.Name)))
                return null;
        if (Separate(aggregate.Input) is not var (inner, conditions) || conditions.Count == 0 || !Names(outer, inner, conditions))
            return null;
        if (projects.Any(project =>
            PlanColumns.Of(project.Assignments.Select(item => item.Expression)).Overlaps(outer.Columns.Select(column => column.Id)))
            || PlanColumns.Of(aggregate.Aggregates.Select(item => item.Expression)).Overlaps(outer.Columns.Select(column => column.Id)))
                return null;

        var innerColumns = inner.Columns.Select(column => column.Id).ToHashSet();
        var outerColumns = outer.Columns.Select(column => column.Id).ToHashSet();
        var keys = new List<Assignment>();
        var on = new List<Expr>();
        foreach (var condition in conditions)
        {
            if (!PartitionKeys.TryGetPair(condition, outerColumns, innerColumns, out var pair)) return null;
            var key = newColumn("key", pair.Right.Type);
            keys.Add(new Assignment(key, pair.Right));
            on.Add(pair.Of(pair.Left, new ColumnRef(key)));
        }

        var grouped = new Aggregate(inner, keys.ToEquatableArray(), default, aggregate.Aggregates);
        Expr value = new ColumnRef(subquery.Plan.Columns[0]);

        // The projections are computed above the join: their constants are NULL for no match only together with the aggregate.
        foreach (var project in projects.Reverse())
        {
            var values = project.Assignments.ToDictionary(item => item.Column.Id, item => item.Expression);
            value = PlanRewriter.Rewrite(value,
                item => item is ColumnRef reference && values.TryGetValue(reference.Column.Id, out var inside) ? inside : item);
        }

        var condition2 = PlanRewriter.Rewrite(term, item => ReferenceEquals(item, subquery) || item.Equals(subquery) ? value : item);
        return (new Join(JoinType.Left, outer, grouped, Conjuncts.Combine(on)), condition2);
    }

    private static void Find(Expr expression, List<Subquery> found)
    {
        if (expression is Subquery subquery) found.Add(subquery);
        foreach (var operand in expression.Operands) Find(operand, found);
    }

    /// <summary>
    /// A subquery's rows without the conditions that name outer columns, and those conditions; null when outer columns are named deeper.
    /// </summary>
    private static (LogicalPlan Inner, List<Expr> Conditions)? Separate(LogicalPlan plan)
    {
        var conditions = new List<Expr>();
        var inner = Lift(plan, conditions);
        return inner is not null && PlanColumns.FreeOf(inner).Count == 0 ? (inner, conditions) : null;
    }

    /// <summary>Takes the correlated conditions out of filters and inner joins; other nodes stop it.</summary>
    private static LogicalPlan? Lift(LogicalPlan plan, List<Expr> conditions)
    {
        var free = PlanColumns.FreeOf(plan);
        if (free.Count == 0) return plan;
        switch (plan)
        {
            case Filter filter:
            {
                var (lifted, kept) = Part(filter.Predicate, free);
                if (lifted.Any(PlanRewriter.HasSubquery) || Lift(filter.Input, conditions) is not { } input) return null;
                conditions.AddRange(lifted);
                return Conjuncts.Filter(input, kept);
            }

            case Join { Type: JoinType.Inner, IsLateral: false } join:
            {
                var (lifted, kept) = Part(join.Condition, free);
                if (lifted.Any(PlanRewriter.HasSubquery)) return null;
                if (Lift(join.Left, conditions) is not { } left || Lift(join.Right, conditions) is not { } right) return null;
                conditions.AddRange(lifted);
                return join with { Left = left, Right = right, Condition = Conjuncts.Combine(kept) };
            }

            // A projection that only passes columns on may be seen through.
            case Project project when project.Assignments.All(item => item.IsPassThrough):
                return Lift(project.Input, conditions);
            default: return null;
        }
    }

    private static (List<Expr> Lifted, List<Expr> Kept) Part(Expr predicate, IReadOnlySet<int> free)
    {
        var terms = Conjuncts.Of(predicate).ToList();
        return (terms.Where(term => PlanColumns.Of(term).Overlaps(free)).ToList(),
            terms.Where(term => !PlanColumns.Of(term).Overlaps(free)).ToList());
    }

    /// <summary>The lifted conditions name nothing but the two sides.</summary>
    private static bool Names(LogicalPlan outer, LogicalPlan inner, List<Expr> conditions)
    {
        var known = outer.Columns.Concat(inner.Columns).Select(column => column.Id).ToHashSet();
        return conditions.All(condition => PlanColumns.Of(condition).IsSubsetOf(known));
    }
}
