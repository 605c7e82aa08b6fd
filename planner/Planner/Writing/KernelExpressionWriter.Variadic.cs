namespace Federation.Planner.Writing;

/// <summary>
/// Functions over any number of arguments of any type, called with VARIADIC and an array: its items are the arguments. NULL for a NULL
/// array, of which format alone makes no arguments.
/// </summary>
internal sealed partial class KernelExpressionWriter
{
    private string WriteVariadic(FunctionEntry function, EquatableArray<Expr> arguments)
    {
        var array = arguments[^1];
        var items = Flattened(array);
        var element = array.Type.Element!;
        while (element.Element is { } inner) element = inner;
        var texts = $"list_transform({items}, lambda x: {KernelCasts.WriteOutput("x", element)})";
        return function.Name switch
        {
            "concat" => $"array_to_string(list_filter({texts}, lambda y: y IS NOT NULL), '')",
            "concat_ws" =>
                $"CASE WHEN {OutputText(arguments[0])} IS NOT NULL THEN "
                    + $"{Joined($"list_filter({texts}, lambda y: y IS NOT NULL)", arguments[0], OutputText(arguments[0]))} END",
            "format" => $"pg_format({Write(arguments[0])}, coalesce({texts}, CAST([] AS VARCHAR[])))",
            "num_nulls" => $"CAST(len(list_filter({items}, lambda y: y IS NULL)) AS INTEGER)",
            "num_nonnulls" => $"CAST(len(list_filter({items}, lambda y: y IS NOT NULL)) AS INTEGER)",
            "json_build_array" => JsonItems(),
            "jsonb_build_array" => $"pg_jsonb_in({JsonItems()})",
            "json_build_object" => JsonPairs(),
            "jsonb_build_object" => $"pg_jsonb_in({JsonPairs()})",
            _ => throw Unsupported(function),
        };

        string JsonItems() =>
            $"('[' || array_to_string(list_transform({items}, lambda x: {KernelJsonText.Write("x", element)}), ', ') || ']')";

        string JsonPairs() =>
            $"CASE WHEN len({items}) % 2 <> 0 THEN error('22023|argument list must have even number of elements\u001f\u001fThe arguments "
                + $"of {function.Name}() must consist of alternating keys and values.') "
            + $"ELSE '{{' || array_to_string(list_transform(range(1, len({items}) + 1, 2), lambda i: "
            + $"{KernelJsonText.ObjectKey($"list_extract({items}, i)", element, NullKey(function, "' || i || '"))} || ' : ' || "
            + $"{KernelJsonText.Write($"list_extract({items}, i + 1)", element)}), ', ') || '}}' END";
    }
}
