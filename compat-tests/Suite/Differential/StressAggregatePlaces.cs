using Federation.Plan;

namespace Federation.CompatTests.Suite.Differential;

/// <summary>The places of aggregates and window functions.</summary>
internal static class StressAggregatePlaces
{
    private static readonly string[] s_frames =
    [
        "", "ORDER BY a.id", "PARTITION BY a.c % 5", "PARTITION BY a.c % 5 ORDER BY a.id", "ORDER BY a.c % 10, a.id",
        "ORDER BY a.id ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING", "ORDER BY a.id RANGE BETWEEN 3 PRECEDING AND 2 FOLLOWING",
        "ORDER BY a.id GROUPS BETWEEN 2 PRECEDING AND CURRENT ROW",
        "ORDER BY a.id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
        "PARTITION BY a.c % 4 ORDER BY a.id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
        "ORDER BY a.id ROWS BETWEEN 3 PRECEDING AND 3 FOLLOWING EXCLUDE CURRENT ROW",
        "ORDER BY a.id / 4, a.id GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES",
        "ORDER BY a.id GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING EXCLUDE GROUP",
        "ORDER BY a.id ROWS BETWEEN 5 PRECEDING AND 3 PRECEDING", "ORDER BY a.id ROWS BETWEEN 2 FOLLOWING AND 4 FOLLOWING",
    ];

    public static readonly StressPlace[] All =
    [
        Aggregate("all rows", b => $"SELECT {b.List(call => Plain(call, "a"))} FROM {b.Table} a WHERE {b.Ok("a")}"),
        Aggregate("no row", b => $"SELECT {b.List(call => Plain(call, "a"))} FROM {b.Table} a WHERE a.id < 0"),
        Aggregate("GROUP BY",
            b => $"SELECT a.c % 7, {b.List(call => Plain(call, "a"))} FROM {b.Table} a WHERE {b.Ok("a")} GROUP BY a.c % 7"),
        Aggregate("many groups",
            b => $"SELECT a.id / 2, {b.List(call => Plain(call, "a"))} FROM {b.Table} a WHERE {b.Ok("a")} GROUP BY a.id / 2"),
        Aggregate("grouping sets",
            b =>
                $"SELECT a.c % 3, a.c % 2, {b.List(call => Plain(call, "a"))} FROM {b.Table} a WHERE {b.Ok("a")} GROUP BY GROUPING SETS "
                    + "((a.c % 3), (a.c % 2), (a.c % 3, a.c % 2), ())"),
        Aggregate("FILTER",
            b =>
                $"SELECT a.c % 4, {b.List(call => Made(call, "a", "", Order(call, "a"), " FILTER (WHERE a.c % 2 = 0)"))}, "
                    + $"{b.List(call => Made(call, "a", "", Order(call, "a"), " FILTER (WHERE a.id < 0)"))} FROM {b.Table} a WHERE "
                    + $"{b.Ok("a")} GROUP BY a.c % 4"),
        Aggregate("DISTINCT",
            b => OrNull(b,
                call => call.Pools.Count > 0 && call.Text.Contains("{d}", StringComparison.Ordinal)
                    && (!call.IsOrdered || (call.Pools.Count == 1 && !HasForms(call.Pools[0]))), some =>
            $"SELECT a.c % 4, {string.Join(", ", some.Select(call => Made(call, "a", "DISTINCT ", call.IsOrdered ? " ORDER BY a.x1" : "", "")))} FROM {b.Table} a WHERE {b.Ok("a")} GROUP BY a.c % 4")),
        Aggregate("ORDER BY", b => OrNull(b, call => call.Text.Contains("{o}", StringComparison.Ordinal), some =>
            $"SELECT a.c % 4, {string.Join(", ", some.Select(call => Made(call, "a", "", " ORDER BY a.c % 3 DESC, a.id", "")))} FROM "
                + $"{b.Table} a WHERE {b.Ok("a")} AND a.id <= 300 GROUP BY a.c % 4")),
        Aggregate("HAVING",
            b => b.Arms((call, i) =>
                $"SELECT {i}, a.c % 9 FROM {b.Table} a WHERE {b.Ok("a")} GROUP BY a.c % 9 HAVING ({Plain(call, "a")})::text > '2'")),
        Aggregate("rows that LEFT JOIN pads",
            b =>
                $"SELECT a.c % 5, {b.List(call => Plain(call, "b"))} FROM {b.Table} a LEFT JOIN {b.Table} b ON b.id = a.id + 3 AND b.id % "
                    + $"3 = 0 AND {b.Ok("b")} WHERE a.id <= 500 GROUP BY a.c % 5"),
        Aggregate("correlated",
            b =>
                $"SELECT a.id, {b.List(call => $"(SELECT {Plain(call, "b")} FROM {b.Table} b WHERE {b.Ok("b")} AND b.id <= 100 AND b.c % 7 = a.id)")} FROM {b.Table} a WHERE a.id <= 9"),
        Aggregate("windows",
            b => OrNull(b, IsWindowed,
                some =>
                    $"SELECT a.id, {string.Join(", ", some.SelectMany(call => s_frames.Select(frame => Made(call, "a", "", "", $" OVER ({frame})"))))} FROM {b.Table} a WHERE {b.Ok("a")} AND a.id <= 130")),
        Aggregate("windows with FILTER",
            b => OrNull(b, IsWindowed,
                some =>
                    $"SELECT a.id, {string.Join(", ", some.SelectMany(call => s_frames.Where((_, i) => i % 3 == 0).Select(frame => Made(call, "a", "", "", $" FILTER (WHERE a.c % 2 = 0) OVER ({frame})"))))} FROM {b.Table} a WHERE {b.Ok("a")} AND a.id <= 100")),
        Aggregate("windows over many rows",
            b => OrNull(b, call => IsWindowed(call) && !call.IsOrdered,
                some =>
                    $"SELECT a.id, {string.Join(", ", some.SelectMany(call => (string[])[Made(call, "a", "", "", " OVER ()"), Made(call, "a", "", "", " OVER (PARTITION BY a.c % 40 ORDER BY a.id)"), Made(call, "a", "", "", " OVER (ORDER BY a.id ROWS BETWEEN 3 PRECEDING AND 2 FOLLOWING)")]))} FROM {b.Table} a WHERE {b.Ok("a")} AND a.id <= 2300")),
        Window("windows",
            b =>
                $"SELECT a.id, {b.List(call => string.Join(", ", s_frames.Where(IsOrdered).Select(frame => Made(call, "a", "", "", $" OVER ({frame})"))))} FROM {b.Table} a WHERE {b.Ok("a")} AND a.id <= 130"),
        Window("windows over many rows",
            b =>
                $"SELECT a.id, {b.List(call => Made(call, "a", "", "", " OVER (PARTITION BY a.c % 40 ORDER BY a.id)"))} FROM {b.Table} a "
                    + $"WHERE {b.Ok("a")}"),
        Window("windows over rows that LEFT JOIN pads",
            b =>
                $"SELECT a.id, {b.List(call => Made(call, "b", "", "", " OVER (ORDER BY a.id)"))} FROM {b.Table} a LEFT JOIN {b.Table} b "
                    + $"ON b.id = a.id + 3 AND b.id % 3 = 0 AND {b.Ok("b")} WHERE a.id <= 200"),
    ];

