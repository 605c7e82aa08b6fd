namespace Federation.CompatTests.Suite.Sessions;

/// <summary>How far an isolation level goes, from the weakest to the strongest.</summary>
internal enum Isolation
{
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

/// <summary>
/// A schedule of transactions after which an observer can tell that they did not run one after the other. The names are those of Adya's
/// thesis, as the Hermitage suite uses them, or those of the SQL standard.
/// </summary>
/// <param name="PreventedBy">The weakest level at which PostgreSQL does not let it happen (its manual, chapter 13.2).</param>
/// <param name="Steps">
/// <c>T1 statement</c> in order. x and y stand for tables: rows 1 of x and 2 of y are there, with the values 10 and 20. BEGIN is implied.
/// </param>
/// <param name="Happened">Whether it did, by what the transactions saw and whether they committed.</param>
internal sealed record Anomaly(string Name, Isolation PreventedBy, string Steps, Func<Schedule, bool> Happened)
{
    public static readonly IReadOnlyList<Anomaly> All =
    [
        new("dirty write", Isolation.ReadCommitted,
            """
            T1 UPDATE x SET v = 11 WHERE id = 1
            T2 UPDATE x SET v = 12 WHERE id = 1
            T1 UPDATE y SET v = 21 WHERE id = 2
            T1 COMMIT
            T2 UPDATE y SET v = 22 WHERE id = 2
            T2 COMMIT
            T5 SELECT v FROM x WHERE id = 1
            T5 SELECT v FROM y WHERE id = 2
            """,
            seen => seen.Of(5) is ["11", "22"] or ["12", "21"]),
        new("dirty read of what is rolled back", Isolation.ReadCommitted,
            """
            T1 UPDATE x SET v = 101 WHERE id = 1
            T2 SELECT v FROM x WHERE id = 1
            T1 ROLLBACK
            T2 SELECT v FROM x WHERE id = 1
            T2 COMMIT
            """,
            seen => seen.Of(2).Contains("101")),
        new("dirty read of what is not final", Isolation.ReadCommitted,
            """
            T1 UPDATE x SET v = 101 WHERE id = 1
            T2 SELECT v FROM x WHERE id = 1
            T1 UPDATE x SET v = 11 WHERE id = 1
            T1 COMMIT
            T2 SELECT v FROM x WHERE id = 1
            T2 COMMIT
            """,
            seen => seen.Of(2).Contains("101")),
        new("circular information flow", Isolation.ReadCommitted,
            """
            T1 UPDATE x SET v = 11 WHERE id = 1
            T2 UPDATE y SET v = 22 WHERE id = 2
            T1 SELECT v FROM y WHERE id = 2
            T2 SELECT v FROM x WHERE id = 1
            T1 COMMIT
            T2 COMMIT
            """,
            seen => seen.Of(1).Contains("22") || seen.Of(2).Contains("11")),
        new("observed transaction vanishes", Isolation.ReadCommitted,
            """
            T1 UPDATE x SET v = 11 WHERE id = 1
            T1 UPDATE y SET v = 19 WHERE id = 2
            T2 UPDATE x SET v = 12 WHERE id = 1
            T1 COMMIT
            T3 SELECT v FROM x WHERE id = 1
            T2 UPDATE y SET v = 18 WHERE id = 2
            T3 SELECT v FROM y WHERE id = 2
            T2 COMMIT
            T3 SELECT v FROM y WHERE id = 2
            T3 SELECT v FROM x WHERE id = 1
            T3 COMMIT
            """,
            seen => seen.Of(3) is ["12", "19", ..] or [_, "18", "19", _] or [_, _, "18", "11"] or [_, _, "19", "12"]),
        new("non-repeatable read", Isolation.RepeatableRead,
            """
            T1 SELECT v FROM x WHERE id = 1
            T2 UPDATE x SET v = 11 WHERE id = 1
            T2 COMMIT
            T1 SELECT v FROM x WHERE id = 1
            T1 COMMIT
            """,
            seen => seen.Of(1) is ["10", "11"]),
        new("phantom read", Isolation.RepeatableRead,
            """
            T1 SELECT count(*) FROM x WHERE v % 3 = 0 AND id < 100
            T2 INSERT INTO x VALUES (3, 30)
            T2 COMMIT
            T1 SELECT count(*) FROM x WHERE v % 3 = 0 AND id < 100
            T1 COMMIT
            """,
            seen => seen.Of(1) is ["0", "1"]),
        new("lost update", Isolation.RepeatableRead,
            """
            T1 SELECT v FROM x WHERE id = 1
            T2 SELECT v FROM x WHERE id = 1
            T1 UPDATE x SET v = 11 WHERE id = 1
            T2 UPDATE x SET v = 12 WHERE id = 1
            T1 COMMIT
            T2 COMMIT
            """,
            seen => seen.HasCommitted(1) && seen.HasCommitted(2)),
        new("read skew", Isolation.RepeatableRead,
            """
            T1 SELECT v FROM x WHERE id = 1
            T2 UPDATE x SET v = 12 WHERE id = 1
            T2 UPDATE y SET v = 18 WHERE id = 2
            T2 COMMIT
            T1 SELECT v FROM y WHERE id = 2
            T1 COMMIT
            """,
            seen => seen.Of(1) is ["10", "18"]),
        new("write after a read that was overtaken", Isolation.RepeatableRead,
            """
            T1 SELECT v FROM x WHERE id = 1
            T2 UPDATE x SET v = 12 WHERE id = 1
            T2 UPDATE y SET v = 18 WHERE id = 2
            T2 COMMIT
            T1 UPDATE y SET v = 19 WHERE id = 2
            T1 COMMIT
            """,
            seen => seen.Of(1) is ["10", ..] && seen.HasCommitted(1) && seen.HasCommitted(2)),
        new("long fork", Isolation.RepeatableRead,
            """
            T1 UPDATE x SET v = 11 WHERE id = 1
            T2 UPDATE y SET v = 21 WHERE id = 2
            T3 SELECT v FROM x WHERE id = 1
            T4 SELECT v FROM y WHERE id = 2
            T1 COMMIT
            T2 COMMIT
            T3 SELECT v FROM y WHERE id = 2
            T4 SELECT v FROM x WHERE id = 1
            T3 COMMIT
            T4 COMMIT
            """,
            seen => seen.Of(3) is ["10", "21"] && seen.Of(4) is ["20", "11"]),
        new("write skew on rows", Isolation.Serializable,
            """
            T1 SELECT v FROM x WHERE id = 1
            T1 SELECT v FROM y WHERE id = 2
            T2 SELECT v FROM x WHERE id = 1
            T2 SELECT v FROM y WHERE id = 2
            T1 UPDATE x SET v = 11 WHERE id = 1
            T2 UPDATE y SET v = 21 WHERE id = 2
            T1 COMMIT
            T2 COMMIT
            """,
            seen => seen.HasCommitted(1) && seen.HasCommitted(2)),
        new("write skew on a condition", Isolation.Serializable,
            """
            T1 SELECT count(*) FROM x WHERE v % 3 = 0 AND id < 100
            T1 SELECT count(*) FROM y WHERE v % 3 = 0 AND id < 100
            T2 SELECT count(*) FROM x WHERE v % 3 = 0 AND id < 100
            T2 SELECT count(*) FROM y WHERE v % 3 = 0 AND id < 100
            T1 INSERT INTO x VALUES (3, 30)
            T2 INSERT INTO y VALUES (4, 42)
            T1 COMMIT
            T2 COMMIT
            """,
            seen => seen.HasCommitted(1) && seen.HasCommitted(2)),
        new("read-only transaction sees what no order explains", Isolation.Serializable,
            """
            T2 SELECT v FROM x WHERE id = 1
            T2 SELECT v FROM y WHERE id = 2
            T1 UPDATE y SET v = 40 WHERE id = 2
            T1 COMMIT
            T3 SELECT v FROM x WHERE id = 1
            T3 SELECT v FROM y WHERE id = 2
            T3 COMMIT
            T2 UPDATE x SET v = -1 WHERE id = 1
            T2 COMMIT
            """,
            seen => seen.Of(3) is ["10", "40"] && seen.HasCommitted(1) && seen.HasCommitted(2)),
        new("write skew through a total", Isolation.Serializable,
            """
            T1 SELECT sum(v) FROM x
            T2 SELECT sum(v) FROM x
            T1 INSERT INTO x VALUES (5, 1)
            T2 INSERT INTO x VALUES (6, 1)
            T1 COMMIT
            T2 COMMIT
            """,
            seen => seen.HasCommitted(1) && seen.HasCommitted(2)),
    ];

    public override string ToString() => Name;
}

/// <summary>What the transactions of a schedule saw, and how they ended.</summary>
internal sealed class Schedule
{
    private readonly Dictionary<int, List<string>> _seen = [];
    private readonly HashSet<int> _committed = [];
    private readonly HashSet<int> _writers = [];

    /// <summary>The values that a transaction has read, one for each SELECT.</summary>
    public List<string> Of(int transaction) => _seen.GetValueOrDefault(transaction) ?? [];

    public bool HasCommitted(int transaction) => _committed.Contains(transaction);

    public bool IsReader(int transaction) => !_writers.Contains(transaction);

    public void Wrote(int transaction) => _writers.Add(transaction);

    public bool HasAnyCommitted => _committed.Count > 0;

    public void Saw(int transaction, string value)
    {
        if (!_seen.TryGetValue(transaction, out var values)) _seen[transaction] = values = [];
        values.Add(value);
    }

    public void Committed(int transaction) => _committed.Add(transaction);

    public override string ToString() =>
        $"saw {string.Join("; ", _seen.Select(pair => $"T{pair.Key}: {string.Join(", ", pair.Value)}"))}; committed "
        + string.Join(", ", _committed.Select(transaction => $"T{transaction}"));
}
