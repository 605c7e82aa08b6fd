namespace Federation.Planner.Writing;

/// <summary>
/// Computed columns below an aggregate that nothing but its sums reads. What holds for arithmetic below a sum (see
/// <see cref="KernelExpressionWriter"/>) holds for them as well: they stay in the kernel's narrow decimals, whatever digits their types
/// could have.
/// </summary>
internal static class SummedColumns
{
    /// <summary>
    /// The columns that <paramref name="aggregate"/>'s input computes by arithmetic of numerics, and that only sums of scaled integers
    /// take.
    /// </summary>
    public static IEnumerable<int> Of(Aggregate aggregate)
    {
        if (aggregate.Input is not Project project) return [];
        var candidates = project.Assignments.Where(assignment => KernelExpressionWriter.IsArithmetic(assignment.Expression))
            .Select(assignment => assignment.Column.Id).ToHashSet();
        if (candidates.Count == 0) return candidates;
        var summed = new HashSet<int>();
        foreach (var item in aggregate.Aggregates)
        {
            if (item.Expression is AggregateCall { Function.Name: "sum", Type.Decimal: not null,
                Arguments: [{ Type: { IsNumeric: true, Decimal: not null } } argument], Filter: null }) AddSummed(argument);
            else Drop(item.Expression);
        }

        foreach (var key in aggregate.Keys) Drop(key.Expression);
        summed.IntersectWith(candidates);
        return summed;

        void AddSummed(Expr value)
        {
            switch (value)
            {
                case ColumnRef reference:
                    summed.Add(reference.Column.Id);
                    break;
                case Case conditional:
                    foreach (var when in conditional.Whens)
                    {
                        Drop(when.Condition);
                        AddSummed(when.Result);
                    }

                    AddSummed(conditional.Else);
                    break;
                default:
                    Drop(value);
                    break;
            }
        }

        // Whether a value is there does not depend on how it is held.
        void Drop(Expr expression)
        {
            if (expression is IsNull { Operand: ColumnRef }) return;
            if (expression is ColumnRef reference) candidates.Remove(reference.Column.Id);
            else if (expression is Subquery) candidates.Clear();
            else foreach (var operand in expression.Operands) Drop(operand);
        }
    }
}
