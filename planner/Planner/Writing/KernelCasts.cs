namespace Federation.Planner.Writing;

/// <summary>
/// Conversions as kernel SQL. The kernel's own CAST is used only where it gives PostgreSQL's answer; text is read and written by functions
/// that follow PostgreSQL's input and output rules.
/// </summary>
public static class KernelCasts
{
    /// <summary>Text to a type: PostgreSQL's input functions.</summary>
    private static readonly Dictionary<string, string> s_fromText = new(StringComparer.Ordinal)
    {
        ["bool"] = "pg_text_to_bool({0})",
        ["int2"] = "pg_text_to_int2({0})",
        ["int4"] = "pg_text_to_int4({0})",
        ["int8"] = "pg_text_to_int8({0})",
        ["float4"] = "pg_text_to_float4({0})",
        ["float8"] = "pg_text_to_float8({0})",
        ["numeric"] = "pg_numeric_in({0})",
        ["date"] = "pg_date_in({0})",
        ["time"] = "pg_time_in({0})",
        ["timestamp"] = "pg_timestamp_in({0})",
        ["timestamptz"] = "pg_timestamptz_in({0})",
        ["interval"] = "pg_interval_in({0})",
        ["json"] = "pg_json_in({0})",
        ["jsonb"] = "pg_jsonb_in({0})",
        ["uuid"] = "CAST({0} AS UUID)",
        ["bytea"] = "pg_bytea_in({0})",
        ["oid"] = "CAST(pg_text_to_int8({0}) AS BIGINT)",
        ["name"] = "left({0}, 63)",
        ["text"] = "{0}",
        ["varchar"] = "{0}",
        ["bpchar"] = "{0}",
        ["char"] = "pg_char_in({0})",
        ["money"] = "pg_cash_in({0})",
        ["unknown"] = "{0}",
        ["cstring"] = "{0}",
    };

    /// <summary>The era stands at the end.</summary>
    private const string TimestampText = @"regexp_replace(CAST({0} AS VARCHAR), ' \(BC\)(.*)', '\1 BC')";

    /// <summary>A type to text: PostgreSQL's output functions.</summary>
    private static readonly Dictionary<string, string> s_toText = new(StringComparer.Ordinal)
    {
        ["bool"] = "CAST({0} AS VARCHAR)",
        ["int2"] = "CAST({0} AS VARCHAR)",
        ["int4"] = "CAST({0} AS VARCHAR)",
        ["int8"] = "CAST({0} AS VARCHAR)",
        ["oid"] = "CAST({0} AS VARCHAR)",
        ["xid"] = "CAST({0} AS VARCHAR)",
        ["float4"] = "pg_float4out({0})",
        ["float8"] = "pg_float8out({0})",
        ["numeric"] = "CAST({0} AS VARCHAR)",
        ["date"] = "replace(CAST({0} AS VARCHAR), ' (BC)', ' BC')",
        ["time"] = "CAST({0} AS VARCHAR)",
        ["timetz"] = "pg_timetz_out({0})",
        ["timestamp"] = TimestampText,
        ["timestamptz"] = TimestampText,
        ["interval"] = "pg_interval_out({0})",
        ["uuid"] = "CAST({0} AS VARCHAR)",
        ["inet"] = "pg_inet_text({0})",
        ["bytea"] = "('\\x' || lower(hex({0})))",
        ["bit"] = "CAST({0} AS VARCHAR)",
        ["varbit"] = "CAST({0} AS VARCHAR)",
        ["bpchar"] = "rtrim({0}, ' ')",
        ["regtype"] = "pg_format_type({0}, NULL)",
        ["cid"] = "CAST({0} AS VARCHAR)",
        // It is held in 64 bits with a sign.
        ["xid8"] = "CAST((CAST({0} AS HUGEINT) + 18446744073709551616) % 18446744073709551616 AS VARCHAR)",
    };

    /// <summary>OIDs are held in 64 bits without a sign; an integer takes their 32 bits with one.</summary>
    private const string OidToInteger = "CAST((({0} + 2147483648) & 4294967295) - 2147483648 AS INTEGER)";

