using System.Globalization;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Differential;

/// <summary>
/// PostgreSQL's database stress: for each list of pools a table of cases, repeated so that columns have few distinct values over several of
/// the kernel's vectors. Its function bad_cases says which cases of a table raise an error.
/// </summary>
internal sealed class StressTables(RawClient oracle, Random random, int cases)
{
    /// <summary>More than one of the kernel's vectors.</summary>
    private static readonly int s_rows = Full.IsAsked ? 4200 : 2300;

    private readonly Dictionary<string, string?[][]> _cases = [];

    private string Rest { get; } = string.Create(CultureInfo.InvariantCulture,
        $"generate_series(0, {s_rows - 1}) r(n), cases WHERE c = 1 + n % {cases}");

    public static async Task PrepareAsync(RawClient oracle)
    {
        var result = await oracle.QueryAsync("""
            CREATE FUNCTION bad_cases(expression text, source text) RETURNS TABLE (number int, code text) LANGUAGE plpgsql AS $$
            DECLARE seen int;
            BEGIN
                BEGIN
                    EXECUTE format('SELECT count(q.v) FROM (SELECT %s AS v FROM %I a WHERE id = c OFFSET 0) q', expression, source) INTO seen;
                    RETURN;
                EXCEPTION WHEN OTHERS THEN
                    IF SQLSTATE IN ('42883', '42846', '42725', '42804', '42P18', '42809') THEN number := 0; code := SQLSTATE; RETURN NEXT; RETURN; END IF;
                END;
                FOR number IN EXECUTE format('SELECT c FROM %I WHERE id = c ORDER BY 1', source) LOOP
                    BEGIN
                        EXECUTE format('SELECT count(q.v) FROM (SELECT %s AS v FROM %I a WHERE id = $1 OFFSET 0) q', expression, source) INTO seen USING number;
                    EXCEPTION WHEN OTHERS THEN code := SQLSTATE; RETURN NEXT;
                    END;
                END LOOP;
            END $$
            """);
        if (result.Error is { } error) throw new InvalidOperationException(error.ToString());
    }

    /// <summary>The values of a table's case; the table is made when it is first asked for.</summary>
    public async Task CreateAsync(StressCall call)
    {
        if (_cases.ContainsKey(call.Table)) return;
        var rows = Enumerable.Range(0, cases)
            .Select(number => call.Pools.Select((pool, i) => call.Pools.Count == 1 && number <= pool.Values.Length
            ? (number == 0 ? null : pool.Values[number - 1])
            : StressPools.Draw(pool, random)).ToArray()).ToArray();
        _cases[call.Table] = rows;
        var names = string.Concat(call.Pools.Select((_, i) => $", x{i + 1}"));
        var columns = string.Concat(call.Pools.Select((pool, i) => $", x{i + 1} {pool.Type}"));
        var values = string.Join(", ",
            rows.Select((row, number) => $"({number + 1}{string.Concat(row.Select((value, i) => ", " + call.Pools[i].Literal(value)))})"));
        var result =
            await oracle.QueryAsync(
                $"CREATE TABLE {call.Table} (id int PRIMARY KEY, c int{columns}); INSERT INTO {call.Table} WITH cases (c{names}) AS "
                    + $"(VALUES {values}) SELECT n + 1, c{names} FROM {Rest}");
        if (result.Error is { } error) throw new InvalidOperationException($"{call.Table}: {error}");
    }

    /// <summary>A case's arguments as literals.</summary>
    public IReadOnlyList<string> Literals(StressCall call, int number) =>
        [.. _cases[call.Table][number - 1].Select((value, i) => call.Pools[i].Literal(value))];

    public int Cases => cases;
}
