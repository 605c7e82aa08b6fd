using System.Globalization;
using Federation.Plan;

namespace Federation.CompatTests.Suite.Differential;

/// <summary>Calls over one table and the cases that none of them fails in.</summary>
internal sealed class StressBatch(StressTables tables, IReadOnlyList<StressCall> calls, IReadOnlyList<int> good)
{
    public IReadOnlyList<StressCall> Calls => calls;

    public StressCall First => calls[0];

    public string Table => First.Table;

    public IReadOnlyList<int> Good => good;

    /// <summary>The condition that keeps the cases which raise no error.</summary>
    public string Ok(string alias)
    {
        if (good.Count == tables.Cases) return "true";
        if (good.Count <= tables.Cases / 2) return $"{alias}.c IN ({List(good)})";
        return $"{alias}.c NOT IN ({List(Enumerable.Range(1, tables.Cases).Except(good))})";
    }

    public string List(Func<StressCall, string> item) => string.Join(", ", calls.Select(item));

    public string Arms(Func<StressCall, int, string> arm) => string.Join(" UNION ALL ", calls.Select(arm));

    public string Constants(StressCall call, int number) => call.Fill(tables.Literals(call, number));

    public IReadOnlyList<string> Literals(int number) => tables.Literals(First, number);

    public IEnumerable<int> Some(int count) => good.Where((_, i) => i % Math.Max(good.Count / count, 1) == 0).Take(count);

    public StressBatch Only(StressCall call) => new(tables, [call], good);

    private static string List(IEnumerable<int> numbers) =>
        string.Join(", ", numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)));
}

/// <summary>A place of a query that functions stand in. The statement is null where the batch has nothing to put there.</summary>
internal sealed record StressPlace(string Name, FunctionKind Kind, bool OfSets, Func<StressBatch, string?> Statement);

internal static class StressPlaces
{
    public static readonly StressPlace[] All =
    [
        .. Scalars(), .. Sets(),
        .. StressAggregatePlaces.All,
    ];

    /// <summary>Where casts stand by default: there are as many of them as of all functions together.</summary>
    public static readonly string[] OfCasts = ["rows", "constants", "UNION ALL of constants", "NULL for each argument", "GROUP BY, HAVING",
        "a branch that is not taken", "rows that LEFT JOIN pads"];

