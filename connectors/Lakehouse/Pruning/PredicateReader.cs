using System.Text;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Connectors.Lakehouse.Pruning;

/// <summary>Turns conjuncts into predicates that statistics can answer. Only what is certain is kept; the rest may be true.</summary>
internal static class PredicateReader
{
    private static readonly Predicate s_anything = new Predicate.Anything();
    private static readonly Predicate s_nothing = new Predicate.Nothing();

    public static Predicate Read(ConnectorExpression expression) => Read(expression, isNegated: false);

    private static Predicate Read(ConnectorExpression expression, bool isNegated) => expression switch
    {
        ConnectorExpression.Not not => Read(not.Argument, !isNegated),
        ConnectorExpression.And and => Join(and.Arguments, isNegated, isAll: !isNegated),
        ConnectorExpression.Or or => Join(or.Arguments, isNegated, isAll: isNegated),
        ConnectorExpression.IsNull isNull when Column(isNull.Argument) is { } column =>
            isNegated ? new Predicate.IsNotNull(column.Name) : new Predicate.IsNull(column.Name),
        ConnectorExpression.In contained => In(contained, isNegated),
        ConnectorExpression.Operator { Arguments.Count: 2 } call => Binary(call, isNegated),
        ConnectorExpression.Function { Name: "starts_with", Arguments: { Count: 2 } arguments } when !isNegated =>
            Prefix(arguments[0], arguments[1], isPattern: false),
        ConnectorExpression.Column { Type.Storage: Storage.Boolean } column => Compare(column, Comparison.Equal, !isNegated, SqlType.Bool),
        ConnectorExpression.Constant { Value: bool truth } => truth != isNegated ? s_anything : s_nothing,
        ConnectorExpression.Constant { Value: null } => s_nothing,
        _ => s_anything,
    };

    private static Predicate Join(EquatableArray<ConnectorExpression> arguments, bool isNegated, bool isAll)
    {
        var parts = arguments.Select(argument => Read(argument, isNegated)).ToArray();
        if (isAll)
        {
            if (parts.Any(part => part is Predicate.Nothing)) return s_nothing;
            var useful = parts.Where(part => part is not Predicate.Anything).ToEquatableArray();
            return useful.Count == 0 ? s_anything : new Predicate.All(useful);
        }

        if (parts.Any(part => part is Predicate.Anything)) return s_anything;
        var possible = parts.Where(part => part is not Predicate.Nothing).ToEquatableArray();
        return possible.Count == 0 ? s_nothing : new Predicate.Any(possible);
    }

    private static Predicate In(ConnectorExpression.In contained, bool isNegated)
    {
        var parts = new List<Predicate>();
        foreach (var value in contained.Values)
        {
            var part = Binary(contained.Argument, isNegated ? Comparison.NotEqual : Comparison.Equal, value);
            if (!isNegated && part is Predicate.Anything) return s_anything;
            parts.Add(part);
        }

        // x NOT IN (…) is never true with a NULL among the values, which the comparison with NULL already says.
        if (isNegated)
        {
            if (parts.Exists(part => part is Predicate.Nothing)) return s_nothing;
            parts.RemoveAll(part => part is Predicate.Anything);
            return parts.Count == 0 ? s_anything : new Predicate.All(parts.ToEquatableArray());
        }

        parts.RemoveAll(part => part is Predicate.Nothing);
        return parts.Count == 0 ? s_nothing : new Predicate.Any(parts.ToEquatableArray());
    }

    private static Predicate Binary(ConnectorExpression.Operator call, bool isNegated)
    {
        if (call.Symbol == "~~" && !isNegated) return Prefix(call.Arguments[0], call.Arguments[1], isPattern: true);
        if (call.Symbol == "^@" && !isNegated) return Prefix(call.Arguments[0], call.Arguments[1], isPattern: false);
        Comparison? comparison = call.Symbol switch
        {
            "=" => Comparison.Equal,
            "<>" or "!=" => Comparison.NotEqual,
            "<" => Comparison.Less,
            "<=" => Comparison.LessOrEqual,
            ">" => Comparison.Greater,
            ">=" => Comparison.GreaterOrEqual,
            _ => null,
        };
        if (comparison is not { } found) return s_anything;
        if (isNegated) found = Negated(found);
        return Column(call.Arguments[0]) is not null
            ? Binary(call.Arguments[0], found, call.Arguments[1])
            : Binary(call.Arguments[1], Swapped(found), call.Arguments[0]);
    }

