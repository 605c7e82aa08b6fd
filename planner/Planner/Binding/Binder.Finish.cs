using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>The end of a SELECT: its columns, DISTINCT, ORDER BY and LIMIT.</summary>
public sealed partial class Binder
{
    /// <summary>Projection, DISTINCT and ORDER BY; sort expressions that are no output ride along and are dropped at the end.</summary>
    private QueryResult Finish(LogicalPlan plan, SelectBody select, SelectExpressions expressions, Query query, BindScope scope)
    {
        var assignments = new List<Assignment>();
        var outputs = new List<OutputColumn>();
        var byValue = new Dictionary<Expr, Column>();
        var sets = new List<(Column Target, SelectColumn Column)>();
        foreach (var column in expressions.Columns)
        {
            var target = NewColumn(column.Name, column.Value.Type);
            PassDomain(column.Value, target);
            if (ContainsSet(column.Value)) sets.Add((target, column));
            else assignments.Add(new Assignment(target, column.Value));
            outputs.Add(new OutputColumn(column.Name, target) { TableOid = column.TableOid, AttributeNumber = column.AttributeNumber });
            byValue.TryAdd(SubqueryNumbers.Canonical(column.Value), target);
        }

        var named = PlanColumns.Of(sets.Select(set => set.Column.Value));
        assignments.AddRange(
            plan.Columns.Where(column => named.Contains(column.Id)).Select(column => new Assignment(column, new ColumnRef(column))));
        Column Carry(Expr value, SourceSpan span, string? error)
        {
            var written = SubqueryNumbers.Canonical(value);
            if (byValue.TryGetValue(written, out var present)) return present;
            if (error is not null) throw new SqlException(SqlState.InvalidColumnReference, error) { Position = span.Position };
            var hidden = NewColumn("sort", value.Type);
            assignments.Add(new Assignment(hidden, value));
            byValue[written] = hidden;
            return hidden;
        }

        var isDistinct = select.IsDistinct && select.DistinctOn.Count == 0;
        var keys = expressions.Order.Select(item => BindSortKey(item.Syntax, new ColumnRef(Carry(
            item.Value,
            item.Syntax.Expression.Span,
            isDistinct ? "for SELECT DISTINCT, ORDER BY expressions must appear in select list" : null)))).ToEquatableArray();
        foreach (var key in expressions.DistinctOn) RequireEquality(key, select.Span);
        var distinctKeys = expressions.DistinctOn.Select(value => (Expr)new ColumnRef(Carry(value, default, null))).ToEquatableArray();
        plan = new Project(plan, assignments.ToEquatableArray());
        if (isDistinct)
        {
            foreach (var assignment in assignments) RequireEquality(assignment.Expression, select.Span);
            plan = new Distinct(plan);
        }

        if (distinctKeys.Count > 0)
        {
            CheckDistinctOn(distinctKeys, keys, select);
            plan = new DistinctOn(plan, distinctKeys, keys);
        }
        else if (keys.Count > 0)
        {
            plan = new Sort(plan, keys);
        }

        var expanded = new SelectExpressions(sets.ConvertAll(set => set.Column), [], [], null);
        plan = BindSets(plan, expanded);

        // LIMIT stands above the sort and below the narrowing, so that ties are still seen.
        plan = BindLimit(query, plan, scope);
        if (sets.Count > 0 || assignments.Count > outputs.Count)
        {
            var values = sets.Select((set, i) => (set.Target, expanded.Columns[i].Value))
                .ToDictionary(pair => pair.Target, pair => pair.Value);
            plan = new Project(plan,
                outputs.Select(output => new Assignment(output.Column,
                    values.GetValueOrDefault(output.Column, new ColumnRef(output.Column)))).ToEquatableArray());
        }

        return new QueryResult(plan, outputs);
    }

    private static void CheckDistinctOn(EquatableArray<Expr> distinct, EquatableArray<SortKey> order, SelectBody select)
    {
        var leading = order.Take(distinct.Distinct().Count()).Select(key => key.Expression).ToArray();
        if (leading.All(key => distinct.Contains(key))) return;
        throw new SqlException(SqlState.InvalidColumnReference, "SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
        {
            Position = select.DistinctOn[0].Span.Position,
        };
    }
}
