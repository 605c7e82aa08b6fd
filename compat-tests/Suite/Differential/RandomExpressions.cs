namespace Federation.CompatTests.Suite.Differential;

/// <summary>What an expression may name: a column as it is written, and its kind.</summary>
/// <param name="IsPlain">Whether equal values are written alike: 1.5 and 1.50 are equal, so that which of them DISTINCT keeps is
/// open.</param>
internal sealed record ScopeColumn(string Sql, RandomKind Kind, bool IsPlain);

/// <summary>
/// Random scalar expressions that PostgreSQL accepts and that raise no error for the values of <see cref="RandomTables"/>: which rows an
/// expression meets before others are filtered is nobody's promise.
/// </summary>
internal sealed class RandomExpressions(Random random, IReadOnlyList<RandomKind> kinds)
{
    private static readonly string[] s_comparisons = ["=", "=", "=", "<>", "<", "<=", ">", ">="];

    /// <summary>Subqueries that a condition or a value may hold; set by the queries' generator.</summary>
    public Func<RandomKind, IReadOnlyList<ScopeColumn>, string?> Subquery { get; set; } = static (_, _) => null;

    public Func<IReadOnlyList<ScopeColumn>, string?> SubqueryCondition { get; set; } = static _ => null;

    public RandomKind AnyKind() => kinds[random.Next(kinds.Count)];

    public bool Chance(int percent) => random.Next(100) < percent;

    public T Pick<T>(params T[] values) => values[random.Next(values.Length)];

    public string Value(RandomKind kind, IReadOnlyList<ScopeColumn> scope, int depth)
    {
        if (depth <= 0 || Chance(45)) return Leaf(kind, scope);
        if (Chance(18)) return General(kind, scope, depth - 1);
        if (Chance(5) && Subquery(kind, scope) is { } subquery) return subquery;
        string Of(RandomKind other) => Value(other, scope, depth - 1);
        string Same() => Value(kind, scope, depth - 1);
        string Array()
        {
            var item = AnyKind();
            return $"array[{Of(item)}, {Of(item)}]::text";
        }

        return kind switch
        {
            RandomKind.Integer => Pick(
                () => $"({Same()} {Pick("+", "-")} {Same()})",
                () => $"({Leaf(kind, scope)} * {Number(-3, 5)})",
                () => $"({Same()} {Pick("/", "%")} {Number(2, 7)})",
                () => $"abs({Same()})",
                () => $"length({Of(RandomKind.Text)})",
                () => $"({Of(RandomKind.Date)} - date '2024-01-01')",
                () => $"extract({Pick("year", "month", "day", "dow", "quarter")} from {Of(RandomKind.Date)})::int",
                () => $"strpos({Of(RandomKind.Text)}, {Literal(RandomKind.Text)})",
                () => $"({Of(RandomKind.Boolean)})::int",
                () => $"-({Same()})")(),
            RandomKind.SmallInteger => Pick(() => $"({Leaf(kind, scope)} + {Number(0, 9)}::smallint)", () => $"abs({Leaf(kind, scope)})")(),
            RandomKind.BigInteger =>
                Pick(() => $"({Leaf(kind, scope)} {Pick("+", "-")} {Of(RandomKind.Integer)})", () => $"({Of(RandomKind.Integer)})::bigint",
                    () => $"({Leaf(kind, scope)} % {Number(3, 99)})")(),
            RandomKind.Numeric => Pick(
                () => $"({Same()} {Pick("+", "-")} {Same()})",
                () => $"({Leaf(kind, scope)} * {Leaf(kind, scope)})",
                () => $"({Same()} / {Pick("3", "7.0", "0.25", "1.5")})",
                () => $"round({Same()}, {Number(-1, 3)})",
                () => $"trunc({Same()}, {Number(0, 2)})",
                () => $"{Pick("abs", "floor", "ceil")}({Same()})",
                () => $"({Of(RandomKind.Integer)})::numeric",
                () => $"({Of(RandomKind.Integer)} * {Pick("0.5", "1.25", "100.0")})",
                () => $"extract({Pick("epoch", "second", "hour", "day")} from {Of(RandomKind.Timestamp)})")(),
            RandomKind.FreeNumeric =>
                Pick(() => $"({Same()} + {Of(RandomKind.Numeric)})", () => $"abs({Same()})",
                    () => $"({Leaf(kind, scope)} * {Pick("2", "0.1")})")(),
            RandomKind.Float =>
                Pick(() => $"({Same()} {Pick("+", "-", "*")} {Literal(kind)})", () => $"({Of(RandomKind.Integer)})::float8",
                    () => $"({Of(RandomKind.Numeric)})::float8", () => $"abs({Same()})", () => $"sqrt(abs({Same()}))")(),
            RandomKind.Text => Pick(
                () => $"({Same()} || {Same()})",
                () => $"{Pick("upper", "lower", "trim", "reverse", "md5", "initcap")}({Same()})",
                () => $"substr({Same()}, {Number(-1, 3)}, {Number(0, 4)})",
                () => $"{Pick("left", "right")}({Same()}, {Number(-2, 3)})",
                () => $"replace({Same()}, 'a', {Literal(kind)})",
                () => $"concat({Same()}, {Of(RandomKind.Integer)}, {Of(AnyKind())})",
                () => $"({Of(AnyKind())})::text",
                () => $"lpad({Same()}, {Number(0, 6)}, '*')",
                () => $"to_char({Of(RandomKind.Timestamp)}, '{Pick("YYYY-MM", "DD Mon HH24:MI", "Day", "IYYY-IW")}')",
                () => $"split_part({Same()}, ' ', {Number(1, 2)})",
                () => $"({Same()} || {Of(AnyKind())})",
                () => $"to_json({Of(AnyKind())})::text",
                () => $"jsonb_build_object('k', {Of(AnyKind())}, 'l', {Of(AnyKind())})::text",
                () => Array(),
                () => $"row({Of(AnyKind())}, {Of(AnyKind())})::text")(),
            RandomKind.Varchar => $"({Of(RandomKind.Text)})::varchar(4)",
            RandomKind.Character => $"({Of(RandomKind.Text)})::char(2)",
            RandomKind.Date =>
                Pick(() => $"({Leaf(kind, scope)} {Pick("+", "-")} {Of(RandomKind.Integer)})",
                    () => $"({Of(RandomKind.Timestamp)})::date")(),
            RandomKind.Timestamp => Pick(
                () => $"({Leaf(kind, scope)} {Pick("+", "-")} interval '{Pick("1 month", "3 days 02:00", "90 minutes", "1 year -1 day")}')",
                () => $"date_trunc('{Pick("month", "day", "hour", "week", "quarter", "year")}', {Same()})",
                () => $"({Of(RandomKind.Date)})::timestamp")(),
            RandomKind.TimestampZone =>
                Pick(() => $"({Leaf(kind, scope)} + interval '{Pick("1 month", "36 hours", "1 day")}')",
                    () => $"date_trunc('{Pick("month", "day", "hour")}', {Same()})", () => $"({Of(RandomKind.Timestamp)})::timestamptz")(),
            RandomKind.Boolean => Condition(scope, depth),
            _ => Leaf(kind, scope),
        };
    }