    private static StressPlace[] Scalars()
    {
        return
        [
            Scalar("rows", b => $"SELECT a.id, {b.List(call => call.With("a"))} FROM {b.Table} a WHERE {b.Ok("a")}"),
            Scalar("constants",
                b => b.Good.Count == 0
                    ? null
                    : $"SELECT {b.List(call => string.Join(", ", b.Some(9).Select(number => b.Constants(call, number))))}"),
            Scalar("VALUES",
                b => b.First.Pools.Count == 0 || b.Good.Count == 0
                    ? null
                    : $"SELECT {b.List(call => call.With("a"))} FROM (VALUES {Tuples(b, "", "), (")}) a({Names(b)})"),
            Scalar("UNION ALL of constants",
                b => b.First.Pools.Count == 0 || b.Good.Count == 0
                    ? null
                    : $"SELECT {b.List(call => call.With("a"))} FROM "
                        + $"({string.Join(" UNION ALL ", b.Some(20).Select(number => $"SELECT {string.Join(", ", b.Literals(number))}"))}) a({Names(b)})"),
            Scalar("NULL for each argument",
                b => b.First.Pools.Count == 0
                    ? null
                    : $"SELECT a.id, {b.List(call => string.Join(", ", call.Pools.Select((pool, hole) => call.Fill(call.Pools.Select((_, i) => i == hole ? pool.Literal(null) : $"a.x{i + 1}")))))} FROM {b.Table} a WHERE {b.Ok("a")} AND a.id <= 120"),
            Scalar("a constant among columns",
                b => b.First.Pools.Count < 2 || b.Good.Count == 0 ? null : string.Join(" UNION ALL ", b.Some(2).Select(number =>
                $"SELECT a.id, {b.List(call => string.Join(", ", call.Pools.Select((_, hole) => "(" + call.Fill(call.Pools.Select((_, i) => i == hole ? b.Literals(number)[i] : $"a.x{i + 1}")) + ")::text")))} FROM {b.Table} a WHERE a.c = {number}"))),
            Scalar("WHERE",
                b => b.Arms((call, i) =>
                    $"SELECT {i}, a.id FROM {b.Table} a WHERE CASE WHEN {b.Ok("a")} THEN ({call.With("a")})::text > '3' END")),
            Scalar("GROUP BY, HAVING",
                b => b.Arms((call, i) =>
                    $"SELECT {i}, ({call.With("a")})::text, count(*), min(a.id) FROM {b.Table} a WHERE {b.Ok("a")} GROUP BY "
                        + $"({call.With("a")})::text HAVING count(({call.With("a")})::text) > 0")),
            Scalar("GROUP BY its type",
                b => b.Arms((call, i) =>
                    $"SELECT {i}, count(*), sum(q.n), min(q.n), max(q.n) FROM (SELECT {call.With("a")} AS v, count(*) AS n FROM {b.Table} "
                        + $"a WHERE {b.Ok("a")} GROUP BY 1) q")),
            Scalar("ORDER BY its type",
                b => b.Arms((call, i) =>
                    $"(SELECT {i}, a.id FROM {b.Table} a WHERE {b.Ok("a")} AND a.id <= 2000 ORDER BY {call.With("a")} DESC NULLS LAST, "
                        + "a.id LIMIT 40)")),
            Scalar("grouping sets",
                b => b.Arms((call, i) =>
                    $"SELECT {i}, ({call.With("a")})::text, a.c % 3, count(*), grouping(a.c % 3) FROM {b.Table} a WHERE {b.Ok("a")} AND "
                        + $"a.id <= 500 GROUP BY GROUPING SETS ((({call.With("a")})::text), (a.c % 3), ((({call.With("a")})::text), a.c % "
                        + "3), ())")),
            Scalar("CASE, COALESCE",
                b =>
                    $"SELECT a.id, {b.List(call => $"CASE WHEN a.id % 2 = 0 THEN {call.With("a")} END, COALESCE(CASE WHEN a.id % 3 = 0 THEN {call.With("a")} END, {call.With("a")}), CASE WHEN ({call.With("a")}) IS NULL THEN 'none' ELSE ({call.With("a")})::text END")} FROM {b.Table} a WHERE {b.Ok("a")} AND a.id <= 400"),
            Scalar("a branch that is not taken",
                b =>
                    $"SELECT a.id, {b.List(call => $"CASE WHEN {b.Ok("a")} THEN {call.With("a")} END")} FROM {b.Table} a WHERE a.id <= 2500"),
            Scalar("JOIN ON",
                b => b.Arms((call, i) =>
                    $"SELECT {i}, a.id, b.id FROM {b.Table} a JOIN {b.Table} b ON ({call.With("a")})::text = ({call.With("b")})::text AND "
                        + $"a.id < b.id WHERE {b.Ok("a")} AND {b.Ok("b")} AND a.id <= 60 AND b.id <= 60")),
            Scalar("rows that a join repeats",
                b =>
                    $"SELECT a.id, k.k, {b.List(call => call.With("a"))} FROM {b.Table} a JOIN (VALUES (0), (1), (2)) k(k) ON a.id % 3 >= "
                        + $"k.k WHERE {b.Ok("a")} AND a.id <= 500"),
            Scalar("rows that LEFT JOIN pads",
                b =>
                    $"SELECT a.id, {b.List(call => call.With("b"))} FROM {b.Table} a LEFT JOIN {b.Table} b ON b.id = a.id + 3 AND b.id % "
                        + $"3 = 0 AND {b.Ok("b")} WHERE a.id <= 400"),
            Scalar("above LIMIT",
                b =>
                    $"SELECT {b.List(call => call.With("a"))} FROM (SELECT * FROM {b.Table} a WHERE {b.Ok("a")} ORDER BY id LIMIT 70 "
                        + "OFFSET 5) a"),
            Scalar("one value in all rows",
                b => b.First.Pools.Count == 0 || b.Good.Count == 0
                    ? null
                    : $"SELECT t.id, {b.List(call => call.With("a"))} FROM {b.Table} t, (SELECT "
                        + $"{string.Join(", ", b.Literals(b.Good[^1]).Select((literal, i) => $"{literal} AS x{i + 1}"))}) a WHERE t.id <= "
                        + "50"),
            Scalar("correlated, LATERAL",
                b =>
                    $"SELECT a.id, {b.List(call => $"(SELECT {call.With("a")}), (SELECT count(*) FROM {b.Table} b WHERE b.id <= 12 AND {b.Ok("b")} AND ({call.With("b")})::text = ({call.With("a")})::text)")}, l.* FROM {b.Table} a, LATERAL (SELECT {b.List(call => call.With("a"))}) l WHERE {b.Ok("a")} AND a.id <= 60"),
        ];

        static StressPlace Scalar(string name, Func<StressBatch, string?> statement) => new(name, FunctionKind.Scalar, false, statement);
    }

