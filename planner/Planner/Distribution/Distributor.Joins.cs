namespace Federation.Planner.Distribution;

/// <summary>
/// Joins. Inner joins are taken as a set of relations and conditions and joined in the order that moves the fewest rows; within a fragment
/// the kernel orders them again by its own statistics. Outer and semi joins stay where the statement has them.
/// </summary>
internal sealed partial class Distributor
{
    /// <summary>
    /// A row that a task makes costs something too, so that of two orders that move equally many the smaller result wins.
    /// </summary>
    private const double ComputeWeight = 0.05;

    private enum Exchange
    {
        None,
        BroadcastLeft,
        BroadcastRight,
        Hash,
        Gather,
    }

    /// <summary>A relation of an inner join, or several already joined.</summary>
    private sealed record Component(Placed Placed, RowEstimates.Estimate Estimate, HashSet<int> Columns);

    private sealed record Step(int Left, int Right, Exchange Exchange, double Cost, IReadOnlyList<KeyPair> Pairs,
        RowEstimates.Estimate Result);

    private Placed PlaceInnerJoins(LogicalPlan plan)
    {
        var relations = new List<LogicalPlan>();
        var conditions = new List<Expr>();
        var above = new List<Expr>();
        Flatten(plan, relations, conditions, above);
        conditions.AddRange(conditions.SelectMany(Conjuncts.Implied).ToArray().Where(term => !conditions.Contains(term)).Distinct());
        var rows = ValueCounts(relations, conditions);
        var components = relations
            .Select(relation =>
                new Component(Place(relation), _estimates.Of(relation), relation.Columns.Select(column => column.Id).ToHashSet()))
            .ToList();
        var pending = new JoinConditions(conditions, [.. components.Select(component => component.Columns)]);
        while (components.Count > 1)
        {
            var step = Cheapest(components, pending, rows);
            var (left, right) = (components[step.Left], components[step.Right]);
            var join = new Join(JoinType.Inner, left.Placed.Plan, right.Placed.Plan,
                Conjuncts.Combine(pending.Take(left.Columns, right.Columns)));
            components[step.Left] =
                new Component(JoinPlaced(join, left.Placed, right.Placed, step.Exchange, step.Pairs, Keys(step.Pairs, rows)), step.Result,
                    [.. left.Columns, .. right.Columns]);
            components.RemoveAt(step.Right);
        }

        // What is left names one relation, none, or holds subqueries.
        var rest = pending.Rest.Concat(above).ToList();
        var whole = components[0].Placed;
        return rest.Count == 0 ? whole : Over(new Filter(whole.Plan, Conjuncts.Combine(rest)), whole);
    }

    /// <summary>Conditions with subqueries are decided above the joins, as the statement has them.</summary>
    private static void Flatten(LogicalPlan plan, List<LogicalPlan> relations, List<Expr> conditions, List<Expr> above)
    {
        switch (plan)
        {
            case Filter { Input: Join { Type: JoinType.Inner, IsLateral: false } } filter:
                foreach (var term in Conjuncts.Of(filter.Predicate))
                    (PlanRewriter.IsVolatile(term) || PlanRewriter.HasSubquery(term) ? above : conditions).Add(term);
                Flatten(filter.Input, relations, conditions, above);
                break;
            case Join { Type: JoinType.Inner, IsLateral: false } join:
                foreach (var term in Conjuncts.Of(join.Condition))
                    (PlanRewriter.IsVolatile(term) || PlanRewriter.HasSubquery(term) ? above : conditions).Add(term);
                Flatten(join.Left, relations, conditions, above);
                Flatten(join.Right, relations, conditions, above);
                break;
            default:
                relations.Add(plan);
                break;
        }
    }

    private Step Cheapest(List<Component> components, JoinConditions pending, Dictionary<int, double> rows)
    {
        Step? best = null;
        for (var pass = 0; pass < 2 && best is null; pass++)
        {
            for (var i = 0; i < components.Count; i++)
            {
                for (var j = i + 1; j < components.Count; j++)
                {
                    var (left, right) = (components[i], components[j]);
                    var conditions = pending.Between(left.Columns, right.Columns);

                    // Products without a condition only when nothing else is left.
                    if (conditions.Count == 0 && pass == 0) continue;
                    var pairs = Pairs(conditions, left.Columns, right.Columns);
                    var result = Estimate(conditions, left, right, Keys(pairs, rows));
                    var (exchange, moved) = Choose(JoinType.Inner, left.Placed, right.Placed, left.Estimate.Rows,
                        right.Estimate.Rows, pairs);
                    var cost = moved + (ComputeWeight * result.Rows);
                    if (best is null || cost < best.Cost) best = new Step(i, j, exchange, cost, pairs, result);
                }
            }
        }

        return best!;
    }