    /// <summary>A condition: comparisons, tests and their combinations.</summary>
    public string Condition(IReadOnlyList<ScopeColumn> scope, int depth)
    {
        if (depth > 0 && Chance(25))
            return Pick(() => $"({Condition(scope, depth - 1)} {Pick("AND", "OR")} {Condition(scope, depth - 1)})",
                () => $"(NOT {Condition(scope, depth - 1)})")();
        if (depth > 0 && Chance(12) && SubqueryCondition(scope) is { } subquery) return subquery;
        var kind = AnyKind();
        var left = Value(kind, scope, depth - 1);
        string Right() => Value(kind, scope, depth - 2);
        return Pick(
            () => $"({left} {Pick(s_comparisons)} {Right()})",
            () => $"({left} {Pick(s_comparisons)} {Literal(kind)})",
            () => $"({left} {Pick(s_comparisons)} {Literal(kind)})",
            () => $"({left} IS {Pick("", "NOT ")}NULL)",
            () => $"({left} IS {Pick("", "NOT ")}DISTINCT FROM {Right()})",
            () => $"({left} {Pick("", "NOT ")}BETWEEN {Literal(kind)} AND {Right()})",
            () => $"({left} {Pick("", "NOT ")}IN ({Literal(kind)}, {Literal(kind)}{Pick("", ", NULL", $", {Right()}")}))",
            () =>
                $"({Value(RandomKind.Text, scope, depth - 1)} {Pick("", "NOT ")}{Pick("LIKE", "LIKE", "ILIKE")} "
                    + $"'{Pick("a%", "%b", "_", "%a%", "", "A\\_%", "z%a")}')",
            () => $"({Value(RandomKind.Integer, scope, depth - 1)} {Pick(s_comparisons)} {Value(Number(), scope, depth - 1)})",
            () => $"(({Leaf(RandomKind.Boolean, scope)}) IS {Pick("", "NOT ")}{Pick("TRUE", "FALSE", "UNKNOWN")})",
            () =>
                $"(({left}, {Value(RandomKind.Integer, scope, 0)}) {Pick("=", "<", ">=", "<>")} ({Right()}, "
                    + $"{Value(RandomKind.Integer, scope, 0)}))",
            () => $"({left} = ANY (ARRAY[{Literal(kind)}, {Right()}]))")();
    }

