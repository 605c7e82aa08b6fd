namespace Federation.Planner.Writing;

/// <summary>Functions whose kernel form depends on a constant argument.</summary>
internal sealed partial class KernelExpressionWriter
{
    private string? WriteSpecial(FunctionEntry function, EquatableArray<Expr> arguments, SqlType result) => function.Name switch
    {
        _ when function.IsCalledVariadic => WriteVariadic(function, arguments),
        "extract" or "date_part" when arguments is [Constant { Value: string field }, var source] =>
            WriteExtract(field.ToLowerInvariant(), source, result),
        "byteaeq" => $"({Write(arguments[0])} BETWEEN {Write(arguments[1])} AND {Write(arguments[1])})",
        "textanycat" => Joined(Write(arguments[0]), CastText(arguments[1])),
        "anytextcat" => Joined(CastText(arguments[0]), Write(arguments[1])),
        "textcat" => Joined(Write(arguments[0]), Write(arguments[1])),
        "byteacat" when makesLargeTexts => $"pg_byteacat({Write(arguments[0])}, {Write(arguments[1])})",
        "concat" when makesLargeTexts =>
            arguments.Select(argument => $"coalesce({OutputText(argument)}, '')")
                .Aggregate((left, right) => $"pg_textcat({left}, {right})"),
        "concat" => $"concat({string.Join(", ", arguments.Select(OutputText))})",
        "concat_ws" => $"concat_ws({string.Join(", ", arguments.Select(OutputText))})",
        "format" when arguments.Count > 1 =>
            $"pg_format({Write(arguments[0])}, [{string.Join(", ", arguments.Skip(1).Select(OutputText))}])",
        "format" => $"pg_format({Write(arguments[0])}, CAST([] AS VARCHAR[]))",
        "tablesample_hash" => $"(CAST(hash({string.Join(", ", arguments.Select(Key))}) AS DOUBLE) / 18446744073709551616.0)",
        "check_failed" => CheckFailed(arguments),
        // EXPLAIN shows them; a statement that is run has their values instead.
        _ when SessionCalls.Is(function) =>
            $"CAST(error('{SqlState.FeatureNotSupported}|function {function.Name} is not supported here') AS {result.KernelName})",
        "num_nulls" => $"({Count(arguments, "IS NULL")})",
        "num_nonnulls" => $"({Count(arguments, "IS NOT NULL")})",
        "array_to_string" => WriteArrayToString(arguments),
        "pg_typeof" => KernelLiterals.Write((long)arguments[0].Type.AnnouncedOid.Value, SqlType.Oid),
        "unnest" when Depth(arguments[0].Type) > 1 => Flattened(arguments[0]),
        "json_to_record" or "jsonb_to_record" when result.Fields.Count > 0 =>
            WriteJsonRecord(Write(arguments[0]), function.Name.Split('_')[0], result),
        "json_to_recordset" or "jsonb_to_recordset" when result.Fields.Count > 0 =>
            $"list_transform(pg_{function.Name.Split('_')[0]}_array_elements({Write(arguments[0])}), lambda e: "
                + $"{WriteJsonRecord("e", function.Name.Split('_')[0], result)})",
        "array_fill" when Depth(result) > 1 =>
            Enumerable.Range(1, Depth(result)).Reverse()
                .Aggregate(Write(arguments[0]),
                    (inner, level) =>
                        $"list_transform(range({(level == 1 ? CheckedLength(Write(arguments[1])) : $"list_extract({Write(arguments[1])}, {level})")}), lambda d{level}: {inner})"),
        "array_append" or "array_prepend" when result.Element is { IsNumeric: true } =>
            WriteAppended(function.Name == "array_append", arguments, result),
        "array_cat" => WriteArrayCat(arguments[0], arguments[1]),
        "array_ndims" => $"CASE WHEN len({Write(arguments[0])}) > 0 THEN {Depth(arguments[0].Type)} END",
        "normalize" when arguments is [var text, Constant { Value: string form }] && IsComposed(form) => $"nfc_normalize({Write(text)})",
        "is_normalized" when arguments is [var text, Constant { Value: string form }] && IsComposed(form) =>
            $"(nfc_normalize({Write(text)}) = {Write(text)})",
        "array_length" or "array_upper" => WriteArrayLength(arguments[0], arguments[1]),
        "array_lower" => $"CASE WHEN {WriteArrayLength(arguments[0], arguments[1])} IS NOT NULL THEN 1 END",
        "generate_subscripts" when arguments.Count == 2 =>
            $"CAST(generate_series(1, coalesce({WriteArrayLength(arguments[0], arguments[1])}, 0)) AS INTEGER[])",
        "cardinality" => $"CAST(len({Flattened(arguments[0])}) AS INTEGER)",
        "array_dims" =>
            $"CASE WHEN len({Write(arguments[0])}) > 0 THEN "
                + $"{string.Join(" || ", Enumerable.Range(1, Depth(arguments[0].Type)).Select(level => $"'[1:' || {LengthAt(arguments[0], level)} || ']'"))} END",
        _ => null,
    };

