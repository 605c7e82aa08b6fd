using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>The names of unaliased output columns (FigureColname).</summary>
internal static class OutputNames
{
    public static string Of(Expression expression) => Figure(expression).Name ?? "?column?";

    /// <summary>Strength 2 is a name of its own, 1 a fallback that a better one replaces, 0 none.</summary>
    private static (string? Name, int Strength) Figure(Expression expression)
    {
        switch (expression)
        {
            case ColumnReference reference: return (reference.Name, 2);
            case Star { Qualifier: [.., var table] }: return (table, 2);
            case FieldExpression field: return (field.Field, 2);
            case SubscriptExpression subscript: return Figure(subscript.Operand);
            case FunctionCall call: return (call.Name.Name, 2);
            case BuiltinExpression builtin: return (builtin.Form.ToString().ToLowerInvariant(), 2);
            case SqlValueFunction value: return (value.Keyword, 2);
            case GroupingExpression: return ("grouping", 2);
            case CollateExpression collate: return Figure(collate.Operand);
            case ExistsExpression: return ("exists", 2);
            case ArrayQueryExpression: return ("array", 2);
            case ArrayExpression: return ("array", 2);
            case RowExpression { IsExplicit: true } or RowExpression: return ("row", 2);
            case CastExpression cast:
                var operand = Figure(cast.Operand);
                return operand.Strength > 1 ? operand : (cast.Type.Name.Name, 1);
            case CaseExpression conditional:
                var otherwise = conditional.Else is null ? default : Figure(conditional.Else);
                return otherwise.Strength > 1 ? otherwise : ("case", 1);
            case ScalarQueryExpression { Query: var query }:
                while (query.Body is NestedQuery nested) query = nested.Query;
                return query.Body switch
                {
                    SelectBody { Items: [{ Alias: { } alias }] } => (alias, 2),
                    SelectBody { Items: [var item] } => Figure(item.Expression),
                    ValuesBody => ("column1", 2),
                    _ => default,
                };
            default: return default;
        }
    }
}