    /// <summary>A column of the kind where there is one, else a literal.</summary>
    public string Leaf(RandomKind kind, IReadOnlyList<ScopeColumn> scope)
    {
        var columns = scope.Where(column => column.Kind == kind).ToList();
        if (columns.Count > 0 && !Chance(12)) return columns[random.Next(columns.Count)].Sql;
        return Chance(6) ? $"NULL::{kind.Sql()}" : Literal(kind);
    }

    public string Literal(RandomKind kind) => kind switch
    {
        RandomKind.Integer => Number(-4, 60),
        RandomKind.SmallInteger => $"{Number(0, 4)}::smallint",
        RandomKind.BigInteger => Pick("3000000000", "11999999993", "-7", "5::bigint"),
        RandomKind.Numeric => Pick("1.5", "0.25", "-3.75", "20.00", "12.5"),
        RandomKind.FreeNumeric => Pick("1.50", "7", "-2.0", "1000000.000001"),
        RandomKind.Float => Pick("0.5::float8", "3::float8", "'1e15'::float8", "'-1.25'::float8"),
        RandomKind.Text => Pick("'a'", "'b'", "''", "'A_b'", "'zebra'", "'ä'", "' a'"),
        RandomKind.Varchar => Pick("'x'::varchar", "'xyz'::varchar(10)", "'12'::varchar"),
        RandomKind.Character => Pick("'x'::char(3)", "'xy'::char(2)", "'Q'::char(5)"),
        RandomKind.Date => Pick("date '2024-01-01'", "date '2024-01-15'", "date '2024-02-29'"),
        RandomKind.Timestamp =>
            Pick("timestamp '2024-02-29 00:00'", "timestamp '2024-02-28 23:17:00'", "timestamp '2024-03-01 12:00:00.5'"),
        RandomKind.TimestampZone => Pick("timestamptz '2024-03-31 01:00+00'", "timestamptz '2024-03-31 12:00+02'"),
        RandomKind.Boolean => Pick("true", "false"),
        _ => Pick("'00000000-0000-0000-0000-000000000003'::uuid", "'00000000-0000-0000-0000-000000000007'::uuid"),
    };

    /// <summary>An expression whose equal values are written alike.</summary>
    public string Plain(RandomKind kind, IReadOnlyList<ScopeColumn> scope, int depth)
    {
        if (!kind.HasEqualSpellings()) return Value(kind, scope, depth);
        var columns = scope.Where(column => column.Kind == kind && column.IsPlain).ToList();
        return columns.Count > 0 ? columns[random.Next(columns.Count)].Sql : Literal(kind);
    }

    private RandomKind Number() => Pick([.. kinds.Where(kind => kind.IsNumber())]);

    private string Number(int least, int most) => random.Next(least, most + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>What every type has.</summary>
    private string General(RandomKind kind, IReadOnlyList<ScopeColumn> scope, int depth)
    {
        string Same() => Value(kind, scope, depth);
        return Pick(
            () =>
                $"CASE WHEN {Condition(scope, depth)} THEN {Same()} "
                    + $"{Pick("", $"WHEN {Condition(scope, depth)} THEN {Same()} ")}{Pick("", $"ELSE {Same()} ")}END",
            () => $"coalesce({Same()}, {Same()})",
            () => $"nullif({Same()}, {Literal(kind)})",
            () => kind is RandomKind.Boolean or RandomKind.Uuid ? Same() : $"{Pick("greatest", "least")}({Same()}, {Same()})",
            () => $"CASE {Value(RandomKind.Integer, scope, 0)} WHEN {Literal(RandomKind.Integer)} THEN {Same()} ELSE {Same()} END")();
    }
}