    /// <summary>The kernel joins texts of any length without asking for memory, and does not stop on the way.</summary>
    private string Joined(string left, string right) => makesLargeTexts ? $"pg_textcat({left}, {right})" : $"({left} || {right})";

    /// <summary>The kernel knows one of the four normal forms.</summary>
    private static bool IsComposed(string form)
    {
        if (form.Equals("NFC", StringComparison.OrdinalIgnoreCase)) return true;
        if (form.ToUpperInvariant() is "NFD" or "NFKC" or "NFKD") return false;
        throw new SqlException(SqlState.InvalidParameterValue, $"invalid normalization form: {form}");
    }

    /// <summary>
    /// Two arrays in a row; one of a dimension less is a row of the other. An empty or NULL one leaves the other as it is, which the type
    /// must have room for. All rows of a dimension stay equally long.
    /// </summary>
    private string WriteArrayCat(Expr left, Expr right)
    {
        var (first, second) = (Write(left), Write(right));
        var (leftDepth, rightDepth) = (Depth(left.Type), Depth(right.Type));
        if (leftDepth == rightDepth)
        {
            var joined = $"list_concat({first}, {second})";
            var differ = Differ(left, right, 2, 2, leftDepth);
            return $"CASE WHEN {(differ is null ? "" : $"len({first}) > 0 AND len({second}) > 0 AND ({differ}) THEN {Incompatible("Arrays with differing element dimensions are not compatible for concatenation.")} WHEN ")}"
                + $"{first} IS NOT NULL OR {second} IS NOT NULL THEN {joined} END";
        }

        var (row, rows, depth) = leftDepth < rightDepth ? (left, right, rightDepth) : (right, left, leftDepth);
        var (rowText, rowsText) = leftDepth < rightDepth ? (first, second) : (second, first);
        var asItem = leftDepth < rightDepth ? $"list_concat([{rowText}], {rowsText})" : $"list_concat({rowsText}, [{rowText}])";
        var otherwise = Math.Abs(leftDepth - rightDepth) > 1
            ? Incompatible($"Arrays of {leftDepth} and {rightDepth} dimensions are not compatible for concatenation.")
            : $"CASE WHEN {Differ(row, rows, 1, 2, depth)} THEN "
                + $"{Incompatible("Arrays with differing dimensions are not compatible for concatenation.")} ELSE {asItem} END";
        return $"CASE WHEN {rowText} IS NULL OR len({rowText}) = 0 THEN {rowsText} WHEN {rowsText} IS NULL OR len({rowsText}) = 0 "
            + $"THEN error('0A000|an array of {depth - 1} dimensions as the value of an expression of {depth} dimensions is not "
            + $"supported') ELSE {otherwise} END";
    }

    /// <summary>
    /// Whether dimensions of two arrays, from the given ones on to the last, differ in their lengths; null where there are none to compare.
    /// </summary>
    private string? Differ(Expr left, Expr right, int leftLevel, int rightLevel, int lastOfRight)
    {
        var tests = Enumerable.Range(0, lastOfRight - rightLevel + 1)
            .Select(i => $"{LengthAt(left, leftLevel + i)} IS DISTINCT FROM {LengthAt(right, rightLevel + i)}").ToArray();
        return tests.Length == 0 ? null : string.Join(" OR ", tests);
    }

    private static string Incompatible(string detail) => $"error('2202E|cannot concatenate incompatible arrays\u001f{detail}')";

    /// <summary>Array and item may be held as decimals of different shapes, or one as text.</summary>
    private string WriteAppended(bool isLast, EquatableArray<Expr> arguments, SqlType result)
    {
        var (array, item) = isLast ? (arguments[0], arguments[1]) : (arguments[1], arguments[0]);
        var items = array.Type == result ? Write(array) : KernelCasts.Write(Write(array), array.Type, result, isExplicit: true);
        var value = result.Element!.Decimal is null ? NumericText(item) : $"CAST({Write(item)} AS {result.Element.KernelName})";
        return isLast ? $"list_append({items}, {value})" : $"list_prepend({value}, {items})";
    }

    private string Flattened(Expr array) =>
        Enumerable.Range(1, Math.Max(Depth(array.Type) - 1, 0)).Aggregate(Write(array), (list, _) => $"flatten({list})");

