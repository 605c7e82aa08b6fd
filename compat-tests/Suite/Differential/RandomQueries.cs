using System.Globalization;
using System.Text;

namespace Federation.CompatTests.Suite.Differential;

/// <summary>A query and what it gives: columns c1, c2, … of these kinds.</summary>
internal sealed record RandomQuery(string Sql, IReadOnlyList<ScopeColumn> Columns);

/// <summary>
/// Random queries over <see cref="RandomTables"/> whose rows PostgreSQL defines: joins of all kinds, derived tables, WITH, aggregates with
/// grouping sets, windows, set operations, subqueries. Whatever is cut off by LIMIT is ordered by all of its columns.
/// </summary>
internal sealed class RandomQueries
{
    private readonly Random _random;
    private readonly RandomExpressions _expressions;
    private readonly List<RandomColumn> _columns;
    private readonly IReadOnlyList<RandomKind> _kinds;
    private readonly List<(string Name, IReadOnlyList<ScopeColumn> Columns)> _commons = [];
    private int _aliases;

    public RandomQueries(int seed, Func<RandomKind, bool> isAllowed)
    {
        _random = new Random(seed);
        _columns = [.. RandomTables.Columns.Where(column => isAllowed(column.Kind))];
        _kinds = [.. _columns.Select(column => column.Kind).Distinct()];
        _expressions = new RandomExpressions(_random, _kinds) { Subquery = ScalarSubquery, SubqueryCondition = SubqueryCondition };
    }

    /// <summary>The next statement, and whether it says the order of its rows.</summary>
    public (string Sql, bool IsOrdered) Next()
    {
        _aliases = 0;
        _commons.Clear();
        var with = new StringBuilder();
        if (Chance(12))
        {
            for (var i = 0; i <= _random.Next(2); i++)
            {
                var name = $"w{i}";
                var isRecursive = Chance(25);
                var common = isRecursive ? Recursive(name) : Select(AnyKinds(), 1);
                with.Append(i == 0 ? "WITH RECURSIVE " : ", ").Append(name).Append(isRecursive ? "(c1, c2, c3)" : "")
                    .Append(Pick(" AS ", " AS ", " AS MATERIALIZED ", " AS NOT MATERIALIZED ")).Append('(').Append(common.Sql).Append(')');
                _commons.Add((name, common.Columns));
            }

            with.Append(' ');
        }

        var query = Chance(15) ? SetOperation() : Select(AnyKinds(), 2);
        if (query.Columns.All(column => column.IsPlain || !column.Kind.HasEqualSpellings()) && Chance(60))
        {
            var order = string.Join(", ",
                Enumerable.Range(1, query.Columns.Count).OrderBy(_ => _random.Next())
                    .Select(i => i.ToString(CultureInfo.InvariantCulture) + Pick("", "", " DESC", " NULLS FIRST", " DESC NULLS LAST")));
            var limit = Chance(60) ? $" LIMIT {_random.Next(30)}{Pick("", "", $" OFFSET {_random.Next(12)}")}" : "";
            return ($"{with}{query.Sql} ORDER BY {order}{limit}", true);
        }

        return (with + query.Sql, false);
    }

    private bool Chance(int percent) => _expressions.Chance(percent);

    private T Pick<T>(params T[] values) => _expressions.Pick(values);

    private List<RandomKind> AnyKinds() => [.. Enumerable.Range(0, _random.Next(1, 5)).Select(_ => _expressions.AnyKind())];

