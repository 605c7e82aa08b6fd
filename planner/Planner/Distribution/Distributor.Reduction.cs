namespace Federation.Planner.Distribution;

/// <summary>
/// Semi-join reduction (Bernstein and Chiu, 1981): of the larger side of a join only those rows move whose keys the smaller side has. The
/// keys are read from what the smaller side spooled for the join itself; the kernel takes them down to the scan, where they skip row
/// groups.
/// </summary>
internal sealed partial class Distributor
{
    /// <summary>What it costs every task to read a key and to look it up, against moving a row.</summary>
    private const double KeyWeight = 0.5;

    /// <summary>Whether keeping only the rows that meet others saves more than it costs.</summary>
    private bool IsReduction(RowEstimates.Estimate rows, RowEstimates.Estimate others, double keys) =>
        rows.Rows * (1 - RowEstimates.Kept(rows, others, keys)) > Math.Max(_options.SplitRows, others.Rows * _options.Workers * KeyWeight);

    /// <summary>Those rows of a plan whose keys are among those of a side that is spooled by them.</summary>
    private Join Reduce(LogicalPlan plan, Expr[] keys, Placed by, IReadOnlyList<KeyPair> pairs)
    {
        var source = (RemoteSource)by.Plan with { Reading = ExchangeReading.Whole };
        var renamed = by.Keys[0].Select(id => source.Columns.First(column => column.Id == id))
            .Select(column => new Assignment(NewColumn(column.Name, column.Type), new ColumnRef(column))).ToArray();
        var conditions = pairs.Select((pair, i) => pair.Of(keys[i], new ColumnRef(renamed[i].Column))).ToArray();
        return new Join(JoinType.Semi, plan, new Project(source, renamed.ToEquatableArray()), Conjuncts.Combine(conditions));
    }

    /// <summary>
    /// A right side that is grouped by the keys of the join: only the groups that the left side asks for are computed. Gives the left side
    /// as it was spooled, and the right side over fewer rows; null where that does not pay.
    /// </summary>
    private (Placed Left, LogicalPlan Right)? ReduceAggregated(Join join, Placed left, IReadOnlyList<KeyPair> pairs)
    {
        if (pairs.Count == 0 || left.Kind == PlacementKind.Replicated || !join.Type.DropsUnmatchedRight
            || Match(left, pairs.Select(pair => pair.Left)) is not null) return null;
        var leftRows = _estimates.Of(left.Plan);
        Placed? hashed = null;
        var right = Under(join.Right, [.. pairs.Select(pair => pair.Right)], isGrouped: false);
        return right is null ? null : (hashed!, right);

        LogicalPlan? Under(LogicalPlan plan, Expr[] keys, bool isGrouped)
        {
            switch (plan)
            {
                case Filter filter when !PlanRewriter.IsVolatile(filter.Predicate):
                    return Under(filter.Input, keys, isGrouped) is { } filtered ? filter.WithInputs([filtered]) : null;
                case Project project when !project.Assignments.Any(item => PlanRewriter.IsVolatile(item.Expression)):
                    return Under(project.Input, Below(keys, project.Assignments), isGrouped) is { } projected
                        ? project.WithInputs([projected])
                        : null;
                case Aggregate { Sets.Count: 0, Keys.Count: > 0 } aggregate
                    when keys.All(key => PlanColumns.Of(key).All(id => aggregate.Keys.Any(item => item.Column.Id == id))):
                    return Under(aggregate.Input, Below(keys, aggregate.Keys), isGrouped: true) is { } input
                        ? aggregate.WithInputs([input])
                        : null;
            }

            if (!isGrouped || !IsReduction(_estimates.Of(plan), leftRows, double.PositiveInfinity)) return null;
            hashed = HashSide(left, pairs.Select(pair => pair.Left));
            return Reduce(plan, keys, hashed, pairs);
        }
    }

    private static Expr[] Below(Expr[] keys, IEnumerable<Assignment> assignments)
    {
        var values = assignments.ToDictionary(item => item.Column.Id, item => item.Expression);
        return [.. keys.Select(key => PlanRewriter.Rewrite(key,
            item => item is ColumnRef reference && values.TryGetValue(reference.Column.Id, out var value) ? value : item))];
    }
}
