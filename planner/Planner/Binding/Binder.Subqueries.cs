using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>Subqueries used as values.</summary>
public sealed partial class Binder
{
    private QueryResult BindSubquery(Query query, BindScope scope) => BindQuery(query, new BindScope(scope));

    private Expr BindScalarQuery(ScalarQueryExpression expression, BindScope scope)
    {
        var bound = BindSubquery(expression.Query, scope);
        RequireOneColumn(bound, expression.Span);
        return new Subquery(SubqueryKind.Scalar, bound.Plan, bound.Outputs[0].Column.Type);
    }

    private Expr BindArrayQuery(ArrayQueryExpression expression, BindScope scope)
    {
        var bound = BindSubquery(expression.Query, scope);
        RequireOneColumn(bound, expression.Span);
        return new Subquery(SubqueryKind.Array, bound.Plan, SqlType.Array(bound.Outputs[0].Column.Type));
    }

    private Expr BindInQuery(InQueryExpression expression, BindScope scope, ExpressionContext context)
    {
        var any = BindAny(expression.Operand, new OperatorName(null, "=") { Span = expression.ErrorSpan }, false, expression.Query, scope, context, expression.ErrorSpan);
        return Negate(any, expression.IsNegated);
    }

    private Expr BindQuantifiedQuery(QuantifiedQueryExpression expression, BindScope scope, ExpressionContext context) =>
        BindAny(expression.Operand, expression.Operator, expression.IsAll, expression.Query, scope, context, expression.Span);

    private Subquery BindAny(
        Expression operand, OperatorName name, bool isAll, Query query, BindScope scope, ExpressionContext context, SourceSpan span)
    {
        var left = BindExpression(operand, scope, context);
        Expr[] items = left is RowOf row ? [.. row.Items] : [left];
        var bound = BindSubquery(query, scope);
        if (items.Length != bound.Outputs.Count)
        {
            throw new SqlException(SqlState.SyntaxError, bound.Outputs.Count > items.Length ? "subquery has too many columns" : "subquery has too few columns")
            {
                Position = span.Position,
            };
        }

        if (items.Length > 1 && name.Symbol is not ("=" or "<>"))
            throw new SqlException(SqlState.FeatureNotSupported, $"row comparison operator {name.Symbol} with a subquery is not supported") { Position = name.Span.Position };
        var comparisons = items.Select((item, i) => BindOperator(name, item, new ColumnRef(bound.Outputs[i].Column), span)).ToArray();
        if (Array.Exists(comparisons, comparison => !comparison.Type.HasSameBase(SqlType.Bool)))
            throw new SqlException(SqlState.DatatypeMismatch, $"row comparison operator must yield type boolean, not type {comparisons[0].Type}") { Position = name.Span.Position };
        return new Subquery(isAll ? SubqueryKind.All : SubqueryKind.Any, bound.Plan, SqlType.Bool)
        {
            Left = comparisons.Select(comparison => ((Call)comparison).Arguments[0]).ToEquatableArray(),
            Operator = name.Symbol,
            Comparisons = comparisons.Cast<Call>().ToEquatableArray(),
        };
    }

    private static void RequireOneColumn(QueryResult bound, SourceSpan span)
    {
        if (bound.Outputs.Count == 1) return;
        throw new SqlException(SqlState.SyntaxError, bound.Outputs.Count == 0 ? "subquery must return a column" : "subquery must return only one column")
        {
            Position = span.Position,
        };
    }
}
