namespace Federation.Planner.Writing;

/// <summary>
/// Ordered-set aggregates over the sorted list of the values that are not NULL (orderedsetaggs.c). The kernel's quantiles know no
/// descending order and sort numerics that are held as text by their bytes.
/// </summary>
internal sealed partial class KernelExpressionWriter
{
    private string? OrderedSetAggregate(AggregateCall call)
    {
        if (call.Function.AggregateKind != 'o') return null;
        var key = call.OrderBy[0];
        var value = Write(key.Expression);
        var set = names.NewVariable();
        var given = call.Filter is null ? $"{value} IS NOT NULL" : $"{value} IS NOT NULL AND {Write(call.Filter)}";
        string List(string item) => $"list({item} ORDER BY {SortKeys([key])}) FILTER (WHERE {given})";
        if (call.Function.Name == "mode")
        {
            var equal = $"create_sort_key({Key(key.Expression)}, 'ASC NULLS LAST', '', 'ASC NULLS LAST')";
            return $"list_extract(list_transform([struct_pack(l := {List(value)}, k := {List(equal)})], lambda {set}: "
                + $"list_extract({set}.l, pg_mode_index({set}.k))), 1)";
        }

        var fractions = call.Arguments[0];
        var at = call.Function.Name == "percentile_disc" ? $"list_extract({set}.l, greatest(CAST(ceil({{0}} * len({set}.l)) AS BIGINT), 1))"
            : Interpolated(key.Expression.Type, $"{set}.l");
        return $"list_extract(list_transform([struct_pack(l := {List(value)}, p := {Write(fractions)})], lambda {set}: "
            + $"{OfFractions($"{set}.p", fractions.Type, 0)}), 1)";

        string OfFractions(string text, SqlType type, int depth) => type.Element is { } element
            ? $"CASE WHEN {set}.l IS NOT NULL THEN list_transform({text}, lambda p{depth}: "
                + $"{OfFractions($"p{depth}", element, depth + 1)}) END"
            : $"CASE WHEN {text} < 0 OR {text} > 1 THEN error('22003|percentile value ' || pg_float8out({text}) || ' is not between 0 and "
                + $"1') WHEN {text} IS NOT NULL THEN {at.Replace("{0}", text, StringComparison.Ordinal)} END";
    }

    /// <summary>The value at a fraction of the way through the list, between two neighbours in proportion.</summary>
    private static string Interpolated(SqlType type, string list)
    {
        var place = $"({{0}} * (len({list}) - 1))";
        var (low, high) = ($"list_extract({list}, CAST(floor({place}) AS BIGINT) + 1)",
            $"list_extract({list}, CAST(ceil({place}) AS BIGINT) + 1)");
        var part = $"({place} - floor({place}))";
        var between = type.HasSameBase(SqlType.Interval)
            ? $"({low} + pg_interval_mul({high} - {low}, {part}))"
            : $"({low} + {part} * ({high} - {low}))";
        return $"CASE WHEN floor({place}) = ceil({place}) THEN {low} ELSE {between} END";
    }
}
