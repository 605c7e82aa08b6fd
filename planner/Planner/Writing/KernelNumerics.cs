namespace Federation.Planner.Writing;

/// <summary>Arithmetic and comparison of numerics: native on scaled integers, by functions on the text form.</summary>
internal static class KernelNumerics
{
    private static readonly Dictionary<string, (string Native, string Text)> s_operators = new(StringComparer.Ordinal)
    {
        ["numeric_add"] = ("+", "pg_numeric_add"),
        ["numeric_sub"] = ("-", "pg_numeric_sub"),
        ["numeric_mul"] = ("*", "pg_numeric_mul"),
    };

    /// <summary>Digits of the kernel's widest decimal of 64 bits.</summary>
    private const int NarrowDigits = 18;

    /// <summary>Digits of the kernel's widest decimal.</summary>
    private const int WidestDigits = 38;

    private static readonly Dictionary<string, string> s_comparisons = new(StringComparer.Ordinal)
    {
        ["numeric_eq"] = "=",
        ["numeric_ne"] = "<>",
        ["numeric_lt"] = "<",
        ["numeric_le"] = "<=",
        ["numeric_gt"] = ">",
        ["numeric_ge"] = ">=",
    };

    /// <summary>
    /// The first operand, widened where the kernel would compute in 64 bits although the result may need more: it caps results at 18 digits
    /// while both operands have no more.
    /// </summary>
    private static string Widened((string Text, SqlType Type) operand, SqlType other, DecimalShape result) =>
        result.Precision > NarrowDigits && operand.Type.Decimal is { Precision: <= NarrowDigits } shape
            && other.Decimal is { Precision: <= NarrowDigits }
            ? $"CAST({operand.Text} AS {new DecimalShape(NarrowDigits + 1, shape.Scale)})"
            : operand.Text;

    /// <summary>
    /// An order comparison of a scaled integer with a subquery's value in text form, null for others. Nothing of the integer's scale lies
    /// between the value and the nearest such number on its one side, so that number takes its place, computed once; comparing texts would
    /// cost every row. Its type has more digits than the integer's, so that what is beyond all of them can stand for NaN and the
    /// infinities.
    /// </summary>
    public static string? WriteBound(FunctionEntry function, EquatableArray<Expr> arguments, Func<Expr, string> write)
    {
        if (!s_comparisons.TryGetValue(function.Name, out var comparison) || comparison is "=" or "<>") return null;
        var isRight = arguments[1] is Subquery;
        var (number, value) = isRight ? (arguments[0], arguments[1]) : (arguments[1], arguments[0]);
        if (number.Type.Decimal is not { Precision: < WidestDigits, Scale: var scale }
            || value is not Subquery { Kind: SubqueryKind.Scalar, Type: { IsNumeric: true, Decimal: null } } subquery
            || PlanColumns.FreeOf(subquery.Plan).Count > 0) return null;
        var nearest = isRight == (comparison is ">" or "<=") ? "pg_numeric_below" : "pg_numeric_above";
        var bound = $"(SELECT CAST({nearest}({write(value)}, {scale}) AS {new DecimalShape(WidestDigits, scale)}))";
        return isRight ? $"({write(number)} {comparison} {bound})" : $"({bound} {comparison} {write(number)})";
    }

    /// <summary>
    /// Whether one decimal of the kernel has room for the digits of both types, before and behind the point; it compares in that one.
    /// </summary>
    public static bool FitTogether(SqlType left, SqlType right) =>
        left.Decimal is not { } one || right.Decimal is not { } other
            || Math.Max(one.Precision - one.Scale, other.Precision - other.Scale) + Math.Max(one.Scale, other.Scale) <= WidestDigits;

    /// <summary>A numeric value in text form.</summary>
    public static string AsText(string text, SqlType type) =>
        type.IsNumeric && type.Decimal is null ? text : type.Decimal is { } shape ? DecimalText(text, shape) : $"CAST({text} AS VARCHAR)";

    /// <summary>A scaled integer as text. The kernel prints no digit before the point where the type has none.</summary>
    public static string DecimalText(string text, DecimalShape shape) =>
        shape.Precision > shape.Scale ? $"CAST({text} AS VARCHAR)"
        : shape.Precision < WidestDigits ? $"CAST(CAST({text} AS {new DecimalShape((byte)(shape.Precision + 1), shape.Scale)}) AS VARCHAR)"
        : $"regexp_replace(CAST({text} AS VARCHAR), '^(-?)\\.', '\\10.')";

    /// <summary>The SQL of a numeric function, or null when the function table says how.</summary>
    public static string? Write(FunctionEntry function, (string Text, SqlType Type)[] arguments, SqlType result)
    {
        if (s_comparisons.TryGetValue(function.Name, out var comparison))
        {
            if (arguments[0].Type.Decimal is not null && arguments[1].Type.Decimal is not null
                && FitTogether(arguments[0].Type, arguments[1].Type))
                return $"({arguments[0].Text} {comparison} {arguments[1].Text})";
            return comparison is "=" or "<>"
                ? $"(pg_numeric_key({AsText(arguments[0].Text, arguments[0].Type)}) {comparison} "
                    + $"pg_numeric_key({AsText(arguments[1].Text, arguments[1].Type)}))"
                : $"(pg_numeric_cmp({AsText(arguments[0].Text, arguments[0].Type)}, {AsText(arguments[1].Text, arguments[1].Type)}) "
                    + $"{comparison} 0)";
        }

        if (s_operators.TryGetValue(function.Name, out var pair))
        {
            // The kernel computes a product of decimals in the sum of their scales, which is the shape that was inferred.
            return result.Decimal is { } shape
                ? $"CAST({Widened(arguments[0], arguments[1].Type, shape)} {pair.Native} {arguments[1].Text} AS {shape})"
                : $"{pair.Text}({AsText(arguments[0].Text, arguments[0].Type)}, {AsText(arguments[1].Text, arguments[1].Type)})";
        }

        return (function.Name, result.Decimal) switch
        {
            ("numeric_uminus", { } shape) => $"CAST(-{arguments[0].Text} AS {shape})",
            ("numeric_abs", { } shape) => $"CAST(abs({arguments[0].Text}) AS {shape})",
            ("abs", { } shape) when arguments[0].Type.IsNumeric => $"CAST(abs({arguments[0].Text}) AS {shape})",
            ("ceil" or "ceiling", { } shape) when arguments[0].Type.IsNumeric => $"CAST(ceil({arguments[0].Text}) AS {shape})",
            ("floor", { } shape) when arguments[0].Type.IsNumeric => $"CAST(floor({arguments[0].Text}) AS {shape})",
            ("round", { } shape) when arguments[0].Type.IsNumeric => $"CAST({arguments[0].Text} AS {shape})",
            _ => null,
        };
    }
}
