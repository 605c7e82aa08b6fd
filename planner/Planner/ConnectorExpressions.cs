using Federation.Connectors.Spi;

namespace Federation.Planner;

/// <summary>Bound expressions in the form that connectors see.</summary>
public static class ConnectorExpressions
{
    /// <summary>Null when the expression names another table's column or is of a kind that connectors do not know.</summary>
    public static ConnectorExpression? Convert(Expr expression, IReadOnlyDictionary<int, string> columns)
    {
        switch (expression)
        {
            case ColumnRef reference:
                return columns.TryGetValue(reference.Column.Id, out var name) ? new ConnectorExpression.Column(name, reference.Type) : null;
            case Constant constant:
                return new ConnectorExpression.Constant(constant.Value, constant.Type);
            case Cast cast:
                return Convert(cast.Operand, columns) is { } operand ? new ConnectorExpression.Cast(operand, cast.Type) : null;
            case Call call:
                return ConvertAll(call.Arguments, columns) is not { } arguments ? null
                    : call.Operator is { } symbol ? new ConnectorExpression.Operator(symbol, arguments, call.Type)
                    : new ConnectorExpression.Function(call.Function.Name, arguments, call.Type);
            case And and: return ConvertAll(and.Terms, columns) is { } terms ? new ConnectorExpression.And(terms) : null;
            case Or or: return ConvertAll(or.Terms, columns) is { } alternatives ? new ConnectorExpression.Or(alternatives) : null;
            case Not not: return Convert(not.Operand, columns) is { } negated ? new ConnectorExpression.Not(negated) : null;
            case IsNull test: return Convert(test.Operand, columns) is { } tested ? new ConnectorExpression.IsNull(tested) : null;
            case Coalesce coalesce:
                return ConvertAll(coalesce.Arguments, columns) is { } choices ? new ConnectorExpression.Function("coalesce", choices, coalesce.Type) : null;
            case InList list:
                return Convert(list.Operand, columns) is { } item && ConvertAll(list.Items, columns) is { } values
                    ? new ConnectorExpression.In(item, values)
                    : null;
            default: return null;
        }
    }

    private static EquatableArray<ConnectorExpression>? ConvertAll(EquatableArray<Expr> expressions, IReadOnlyDictionary<int, string> columns)
    {
        var converted = new ConnectorExpression[expressions.Count];
        for (var i = 0; i < converted.Length; i++)
        {
            if (Convert(expressions[i], columns) is not { } item) return null;
            converted[i] = item;
        }

        return new EquatableArray<ConnectorExpression>(converted);
    }
}