    private static Predicate Binary(ConnectorExpression left, Comparison comparison, ConnectorExpression right)
    {
        if (Column(left) is not { } column || right is not ConnectorExpression.Constant constant) return s_anything;
        // A comparison with NULL is NULL.
        return constant.Value is null ? s_nothing : Compare(column, comparison, constant.Value, constant.Type);
    }

    private static Predicate Compare(ConnectorExpression.Column column, Comparison comparison, object value, SqlType type) =>
        IsComparable(column.Type, type) ? new Predicate.Compare(column.Name, comparison, value, type) : s_anything;

    private static Predicate Prefix(ConnectorExpression argument, ConnectorExpression pattern, bool isPattern)
    {
        if (Column(argument) is not { } column || !IsText(column.Type) || pattern is not ConnectorExpression.Constant constant)
            return s_anything;
        if (constant.Value is null) return s_nothing;
        if (constant.Value is not string text) return s_anything;
        var prefix = isPattern ? LiteralPrefix(text) : text;
        return prefix.Length == 0 ? s_anything : new Predicate.StartsWith(column.Name, prefix);
    }

    /// <summary>The text before the first wildcard of a LIKE pattern, escapes resolved.</summary>
    private static string LiteralPrefix(string pattern)
    {
        var prefix = new StringBuilder();
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] is '%' or '_') return prefix.ToString();
            if (pattern[i] == '\\' && ++i == pattern.Length) return prefix.ToString();
            prefix.Append(pattern[i]);
        }

        return prefix.ToString();
    }

    /// <summary>The column, also below casts that keep the order and every value apart from its type.</summary>
    private static ConnectorExpression.Column? Column(ConnectorExpression expression) => expression switch
    {
        ConnectorExpression.Column column => column,
        ConnectorExpression.Cast cast when Column(cast.Argument) is { } column && IsWidening(cast.Argument.Type, cast.To) => column,
        _ => null,
    };

    private static bool IsWidening(SqlType from, SqlType to)
    {
        if (to.Modifier >= 0) return false;
        return (from.Base.Name, to.Base.Name) switch
        {
            ("int2", "int4" or "int8" or "numeric" or "float8") => true,
            ("int4", "int8" or "numeric" or "float8") => true,
            ("int8", "numeric" or "float8") => true,
            ("float4", "float8") => true,
            ("numeric", "numeric") => to.Decimal is null || to.Decimal.Value.Scale >= from.Decimal?.Scale,
            ("date", "timestamp") => true,
            ("text" or "varchar", "text" or "varchar") => true,
            var (left, right) => left == right && !from.IsArray && !to.IsArray,
        };
    }

    private static bool IsComparable(SqlType column, SqlType constant)
    {
        if (column.IsArray || constant.IsArray) return false;
        if (IsNumber(column)) return IsNumber(constant);
        if (IsText(column)) return IsText(constant);
        return (column.Base.Name, constant.Base.Name) switch
        {
            // A comparison of local times with instants depends on the session's zone.
            ("date" or "timestamp", "date" or "timestamp") => true,
            var (left, right) => left == right && (left is "bool" or "timestamptz" or "time" or "uuid" or "bytea"),
        };
    }

    private static bool IsNumber(SqlType type) => type.Base.Name is "int2" or "int4" or "int8" or "numeric" or "float4" or "float8";

    private static bool IsText(SqlType type) => !type.IsArray && (type.Base.Name is "text" or "varchar" or "unknown");

    private static Comparison Negated(Comparison comparison) => comparison switch
    {
        Comparison.Equal => Comparison.NotEqual,
        Comparison.NotEqual => Comparison.Equal,
        Comparison.Less => Comparison.GreaterOrEqual,
        Comparison.LessOrEqual => Comparison.Greater,
        Comparison.Greater => Comparison.LessOrEqual,
        _ => Comparison.Less,
    };

    private static Comparison Swapped(Comparison comparison) => comparison switch
    {
        Comparison.Less => Comparison.Greater,
        Comparison.LessOrEqual => Comparison.GreaterOrEqual,
        Comparison.Greater => Comparison.Less,
        Comparison.GreaterOrEqual => Comparison.LessOrEqual,
        _ => comparison,
    };
}
