using System.Globalization;

namespace Federation.Planner.Writing;

/// <summary>
/// Comparisons of whole records, as record_eq and its kin make them: field by field, where NULL is equal to NULL and larger than all else.
/// Those of rows that are written out are made of comparisons of their fields before.
/// </summary>
internal sealed partial class KernelExpressionWriter
{
    private static readonly Dictionary<string, string> s_recordComparisons = new(StringComparer.Ordinal)
    {
        ["record_eq"] = "=",
        ["record_ne"] = "<>",
        ["record_lt"] = "<",
        ["record_le"] = "<=",
        ["record_gt"] = ">",
        ["record_ge"] = ">=",
    };

    private static string? RecordComparison(FunctionEntry function, (string Text, SqlType Type)[] arguments)
    {
        if (!s_recordComparisons.TryGetValue(function.Name, out var symbol)) return null;
        var (left, right) = (arguments[0], arguments[1]);
        // A record of which nothing is known is NULL, or an item of no array.
        if (left.Type.Fields.Count == 0 || right.Type.Fields.Count == 0) return "CAST(NULL AS BOOLEAN)";
        RequireAlike(left.Type, right.Type, isOrder: symbol is not ("=" or "<>"));
        return $"CASE WHEN {left.Text} IS NOT NULL AND {right.Text} IS NOT NULL THEN "
            + $"{Plain(left.Text, left.Type, 0)} {symbol} {Plain(right.Text, right.Type, 0)} END";
    }

    private static void RequireAlike(SqlType left, SqlType right, bool isOrder)
    {
        if (left.Fields.Count != right.Fields.Count)
            throw new SqlException(SqlState.DatatypeMismatch, "cannot compare record types with different numbers of columns");
        for (var i = 0; i < left.Fields.Count; i++)
        {
            var (one, other) = (left.Fields[i].Type, right.Fields[i].Type);
            if (!one.HasSameBase(other))
            {
                throw new SqlException(SqlState.DatatypeMismatch,
                    $"cannot compare dissimilar column types {one with { Modifier = -1 }} and {other with { Modifier = -1 }} at record column "
                        + (i + 1).ToString(CultureInfo.InvariantCulture));
            }

            if (one.IsRecord && other.IsRecord && one.Fields.Count > 0 && other.Fields.Count > 0) RequireAlike(one, other, isOrder);
            else RequireComparable(one, isOrder);
        }
    }

    private static void RequireComparable(SqlType type, bool isOrder)
    {
        var innermost = type;
        while (innermost.Element is { } element) innermost = element;
        var known = innermost.Base;
        if (known.Source is { IsComparable: false })
            throw new SqlException(SqlState.FeatureNotSupported, $"values of type {type} cannot be compared here");
        if (innermost.IsUnknown || known == PgTypes.Json || known == PgTypes.Xml || known == PgTypes.Jsonpath || known == PgTypes.Point
            || known == PgTypes.Polygon)
        {
            throw new SqlException(SqlState.UndefinedFunction,
                $"could not identify {(isOrder ? "a comparison function" : "an equality operator")} for type {type}");
        }

        // Some of them are equal when their sizes are.
        if (known.Category == 'G' || known == PgTypes.Tsvector || known == PgTypes.Tsquery)
            throw new SqlException(SqlState.FeatureNotSupported, $"comparisons of records with fields of type {type} are not supported");
    }

    /// <summary>A value in the form that the kernel compares as PostgreSQL does, whatever its fields are called.</summary>
    private static string Plain(string text, SqlType type, int depth)
    {
        if (type.IsRecord && type.Fields.Count > 0)
        {
            var fields = type.Fields.Select((field, i) => string.Create(CultureInfo.InvariantCulture, $"c{i} := ")
                + Plain($"struct_extract({text}, {KernelLiterals.Text(type.KernelFieldName(i))})", field.Type, depth));
            return $"CASE WHEN {text} IS NOT NULL THEN struct_pack({string.Join(", ", fields)}) END";
        }

        if (type.Element is { } element)
            return HasPlain(element) ? $"list_transform({text}, lambda c{depth}: {Plain($"c{depth}", element, depth + 1)})" : text;
        return type.IsNumeric ? $"pg_numeric_key({KernelNumerics.AsText(text, type)})" : KeyOf(text, type, depth);
    }

    /// <summary>Whether <see cref="Plain"/> differs from the value.</summary>
    private static bool HasPlain(SqlType type) =>
        type.IsRecord || type.IsNumeric || (type.Element is { } element ? HasPlain(element) : HasKey(type));
}
