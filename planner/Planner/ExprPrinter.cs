using System.Diagnostics;
using Federation.Core.Values;

namespace Federation.Planner;

/// <summary>Expressions for people: EXPLAIN and messages. Not meant to be parsed.</summary>
public static class ExprPrinter
{
    public static string Print(Expr expression) => expression switch
    {
        Constant { Value: null } => "NULL",
        Constant constant => PrintConstant(constant),
        Parameter parameter => $"${parameter.Number}",
        ColumnRef reference => reference.Column.Name,
        Variable variable => $"v{variable.Number}",
        Let let => $"({Print(let.Body)} WITH {Print(let.Name)} = {Print(let.Value)})",
        Call { Operator: { } symbol, Arguments: [var only] } => $"{symbol}{Print(only)}",
        Call { Operator: { } symbol, Arguments: [var left, var right] } => $"{Nested(left)} {Spell(symbol)} {Nested(right)}",
        Call call => $"{call.Function.Name}({List(call.Arguments)})",
        Cast cast => $"{Nested(cast.Operand)}::{cast.Type}",
        And and => string.Join(" AND ", and.Terms.Select(Nested)),
        Or or => string.Join(" OR ", or.Terms.Select(Nested)),
        Not { Operand: IsNull test } => $"{Nested(test.Operand)} IS NOT NULL",
        Not not => $"NOT {Nested(not.Operand)}",
        IsNull test => $"{Nested(test.Operand)} IS NULL",
        IsBoolean test => $"{Nested(test.Operand)} IS {(test.Value ? "TRUE" : "FALSE")}",
        IsDistinct distinct => $"{Nested(distinct.Left)} IS DISTINCT FROM {Nested(distinct.Right)}",
        Case conditional =>
            $"CASE {string.Join(' ', conditional.Whens.Select(when => $"WHEN {Print(when.Condition)} THEN {Print(when.Result)}"))} ELSE "
                + $"{Print(conditional.Else)} END",
        Coalesce coalesce => $"coalesce({List(coalesce.Arguments)})",
        Extreme extreme => $"{(extreme.IsGreatest ? "greatest" : "least")}({List(extreme.Arguments)})",
        NullIf nullIf => $"nullif({Print(nullIf.Left)}, {Print(nullIf.Right)})",
        InList list => $"{Nested(list.Operand)} IN ({List(list.Items)})",
        Quantified quantified =>
            $"{Nested(quantified.Operand)} {Spell(quantified.Operator)} {(quantified.IsAll ? "ALL" : "ANY")} ({Print(quantified.Array)})",
        ArrayOf array => $"ARRAY[{List(array.Items)}]",
        RowOf row => $"ROW({List(row.Items)})",
        FieldOf field => $"({Print(field.Operand)}).{field.Operand.Type.Fields[field.Index].Name}",
        ItemOf item => $"{Nested(item.Operand)}[{Print(item.Index)}]",
        SliceOf slice =>
            $"{Nested(slice.Operand)}{string.Concat(slice.Bounds.Select(item => $"[{PrintBound(item.Low)}:{PrintBound(item.High)}]"))}",
        Subquery { Kind: SubqueryKind.Exists } => "EXISTS (subquery)",
        Subquery { Kind: SubqueryKind.Array } => "ARRAY(subquery)",
        Subquery { Kind: SubqueryKind.Scalar } => "(subquery)",
        Subquery subquery =>
            $"{(subquery.Left.Count == 1 ? Nested(subquery.Left[0]) : $"({List(subquery.Left)})")} {subquery.Operator} "
                + $"{subquery.Kind.ToString().ToUpperInvariant()} (subquery)",
        AggregateCall aggregate => PrintAggregate(aggregate),
        WindowCall window => PrintWindow(window),
        Grouping grouping => $"GROUPING({List(grouping.Arguments)})",
        OrderBytes order => $"order of ({string.Join(", ", order.Keys.Select(Print))})",
        SetCall set => $"{set.Function.Name}({List(set.Arguments)})",
        _ => throw new UnreachableException(expression.GetType().Name),
    };

    private static string PrintBound(Expr? bound) => bound is null ? "" : Print(bound);

    public static string Print(SortKey key)
    {
        var direction = key.IsDescending ? " DESC" : "";
        var nulls = key.NullsFirst == key.IsDescending ? "" : key.NullsFirst ? " NULLS FIRST" : " NULLS LAST";
        return Print(key.Expression) + direction + nulls;
    }

    private static string PrintConstant(Constant constant)
    {
        var text = ValueText.Format(constant.Value!, constant.Type, TextFormat.Default);
        return constant.Value is bool truth ? truth ? "true" : "false"
            : constant.Type.Category == 'N' && !constant.Type.Base.Name.StartsWith("reg", StringComparison.Ordinal) ? text
            : constant.Type.Category is 'S' ? $"'{text}'"
            : $"'{text}'::{constant.Type}";
    }

    private static string PrintAggregate(AggregateCall aggregate)
    {
        var arguments = aggregate.IsStar ? "*" : (aggregate.IsDistinct ? "DISTINCT " : "") + List(aggregate.Arguments);
        var order = aggregate.OrderBy.Count == 0 ? "" : $" ORDER BY {string.Join(", ", aggregate.OrderBy.Select(Print))}";
        var filter = aggregate.Filter is null ? "" : $" FILTER (WHERE {Print(aggregate.Filter)})";
        return aggregate.Function.AggregateKind == 'n'
            ? $"{aggregate.Function.Name}({arguments}{order}){filter}"
            : $"{aggregate.Function.Name}({arguments}) WITHIN GROUP ({order.TrimStart()}){filter}";
    }

    private static string PrintWindow(WindowCall window)
    {
        var partition = window.PartitionBy.Count == 0 ? "" : $"PARTITION BY {List(window.PartitionBy)}";
        var order = window.OrderBy.Count == 0 ? "" : $"ORDER BY {string.Join(", ", window.OrderBy.Select(Print))}";
        return $"{PrintAggregate(window.Function)} OVER ({string.Join(' ', new[] { partition, order }.Where(part => part.Length > 0))})";
    }

    private static string Nested(Expr expression) =>
        expression is And or Or or Case or Call { Operator: not null } ? $"({Print(expression)})" : Print(expression);

    private static string Spell(string symbol) =>
        symbol switch { "~~" => "LIKE", "!~~" => "NOT LIKE", "~~*" => "ILIKE", "!~~*" => "NOT ILIKE", _ => symbol };

    private static string List(IEnumerable<Expr> expressions) => string.Join(", ", expressions.Select(Print));
}
