namespace Federation.Planner.Writing;

/// <summary>
/// Keys: what equality, grouping and ordering work on where the value itself would distinguish what PostgreSQL holds equal, or order it otherwise: numerics held as text, padded
/// text, intervals, addresses, jsonb, and arrays and rows of them.
/// </summary>
internal sealed partial class KernelExpressionWriter
{
    /// <summary>The key of a value, or the value where it needs none.</summary>
    public string Key(Expr expression) => KeyOf(Write(expression), expression.Type);

    /// <summary>Whether <see cref="Key"/> differs from the value.</summary>
    public static bool HasKey(SqlType type) => type switch
    {
        { IsRecord: true } => type.Fields.Any(field => HasKey(field.Type)),
        { Element: { } element } => HasKey(element),
        { IsNumeric: true } => type.Decimal is null,
        _ => type.Base == PgTypes.Bpchar || type.Base == PgTypes.Jsonb || type.Base == PgTypes.Interval || type.Category == 'I',
    };

    /// <param name="depth">How many lambdas are around, whose variables need names of their own.</param>
    private static string KeyOf(string text, SqlType type, int depth = 0)
    {
        if (!HasKey(type)) return text;
        if (type.IsRecord)
        {
            var fields = type.Fields.Select((field, i) =>
                $"{KernelLiterals.Identifier(type.KernelFieldName(i))} := {KeyOf($"struct_extract({text}, {KernelLiterals.Text(type.KernelFieldName(i))})", field.Type, depth)}");
            return $"CASE WHEN {text} IS NOT NULL THEN struct_pack({string.Join(", ", fields)}) END";
        }

        if (type.Element is { } element) return $"list_transform({text}, lambda k{depth}: {KeyOf($"k{depth}", element, depth + 1)})";
        if (type.IsNumeric) return $"pg_numeric_key({text})";
        if (type.Base == PgTypes.Bpchar) return $"rtrim({text}, ' ')";
        if (type.Base == PgTypes.Interval) return $"pg_interval_span({text})";
        return type.Base == PgTypes.Jsonb ? $"pg_jsonb_key({text})" : $"pg_inet_key({text})";
    }

    /// <summary>Functions of arrays that compare items, where the items have keys; null for all others. Both sides are held alike, but a lone numeric may have a shape.</summary>
    private static string? ByKeys(FunctionEntry function, (string Text, SqlType Type)[] arguments)
    {
        if (arguments is not [{ Type: { IsArray: true } type }, ..] || !HasKey(type)) return null;
        string Item(string text, SqlType item) => KeyOf(item.IsNumeric ? KernelNumerics.AsText(text, item) : text, type.Element!.IsArray ? item : type.Element!);
        switch (function.Name)
        {
            case "array_eq" or "array_ne" or "array_lt" or "array_le" or "array_gt" or "array_ge" or "arraycontains" or "arraycontained" or "arrayoverlap":
                return FillTemplate(KernelFunctions.Find(function)!, arguments.Select(argument => (KeyOf(argument.Text, argument.Type), argument.Type)).ToArray());
            case "array_position" or "array_positions" when arguments.Length == 2:
                return FillTemplate(KernelFunctions.Find(function)!, [(KeyOf(arguments[0].Text, type), type), (Item(arguments[1].Text, arguments[1].Type), SqlType.Bytea)]);
            case "array_remove":
                return $"list_filter({arguments[0].Text}, lambda x: {Item("x", type.Element!)} IS DISTINCT FROM {Item(arguments[1].Text, arguments[1].Type)})";
            case "array_replace":
                var replacement = arguments[2].Type.IsNumeric ? KernelNumerics.AsText(arguments[2].Text, arguments[2].Type) : arguments[2].Text;
                return $"list_transform({arguments[0].Text}, lambda x: CASE WHEN {Item("x", type.Element!)} IS NOT DISTINCT FROM {Item(arguments[1].Text, arguments[1].Type)} THEN {replacement} ELSE x END)";
            default:
                return null;
        }
    }
}
