using Federation.Planner.Functions;
using Federation.Planner.Typing;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>A column of a table whose rows are written anew.</summary>
/// <param name="Type">The type that its values get, as in an assignment; null when they stay as they are.</param>
/// <param name="Mismatch">What is told when there is no assignment cast to the type.</param>
public sealed record RewrittenColumn(SqlType? Type, SqlException Mismatch);

/// <summary>ALTER TABLE: the rows of a table with other values, or values of other types (ATPrepAlterColumnType in tablecmds.c).</summary>
public sealed partial class Binder
{
    private static readonly ExpressionContext s_transform = new("transform expressions");

    /// <summary>Binds what USING says. Raises the errors of a wrong one.</summary>
    /// <param name="columns">The table's columns.</param>
    public static void RequireTransform(Expression expression, string table, IReadOnlyList<(string Name, SqlType Type)> columns,
        BindContext context)
    {
        if (FindSubquery(expression) is { } subquery)
            throw new SqlException(SqlState.FeatureNotSupported, "cannot use subquery in transform expression")
                { Position = subquery.Span.Position };
        var binder = new Binder(context) { _statement = new Query(new SelectBody([new SelectItem(expression, null)])) };
        binder.BindOver(expression, table, [.. columns.Select(item => binder.NewColumn(item.Name, item.Type))], s_transform);
    }

    /// <summary>Binds the query that gives a table's rows as they are to be.</summary>
    /// <param name="columns">One for each of the query's.</param>
    public static BoundQuery BindRewrite(Query rows, IReadOnlyList<RewrittenColumn> columns, BindContext context)
    {
        var binder = new Binder(context) { _statement = rows };
        var bound = binder.BindQuery(rows, new BindScope(null), resolvesUnknown: false);
        var values = columns.Select((column, i) => column.Type is null
            ? new ColumnRef(bound.Outputs[i].Column)
            : binder.Rewritten(binder.PendingValue(bound, i), column.Type, column.Mismatch)).ToArray();
        var assignments = values.Select((value, i) =>
            new Assignment(binder.NewColumn(bound.Outputs[i].Name, value.Type), value)).ToArray();
        var plan = new Project(bound.Plan, assignments.ToEquatableArray());
        TextStyles.Require(plan, context.Values.Format);
        return new BoundQuery(plan, [.. assignments.Select(item => new OutputColumn(item.Column.Name, item.Column))],
            binder._parameters.Resolve())
        {
            Tables = binder._tables, Views = binder._views, HasSessionCalls = binder._hasSessionCalls, HasSteps = binder._hasSteps,
        };
    }

    private Expr Rewritten(Expr value, SqlType type, SqlException mismatch) =>
        value.Type.IsUnknown
        || TypeRules.FindPath(type.AnnouncedOid, value.Type.AnnouncedOid, CastContext.Assignment).Path != CoercionPath.None
            ? Coerce(value, type, CastContext.Assignment, default)
            : throw mismatch;
}
