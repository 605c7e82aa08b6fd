using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>Subqueries used as values.</summary>
public sealed partial class Binder
{
    private QueryResult BindSubquery(Query query, BindScope scope, ExpressionContext context)
    {
        var around = scope.Clause;
        scope.Clause = context;
        var bound = BindQuery(query, new BindScope(scope));
        scope.Clause = around;
        return bound;
    }

    private Expr BindScalarQuery(ScalarQueryExpression expression, BindScope scope, ExpressionContext context)
    {
        var bound = BindSubquery(expression.Query, scope, context);
        RequireOneColumn(bound, expression.Span);
        return new Subquery(SubqueryKind.Scalar, bound.Plan, bound.Outputs[0].Column.Type);
    }

    private Expr BindArrayQuery(ArrayQueryExpression expression, BindScope scope, ExpressionContext context)
    {
        var bound = BindSubquery(expression.Query, scope, context);
        RequireOneColumn(bound, expression.Span);
        RequirePlainItems([new ColumnRef(bound.Outputs[0].Column)], expression.Span);
        return new Subquery(SubqueryKind.Array, bound.Plan, SqlType.Array(bound.Outputs[0].Column.Type));
    }

    private Expr BindInQuery(InQueryExpression expression, BindScope scope, ExpressionContext context)
    {
        var any = BindAny(expression.Operand, new OperatorName(null, "=") { Span = expression.ErrorSpan }, false, expression.Query, scope,
            context, expression.ErrorSpan);
        return Negate(any, expression.IsNegated);
    }

    private Expr BindQuantifiedQuery(QuantifiedQueryExpression expression, BindScope scope, ExpressionContext context) =>
        BindAny(expression.Operand, expression.Operator, expression.IsAll, expression.Query, scope, context, expression.Operator.Span);

    private Subquery BindAny(
        Expression operand, OperatorName name, bool isAll, Query query, BindScope scope, ExpressionContext context, SourceSpan span)
    {
        var left = BindExpression(operand, scope, context);
        Expr[] items = left is RowOf row ? [.. row.Items] : [left];
        var bound = BindSubquery(query, scope, context);
        if (items.Length != bound.Outputs.Count)
        {
            throw new SqlException(SqlState.SyntaxError,
                bound.Outputs.Count > items.Length ? "subquery has too many columns" : "subquery has too few columns")
            {
                Position = span.Position,
            };
        }

        var comparisons = RowComparisons(name, items, bound.Outputs.ConvertAll(output => output.Column), span).ToArray();
        if (Array.Exists(comparisons, comparison => !comparison.Type.HasSameBase(SqlType.Bool)))
            throw new SqlException(SqlState.DatatypeMismatch,
                $"row comparison operator must yield type boolean, not type {comparisons[0].Type}") { Position = name.Span.Position };
        if (items.Length > 1 && name.Symbol is not ("=" or "<>" or "<" or "<=" or ">" or ">=")) throw UnknownRowComparison(name, span);
        return new Subquery(isAll ? SubqueryKind.All : SubqueryKind.Any, bound.Plan, SqlType.Bool)
        {
            Left = comparisons.Select(comparison => ((Call)comparison).Arguments[0]).ToEquatableArray(),
            Operator = name.Symbol,
            Comparisons = comparisons.Cast<Call>().ToEquatableArray(),
        };
    }

    /// <summary>The comparisons that decide about a row; see <see cref="Subquery.Comparisons"/>.</summary>
    private IEnumerable<Expr> RowComparisons(OperatorName name, Expr[] left, List<Column> right, SourceSpan span)
    {
        var isOrdered = left.Length > 1 && name.Symbol is "<" or "<=" or ">" or ">=";
        if (isOrdered && left.Any(PlanRewriter.IsVolatile))
            throw new SqlException(SqlState.FeatureNotSupported,
                "a volatile function as the operand of a comparison with a subquery is not supported") { Position = span.Position };
        var strict = new OperatorName(null, name.Symbol[..1]) { Span = name.Span };
        for (var i = 0; i < left.Length; i++)
        {
            var column = new ColumnRef(right[i]);
            yield return BindOperator(isOrdered && i < left.Length - 1 ? strict : name, left[i], column, span);
            if (isOrdered && i < left.Length - 1) yield return Equals(left[i], column, span);
        }
    }

    private static SqlException UnknownRowComparison(OperatorName name, SourceSpan span) =>
        new(SqlState.FeatureNotSupported, $"could not determine interpretation of row comparison operator {name.Symbol}")
        {
            Position = span.Position,
            Hint = "Row comparison operators must be associated with btree operator families.",
        };

    /// <summary>ROW(a, b) = (SELECT c, d …): NULL without a row.</summary>
    private Expr BindRowQuery(OperatorName name, RowExpression row, Query query, SourceSpan span, BindScope scope,
        ExpressionContext context)
    {
        var left = (RowOf)BindRow(row, scope, context);
        var bound = BindSubquery(query, scope, context);
        if (left.Items.Count != bound.Outputs.Count)
            throw new SqlException(SqlState.SyntaxError, bound.Outputs.Count > left.Items.Count
                ? "subquery has too many columns"
                : "subquery has too few columns") { Position = span.Position };
        var items = bound.Outputs.Select(output => (Expr)new ColumnRef(output.Column)).ToEquatableArray();
        var type = SqlType.Record(bound.Outputs.Select((output, i) => new RecordField($"f{i + 1}", output.Column.Type)).ToArray());
        var plan = new Project(bound.Plan, [new Assignment(NewColumn("row", type), new RowOf(items, type))]);
        return Once(new Subquery(SubqueryKind.Scalar, plan, type), held =>
            CompareRows(name, left.Items,
                type.Fields.Select((field, i) => (Expr)new FieldOf(held, i, field.Type)).ToEquatableArray(), span));
    }

    private static void RequireOneColumn(QueryResult bound, SourceSpan span)
    {
        if (bound.Outputs.Count == 1) return;
        throw new SqlException(SqlState.SyntaxError,
            bound.Outputs.Count == 0 ? "subquery must return a column" : "subquery must return only one column")
        {
            Position = span.Position,
        };
    }
}