    private static string Plain(StressCall call, string alias) => Made(call, alias, "", Order(call, alias), "");

    /// <summary>Of equal values that are written differently either may stand for all of them.</summary>
    private static bool HasForms(StressPool pool) => pool.Type is "numeric" or "float4" or "float8" or "interval" or "bpchar" or "jsonb";

    private static string Order(StressCall call, string alias) => call.IsOrdered ? $" ORDER BY {alias}.id" : "";

    private static bool IsOrdered(string frame) =>
        frame.Contains("ORDER BY", StringComparison.Ordinal) && !frame.Contains("RANGE BETWEEN", StringComparison.Ordinal);

    /// <summary>Ordered-set aggregates are no windows.</summary>
    private static bool IsWindowed(StressCall call) => !call.Text.Contains("WITHIN", StringComparison.Ordinal);

    private static string Made(StressCall call, string alias, string distinct, string order, string after)
    {
        var text = (call with
        {
            Text = call.Text.Replace("{d}", distinct, StringComparison.Ordinal) .Replace("{o}", order, StringComparison.Ordinal)
                .Replace("{w}", after, StringComparison.Ordinal),
        }).With(alias);

        // Equal intervals are 30 days and 1 month, equal character strings 'x' and 'x ': which of them it is stays open.
        return !call.GivesEither ? text : call.Pools[^1].Type switch
        {
            "interval" => $"extract(epoch FROM {text})",
            "bpchar" => $"({text})::text",
            _ => text,
        };
    }

    private static string? OrNull(StressBatch batch, Func<StressCall, bool> condition, Func<IReadOnlyList<StressCall>, string> statement) =>
        batch.Calls.Where(condition).ToList() is { Count: > 0 } some ? statement(some) : null;

    private static StressPlace Aggregate(string name, Func<StressBatch, string?> statement) =>
        new(name, FunctionKind.Aggregate, false, statement);

    private static StressPlace Window(string name, Func<StressBatch, string?> statement) =>
        new(name, FunctionKind.Window, false, statement);
}