    /// <summary>Pairs whose conversion is neither through text nor the kernel's CAST.</summary>
    private static readonly Dictionary<(string, string), string> s_pairs = new()
    {
        [("int4", "bool")] = "({0} <> 0)",
        [("float4", "numeric")] = "pg_numeric_from_float4({0})",
        [("float8", "numeric")] = "pg_numeric_from_float8({0})",
        [("interval", "time")] = "CAST(TIME '00:00:00' + {0} AS TIME)",
        [("jsonb", "json")] = "{0}",
        [("jsonb", "bool")] = JsonScalar("boolean", "CAST({0} AS BOOLEAN)", "boolean"),
        [("jsonb", "int2")] = JsonScalar("number", "pg_numeric_to_int2({0})", "smallint"),
        [("jsonb", "int4")] = JsonScalar("number", "pg_numeric_to_int4({0})", "integer"),
        [("jsonb", "int8")] = JsonScalar("number", "pg_numeric_to_int8({0})", "bigint"),
        [("jsonb", "numeric")] = JsonScalar("number", "{0}", "numeric"),
        [("jsonb", "float4")] = JsonScalar("number", "CAST({0} AS FLOAT)", "real"),
        [("jsonb", "float8")] = JsonScalar("number", "CAST({0} AS DOUBLE)", "double precision"),
        [("cidr", "inet")] = "pg_inet_set_masklen({0}, pg_inet_masklen({0}), FALSE)",
        [("inet", "cidr")] = "pg_inet_network({0})",
        [("json", "jsonb")] = "pg_jsonb_in({0})",
        [("timestamptz", "time")] = "CASE WHEN isfinite({0}) THEN CAST(CAST({0} AS TIMESTAMP) AS TIME) END",
        [("timestamptz", "timetz")] = "CASE WHEN isfinite({0}) THEN TRY_CAST({0} AS TIMETZ) END",
        [("timestamp", "time")] = "CASE WHEN isfinite({0}) THEN CAST({0} AS TIME) END",
        [("time", "interval")] = "pg_time_interval({0})",
        // The kernel takes UTC for the zone; text is read in the session's.
        [("time", "timetz")] = "pg_timetz_in(CAST({0} AS VARCHAR))",
        [("float4", "int2")] = "pg_float_to_int2({0})",
        [("float4", "int4")] = "pg_float_to_int4({0})",
        [("float4", "int8")] = "pg_float_to_int8({0})",
        [("float8", "int2")] = "pg_float_to_int2({0})",
        [("float8", "int4")] = "pg_float_to_int4({0})",
        [("float8", "int8")] = "pg_float_to_int8({0})",
        [("int2", "oid")] = "(CAST({0} AS BIGINT) & 4294967295)",
        [("int4", "oid")] = "(CAST({0} AS BIGINT) & 4294967295)",
        [("int8", "oid")] = "pg_int8_to_oid({0})",
        [("oid", "int4")] = OidToInteger,
        [("regclass", "int4")] = OidToInteger,
        [("regtype", "int4")] = OidToInteger,
        [("int4", "char")] =
            "CASE WHEN {0} NOT BETWEEN -128 AND 127 THEN error('22003|\"char\" out of range') WHEN {0} < 0 THEN error('0A000|a \"char\" "
                + "that is not ASCII is not supported') WHEN {0} = 0 THEN '' ELSE chr({0}) END",
        [("float8", "float4")] = "pg_float8_to_float4({0})",
        [("char", "int4")] = "ascii({0})",
        [("int4", "money")] = "pg_cash_from_integer(CAST({0} AS BIGINT))",
        [("int8", "money")] = "pg_cash_from_integer({0})",
        [("numeric", "money")] = "pg_cash_from_numeric(CAST({0} AS VARCHAR))",
        [("money", "numeric")] = "pg_cash_to_numeric({0})",
        [("bit", "int4")] = "pg_bits_to_int4(CAST({0} AS VARCHAR))",
        [("bit", "int8")] = "pg_bits_to_int8(CAST({0} AS VARCHAR))",
        [("int4", "bit")] = "CAST({0} AS BIT)",
        [("int8", "bit")] = "CAST({0} AS BIT)",
    };

