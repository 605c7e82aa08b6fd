using Federation.Plan;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>Values of expressions without columns, as EXECUTE, CALL and FOR … AS OF take them.</summary>
internal static class Constants
{
    /// <summary>The CLR form of the value. Raises 0A000 for what only the kernel can compute.</summary>
    public static object? Evaluate(QuerySession session, Expression expression, SqlType? target)
    {
        var execution = session.Execution([]);
        var bound = PlanRewriter.Rewrite(Binder.BindScalar(expression, target, session.Nameless), item => QueryPlanner.Substitute(item, execution));
        return bound is Constant constant
            ? constant.Value
            : throw new SqlException(SqlState.FeatureNotSupported, "only constants and session functions are supported here") { Position = expression.Span.Position };
    }
}
