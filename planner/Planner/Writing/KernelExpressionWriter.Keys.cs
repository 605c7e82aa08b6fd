namespace Federation.Planner.Writing;

/// <summary>
/// Keys: what equality, grouping and ordering work on where the value itself would distinguish what PostgreSQL holds equal, or order it
/// otherwise: numerics held as text, padded text, intervals, addresses, jsonb, and arrays and rows of them.
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
        _ => type.Base == PgTypes.Bpchar || type.Base == PgTypes.Jsonb || type.Base == PgTypes.Interval || type.Base == PgTypes.Xid8
            || IsSystemNumber(type.Base) || type.Category == 'I' || type.Base.IsEnum || IsRange(type),
    };

    /// <param name="depth">How many lambdas are around, whose variables need names of their own.</param>
    private static string KeyOf(string text, SqlType type, int depth = 0)
    {
        if (!HasKey(type)) return text;
        if (type.IsRecord)
        {
            var fields = type.Fields.Select((field, i) =>
                $"{KernelLiterals.Identifier(type.KernelFieldName(i))} := "
                    + $"{KeyOf($"struct_extract({text}, {KernelLiterals.Text(type.KernelFieldName(i))})", field.Type, depth)}");
            return $"CASE WHEN {text} IS NOT NULL THEN struct_pack({string.Join(", ", fields)}) END";
        }

        if (type.Element is { } element) return $"list_transform({text}, lambda k{depth}: {KeyOf($"k{depth}", element, depth + 1)})";
        if (type.IsNumeric) return $"pg_numeric_key({text})";
        if (type.Base.IsEnum) return EnumKey(text, type);
        if (IsRange(type)) return $"pg_range_key({text}, {type.Base.Oid.Value})";
        if (IsSystemNumber(type.Base)) return $"pg_system_key({text}, {type.Base.Oid.Value})";
        // The bits of an unsigned number are held in a signed one.
        if (type.Base == PgTypes.Xid8) return $"xor({text}, CAST('-9223372036854775808' AS BIGINT))";
        if (type.Base == PgTypes.Bpchar) return $"rtrim({text}, ' ')";
        if (type.Base == PgTypes.Interval) return $"pg_interval_span({text})";
        return type.Base == PgTypes.Jsonb ? $"pg_jsonb_key({text})" : $"pg_inet_key({text})";
    }

    /// <summary>The built-in ranges, which are held as text and compared by their bounds.</summary>
    private static bool IsRange(SqlType type) => type is { IsArray: false, Base: { Kind: 'r', Source: null } };

    /// <summary>Numbers that are held in a written form of their own.</summary>
    private static bool IsSystemNumber(PgType type) => type == PgTypes.Money || type == PgTypes.PgLsn || type == PgTypes.Tid;

    /// <summary>The place of a label among those of its type.</summary>
    private static string EnumKey(string text, SqlType type) =>
        $"pg_enum_key({text}, {KernelLiterals.Text(type.Base.DisplayName)}, {EnumLabels(type)})";

    /// <summary>
    /// The labels of an enum as one constant, parted by a character that no label holds in practice and the functions know.
    /// </summary>
    internal static string EnumLabels(SqlType type) => KernelLiterals.Text(string.Join('\u0001', type.Base.Source!.Labels));

    /// <summary>Comparisons of types whose order is that of their keys alone; their templates cannot know the type.</summary>
    private static string? KeyComparison(FunctionEntry function, (string Text, SqlType Type)[] arguments)
    {
        if (arguments is not [var left, var right]) return null;
        var dash = function.Name.LastIndexOf('_');
        var (family, operation) = dash > 0
            ? (function.Name[..dash], function.Name[(dash + 1)..])
            : (function.Name[..^2], function.Name[^2..]);
        if (family is not ("enum" or "range" or "xid8" or "cash" or "pg_lsn" or "tid")) return null;
        var symbol = operation switch { "eq" => "=", "ne" => "<>", "lt" => "<", "le" => "<=", "gt" => ">", "ge" => ">=", _ => null };
        return symbol is null ? null : $"({KeyOf(left.Text, left.Type)} {symbol} {KeyOf(right.Text, right.Type)})";
    }

    /// <summary>enum_first, enum_last, enum_range and the choice of the smaller or larger; null for other functions.</summary>
    private string? EnumFunction(FunctionEntry function, EquatableArray<Expr> arguments)
    {
        if (arguments.Count == 0 || !function.Name.StartsWith("enum_", StringComparison.Ordinal)) return null;
        var type = arguments[0].Type;
        if (!type.Base.IsEnum || type.IsArray) return null;
        var labels = type.Base.Source!.Labels;
        var list = $"[{string.Join(", ", labels.Select(KernelLiterals.Text))}]";
        return (function.Name, arguments.Count) switch
        {
            ("enum_first", 1) => KernelLiterals.Text(labels[0]),
            ("enum_last", 1) => KernelLiterals.Text(labels[^1]),
            ("enum_range", 1) => list,
            ("enum_range", 2) => $"list_slice({list}, coalesce({Key(arguments[0])}, 1), coalesce({Key(arguments[1])}, {labels.Count}))",
            ("enum_smaller", 2) => WriteExtreme(new Extreme(false, arguments, type)),
            ("enum_larger", 2) => WriteExtreme(new Extreme(true, arguments, type)),
            _ => null,
        };
    }

    /// <summary>
    /// Functions of arrays that compare items, where the items have keys; null for all others. Both sides are held alike, but a lone
    /// numeric may have a shape.
    /// </summary>
    private static string? ByKeys(FunctionEntry function, (string Text, SqlType Type)[] arguments)
    {
        if (arguments is not [{ Type: { IsArray: true } type }, ..] || !HasKey(type)) return null;
        string Item(string text, SqlType item) =>
            KeyOf(item.IsNumeric ? KernelNumerics.AsText(text, item) : text, type.Element!.IsArray ? item : type.Element!);
        switch (function.Name)
        {
            case "array_eq" or "array_ne" or "array_lt" or "array_le" or "array_gt" or "array_ge" or "arraycontains" or "arraycontained"
                or "arrayoverlap":
                return FillTemplate(KernelFunctions.Find(function)!,
                    arguments.Select(argument => (KeyOf(argument.Text, argument.Type), argument.Type)).ToArray());
            case "array_position" or "array_positions" when arguments.Length == 2:
                return FillTemplate(KernelFunctions.Find(function)!,
                    [(KeyOf(arguments[0].Text, type), type), (Item(arguments[1].Text, arguments[1].Type), SqlType.Bytea)]);
            case "array_remove":
                return $"list_filter({arguments[0].Text}, lambda x: {Item("x", type.Element!)} IS DISTINCT FROM "
                    + $"{Item(arguments[1].Text, arguments[1].Type)})";
            case "array_replace":
                var replacement = arguments[2].Type.IsNumeric
                    ? KernelNumerics.AsText(arguments[2].Text, arguments[2].Type)
                    : arguments[2].Text;
                return $"list_transform({arguments[0].Text}, lambda x: CASE WHEN {Item("x", type.Element!)} IS NOT DISTINCT FROM "
                    + $"{Item(arguments[1].Text, arguments[1].Type)} THEN {replacement} ELSE x END)";
            default:
                return null;
        }
    }
}