    /// <summary>Types between which the kernel's CAST is PostgreSQL's conversion, errors aside.</summary>
    private static readonly HashSet<(string, string)> s_same = Pairs(
        "int2>int4 int2>int8 int2>float4 int2>float8 int2>numeric int4>int2 int4>int8 int4>float4 int4>float8 int4>numeric "
        + "int8>int2 int8>int4 int8>float4 int8>float8 int8>numeric float4>float8 "
        + "bool>int4 oid>int8 date>timestamp date>timestamptz timestamp>date "
        + "timestamp>timestamptz timestamptz>date timestamptz>timestamp timetz>time bit>varbit varbit>bit "
        + "oid>regclass oid>regtype oid>regproc regclass>oid regtype>oid regproc>oid int4>regclass int4>regtype int4>regproc "
        + "int8>regclass int8>regtype "
        + "regclass>int8 oid>regnamespace regnamespace>oid oid>regrole regrole>oid int4>regnamespace int4>xid xid>int4 "
        + "oid>regprocedure int4>regprocedure int4>regoperator regprocedure>oid regproc>regprocedure oid>regoperator regoperator>oid "
        + "oid>regcollation regcollation>oid");

    /// <summary>
    /// The conversion of <paramref name="operand"/>, written SQL of type <paramref name="source"/>, to <paramref name="target"/>.
    /// </summary>
    public static string Write(string operand, SqlType source, SqlType target, bool isExplicit)
    {
        if (source.IsArray && target.IsArray) return WriteArray(operand, source, target, isExplicit);
        if (target.IsArray && (source.Base.Category == 'S' || source.IsUnknown)) return ReadArray(operand, source, target, isExplicit);
        if (source.IsArray && target.Base.Category == 'S') return WriteArrayText(operand, source);
        if (source.IsRecord && source.Fields.Count > 0 && target.Base.Category == 'S') return WriteRecordText(operand, source);
        var converted = source.HasSameBase(target) ? Reshape(operand, source, target) : Convert(operand, source, target);
        return ApplyModifier(converted, source, target, isExplicit);
    }

    /// <summary>The value as its output function prints it: unlike a cast to text, a boolean is t or f and padding stays.</summary>
    public static string WriteOutput(string operand, SqlType source) =>
        source.HasSameBase(SqlType.Bool) ? $"CASE {operand} WHEN TRUE THEN 't' WHEN FALSE THEN 'f' END" :
        source.Base == PgTypes.Bpchar && !source.IsArray ? operand :
        // A cast to text always shows the length of the network part, the output function only where it is not a whole address.
        source.Base.Name == "inet" && !source.IsArray ? operand : WriteText(operand, source);

    /// <summary>The value cast to text.</summary>
    public static string WriteText(string operand, SqlType source) =>
        source.IsArray ? WriteArrayText(operand, source) :
        source.IsRecord && source.Fields.Count > 0 ? WriteRecordText(operand, source) :
        source.Decimal is { } shape
            ? KernelNumerics.DecimalText(operand, shape)
            : Fill(s_toText.GetValueOrDefault(source.Base.Name, "{0}"), operand);

