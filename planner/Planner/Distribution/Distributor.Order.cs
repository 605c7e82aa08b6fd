namespace Federation.Planner.Distribution;

/// <summary>The order that the client sees: each task sorts its rows, and whoever gives them to the client merges.</summary>
internal sealed partial class Distributor
{
    /// <summary>
    /// Places the topmost nodes. An order further down is none that anybody is promised, or one that a LIMIT there consumes.
    /// </summary>
    /// <returns>With the column and the way of merging when the rows are spread and each task has its own sorted.</returns>
    private (Placed Placed, Column? Order, RowMerge? Merge) PlaceResult(LogicalPlan plan)
    {
        switch (plan)
        {
            case Sort sort: return PlaceSort(sort, Place(sort.Input), most: null);
            case Limit { Input: Sort sort } limit:
            {
                var input = Place(sort.Input);
                if (!input.IsSpread || !IsMergeable(sort) || limit.WithTies || !TryCount(limit, out var skip, out var take))
                    return (PlaceLimit(limit, input), null, null);
                var sorted = PlaceSort(sort, input, take is { } rows ? new Constant(skip + rows, SqlType.Int8) : null);
                return sorted with { Merge = sorted.Merge! with { Skip = skip, Take = take } };
            }

            // The same rows are kept when they are computed afterwards.
            case Limit { Input: Project project } limit when IsOrdered(project):
                return PlaceResult(project.WithInputs([limit.WithInputs([project.Input])]));
            case Project project:
            {
                var (input, order, merge) = PlaceResult(project.Input);
                if (order is null) return (PlaceProject(project, input), null, null);
                return (PlaceProject(project with { Assignments = project.Assignments.Append(Pass(order)).ToEquatableArray() }, input),
                    order, merge);
            }

            case With with when !with.Definitions.Any(definition => definition.IsRecursive):
                Define(with);
                return PlaceResult(with.Input);
            default: return (Place(plan), null, null);
        }
    }

    /// <summary>
    /// Sorted in every task, with the bytes to merge by; sorted in one when the order cannot be computed again from the rows.
    /// </summary>
    /// <param name="most">How many rows of each task can be among those that are wanted.</param>
    private (Placed Placed, Column? Order, RowMerge? Merge) PlaceSort(Sort sort, Placed input, Constant? most)
    {
        if (!input.IsSpread || !IsMergeable(sort)) return (Over(sort, ToSingle(input)), null, null);
        var sorted = Over(sort, input);
        if (most is not null) sorted = sorted.With(new Limit(sorted.Plan, most, null));
        var order = NewColumn("order", SqlType.Bytea);
        var keyed = new Project(sorted.Plan,
            sorted.Plan.Columns.Select(Pass).Append(new Assignment(order, new OrderBytes(sort.Keys))).ToEquatableArray());
        return (sorted.With(keyed), order, new RowMerge(Shown(sort)));
    }

    /// <summary>The keys as the statement has them, not as columns that were made for them.</summary>
    private static EquatableArray<SortKey> Shown(Sort sort) => sort.Input is Project project
        ? sort.Keys.Select(key =>
            key with
            {
                Expression =
                    project.Assignments
                        .FirstOrDefault(item => key.Expression is ColumnRef reference && reference.Column.Id == item.Column.Id) ?.Expression
                        ?? key.Expression,
            }).ToEquatableArray()
        : sort.Keys;

    private static bool IsMergeable(Sort sort) =>
        sort.Keys.All(key => !PlanRewriter.IsVolatile(key.Expression) && !PlanRewriter.HasSubquery(key.Expression));

    /// <summary>Sorted rows, perhaps with projections above them that may as well be computed for fewer rows.</summary>
    private static bool IsOrdered(LogicalPlan plan) => plan is Sort
        || (plan is Project project && project.Assignments.All(item => !PlanRewriter.IsVolatile(item.Expression))
            && IsOrdered(project.Input));

    /// <summary>The bounds of a limit that are known now.</summary>
    private static bool TryCount(Limit limit, out long skip, out long? take)
    {
        (skip, take) = (0, null);
        if (limit.Count is not (null or Constant { Value: null }))
        {
            if (limit.Count is not Constant { Value: long rows and >= 0 }) return false;
            take = rows;
        }

        if (limit.Offset is not (null or Constant { Value: null }))
        {
            if (limit.Offset is not Constant { Value: long skipped and >= 0 }) return false;
            skip = skipped;
        }

        return take is not { } count || count <= long.MaxValue - skip;
    }
}
