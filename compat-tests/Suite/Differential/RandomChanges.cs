using System.Globalization;

namespace Federation.CompatTests.Suite.Differential;

/// <summary>
/// Random statements that change the table <c>t</c>, whose outcome PostgreSQL determines: none depends on the order of rows, on time or on
/// chance. The table <c>s</c> has the same columns and no id twice.
/// </summary>
internal sealed class RandomChanges(int seed)
{
    public const string Columns = "id int NOT NULL, k int DEFAULT 7, name varchar(12), amount numeric(8,2), day date, flag bool";

    private const int MostId = 60;

    private static readonly string[] s_columns = ["id", "k", "name", "amount", "day", "flag"];

    private readonly Random _random = new(seed);

    public int Below(int most) => _random.Next(most);

    /// <summary>Rows for s.</summary>
    public string Source() => string.Join(", ", Enumerable.Range(1, MostId / 2).Select(id => $"({Number(id * 2)}, {Values()})"));

    /// <summary>A statement that changes rows of t, or fails as a whole.</summary>
    public string Next() => Below(20) switch
    {
        < 4 => $"INSERT INTO t VALUES {Rows(6)}{Returning("")}",
        4 => $"INSERT INTO t (id, name, k) VALUES ({Id()}, {Name()}, DEFAULT), ({Id()}, {Name()}, {Small()})",
        5 => $"INSERT INTO t SELECT id + 1, k, left(name, 8), amount, day, NOT flag FROM t WHERE {Condition("")}",
        < 10 => Update(),
        < 13 => Delete(),
        < 19 => Merge(),
        _ => Below(3) == 0 ? "TRUNCATE t" : $"DELETE FROM t{Returning("")}",
    };

    private string Update() => Below(6) switch
    {
        0 => $"UPDATE t SET {Set("")}{Returning("")}",
        1 => $"UPDATE t AS a SET {Set("a.")} FROM s WHERE s.id = a.id AND {Condition("s.")}{Returning("a.")}",
        2 => $"UPDATE t SET (k, name) = (SELECT count(*), max(s.name) FROM s WHERE s.id <= t.id) WHERE {Condition("")}",
        3 => $"UPDATE t SET (name, k) = ({Name()}, DEFAULT) WHERE {Condition("")}{Returning("")}",
        _ => $"UPDATE t SET {Set("")} WHERE {Condition("")}{Returning("")}",
    };

    private string Delete() => Below(5) switch
    {
        0 => $"DELETE FROM t USING s WHERE s.id = t.id AND {Condition("s.")}{Returning("t.")}",
        1 => $"DELETE FROM t WHERE id IN (SELECT id FROM s WHERE {Condition("")})",
        2 => $"WITH q AS (SELECT max(id) AS m FROM t) DELETE FROM t USING q WHERE id = q.m AND {Condition("")}",
        _ => $"DELETE FROM t AS d WHERE {Condition("d.")}{Returning("d.")}",
    };

    private string Merge()
    {
        var source = Below(3) switch
        {
            0 => "s",
            1 => $"(SELECT id, k, name, amount, day, flag FROM s WHERE {Condition("")}) AS s",
            _ => $"(VALUES {string.Join(", ", SourceRows())}) AS s(id, k, name, amount, day, flag)",
        };
        var clauses = new List<string>();
        if (Below(2) == 0) clauses.Add($"WHEN MATCHED AND {Condition("s.")} THEN DELETE");
        if (Below(3) == 0) clauses.Add($"WHEN NOT MATCHED AND {Condition("s.")} THEN DO NOTHING");
        if (Below(3) > 0) clauses.Add($"WHEN MATCHED AND {Condition("t.")} THEN UPDATE SET {Set("t.")}");
        if (Below(3) > 0) clauses.Add("WHEN MATCHED THEN UPDATE SET name = left(s.name || t.name, 12), amount = s.amount");
        if (Below(3) > 0) clauses.Add("WHEN NOT MATCHED THEN INSERT (id, name, day) VALUES (s.id, s.name, s.day)");
        else clauses.Add("WHEN NOT MATCHED THEN INSERT VALUES (s.id, DEFAULT, s.name, s.amount, s.day, s.flag)");
        return $"MERGE INTO t USING {source} ON t.id = s.id {string.Join(' ', clauses)}";
    }

    /// <summary>Rows without an id twice.</summary>
    private IEnumerable<string> SourceRows() =>
        Enumerable.Range(0, 1 + Below(4)).Select(i => $"({Number((Below(10) * 6) + i)}, {Values()})");

    private string Set(string prefix) => string.Join(", ", s_columns
        .Skip(Below(2) == 0 ? 1 : 0).Where(_ => Below(3) == 0).DefaultIfEmpty("k").Select(column => column + " = " + (column switch
        {
            "id" => $"{prefix}id + {Number(Below(3))}",
            "k" => Below(3) switch { 0 => "DEFAULT", 1 => $"coalesce({prefix}k, 0) + 1", _ => Small() },
            // PostgreSQL computes constants while it plans, so that a wrong one is an error even if it is for no row.
            "name" => Below(8) == 0 ? $"{prefix}name || ' and more than fits'" : $"left({prefix}name || {Name()}, 12)",
            "amount" => Below(8) == 0 ? $"{prefix}amount * 1000000" : $"{prefix}amount + 0.125",
            "day" => $"{prefix}day + {Number(Below(9) - 4)}",
            _ => $"NOT {prefix}flag",
        })));

    private string Condition(string prefix) => Below(9) switch
    {
        0 => $"{prefix}id = {Id()}",
        1 => $"{prefix}id BETWEEN {Number(Below(MostId))} AND {Number(Below(MostId))}",
        2 => $"{prefix}k IS NULL",
        3 => $"{prefix}flag",
        4 => $"{prefix}name LIKE '%{(char)('a' + Below(4))}%'",
        5 => $"{prefix}amount > {Number(Below(50))}.5",
        6 => $"{prefix}day >= '2024-01-01'::date + {Number(Below(20))}",
        7 => $"({prefix}id % 3 = 1 OR {prefix}k < {Small()})",
        _ => $"EXISTS (SELECT 1 FROM s AS e WHERE e.k = {prefix}k AND e.flag)",
    };

    private string Returning(string prefix) => Below(3) == 0
        ? $" RETURNING {prefix}id, upper({prefix}name) AS n, {prefix}amount * 2, {prefix}k"
        : "";

    private string Rows(int most) => string.Join(", ", Enumerable.Range(0, 1 + Below(most)).Select(_ => $"({Id()}, {Values()})"));

    /// <summary>All columns but the first.</summary>
    private string Values() => $"{OrNull(Small())}, {OrNull(Name())}, {OrNull($"{Number(Below(100))}.{Number(Below(10))}")}, "
        + $"{OrNull($"date '2024-01-01' + {Number(Below(20))}")}, {OrNull(Below(2) == 0 ? "true" : "false")}";

    private string Id() => Below(40) == 0 ? "NULL" : Number(Below(MostId));

    private string Small() => Number(Below(10));

    private string Name() => $"'{new string((char)('a' + Below(4)), 1 + Below(3))}'";

    private string OrNull(string value) => Below(6) == 0 ? "NULL" : value;

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
