using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;
using Federation.Core.Values;
using static Federation.Connectors.Postgres.Tests.Expressions;

namespace Federation.Connectors.Postgres.Tests;

/// <summary>
/// A pushed predicate keeps the rows that PostgreSQL keeps for the same predicate, and its SQL reads as a person would write it.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class PushdownTests(PostgresFixture fixture)
{
    private static readonly ConnectorExpression s_id = Column("id", SqlType.Int4);
    private static readonly ConnectorExpression s_small = Column("small", SqlType.Int2);
    private static readonly ConnectorExpression s_big = Column("big", SqlType.Int8);
    private static readonly ConnectorExpression s_price = Column("price", new SqlType(PgTypes.Numeric, ((10 << 16) | 2) + 4));
    private static readonly ConnectorExpression s_any = Column("any_scale", SqlType.Numeric);
    private static readonly ConnectorExpression s_ratio = Column("ratio", SqlType.Float8);
    private static readonly ConnectorExpression s_flag = Column("flag", SqlType.Bool);
    private static readonly ConnectorExpression s_label = Column("label", SqlType.Text);
    private static readonly ConnectorExpression s_code = Column("code", new SqlType(PgTypes.Varchar, 14));
    private static readonly ConnectorExpression s_codeText = Cast(s_code, SqlType.Text);
    private static readonly ConnectorExpression s_bytes = Column("c_label", SqlType.Text);
    private static readonly ConnectorExpression s_padded = Column("padded", new SqlType(PgTypes.Bpchar, 10));
    private static readonly ConnectorExpression s_mood = Column("mood", SqlType.Text);
    private static readonly ConnectorExpression s_day = Column("day", SqlType.Date);
    private static readonly ConnectorExpression s_at = Column("at", SqlType.Timestamp);
    private static readonly ConnectorExpression s_atZone = Column("at_zone", SqlType.Timestamptz);
    private static readonly ConnectorExpression s_key = Column("key", SqlType.Uuid);
    private static readonly ConnectorExpression s_raw = Column("raw", SqlType.Bytea);
    private static readonly ConnectorExpression s_select = Column("select", SqlType.Int4);
    private static readonly ConnectorExpression s_loose = Column("loose", SqlType.Text);

    private static readonly PgDate s_firstOf2024 = new(19723);
    private static readonly PgTimestamp s_noonOf2024 = new((19723L * 86_400_000_000) + 43_200_000_000);

    /// <summary>The predicate, the SQL that is expected of it, and the same in plain SQL where that differs.</summary>
    private static readonly (ConnectorExpression Predicate, string Sql, string? Reference)[] s_predicates =
    [
        (Compare("=", s_id, Int(3)), "id = 3", null),
        (Compare("<>", s_id, Int(3)), "id <> 3", null),
        (Compare("<", s_id, Int(-1)), "id < -1", null),
        (Compare(">=", s_small, Int(2)), "small >= 2", null),
        (Compare("=", s_big, Constant(5_000_000_000L, SqlType.Int8)), "big = 5000000000", null),
        (Compare("=", s_big, s_id), "big = id", null),
        (Compare(">", Operator("+", SqlType.Int4, s_id, Int(1)), Int(4)), "id + 1 > 4", null),
        (Compare("=", Operator("%", SqlType.Int4, s_id, Int(-2)), Int(1)), "id % (-2)::integer = 1", null),
        (Compare("<", Operator("*", SqlType.Int8, s_big, Operator("-", SqlType.Int4, s_id, Int(1))), Int(0)), "big * (id - 1) < 0", null),
        (Compare("=", Operator("-", SqlType.Int4, s_id), Int(-3)), "- id = -3", null),
        (Compare(">", Function("abs", SqlType.Int4, s_id), Int(3)), "abs(id) > 3", null),
        (Compare("=", Cast(s_id, SqlType.Numeric), Constant(PgNumeric.Parse("3.0"), SqlType.Numeric)), "id::numeric = 3.0", null),
        (Compare("<", Cast(s_id, SqlType.Float8), Constant(2.5, SqlType.Float8)), "id::double precision < '2.5'::double precision", null),
        (Compare("=", s_price, Constant(PgNumeric.Parse("12.50"), SqlType.Numeric)), "price = 12.50", null),
        (Compare(">", s_price, Constant(PgNumeric.Parse("-0.01"), SqlType.Numeric)), "price > -0.01", null),
        (Compare(">", Operator("*", SqlType.Numeric, s_price, s_any), Constant(PgNumeric.Parse("10"), SqlType.Numeric)),
            "price * any_scale > 10", null),
        (Compare("=", s_any, Constant(PgNumeric.NaN, SqlType.Numeric)), "any_scale = 'NaN'::numeric", null),
        (Compare(">", s_any, Constant(PgNumeric.Parse("1e30"), SqlType.Numeric)), "any_scale > 1000000000000000000000000000000", null),
        (Compare("=", s_ratio, Constant(0.1, SqlType.Float8)), "ratio = '0.1'::double precision", null),
        (Compare("=", s_ratio, Constant(double.NaN, SqlType.Float8)), "ratio = 'NaN'::double precision", null),
        (Compare(">", s_ratio, Constant(1e10, SqlType.Float8)), "ratio > '10000000000'::double precision", null),
        (s_flag, "flag", null),
        (Not(s_flag), "NOT flag", null),
        (Compare("=", s_flag, Constant(false, SqlType.Bool)), "flag = false", null),
        (IsNull(s_flag), "flag IS NULL", null),
        (Not(IsNull(s_label)), "label IS NOT NULL", null),
        (IsNull(Compare("=", s_id, Int(1))), "(id = 1) IS NULL", null),
        (Compare("=", s_label, Text("new")), "label = 'new'", null),
        (Compare("<>", s_label, Text("it's")), "label <> 'it''s'", null),
        (Compare("=", s_label, Text("back\\slash")), "label = E'back\\\\slash'", null),
        (Compare("=", s_label, Text("é")), "label = 'é'", null),
        (Compare("<", s_label, Text("b")), "label < 'b' COLLATE \"C\"", null),
        (Compare(">=", s_label, Text("Z")), "label >= 'Z' COLLATE \"C\"", null),
        (Compare("<", s_bytes, Text("b")), "c_label < 'b'", null),
        (Compare("=", s_label, s_bytes), "label = c_label COLLATE \"C\"", null),
        (Compare("=", s_label, s_codeText), "label = code", null),
        (Compare("=", s_codeText, Text("A1")), "code = 'A1'", null),
        (Compare(">", s_codeText, Text("a")), "code > 'a' COLLATE \"C\"", null),
        (Compare("~~", s_label, Text("%e%")), "label LIKE '%e%'", null),
        (Compare("!~~", s_label, Text("n_w")), "label NOT LIKE 'n_w'", null),
        (Compare("~~", s_label, Text("back\\\\%")), "label LIKE E'back\\\\\\\\%'", null),
        (Compare("~~", s_codeText, Text("A%")), "code LIKE 'A%'", null),
        (Compare("=", s_padded, Constant("ab", SqlType.Of(PgTypes.Bpchar))), "padded = 'ab'", null),
        (Compare("=", s_mood, Text("happy")), "mood::text = 'happy'", null),
        (Compare("<", s_mood, Text("sad")), "mood::text < 'sad' COLLATE \"C\"", null),
        (In(s_label, Text("new"), Text("old")), "label IN ('new', 'old')", null),
        (In(s_id, Int(1), Int(2), Constant(null, SqlType.Int4)), "id IN (1, 2, NULL)", null),
        (Not(In(s_id, Int(1), Int(2), Constant(null, SqlType.Int4))), "NOT id IN (1, 2, NULL)", null),
        (In(s_mood, Text("sad")), "mood::text IN ('sad')", null),
        (Compare("=", s_day, Constant(s_firstOf2024, SqlType.Date)), "day = '2024-01-01'::date", null),
        (Compare(">", s_day, Constant(PgDate.NegativeInfinity, SqlType.Date)), "day > '-infinity'::date", null),
        (Compare(">", Operator("+", SqlType.Date, s_day, Int(1)), Constant(s_firstOf2024, SqlType.Date)),
            "day + 1 > '2024-01-01'::date", null),
        (Compare(">", Operator("-", SqlType.Int4, s_day, Constant(s_firstOf2024, SqlType.Date)), Int(0)), "day - '2024-01-01'::date > 0",
            "day < 'infinity' AND day > '-infinity' AND day - '2024-01-01'::date > 0"),
        (Compare(">=", s_at, Constant(s_noonOf2024, SqlType.Timestamp)), "at >= '2024-01-01 12:00:00'::timestamp", null),
        (Compare(">=", s_at, Cast(s_day, SqlType.Timestamp)), "at >= day::timestamp", null),
        (Compare(
            "<", Operator("+", SqlType.Timestamp, s_at, Constant(new PgInterval(0, 1, 3_600_000_000), SqlType.Interval)),
            Constant(s_noonOf2024, SqlType.Timestamp)),
            "at + '1 day 01:00:00'::interval < '2024-01-01 12:00:00'::timestamp", null),
        (Compare("=", Function("date_trunc", SqlType.Timestamp, Text("month"), s_at), Constant(s_noonOf2024, SqlType.Timestamp)),
            "date_trunc('month', at) = '2024-01-01 12:00:00'::timestamp", null),
        (Compare("=", Function("extract", SqlType.Numeric, Text("year"), s_day), Constant(PgNumeric.Parse("2024"), SqlType.Numeric)),
            "extract('year' FROM day) = 2024", null),
        (Compare("<", s_atZone, Constant(s_noonOf2024, SqlType.Timestamptz)), "at_zone < '2024-01-01 12:00:00+00'::timestamptz", null),
        (Compare("=", s_key, Constant(Guid.Parse("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), SqlType.Uuid)),
            "key = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", null),
        (Compare(">", s_raw, Constant(new byte[] { 0, 255 }, SqlType.Bytea)), "raw > E'\\\\x00ff'::bytea", null),
        (Compare("=", s_select, Int(1)), "\"select\" = 1", null),
        (Compare(">", Function("length", SqlType.Int4, s_label), Int(3)), "length(label) > 3", null),
        (Compare("=", Function("coalesce", SqlType.Text, s_label, Text("none")), Text("none")),
            "coalesce(label, 'none'::text) = 'none'", null),
        (Or(Compare("=", s_id, Int(1)), Compare("=", s_label, Text("old"))), "(id = 1 OR label = 'old')", null),
        (And(Compare(">", s_id, Int(1)), Or(s_flag, IsNull(s_flag))), "id > 1 AND (flag OR flag IS NULL)", null),
        (Not(Or(s_flag, Compare("=", s_id, Int(1)))), "NOT (flag OR id = 1)", null),
    ];

    public static TheoryData<int> Indexes() => [.. Enumerable.Range(0, s_predicates.Length)];

    [Theory]
    [MemberData(nameof(Indexes))]
    public async Task Predicate_is_exact(int index)
    {
        await CreateAsync();
        await using var connector = fixture.Connect();
        var (predicate, sql, reference) = s_predicates[index];
        var found = await connector.FindAsync("mixed");
        var pushed = connector.Push(found.Handle,
            reference is null ? [predicate] : [Compare("<", s_day, Constant(PgDate.Infinity, SqlType.Date)),
                Compare(">", s_day, Constant(PgDate.NegativeInfinity, SqlType.Date)), predicate]);
        Assert.All(pushed.Conjuncts, answer => Assert.Equal(new PushedConjunct(PushPrecision.Exact), answer));
        var plan = await connector.PlanAsync(pushed.Handle, "id");
        Assert.EndsWith(sql, plan.RemoteSql, StringComparison.Ordinal);
        await AssertSameRowsAsync(connector, pushed.Handle, reference ?? sql);
    }

    /// <summary>Random trees over the predicates: brackets and three-valued logic.</summary>
    [Fact]
    public async Task Combinations_are_exact()
    {
        await CreateAsync();
        await using var connector = fixture.Connect();
        var found = await connector.FindAsync("mixed");
        var plain = s_predicates.Where(predicate => predicate.Reference is null).ToArray();
        var random = new Random(20240101);
        for (var i = 0; i < 150; i++)
        {
            var (predicate, reference) = Combine(3);
            var pushed = connector.Push(found.Handle, predicate);
            Assert.Equal(PushPrecision.Exact, pushed.Conjuncts[0].Precision);
            await AssertSameRowsAsync(connector, pushed.Handle, reference);
        }

        (ConnectorExpression, string) Combine(int depth)
        {
            if (depth == 0 || random.Next(4) == 0)
            {
                var (predicate, sql, _) = plain[random.Next(plain.Length)];
                return (predicate, $"({sql})");
            }

            var (left, leftSql) = Combine(depth - 1);
            if (random.Next(4) == 0) return (Not(left), $"(NOT {leftSql})");
            var (right, rightSql) = Combine(depth - 1);
            return random.Next(2) == 0
                ? (And(left, right), $"({leftSql} AND {rightSql})")
                : (Or(left, right), $"({leftSql} OR {rightSql})");
        }
    }

    public static TheoryData<string, string> Refused() => new()
    {
        { "lower", "lower() depends on the source's locale" },
        { "loose", "collation ignore_case holds different texts for equal" },
        { "ilike", "ILIKE depends on the source's locale" },
        { "regex", "regular expressions depend on the source's locale" },
        { "pattern", "the pattern is not a constant" },
        { "padded", "< of character is evaluated here" },
        { "zoned", "date_trunc() of text and timestamp with time zone is evaluated here" },
        { "mixed", "= of timestamp with time zone and date is evaluated here" },
        { "unknown", "soundex() of text is evaluated here" },
        { "rounding", "the cast from double precision to integer is evaluated here" },
        { "inner", "lower() depends on the source's locale" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Predicate_stays_here(string name, string reason)
    {
        await CreateAsync();
        ConnectorExpression predicate = name switch
        {
            "lower" => Compare("=", Function("lower", SqlType.Text, s_label), Text("a")),
            "loose" => Compare("=", s_loose, Text("a")),
            "ilike" => Compare("~~*", s_label, Text("a")),
            "regex" => Compare("~", s_label, Text("a")),
            "pattern" => Compare("~~", s_label, s_bytes),
            "padded" => Compare("<", s_padded, Constant("a", SqlType.Of(PgTypes.Bpchar))),
            "zoned" => Compare("=", Function("date_trunc", SqlType.Timestamptz, Text("day"), s_atZone),
                Constant(s_noonOf2024, SqlType.Timestamptz)),
            "mixed" => Compare("=", s_atZone, s_day),
            "unknown" => Compare("=", Function("soundex", SqlType.Text, s_label), Text("a")),
            "rounding" => Compare("=", Cast(s_ratio, SqlType.Int4), Int(1)),
            _ => Or(s_flag, Compare("=", Function("lower", SqlType.Text, s_label), Text("a"))),
        };
        await using var connector = fixture.Connect();
        var found = await connector.FindAsync("mixed");
        var pushed = connector.Push(found.Handle, Compare("=", s_id, Int(1)), predicate);
        Assert.Equal(new PushedConjunct(PushPrecision.Exact), pushed.Conjuncts[0]);
        Assert.Equal(new PushedConjunct(PushPrecision.Unsupported, reason), pushed.Conjuncts[1]);
        Assert.Equal("SELECT id FROM public.mixed WHERE id = 1", (await connector.PlanAsync(pushed.Handle, "id")).RemoteSql);
    }

    [Fact]
    public async Task Remote_sql_is_readable()
    {
        await CreateAsync();
        await fixture.Server
            .ExecuteAsync(
                "CREATE SCHEMA IF NOT EXISTS \"Odd schema\"; CREATE TABLE IF NOT EXISTS \"Odd schema\".\"Order\" (\"Id\" int, plain_1 "
                    + "text, \"user\" text, \"a\"\"b\" text)");
        await using var connector = fixture.Connect();
        var found = await connector.FindAsync("mixed");
        Assert.Equal("SELECT label, mood::text FROM public.mixed", (await connector.PlanAsync(found.Handle, "label", "mood")).RemoteSql);
        Assert.Equal("SELECT 1::int2 FROM public.mixed", (await connector.PlanAsync(found.Handle)).RemoteSql);
        var odd = await connector.FindAsync("Order", "Odd schema");
        Assert.Equal(
            "SELECT \"Id\", plain_1, \"user\", \"a\"\"b\" FROM \"Odd schema\".\"Order\"",
            (await connector.PlanAsync(odd.Handle, "Id", "plain_1", "user", "a\"b")).RemoteSql);

        var pushed = connector.Push(found.Handle, Compare("=", s_id, Int(1)));
        pushed = connector.Push(pushed.Handle, Compare("<>", s_label, Text("new")));
        var limited = ((ILimitPushdown)connector).PushLimit(((ILimitPushdown)connector).PushLimit(pushed.Handle, 7)!, 9)!;
        Assert.Equal("SELECT id FROM public.mixed WHERE id = 1 AND label <> 'new' LIMIT 7",
            (await connector.PlanAsync(limited, "id")).RemoteSql);
    }

    [Fact]
    public async Task Limit_and_no_columns_count_rows()
    {
        await CreateAsync();
        await using var connector = fixture.Connect();
        var found = await connector.FindAsync("mixed");
        Assert.Equal(2, (await connector.ReadAsync(((ILimitPushdown)connector).PushLimit(found.Handle, 2)!, ["id"])).Count);
        Assert.Empty(await connector.ReadAsync(((ILimitPushdown)connector).PushLimit(found.Handle, 0)!, ["id"]));
        Assert.Equal(10, (await connector.ReadAsync(found.Handle, [])).Count);
    }

    private async Task AssertSameRowsAsync(IConnector connector, ITableHandle handle, string reference)
    {
        var expected = await fixture.Server.QueryAsync($"SET TimeZone = 'America/New_York'; SELECT id FROM mixed WHERE {reference}");
        var read = await connector.ReadAsync(handle, ["id"]);
        Assert.Equal(expected.Order(StringComparer.Ordinal), read.Select(row => row[0]).Order(StringComparer.Ordinal));
    }

    private Task CreateAsync() => fixture.Server.ExecuteAsync(
        """
        DO $$ BEGIN
            IF to_regclass('mixed') IS NULL THEN
                CREATE TYPE feeling AS ENUM ('sad', 'ok', 'happy');
                CREATE COLLATION ignore_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
                CREATE TABLE mixed (
                    id int, small int2, big int8, price numeric(10, 2), any_scale numeric, ratio float8, flag bool, label text COLLATE "en-x-icu",
                    code varchar(10) COLLATE "en-x-icu", c_label text COLLATE "C", padded char(6), mood feeling, day date, at timestamp, at_zone timestamptz, key uuid,
                    raw bytea, "select" int, loose text COLLATE ignore_case);
                INSERT INTO mixed VALUES
                    (1, 1, 5000000000, 12.50, 1, 0.1, true, 'new', 'A1', 'new', 'ab', 'happy', '2024-01-01', '2024-01-01 12:00', '2024-01-01 12:00+00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\x00ff', 1, 'a'),
                    (2, 2, 2, -0.01, 'NaN', 'NaN', false, 'old', 'a1', 'b', 'ab ', 'sad', '2023-12-31', '2023-12-31 23:59:59.999999', '2024-01-01 07:00-05', '00000000-0000-0000-0000-000000000000', '\x00ffff', 2, 'A'),
                    (3, -3, 3, 0, 100.5, 'Infinity', NULL, 'it''s', 'B', 'B', 'abc', 'ok', '2024-02-29', '2024-02-29 00:00', '2024-02-29 00:00+00', NULL, '\x', NULL, NULL),
                    (4, NULL, -7, 99999999.99, 1e31, -0.0, true, 'back\slash', 'back\x', 'a', '', NULL, 'infinity', 'infinity', 'infinity', NULL, NULL, 1, 'é'),
                    (-5, 5, NULL, NULL, NULL, 1e300, false, 'é', 'é', 'é', NULL, 'sad', '-infinity', '-infinity', '-infinity', NULL, '\xff', 1, ''),
                    (6, 6, 6, 1, 0.1, 2.5, NULL, 'B', 'b', 'a', 'B', 'happy', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                    (7, 7, 7, 1.10, -1, 0.1, true, 'a', 'a', 'A', 'a', 'ok', '2024-01-02', '2024-01-02 00:00', '2024-01-02 00:00+01', NULL, NULL, NULL, NULL),
                    (8, 8, 8, 2, 12345678901234567890.5, 2, false, '', '', '', 'none', 'ok', '1970-01-01', '1969-12-31 23:00', '1969-12-31 23:00+00', NULL, NULL, NULL, NULL),
                    (9, 9, 9, 3, 3, 3, true, NULL, NULL, 'z', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'Zebra', 'zebra', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
            END IF;
        END $$
        """);
}
