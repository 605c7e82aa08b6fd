using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.Plan;
using Federation.Planner.Binding;
using Federation.Planner.Explain;
using Federation.Sql;
using Federation.Sql.Syntax;

namespace Federation.Planner.Tests;

/// <summary>Plans of small queries over two tables, one of which takes comparisons of ids.</summary>
public sealed class PlanTests
{
    [Theory]
    // A filter goes to the side of the join that it names, and into the source that takes it.
    [InlineData("SELECT a.name FROM a JOIN b ON b.id = a.id WHERE a.id > 5 AND b.name = 'x'",
        "Join inner  id = id | Remote scan s.public.a  columns (id, name) | pushed: projection; filter (exact): id > 5 | Filter name = "
            + "'x' | Remote scan s.public.b  columns (id, name) | pushed: projection | not pushed: name = 'x': text")]
    // An OR over both sides asks something of each; all of it is asked where the sides meet.
    [InlineData("SELECT a.name FROM a JOIN b ON b.id = a.id WHERE a.id = 5 AND b.id = 7 OR a.id = 6 AND a.name = 'y' AND b.id = 8",
        "Join inner  (((id = 5) AND (id = 7)) OR ((id = 6) AND (name = 'y') AND (id = 8))) AND (id = id) | Filter (id = 5) OR ((id = 6) "
            + "AND (name = 'y')) | Remote scan s.public.a  columns (id, name) | pushed: projection | not pushed: (id = 5) OR ((id = 6) "
            + "AND (name = 'y')): text | Filter (id = 7) OR (id = 8) | Remote scan s.public.b  columns (id) | pushed: projection | not "
            + "pushed: (id = 7) OR (id = 8): text")]
    [InlineData("SELECT a.name FROM a JOIN b ON b.id = a.id WHERE a.id = 5 AND b.id = 7 OR a.id = 6",
        "Join inner  (((id = 5) AND (id = 7)) OR (id = 6)) AND (id = id) | Filter (id = 5) OR (id = 6) | Remote scan s.public.a  columns "
            + "(id, name) | pushed: projection | not pushed: (id = 5) OR (id = 6): text | Remote scan s.public.b  columns (id) | pushed: "
            + "projection")]
    // What a left join must keep is not filtered below it.
    [InlineData("SELECT a.name FROM a LEFT JOIN b ON b.id = a.id WHERE b.id > 5",
        "Filter id > 5 | Join left  id = id | Remote scan s.public.a  columns (id, name) | pushed: projection | Remote scan s.public.b  "
            + "columns (id) | pushed: projection")]
    // A key's filter passes the aggregate; a filter of its result does not.
    [InlineData("SELECT id, count(*) FROM a GROUP BY id HAVING id > 5 AND count(*) > 1",
        "Filter count > 1 | Aggregate by id: count(*) | Remote scan s.public.a  columns (id) | pushed: projection; filter (exact): id > 5")]
    // LIMIT stops filters, and goes down where every row counts.
    [InlineData("SELECT id FROM (SELECT id FROM a LIMIT 3) t WHERE id > 5",
        "Filter id > 5 | Limit 3 | Remote scan s.public.a  columns (id) | pushed: projection; limit 3")]
    [InlineData("SELECT id FROM a WHERE id > 5 LIMIT 3 OFFSET 2",
        "Limit 3 offset 2 | Remote scan s.public.a  columns (id) | pushed: projection; filter (exact): id > 5; limit 5")]
    // A union all is filtered on both sides.
    [InlineData("SELECT id FROM (SELECT id FROM a UNION ALL SELECT id FROM b) t WHERE id > 5",
        "Union all | Remote scan s.public.a  columns (id) | pushed: projection; filter (exact): id > 5 | Remote scan s.public.b  columns "
            + "(id) | pushed: projection; filter (exact): id > 5")]
    // Values of several scales are summed in one; the sum shows the largest that was there.
    [InlineData("SELECT sum(CASE WHEN id > 5 THEN 1.50 ELSE 0 END) FROM a",
        "Project sum := trunc(sum, max) | Aggregate: sum(CASE WHEN id > 5 THEN 1.50 ELSE 0.00 END), max(CASE WHEN id > 5 THEN 2 ELSE 0 "
            + "END) | Remote scan s.public.a  columns (id) | pushed: projection")]
    [InlineData("SELECT sum(coalesce(id * 0.1, 0)) FROM a",
        "Project sum := trunc(sum, max) | Aggregate: sum(coalesce(id::numeric * 0.1, 0.0)), max(coalesce(CASE WHEN id IS NOT NULL THEN 1 "
            + "ELSE NULL END, 0)) | Remote scan s.public.a  columns (id) | pushed: projection")]
    // What only shapes a result waits until the rows are known that are left; what a row is sorted by, and what may fail, does not.
    [InlineData("SELECT id, avg(id), to_char(sum(id), '9') FROM a GROUP BY id ORDER BY count(*) DESC LIMIT 3",
        "Project id, avg := CASE WHEN sum IS NULL THEN NULL ELSE sum::numeric / avg::numeric END, to_char := to_char(sum, '9'), sort | "
            + "Limit 3 | Sort sort DESC | Aggregate by id: sum(id), count(*), count(id) | Remote scan s.public.a  columns (id) | pushed: "
            + "projection")]
    [InlineData("SELECT upper(name) AS u, lower(name), 1 / id FROM a ORDER BY u LIMIT 3",
        "Project u, lower := lower(name), ?column? | Limit 3 | Sort u | Project u := upper(name), name, ?column? := 1 / id | Remote scan "
            + "s.public.a  columns (id, name) | pushed: projection")]
    [InlineData("SELECT upper(name) FROM a ORDER BY id",
        "Sort sort | Project upper := upper(name), sort := id | Remote scan s.public.a  columns (id, name) | pushed: projection")]
    // Constants are folded before they are offered.
    [InlineData("SELECT id FROM a WHERE id > 2 + 3 AND true",
        "Remote scan s.public.a  columns (id) | pushed: projection; filter (exact): id > 5")]
    public void Plans(string sql, string expected)
    {
        var bound = Binder.Bind(((SelectStatement)SqlParser.Parse(sql)[0].Statement).Query, Context());
        var plan = QueryPlanner.Optimize(bound, new ExecutionContext([], _ => null));
        var lines = PlanText.Write(plan, new Dictionary<Scan, ScanNotes>()).Select(line => line.TrimStart(' ', '│', '├', '└', '─'));
        var actual = string.Join(" | ", lines);
        Assert.True(expected == actual, actual);
    }

