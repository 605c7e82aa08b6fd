namespace Federation.Planner.Writing;

/// <summary>Functions that build JSON from values of any type. The jsonb forms normalise the text of the json forms.</summary>
internal sealed partial class KernelExpressionWriter
{
    private string? WriteJsonBuilder(FunctionEntry function, EquatableArray<Expr> arguments) => function.Name switch
    {
        "to_json" => KernelJsonText.NotNull(Write(arguments[0]), arguments[0].Type),
        "to_jsonb" => $"pg_jsonb_in({KernelJsonText.NotNull(Write(arguments[0]), arguments[0].Type)})",
        "row_to_json" or "array_to_json" when arguments.Count == 1 => KernelJsonText.NotNull(Write(arguments[0]), arguments[0].Type),
        "json_build_array" => BuildArray(arguments),
        "jsonb_build_array" => $"pg_jsonb_in({BuildArray(arguments)})",
        "json_build_object" => BuildObject(function, arguments),
        "jsonb_build_object" => $"pg_jsonb_in({BuildObject(function, arguments)})",
        _ => null,
    };

    private string BuildArray(EquatableArray<Expr> arguments) => arguments.Count == 0
        ? "'[]'"
        : $"('[' || {string.Join(" || ', ' || ", arguments.Select(argument => KernelJsonText.Write(Write(argument), argument.Type)))} || "
            + "']')";

    private string BuildObject(FunctionEntry function, EquatableArray<Expr> arguments)
    {
        if (arguments.Count == 0) return "'{}'";
        if (arguments.Count % 2 != 0)
        {
            throw new SqlException(SqlState.InvalidParameterValue, "argument list must have even number of elements")
            {
                Hint = $"The arguments of {function.Name}() must consist of alternating keys and values.",
            };
        }

        var pairs = new List<string>();
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var key = KernelJsonText.ObjectKey(Write(arguments[i]), arguments[i].Type, NullKey(function, $"{i + 1}"));
            pairs.Add($"{key} || ' : ' || {KernelJsonText.Write(Write(arguments[i + 1]), arguments[i + 1].Type)}");
        }

        return $"('{{' || {string.Join(" || ', ' || ", pairs)} || '}}')";
    }

    /// <summary>What is said of the NULL key at a position, text inside of a kernel literal.</summary>
    private static string NullKey(FunctionEntry function, string position) =>
        function.Name == "jsonb_build_object"
            ? $"argument {position}: key must not be null"
            : $"argument {position} cannot be null\u001f\u001fObject keys should be text.";

    /// <summary>
    /// The members of an object as the fields of a record, each read by the input function of its type; absent ones are NULL.
    /// </summary>
    private static string WriteJsonRecord(string json, string kind, SqlType record) =>
        $"struct_pack({string.Join(", ", record.Fields.Select((field, i) => $"{KernelLiterals.Identifier(record.KernelFieldName(i))} := {WriteJsonField(json, kind, field)}"))})";

    private static string WriteJsonField(string json, string kind, RecordField field)
    {
        var name = KernelLiterals.Text(field.Name);
        if (field.Type.HasSameBase(SqlType.Json) || field.Type.HasSameBase(SqlType.Jsonb))
            return KernelCasts.Write($"pg_{kind}_get({json}, {name})", kind == "json" ? SqlType.Json : SqlType.Jsonb, field.Type,
                isExplicit: true);
        if (field.Type.Element is { } element)
        {
            var item = KernelCasts.Write("i", SqlType.Text, element, isExplicit: true);
            var items = $"list_transform(pg_{kind}_array_elements_text(pg_{kind}_get({json}, {name})), lambda i: {item})";
            return $"CASE WHEN pg_{kind}_get_text({json}, {name}) IS NULL THEN CAST(NULL AS {field.Type.KernelName}) ELSE {items} END";
        }

        return KernelCasts.Write($"pg_{kind}_get_text({json}, {name})", SqlType.Text, field.Type, isExplicit: true);
    }

    /// <summary>json_agg and its kin: PostgreSQL separates items by a comma and a blank.</summary>
    private string? JsonAggregate(AggregateCall call)
    {
        string Item(int index) => KernelJsonText.Write(Write(call.Arguments[index]), call.Arguments[index].Type);
        string Pairs() => $"array_to_string({ListOf(call, $"{Name()} || ' : ' || {Item(1)}")}, ', ')";

        // Names of rows that FILTER leaves out are computed, too.
        string Name()
        {
            var name = KernelJsonText.ObjectKey(Write(call.Arguments[0]), call.Arguments[0].Type, "field name must not be null");
            return call.Filter is null ? name : $"CASE WHEN {Write(call.Filter)} THEN {name} END";
        }

        return call.Function.Name switch
        {
            // Rows and arrays stand on lines of their own, but for the first and NULLs.
            "json_agg" when call.Arguments[0].Type is { IsRecord: true } or { IsArray: true } =>
                $"'[' || ltrim(array_to_string({ListOf(call, $"CASE WHEN {Write(call.Arguments[0])} IS NULL THEN '' ELSE chr(10) || ' ' END || {Item(0)}")}, "
                    + "', '), chr(10) || ' ') || ']'",
            "json_agg" => $"'[' || array_to_string({ListOf(call, Item(0))}, ', ') || ']'",
            "jsonb_agg" => $"pg_jsonb_in('[' || array_to_string({ListOf(call, Item(0))}, ', ') || ']')",
            "json_object_agg" => $"'{{ ' || {Pairs()} || ' }}'",
            "jsonb_object_agg" => $"pg_jsonb_in('{{' || {Pairs()} || '}}')",
            _ => null,
        };
    }
}