    /// <summary>The rows of a join by its equalities, of which its other conditions keep some.</summary>
    private RowEstimates.Estimate Estimate(IReadOnlyList<Expr> conditions, Component left, Component right, double keys)
    {
        var result = RowEstimates.OfJoin(JoinType.Inner, left.Estimate, right.Estimate,
            conditions.Count > 0 && !double.IsPositiveInfinity(keys), keys);
        var others = conditions.Where(condition => !PartitionKeys.TryGetPair(condition, left.Columns, right.Columns, out _));
        return result with
        {
            Rows = Math.Max(1, others.Aggregate(result.Rows, (count, condition) => count * _estimates.Selectivity(condition))),
        };
    }

    /// <summary>
    /// How many values each column may have: no more than the table that it comes from has rows, wherever it was joined to since, and no
    /// more than a column that it is compared with. Two columns that both equal the key of a small table are few-valued, however large
    /// their own tables are.
    /// </summary>
    private Dictionary<int, double> ValueCounts(IEnumerable<LogicalPlan> relations, IEnumerable<Expr> conditions)
    {
        var counts = new Dictionary<int, double>();
        foreach (var relation in relations)
        {
            var rows = _estimates.Of(relation).BaseRows;
            foreach (var column in relation.Columns) counts[column.Id] = rows;
        }

        var equal = conditions.OfType<Call>()
            .Where(call => call is { Operator: "=", Arguments: [ColumnRef left, ColumnRef right] } && counts.ContainsKey(left.Column.Id)
                && counts.ContainsKey(right.Column.Id))
            .Select(call => (Left: ((ColumnRef)call.Arguments[0]).Column.Id, Right: ((ColumnRef)call.Arguments[1]).Column.Id))
            .ToArray();
        for (var hasChanged = true; hasChanged;)
        {
            hasChanged = false;
            foreach (var (left, right) in equal)
            {
                if (counts[left] == counts[right]) continue;
                counts[left] = counts[right] = Math.Min(counts[left], counts[right]);
                hasChanged = true;
            }
        }

        return counts;
    }

    /// <summary>How many values the pairs may have together.</summary>
    private static double Keys(IReadOnlyList<KeyPair> pairs, Dictionary<int, double> rows)
    {
        if (pairs.Count == 0) return double.PositiveInfinity;
        return pairs.Aggregate(1.0, (product, pair) => product * Math.Min(Values(pair.Left), Values(pair.Right)));

        double Values(Expr side) =>
            PlanColumns.Of(side).Select(id => rows.GetValueOrDefault(id, double.PositiveInfinity))
                .DefaultIfEmpty(double.PositiveInfinity).Max();
    }

    private static List<KeyPair> Pairs(IEnumerable<Expr> conditions, HashSet<int> left, HashSet<int> right)
    {
        var pairs = new List<KeyPair>();
        foreach (var condition in conditions)
            if (PartitionKeys.TryGetPair(condition, left, right, out var pair))
                pairs.Add(pair);
        return pairs;
    }

    /// <summary>The exchange that moves the fewest rows and that the type of join allows, and how many rows it moves.</summary>
    private (Exchange Exchange, double Moved) Choose(JoinType type, Placed left, Placed right, double leftRows, double rightRows,
        IReadOnlyList<KeyPair> pairs)
    {
        if (!left.IsSpread && !right.IsSpread) return (Exchange.None, 0);

        // Only the side whose unmatched rows are not kept may be copied: each copy would keep them again.
        var best = (Exchange: Exchange.Gather,
            Moved: (left.IsSpread ? leftRows : 0) + (right.IsSpread ? rightRows : 0) + leftRows + rightRows);
        if (left.IsSpread && type.DropsUnmatchedRight)
            Consider(Exchange.BroadcastRight, right.Kind == PlacementKind.Replicated ? 0 : Copied(rightRows));
        if (right.IsSpread && type is JoinType.Inner or JoinType.Right)
            Consider(Exchange.BroadcastLeft, left.Kind == PlacementKind.Replicated ? 0 : Copied(leftRows));
        if (pairs.Count > 0)
        {
            var (leftReady, rightReady) = Ready(left, right, pairs);
            Consider(Exchange.Hash, (leftReady ? 0 : leftRows) + (rightReady ? 0 : rightRows));
        }

        return best;

        // Every task reads each row, and every task but one builds what another has built already.
        double Copied(double rows) => rows * ((2 * _options.Workers) - 1);

        void Consider(Exchange exchange, double moved)
        {
            if (moved < best.Moved) best = (exchange, moved);
        }
    }

    /// <summary>Which sides already lie as the join needs them. At most one does unless both were placed by the same lists.</summary>
    private static (bool Left, bool Right) Ready(Placed left, Placed right, IReadOnlyList<KeyPair> pairs)
    {
        if (Match(left, pairs.Select(pair => pair.Left)) is { } order)
            return (true,
                right.IsSpread && right.Keys.Any(key => key.Equals(order.Select(i => ColumnOf(pairs[i].Right)).ToEquatableArray())));
        return (false, Match(right, pairs.Select(pair => pair.Right)) is not null);
    }

