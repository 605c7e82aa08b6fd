using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>
/// An aggregate whose arguments name columns of outer queries alone is computed by the nearest of them (check_agg_arguments in
/// parse_agg.c): in <c>SELECT (SELECT max(t.a)) FROM t</c> over the rows of t. What stands in the subquery is a column of that query's
/// aggregation. GROUPING belongs to the level of its arguments in the same way.
/// </summary>
public sealed partial class Binder
{
    /// <summary>The query level whose rows an aggregate runs over, or whose keys GROUPING asks for.</summary>
    private BindScope LevelOf(Expr call, BindScope scope, SourceSpan span)
    {
        var named = PlanColumns.Of(call);
        for (var level = named.Count == 0 ? null : scope; level is not null; level = level.Parent)
        {
            var computed = level.OuterAggregates.Select(item => item.Column.Id).ToHashSet();
            Expr? nested = null;
            if (named.Overlaps(computed))
                PlanRewriter.Contains(call,
                    item => item is ColumnRef reference && computed.Contains(reference.Column.Id) && (nested = item) is not null);
            if (nested is not null) throw new SqlException(SqlState.GroupingError, "aggregate function calls cannot be nested")
                { Position = SpanOf(nested, span).Position };
            if (named.Overlaps(PlanColumns.Of(level.Items.SelectMany(item => item.Entry.Columns).Select(column => column.Value))))
                return level;
        }

        return scope;
    }

    private static void RequireAggregates(ExpressionContext context, SourceSpan span)
    {
        if (context.AllowsAggregates) return;
        throw new SqlException(SqlState.GroupingError, context.AggregateError ?? $"aggregate functions are not allowed in {context.Name}")
            { Position = span.Position };
    }

    /// <summary>The value with its aggregates handed to an outer level, whose columns stand for them.</summary>
    private Expr ComputeAt(BindScope level, Expr value) => PlanRewriter.Rewrite(value, item =>
    {
        if (item is not (AggregateCall or Grouping)) return item;
        var known = level.OuterAggregates.Find(assignment => assignment.Expression.Equals(item));
        if (known is null)
            level.OuterAggregates
                .Add(known = new Assignment(NewColumn(item is AggregateCall call ? call.Function.Name : "grouping", item.Type), item));
        return new ColumnRef(known.Column);
    });
}