    private static StressPlace[] Sets()
    {
        return
        [
            Set("rows of a select list",
                b => b.Arms((call, i) => $"SELECT {i}, a.id, ({call.With("a")})::text FROM {b.Table} a WHERE {b.Ok("a")} AND a.id <= 300")),
            Set("LATERAL",
                b => b.Arms((call, i) =>
                    $"SELECT {i}, a.id, f::text FROM {b.Table} a, LATERAL {call.With("a")} AS f WHERE {b.Ok("a")} AND a.id <= 150")),
            Set("LATERAL that pads",
                b => b.Arms((call, i) =>
                    $"SELECT {i}, a.id, f::text, count(*) FROM {b.Table} a LEFT JOIN LATERAL {call.With("a")} AS f ON true WHERE "
                        + $"{b.Ok("a")} AND a.id <= 2300 GROUP BY 1, 2, 3")),
            Set("constants",
                b => b.Good.Count == 0
                    ? null
                    : b.Arms((call, i) => string.Join(" UNION ALL ",
                        b.Some(6).Select(number => $"SELECT {i}, {number}, f::text FROM {b.Constants(call, number)} AS f")))),
            Set("NULL for each argument",
                b => b.First.Pools.Count == 0
                    ? null
                    : b.Arms((call, i) =>
                        string.Join(" UNION ALL ",
                            call.Pools.Select((pool, hole) =>
                                $"SELECT {i}, a.id, ({call.Fill(call.Pools.Select((_, k) => k == hole ? pool.Literal(null) : $"a.x{k + 1}"))})::text FROM {b.Table} a WHERE {b.Ok("a")} AND a.id <= 20")))),
            Set("WITH ORDINALITY, correlated",
                b => b.Arms((call, i) =>
                    $"SELECT {i}, a.id, (SELECT count(*) FROM {call.With("a")}), o.ordinality FROM {b.Table} a, LATERAL {call.With("a")} "
                        + $"WITH ORDINALITY AS o WHERE {b.Ok("a")} AND a.id <= 100")),
        ];

        static StressPlace Set(string name, Func<StressBatch, string?> statement) => new(name, FunctionKind.Scalar, true, statement);
    }

    private static string Names(StressBatch batch) => string.Join(", ", batch.First.Pools.Select((_, i) => $"x{i + 1}"));

    private static string Tuples(StressBatch batch, string before, string between) =>
        "(" + string.Join(between, batch.Some(30).Select(number => before + string.Join(", ", batch.Literals(number)))) + ")";
}