    /// <summary>The pairs, in order, by which a side is placed already; null when it is not.</summary>
    private static int[]? Match(Placed side, IEnumerable<Expr> expressions)
    {
        if (!side.IsSpread) return null;
        var columns = expressions.Select(ColumnOf).ToArray();
        foreach (var key in side.Keys)
        {
            var order = key.Select(id => Array.IndexOf(columns, id)).ToArray();
            if (order.Length > 0 && order.All(index => index >= 0)) return order;
        }

        return null;
    }

    private static int ColumnOf(Expr expression) => expression is ColumnRef reference ? reference.Column.Id : -1;

    private Placed PlaceJoin(Join join)
    {
        if (join.IsLateral) return PlaceLateral(join);
        var left = Place(join.Left);
        var pairs = Pairs(
            Conjuncts.Of(join.Condition), [.. join.Left.Columns.Select(column => column.Id)],
            [.. join.Right.Columns.Select(column => column.Id)]);
        if (ReduceAggregated(join, left, pairs) is var (hashed, reduced)) (left, join) = (hashed, join with { Right = reduced });
        var right = Place(join.Right);
        var (exchange, _) = Choose(join.Type, left, right, _estimates.Rows(join.Left), _estimates.Rows(join.Right), pairs);
        return JoinPlaced(join, left, right, exchange, pairs);
    }

    /// <param name="values">How many values the compared columns may have together.</param>
    private Placed JoinPlaced(Join join, Placed left, Placed right, Exchange exchange, IReadOnlyList<KeyPair> pairs,
        double values = double.PositiveInfinity)
    {
        switch (exchange)
        {
            case Exchange.BroadcastLeft: left = ToReplicated(left); break;
            case Exchange.BroadcastRight: right = ToReplicated(right); break;
            case Exchange.Gather: (left, right) = (ToSingle(left), ToSingle(right)); break;
            case Exchange.Hash: (left, right) = HashBoth(join.Type, left, right, pairs, values); break;
        }

        var isSpread = left.IsSpread || right.IsSpread;
        var node = LocalizeSubqueries(join, isSpread).WithInputs([left.Plan, right.Plan]);
        if (!isSpread) return new Placed(node, Together(left, right));
        var keys = new List<EquatableArray<int>>();
        if (left.IsSpread && join.Type is not (JoinType.Right or JoinType.Full)) keys.AddRange(left.Keys);
        if (right.IsSpread && join.Type is JoinType.Inner or JoinType.Right) keys.AddRange(right.Keys);
        return new Placed(node, PlacementKind.Spread, keys.ToEquatableArray());
    }

    private (Placed Left, Placed Right) HashBoth(JoinType type, Placed left, Placed right, IReadOnlyList<KeyPair> pairs, double values)
    {
        var (leftOrder, rightOrder) = (Match(left, pairs.Select(pair => pair.Left)), Match(right, pairs.Select(pair => pair.Right)));
        if ((leftOrder ?? rightOrder) is { } order) pairs = [.. order.Select(i => pairs[i])];
        Expr[] leftKeys = [.. pairs.Select(pair => pair.Left)], rightKeys = [.. pairs.Select(pair => pair.Right)];

        // Where both move, the one with the fewer keys goes first, and of the other only what meets them.
        var (leftRows, rightRows) = (_estimates.Of(left.Plan), _estimates.Of(right.Plan));
        if (leftOrder is null && rightOrder is null)
        {
            if (type.DropsUnmatchedRight && IsReduction(rightRows, leftRows, values))
            {
                left = HashSide(left, leftKeys);
                return (left, HashSide(right.With(Reduce(right.Plan, rightKeys, left, pairs)), rightKeys));
            }

            if (type.DropsUnmatchedLeft && IsReduction(leftRows, rightRows, values))
            {
                right = HashSide(right, rightKeys);
                return (HashSide(left.With(Reduce(left.Plan, leftKeys, right, pairs)), leftKeys), right);
            }
        }

        return (HashSide(left, leftKeys), HashSide(right, rightKeys));
    }

    /// <summary>Keys that are expressions become columns first.</summary>
    private Placed HashSide(Placed side, IEnumerable<Expr> expressions)
    {
        var columns = new List<Column>();
        var computed = new List<Assignment>();
        foreach (var expression in expressions)
        {
            if (expression is ColumnRef { Column: var column })
            {
                columns.Add(column);
                continue;
            }

            computed.Add(new Assignment(NewColumn("key", expression.Type), expression));
            columns.Add(computed[^1].Column);
        }

        if (computed.Count > 0)
            side = side.With(new Project(side.Plan, side.Plan.Columns.Select(Pass).Concat(computed).ToEquatableArray()));
        return ToHash(side, [.. columns]);
    }

    /// <summary>The right side is run for each row of the left, wherever that is.</summary>
    private Placed PlaceLateral(Join join)
    {
        var left = Place(join.Left);
        var right = Localize(join.Right, left.IsSpread);
        var node = LocalizeSubqueries(join, left.IsSpread).WithInputs([left.Plan, right]);
        return new Placed(node, left.IsSpread ? PlacementKind.Spread : PlacementKind.Single, left.Keys);
    }
}