    private static string Convert(string operand, SqlType source, SqlType target)
    {
        var from = source.Base.Name;
        var to = target.Base.Name;
        if (target.Base.IsEnum && (source.Base.Category == 'S' || source.IsUnknown))
            return $"pg_enum_in({operand}, {KernelLiterals.Text(target.Base.DisplayName)}, {KernelExpressionWriter.EnumLabels(target)})";
        if (s_pairs.TryGetValue((from, to), out var template)) return Numeric(Fill(template, operand), target);
        if (source.IsNumeric) return FromNumeric(operand, source, target);
        if (s_same.Contains((from, to))) return $"CAST({operand} AS {target.KernelName})";
        // To all but text, varchar and character there are no casts of their own, only the output function.
        if (target.Base == PgTypes.Name && source.Base.Category != 'S' && !source.IsUnknown)
            return Fill(s_fromText[to], WriteOutput(operand, source));
        if (target.Base.Category == 'S' || target.Base == PgTypes.Char)
            return Fill(s_fromText.GetValueOrDefault(to, "{0}"), WriteText(operand, source));
        if (source.Base.Category == 'S' || source.IsUnknown)
        {
            // Blanks at the end of a character string count where they are part of the value.
            var text = source.Base == PgTypes.Bpchar && to is not ("json" or "bytea") ? $"rtrim({operand}, ' ')" : operand;
            // Which fields are declared decides what a number without a unit counts.
            if (to == "interval" && target.Modifier >= 0) return $"pg_interval_in({text}, {target.Modifier})";
            if (s_fromText.TryGetValue(to, out var input)) return Numeric(Fill(input, text), target);
        }

        throw new SqlException(SqlState.FeatureNotSupported, $"the cast from {source} to {target} is not supported");
    }

    private static string Numeric(string text, SqlType target) =>
        target is { IsNumeric: true, Decimal: { } shape } ? $"CAST({text} AS {shape})" : text;

    private static string FromNumeric(string operand, SqlType source, SqlType target) => (target.Base.Name, source.Decimal) switch
    {
        ("float4" or "float8", null) => $"pg_numeric_to_{target.Base.Name}({operand})",
        // The kernel divides the digits by their power of ten: right only where both fit into the mantissa.
        ("float8", { Precision: <= 15 }) or ("float4", { Precision: <= 7 }) => $"CAST({operand} AS {target.KernelName})",
        ("float4" or "float8", _) => $"pg_text_to_{target.Base.Name}(CAST({operand} AS VARCHAR))",
        ("int2" or "int4" or "int8", null) => $"pg_numeric_to_{target.Base.Name}({operand})",
        ("int2" or "int4" or "int8", _) => $"CAST({operand} AS {target.KernelName})",
        _ when target.Base.Category == 'S' => KernelNumerics.AsText(operand, source),
        _ => throw new SqlException(SqlState.FeatureNotSupported, $"the cast from {source} to {target} is not supported"),
    };

    private static string Reshape(string operand, SqlType source, SqlType target)
    {
        if (!target.IsNumeric || source.Decimal == target.Decimal || target.Modifier >= 0) return operand;
        return target.Decimal is { } shape ? $"CAST({operand} AS {shape})" : KernelNumerics.AsText(operand, source);
    }

    private static string ApplyModifier(string operand, SqlType source, SqlType target, bool isExplicit)
    {
        if (target.Modifier < 0) return operand;
        var length = target.Modifier - 4;
        switch (target.Base.Name)
        {
            case "varchar":
                return isExplicit ? $"left({operand}, {length})" : $"pg_check_length({operand}, {length}, 'character varying')";
            case "bpchar":
                var cut = isExplicit ? $"left({operand}, {length})" : $"pg_check_length({operand}, {length}, 'character')";
                return $"rpad({cut}, {length}, ' ')";
            case "numeric" when target.Decimal is { } shape:
                var from = source.IsNumeric ? source.Decimal : Typing.NumericShapes.OfConversion(source);
                return from is null
                    ? $"CAST(pg_numeric_typmod(CAST({operand} AS VARCHAR), {shape.Precision}, {shape.Scale}) AS {shape})"
                    : $"CAST({operand} AS {shape})";
            case "numeric":
                return $"pg_numeric_typmod(CAST({operand} AS VARCHAR), {((target.Modifier - 4) >> 16) & 0xffff}, "
                    + $"{(((target.Modifier - 4) & 0x7ff) ^ 1024) - 1024})";
            case "timestamp" or "timestamptz" when target.Modifier < 6:
                return $"CAST(pg_timestamp_round(CAST({operand} AS TIMESTAMP), {target.Modifier}) AS {target.KernelName})";
            case "time" or "timetz" when target.Modifier < 6: return $"pg_{target.Base.Name}_round({operand}, {target.Modifier})";
            case "interval" when source.HasSameBase(SqlType.Interval): return $"pg_interval_typmod({operand}, {target.Modifier})";
            case "bit" or "varbit" when !isExplicit && source.Storage == Storage.Bit:
                return $"CAST(pg_check_bits(CAST({operand} AS VARCHAR), {target.Modifier}, "
                    + $"{(target.Base == PgTypes.Bit ? "FALSE" : "TRUE")}) AS BIT)";
            case "bit" or "varbit" when isExplicit:
                // An integer keeps its last bits, a bit string its first.
                var digits = source.Base.Category == 'N'
                    ? $"right(lpad(CAST({operand} AS VARCHAR), {Math.Max(target.Modifier, 64)}, left(CAST({operand} AS VARCHAR), 1)), "
                        + $"{target.Modifier})"
                    : $"left(CAST({operand} AS VARCHAR), {target.Modifier})";
                return target.Base.Name == "bit" ? $"CAST(rpad({digits}, {target.Modifier}, '0') AS BIT)" : $"CAST({digits} AS BIT)";
            default:
                return operand;
        }
    }