    /// <summary>Steps from row to row of a table, three at most.</summary>
    private RandomQuery Recursive(string name)
    {
        var table = Pick("small", "small", "middle");
        var (start, step) = ($"a{_aliases++}", $"a{_aliases++}");
        List<ScopeColumn> Of(string alias) =>
            Qualified([.. _columns.Select(column => new ScopeColumn(column.Name, column.Kind, IsPlain: true))], alias);
        var columns = Outputs([RandomKind.Integer, RandomKind.Integer, RandomKind.Text], _ => false);
        var sql =
            $"SELECT {start}.id, 0, {start}.t FROM small {start} WHERE {_expressions.Condition(Of(start), 1)} UNION {Pick("ALL ", "")}"
            + $"SELECT {step}.id, r.c2 + 1, {_expressions.Value(RandomKind.Text, Of(step), 1)} FROM {name} r JOIN {table} {step} ON "
            + $"{step}.{Pick("i", "j")} = r.c1 WHERE r.c2 < {_random.Next(1, 4)}{Pick("", $" AND {_expressions.Condition(Of(step), 1)}")}";
        return new RandomQuery(sql, columns);
    }

    private RandomQuery SetOperation()
    {
        var kinds = AnyKinds().Where(kind => !kind.HasEqualSpellings()).DefaultIfEmpty(RandomKind.Integer).ToList();
        var sql = $"({Select(kinds, 1).Sql})";
        for (var i = 0; i <= _random.Next(2); i++)
            sql = $"{sql} {Pick("UNION", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL", "INTERSECT ALL")} ({Select(kinds, 1).Sql})";
        return new RandomQuery(sql, Outputs(kinds, _ => false));
    }

    /// <summary>A select list of the kinds; aggregated, windowed or plain.</summary>
    private RandomQuery Select(IReadOnlyList<RandomKind> kinds, int depth)
    {
        var from = From(depth);
        var where = Chance(60) ? $" WHERE {_expressions.Condition(from.Columns, 2)}" : "";
        return _random.Next(10) switch
        {
            < 4 => Aggregated(from, where, kinds),
            4 when from.Keys.Count > 0 => Windowed(from, where, kinds),
            5 when from.Keys.Count > 0 && depth < 2 && Chance(50) => DistinctOn(from, where, kinds),
            _ => Plain(from, where, kinds),
        };
    }

    private RandomQuery Plain(Source from, string where, IReadOnlyList<RandomKind> kinds)
    {
        var isDistinct = Chance(20);
        var values =
            kinds.Select(kind => isDistinct ? _expressions.Plain(kind, from.Columns, 2) : _expressions.Value(kind, from.Columns, 2))
                .ToList();
        return new RandomQuery($"SELECT {(isDistinct ? "DISTINCT " : "")}{List(values)} FROM {from.Sql}{where}",
            Outputs(kinds, i => from.Columns.Any(column => column.IsPlain && column.Sql == values[i])));
    }

    /// <summary>The first row of each set; the keys of the tables say which that is.</summary>
    private RandomQuery DistinctOn(Source from, string where, IReadOnlyList<RandomKind> kinds)
    {
        var keys = string.Join(", ",
            Enumerable.Range(0, _random.Next(1, 3)).Select(_ => _expressions.Plain(_expressions.AnyKind(), from.Columns, 0))
                .Where(key => from.Columns.Any(column => column.Sql == key)).Distinct());
        if (keys.Length == 0) return Plain(from, where, kinds);
        var values = kinds.Select(kind => _expressions.Value(kind, from.Columns, 2)).ToList();
        return new RandomQuery(
            $"SELECT DISTINCT ON ({keys}) {List(values)} FROM {from.Sql}{where} ORDER BY {keys}, {string.Join(", ", from.Keys)}",
            Outputs(kinds, _ => false));
    }

    private RandomQuery Aggregated(Source from, string where, IReadOnlyList<RandomKind> kinds)
    {
        // Of grouping sets with a constant key PostgreSQL 15 sorts rows wrongly; GROUP BY takes no plain constant.
        var isInSets = Chance(30);
        var keys = kinds.Where(_ => Chance(45)).Select(kind => (Kind: kind, Sql: _expressions.Plain(kind, from.Columns, isInSets ? 0 : 1)))
            .Where(key =>
                from.Columns.Any(column => isInSets ? key.Sql == column.Sql : key.Sql.Contains(column.Sql, StringComparison.Ordinal)))
                    .ToList();
        var used = new HashSet<int>();
        var values = kinds.Select(kind =>
        {
            var key = keys.FindIndex(key => key.Kind == kind);
            if (key >= 0 && used.Add(key)) return keys[key].Sql;
            return Aggregate(kind, from.Columns);
        }).ToList();
        var list = string.Join(", ", keys.Select(key => key.Sql));
        var group = (keys.Count, isInSets) switch
        {
            (0, _) => "",
            (_, true) => $" GROUP BY {Pick($"ROLLUP ({list})", $"CUBE ({list})", $"GROUPING SETS (({list}), ())")}",
            _ => $" GROUP BY {list}",
        };

        var having = Chance(20)
            ? $" HAVING {Pick("count(*) > 2", $"{Aggregate(RandomKind.BigInteger, from.Columns)} < 100", $"{Aggregate(RandomKind.Text, from.Columns)} IS NOT NULL")}"
            : "";
        return new RandomQuery($"SELECT {List(values)} FROM {from.Sql}{where}{group}{having}",
            Outputs(kinds, i => keys.Any(key => key.Sql == values[i])));
    }

    private RandomQuery Windowed(Source from, string where, IReadOnlyList<RandomKind> kinds)
    {
        var values = kinds.Select(kind =>
        {
            if (Chance(40)) return _expressions.Value(kind, from.Columns, 1);
            var partition = Chance(70)
                ? $"PARTITION BY {_expressions.Plain(RandomKind.Integer, from.Columns, 1)}{Pick("", $", {_expressions.Plain(RandomKind.Text, from.Columns, 0)}")} "
                : "";
            var total =
                $"{partition}ORDER BY {_expressions.Plain(Pick([.. _kinds]), from.Columns, 0)}{Pick("", " DESC", " NULLS FIRST")}, "
                    + $"{string.Join(", ", from.Keys)}";
            string Of(RandomKind other) => _expressions.Value(other, from.Columns, 1);
            return kind switch
            {
                RandomKind.BigInteger =>
                    Pick($"row_number() OVER ({total})",
                        $"rank() OVER ({partition}ORDER BY {_expressions.Plain(RandomKind.Text, from.Columns, 1)})",
                        $"count({Of(RandomKind.Text)}) OVER ({partition})",
                        $"sum({Of(RandomKind.Integer)}) OVER ({total} ROWS BETWEEN {_random.Next(4)} PRECEDING AND CURRENT ROW)",
                        $"dense_rank() OVER ({partition}ORDER BY {_expressions.Plain(RandomKind.Date, from.Columns, 0)} DESC)"),
                RandomKind.Numeric =>
                    Pick($"sum({Of(RandomKind.Numeric)}) OVER ({total})", $"avg({Of(RandomKind.Integer)}) OVER ({partition})",
                        $"sum({Of(RandomKind.BigInteger)}) OVER ({partition})"),
                _ => Pick($"lag({Of(kind)}) OVER ({total})", $"lead({Of(kind)}, {_random.Next(3)}) OVER ({total})",
                    $"first_value({Of(kind)}) OVER ({total})",
                    $"last_value({Of(kind)}) OVER ({total} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING)",
                    $"nth_value({Of(kind)}, 2) OVER ({total})"),
            };
        });
        return new RandomQuery($"SELECT {List([.. values])} FROM {from.Sql}{where}", Outputs(kinds, _ => false));
    }

    private string Aggregate(RandomKind kind, IReadOnlyList<ScopeColumn> scope)
    {
        string Of(RandomKind other, int depth = 1) => _expressions.Value(other, scope, depth);
        string Same() => _expressions.Plain(kind, scope, 1);
        var sorted = kind is RandomKind.Uuid ? Same() : _expressions.Leaf(RandomKind.Text, scope);
        var call = kind switch
        {
            RandomKind.Integer or RandomKind.SmallInteger => $"{Pick("min", "max")}({Same()})",
            RandomKind.BigInteger =>
                Pick("count(*)", $"count({Of(_expressions.AnyKind())})",
                    $"count(DISTINCT {_expressions.Plain(Pick([.. _kinds]), scope, 1)})", $"sum({Of(RandomKind.Integer)})",
                    $"sum({Of(RandomKind.SmallInteger)})", $"max({Same()})"),
            RandomKind.Numeric =>
                Pick($"sum({Of(RandomKind.BigInteger)})", $"sum({Of(kind)})", $"avg({Of(RandomKind.Integer)})", $"avg({Of(kind)})",
                    $"sum(DISTINCT {Of(RandomKind.BigInteger)})", $"min({Same()})", $"avg({Of(RandomKind.BigInteger)})",
                    $"var_pop({Of(RandomKind.Integer)})"),
            RandomKind.Boolean => $"{Pick("bool_and", "bool_or", "every")}({Of(kind)})",
            RandomKind.Uuid => $"(array_agg({sorted} ORDER BY {sorted}))[1]",
            RandomKind.Text =>
                Pick($"min({Same()})", $"max({Same()})", $"string_agg({sorted}, ',' ORDER BY {sorted})",
                    $"array_agg(DISTINCT {Of(RandomKind.Integer)})::text"),
            _ => $"{Pick("min", "max")}({Same()})",
        };
        var isCall = !call.EndsWith(']') && !call.EndsWith("::text", StringComparison.Ordinal);
        return isCall && Chance(20) ? $"{call} FILTER (WHERE {_expressions.Condition(scope, 1)})" : call;
    }

    /// <summary>What a FROM clause offers; the keys together are unique among its rows, none where that is not known.</summary>
    private sealed record Source(string Sql, IReadOnlyList<ScopeColumn> Columns, IReadOnlyList<string> Keys);

    private Source From(int depth)
    {
        var source = Item(depth, isLargeAllowed: true);
        var joins = Chance(55) ? _random.Next(1, 3) : 0;
        for (var i = 0; i < joins; i++)
        {
            if (Chance(10))
            {
                source = Lateral(source);
                continue;
            }

            var right = Item(depth, isLargeAllowed: false);
            var all = source.Columns.Concat(right.Columns).ToList();
            var kind = Pick("JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN");
            var equality = Equality(source.Columns, right.Columns);
            if (equality is null && kind == "FULL JOIN") kind = "LEFT JOIN";
            var on = kind == "CROSS JOIN"
                ? ""
                : $" ON {equality ?? _expressions.Condition(all, 1)}{(equality is not null && Chance(30) && kind != "FULL JOIN" ? $" AND {_expressions.Condition(all, 1)}" : "")}";
            var keys = source.Keys.Count > 0 && right.Keys.Count > 0 ? source.Keys.Concat(right.Keys).ToList() : [];
            source = new Source($"{source.Sql} {kind} {right.Sql}{on}", all, keys);
        }

        return source;
    }

    /// <summary>A subquery in FROM that names columns of what stands before it.</summary>
    private Source Lateral(Source left)
    {
        var inner = Item(0, isLargeAllowed: false);
        var kinds = AnyKinds();
        var isAggregated = Chance(40);
        var values =
            kinds.Select(kind => isAggregated
                ? Aggregate(kind, inner.Columns)
                : _expressions.Value(kind, [.. left.Columns, .. inner.Columns], 1)).ToList();
        var order = !isAggregated && inner.Keys.Count > 0 && Chance(50)
            ? $" ORDER BY {string.Join(", ", inner.Keys)} LIMIT {_random.Next(1, 4)}"
            : "";
        var alias = $"a{_aliases++}";
        var (join, on) = Pick(("CROSS JOIN", ""), ("LEFT JOIN", " ON true"));
        return new Source(
            $"{left.Sql} {join} LATERAL (SELECT {List(values)} FROM {inner.Sql} WHERE {Correlation(left.Columns, inner)}{order}) "
                + $"{alias}{on}", [.. left.Columns, .. Qualified(Outputs(kinds, _ => false), alias)], []);
    }

    private Source Item(int depth, bool isLargeAllowed)
    {
        var alias = $"a{_aliases++}";
        if (_commons.Count > 0 && Chance(40))
        {
            var (name, columns) = _commons[_random.Next(_commons.Count)];
            return new Source($"{name} {alias}", Qualified(columns, alias), []);
        }

        if (depth > 0 && Chance(18))
        {
            var query = Select(AnyKinds(), depth - 1);
            return new Source($"({query.Sql}{(Chance(15) ? " OFFSET 0" : "")}) {alias}", Qualified(query.Columns, alias), []);
        }

        var table = isLargeAllowed ? Pick("large", "large", "middle", "small") : Pick("middle", "small", "small");
        return new Source($"{table} {alias}",
            [.. _columns.Select(column => new ScopeColumn($"{alias}.{column.Name}", column.Kind, IsPlain: true))], [$"{alias}.id"]);
    }

    private static List<ScopeColumn> Qualified(IReadOnlyList<ScopeColumn> columns, string alias) =>
        [.. columns.Select(column => column with { Sql = $"{alias}.{column.Sql}" })];

    private string? Equality(IReadOnlyList<ScopeColumn> left, IReadOnlyList<ScopeColumn> right)
    {
        var pairs = left.SelectMany(_ => right, (first, second) => (first, second))
            .Where(pair => pair.first.Kind == pair.second.Kind && pair.first.Kind is not (RandomKind.Boolean or RandomKind.SmallInteger))
            .ToList();
        if (pairs.Count == 0) return null;
        var (one, other) = pairs[_random.Next(pairs.Count)];
        var second = pairs[_random.Next(pairs.Count)];
        return $"{one.Sql} = {other.Sql}{(Chance(25) ? $" AND {second.first.Sql} = {second.second.Sql}" : "")}";
    }

    private string? ScalarSubquery(RandomKind kind, IReadOnlyList<ScopeColumn> outer)
    {
        var inner = Item(0, isLargeAllowed: false);
        return $"(SELECT {Aggregate(kind, inner.Columns)} FROM {inner.Sql} WHERE {Correlation(outer, inner)})";
    }

    private string? SubqueryCondition(IReadOnlyList<ScopeColumn> outer)
    {
        var inner = Item(0, isLargeAllowed: false);
        var kind = _expressions.AnyKind();
        string Inner() =>
            $"(SELECT {_expressions.Leaf(kind, inner.Columns)} FROM "
                + $"{inner.Sql}{Pick("", $" WHERE {Correlation(outer, inner)}", $" WHERE {_expressions.Condition(inner.Columns, 0)}")})";
        return Pick(
            () => $"{Pick("", "NOT ")}EXISTS (SELECT FROM {inner.Sql} WHERE {Correlation(outer, inner)})",
            () => $"({_expressions.Leaf(kind, outer)} {Pick("", "NOT ")}IN {Inner()})",
            () => $"({_expressions.Leaf(kind, outer)} {Pick("=", "<>", "<", ">=")} {Pick("ANY", "ALL")} {Inner()})")();
    }

    private string Correlation(IReadOnlyList<ScopeColumn> outer, Source inner)
    {
        var equality = Equality(outer, inner.Columns);
        return (equality, _random.Next(4)) switch
        {
            (null, _) => _expressions.Condition(inner.Columns, 0),
            (_, 0) => $"{equality} AND {_expressions.Condition([.. outer, .. inner.Columns], 0)}",
            (_, 1) => $"{equality} AND {_expressions.Condition(inner.Columns, 0)}",
            _ => equality,
        };
    }

    private static string List(IReadOnlyList<string> values) => string.Join(", ", values.Select((value, i) => $"{value} AS c{i + 1}"));

    private static List<ScopeColumn> Outputs(IReadOnlyList<RandomKind> kinds, Func<int, bool> isPlain) =>
        [.. kinds.Select((kind, i) => new ScopeColumn($"c{i + 1}", kind, isPlain(i)))];
}
