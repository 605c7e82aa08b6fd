using Federation.Connectors.Spi;

namespace Federation.Planner;

/// <summary>Bound expressions in the form that connectors see.</summary>
public static class ConnectorExpressions
{
    /// <summary>Null when the expression names another table's column or is of a kind that connectors do not know.</summary>
    /// <param name="ofSubquery">The form of a subquery; null where none may stand.</param>
    public static ConnectorExpression? Convert(
        Expr expression, IReadOnlyDictionary<int, string> columns, Func<Subquery, ConnectorExpression?>? ofSubquery = null)
    {
        switch (expression)
        {
            case ColumnRef reference:
                return columns.TryGetValue(reference.Column.Id, out var name) ? new ConnectorExpression.Column(name, reference.Type) : null;
            case Constant constant:
                return new ConnectorExpression.Constant(constant.Value, constant.Type);
            case Parameter { Value: null } parameter:
                return new ConnectorExpression.Parameter(parameter.Number, parameter.Type);
            case Cast cast:
                return Convert(cast.Operand, columns, ofSubquery) is { } operand ? new ConnectorExpression.Cast(operand, cast.Type) : null;
            case Call call:
                return ConvertAll(call.Arguments, columns, ofSubquery) is not { } arguments ? null
                    : call.Operator is { } symbol ? new ConnectorExpression.Operator(symbol, arguments, call.Type)
                    : new ConnectorExpression.Function(call.Function.Name, arguments, call.Type);
            case And and: return ConvertAll(and.Terms, columns, ofSubquery) is { } terms ? new ConnectorExpression.And(terms) : null;
            case Or or: return ConvertAll(or.Terms, columns, ofSubquery) is { } alternatives
                ? new ConnectorExpression.Or(alternatives)
                : null;
            case Not not: return Convert(not.Operand, columns, ofSubquery) is { } negated ? new ConnectorExpression.Not(negated) : null;
            case IsNull test: return Convert(test.Operand, columns, ofSubquery) is { } tested
                ? new ConnectorExpression.IsNull(tested)
                : null;
            case Coalesce coalesce:
                return ConvertAll(coalesce.Arguments, columns, ofSubquery) is { } choices
                    ? new ConnectorExpression.Function("coalesce", choices, coalesce.Type)
                    : null;
            case InList list:
                return Convert(list.Operand, columns, ofSubquery) is { } item && ConvertAll(list.Items, columns, ofSubquery) is { } values
                    ? new ConnectorExpression.In(item, values)
                    : null;
            case Subquery subquery: return ofSubquery?.Invoke(subquery);
            case Case choice:
                return ConvertAll(choice.Operands, columns, ofSubquery) is { } parts
                    ? new ConnectorExpression.Case(
                        choice.Whens.Select((_, i) => new CaseBranch(parts[2 * i], parts[(2 * i) + 1])).ToEquatableArray(),
                        parts[parts.Count - 1], choice.Type)
                    : null;
            default: return null;
        }
    }

    private static EquatableArray<ConnectorExpression>? ConvertAll(EquatableArray<Expr> expressions,
        IReadOnlyDictionary<int, string> columns, Func<Subquery, ConnectorExpression?>? ofSubquery)
    {
        var converted = new ConnectorExpression[expressions.Count];
        for (var i = 0; i < converted.Length; i++)
        {
            if (Convert(expressions[i], columns, ofSubquery) is not { } item) return null;
            converted[i] = item;
        }

        return new EquatableArray<ConnectorExpression>(converted);
    }
}