    private static string WriteArray(string operand, SqlType source, SqlType target, bool isExplicit)
    {
        var from = source.Element!;
        var to = target.Element!;
        if (from.IsArray && !to.IsArray) to = SqlType.Array(to);
        var item = Write("x", from, to, isExplicit);
        return item == "x" ? operand : $"list_transform({operand}, lambda x: {item})";
    }

    /// <summary>
    /// An array of one dimension from its text. How many dimensions a text has is known only when it is read, but a list has its depth by
    /// its type.
    /// </summary>
    private static string ReadArray(string operand, SqlType source, SqlType target, bool isExplicit)
    {
        var element = target.Element!;
        if (element.IsArray)
            throw new SqlException(SqlState.FeatureNotSupported,
                $"the cast from {source} to an array of several dimensions is not supported");
        var text = source.Base == PgTypes.Bpchar ? $"rtrim({operand}, ' ')" : operand;
        var item = Write("x", SqlType.Text, element, isExplicit);
        var items = $"pg_array_in({text})";
        return item == "x" ? items : $"list_transform({items}, lambda x: {item})";
    }

    private static string WriteArrayText(string operand, SqlType source)
    {
        if (source.IsVector) return $"array_to_string({operand}, ' ')";

        // Nested lists are rows of one more dimension; each level has a variable of its own.
        if (source.Element!.IsArray)
        {
            var variable = $"x{Depth(source)}";
            return $"'{{' || array_to_string(list_transform({operand}, lambda {variable}: {WriteArrayText(variable, source.Element)}), "
                + $"',') || '}}'";
        }

        var item = WriteOutput("x", source.Element);
        return $"pg_array_out({(item == "x" ? operand : $"list_transform({operand}, lambda x: {item})")})";
    }

    private static string WriteRecordText(string operand, SqlType source)
    {
        var fields = source.Fields
            .Select((field, i) => WriteOutput($"struct_extract({operand}, {KernelLiterals.Text(source.KernelFieldName(i))})", field.Type));
        return $"CASE WHEN {operand} IS NOT NULL THEN pg_record_out([{string.Join(", ", fields)}]) END";
    }

    private static int Depth(SqlType type) => type.Element is { } element ? 1 + Depth(element) : 0;

    private static string JsonScalar(string kind, string value, string type) =>
        $"CASE WHEN {{0}} IS NULL THEN NULL WHEN pg_jsonb_typeof({{0}}) = '{kind}' THEN {value} ELSE error('22023|cannot cast jsonb ' || "
            + $"pg_jsonb_typeof({{0}}) || ' to type {type}') END";

    private static string Fill(string template, string operand) => template.Replace("{0}", operand, StringComparison.Ordinal);

    private static HashSet<(string, string)> Pairs(string list) =>
        list.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('>')).Select(pair => (pair[0], pair[1]))
            .ToHashSet();
}
