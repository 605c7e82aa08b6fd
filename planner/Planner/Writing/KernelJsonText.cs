namespace Federation.Planner.Writing;

/// <summary>
/// SQL values as JSON text, the way to_json writes them: numbers and booleans bare, dates in ISO form with a T, arrays and records nested,
/// everything else as a quoted string.
/// </summary>
internal static class KernelJsonText
{
    /// <summary>The JSON text of a written value; SQL NULL becomes JSON null.</summary>
    public static string Write(string text, SqlType type) => $"coalesce({NotNull(text, type)}, 'null')";

    /// <summary>The JSON text of a value, NULL for NULL.</summary>
    public static string NotNull(string text, SqlType type)
    {
        if (type.IsArray) return WriteArray(text, type.Element!);
        if (type.IsRecord) return WriteRecord(text, type);
        return type.Base.Name switch
        {
            "bool" => $"CAST({text} AS VARCHAR)",
            "int2" or "int4" or "int8" => $"CAST({text} AS VARCHAR)",
            "numeric" when type.Decimal is null => FiniteNumeric(text),
            "numeric" => KernelNumerics.AsText(text, type),
            "float4" => FiniteOrQuoted(text, $"pg_float4out({text})"),
            "float8" => FiniteOrQuoted(text, $"pg_float8out({text})"),
            "json" or "jsonb" => text,
            "timestamp" => Quoted($"regexp_replace({KernelCasts.WriteText(text, type)}, ' ', 'T')"),

            // Offsets have their minutes.
            "timestamptz" =>
                Quoted(
                    $"regexp_replace(regexp_replace({KernelCasts.WriteText(text, type)}, ' ', 'T'), '([+-]\\d\\d)( BC)?$', '\\1:00\\2')"),

            "regclass" or "regproc" or "regprocedure" or "regoper" or "regoperator" or "regnamespace" or "regrole" or "regcollation" =>
                throw new SqlException(SqlState.FeatureNotSupported, $"the conversion of {type} to JSON is not supported")
                {
                    Hint = "Cast the value to text.",
                },

            // As it is printed; a cast to text drops the spaces at the end.
            "bpchar" => Quoted(text),
            _ => Quoted(KernelCasts.WriteOutput(text, type)),
        };
    }

    /// <summary>
    /// A value as the name of an object's member; NULL raises <paramref name="nullMessage"/>, text inside of a kernel literal.
    /// </summary>
    public static string ObjectKey(string text, SqlType type, string nullMessage)
    {
        if (type.IsArray || type.IsRecord || type.Base.Name is "json" or "jsonb")
            return "CAST(error('22023|key value must be scalar, not array, composite, or json') AS VARCHAR)";
        var isBare = type.Base.Name is "bool" or "int2" or "int4" or "int8" or "numeric";
        var shown = type.Base.Name is "float4" or "float8" ? Quoted(KernelCasts.WriteText(text, type)) : isBare
            ? $"'\"' || {(type.IsNumeric ? KernelNumerics.AsText(text, type) : NotNull(text, type))} || '\"'"
            : NotNull(text, type);
        return $"coalesce({shown}, error('22023|{nullMessage}'))";
    }

    /// <summary>A text as a JSON string with quotes and escapes.</summary>
    public static string Quoted(string text) => $"CAST(to_json({text}) AS VARCHAR)";

    private static string FiniteNumeric(string text) =>
        $"CASE WHEN ends_with({text}, 'N') OR ends_with({text}, 'y') THEN '\"' || {text} || '\"' ELSE {text} END";

    private static string FiniteOrQuoted(string value, string shown) =>
        $"CASE WHEN isfinite({value}) THEN {shown} ELSE '\"' || {shown} || '\"' END";

    private static string WriteArray(string text, SqlType element) =>
        $"'[' || array_to_string(list_transform({text}, lambda x: {Write("x", element)}), ',') || ']'";

    private static string WriteRecord(string text, SqlType type)
    {
        var fields = type.Fields.Select((field, i) =>
        {
            var value = $"struct_extract({text}, {KernelLiterals.Text(type.KernelFieldName(i))})";
            return $"{KernelLiterals.Text(JsonName(field.Name))} || {Write(value, field.Type)}";
        });
        return $"CASE WHEN {text} IS NOT NULL THEN '{{' || {string.Join(" || ',' || ", fields)} || '}}' END";
    }

    private static string JsonName(string name) => System.Text.Json.JsonSerializer.Serialize(name, s_names) + ":";

    private static readonly System.Text.Json.JsonSerializerOptions s_names =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