    [Theory]
    [InlineData("SELECT nam FROM a", "42703", 8, "column \"nam\" does not exist")]
    [InlineData("SELECT x.id FROM a", "42P01", 8, "missing FROM-clause entry for table \"x\"")]
    [InlineData("SELECT id FROM a, b", "42702", 8, "column reference \"id\" is ambiguous")]
    [InlineData("SELECT id FROM missing", "42P01", 16, "relation \"missing\" does not exist")]
    [InlineData("SELECT id, count(*) FROM a", "42803", 8,
        "column \"a.id\" must appear in the GROUP BY clause or be used in an aggregate function")]
    [InlineData("SELECT id FROM a WHERE count(*) > 1", "42803", 24, "aggregate functions are not allowed in WHERE")]
    [InlineData("SELECT id + name FROM a", "42883", 11, "operator does not exist: integer + text")]
    [InlineData("SELECT lower(id) FROM a", "42883", 8, "function lower(integer) does not exist")]
    [InlineData("SELECT 'x'::integer", "22P02", 8, "invalid input syntax for type integer: \"x\"")]
    [InlineData("SELECT id FROM a UNION SELECT name FROM b", "42804", 31, "UNION types integer and text cannot be matched")]
    public void Errors_point_where_PostgreSQL_points(string sql, string state, int position, string message)
    {
        var error = Assert.Throws<SqlException>(() => Binder.Bind(((SelectStatement)SqlParser.Parse(sql)[0].Statement).Query, Context()));
        Assert.Equal((state, position, message), (error.State.Code, error.Position, error.Message));
    }

    private static BindContext Context()
    {
        var provider = new IdSource();
        EquatableArray<ConnectorColumn> columns = [new("id", SqlType.Int4), new("name", SqlType.Text)];
        var tables = new[] { "a", "b" }.ToDictionary(name => name, name =>
            new ResolvedTable(new TableSource("s", "public", name, -1), new Handle(name), columns) { Provider = provider });
        return new BindContext(table => tables.GetValueOrDefault(table.Name.Name), [], ValueContext.Default);
    }

    private sealed record Handle(string Table) : ITableHandle;

    /// <summary>Takes comparisons of integers exactly, and any limit.</summary>
    private sealed class IdSource : IFilterPushdown, ILimitPushdown
    {
        public FilterPushdown PushFilter(ITableHandle handle, EquatableArray<ConnectorExpression> conjuncts) =>
            new(handle, conjuncts.Select(conjunct =>
            conjunct is ConnectorExpression.Operator { Arguments: [{ Type.Storage: Storage.Int32 }, _] }
                ? new PushedConjunct(PushPrecision.Exact)
                : new PushedConjunct(PushPrecision.Unsupported, "text")).ToEquatableArray());

        public ITableHandle? PushLimit(ITableHandle handle, long count) => handle;
    }
}