    /// <summary>The kernel's nullif is a macro that names its first argument twice, where nobody sees it.</summary>
    private string LengthAt(Expr array, int level)
    {
        var list = Enumerable.Range(1, level - 1).Aggregate(Write(array), (list, _) => $"list_extract({list}, 1)");
        return $"CASE WHEN len({list}) > 0 THEN CAST(len({list}) AS INTEGER) END";
    }

    /// <summary>The length of a dimension; NULL for one that the array has not. All rows of a dimension are equally long.</summary>
    private string WriteArrayLength(Expr array, Expr dimension)
    {
        var depth = Depth(array.Type);
        if (dimension is Constant { Value: int level })
            return level >= 1 && level <= depth ? LengthAt(array, level) : "CAST(NULL AS INTEGER)";
        var whens = Enumerable.Range(1, depth).Select(candidate => $" WHEN {candidate} THEN {LengthAt(array, candidate)}");
        return $"CASE {Write(dimension)}{string.Concat(whens)} END";
    }

    private static int Depth(SqlType type) => type.Element is { } element ? 1 + Depth(element) : 0;

    private string OutputText(Expr argument) => KernelCasts.WriteOutput(Write(Printable(argument)), argument.Type);

    private string CastText(Expr argument) => KernelCasts.WriteText(Write(Printable(argument)), argument.Type);

    private static Expr Printable(Expr argument) => argument.Type is { IsRecord: true, Fields.Count: 0 }
        ? throw new SqlException(SqlState.FeatureNotSupported, "the text form of this record is not supported in queries")
        : argument;

    /// <summary>
    /// The first argument is SQLSTATE, a bar and the message, the others are the row, whose values are cut as PostgreSQL cuts them.
    /// </summary>
    private string CheckFailed(EquatableArray<Expr> arguments)
    {
        var row = string.Join(", ", arguments.Skip(1).Select(argument =>
        {
            // Names of objects are numbers in the kernel.
            var text = argument.Type.Storage == Storage.Int64 ? $"CAST({Write(argument)} AS VARCHAR)" : OutputText(argument);
            return $"CASE WHEN {Write(argument)} IS NULL THEN 'null' WHEN strlen({text}) > 64 THEN left({text}, 64) || '...' ELSE {text} END";
        }));
        return $"error({Write(arguments[0])} || chr(31) || 'Failing row contains (' || "
            + $"concat_ws(', ', {row}) || ').')";
    }

    private string Count(EquatableArray<Expr> arguments, string test) =>
        string.Join(" + ", arguments.Select(argument => $"CASE WHEN {Write(argument)} {test} THEN 1 ELSE 0 END"));

    /// <summary>Texts joined by a separator, which the kernel's own function takes only as a constant.</summary>
    private static string Joined(string texts, Expr separator, string written) =>
        $"{(separator is Constant { Value: not null } ? "array_to_string" : "pg_array_join")}({texts}, {written})";

    /// <summary>Items in text form; NULLs are left out, or replaced when there is a third argument that is not NULL.</summary>
    private string WriteArrayToString(EquatableArray<Expr> arguments)
    {
        var element = arguments[0].Type.Element!;
        while (element.Element is { } inner) element = inner;
        var item = KernelCasts.WriteOutput("x", element);
        var items = $"list_transform({Flattened(arguments[0])}, lambda x: {item})";
        var shown = arguments.Count > 2
            ? $"list_transform(list_filter({items}, lambda y: y IS NOT NULL OR {Write(arguments[2])} IS NOT NULL), lambda z: coalesce(z, "
                + $"{Write(arguments[2])}))"
            : $"list_filter({items}, lambda y: y IS NOT NULL)";
        return $"CASE WHEN {Write(arguments[1])} IS NOT NULL THEN {Joined(shown, arguments[1], Write(arguments[1]))} END";
    }

    /// <summary>
    /// The first of the lengths of an array that is to be filled, once all of them are known to make an array of a bearable size.
    /// </summary>
    private static string CheckedLength(string lengths)
    {
        var count = $"list_product(CAST({lengths} AS DOUBLE[]))";
        return $"CASE WHEN len(list_filter({lengths}, lambda n: n IS NULL)) > 0 THEN error('22004|dimension values cannot be null') "
            + $"WHEN list_min({lengths}) < 0 OR {count} > 134217727 THEN error('54000|array size exceeds the maximum allowed "
            + "(134217727)') "
            + $"WHEN {count} > 16777216 THEN error('53200|out of memory') ELSE list_extract({lengths}, 1) END";
    }
}
