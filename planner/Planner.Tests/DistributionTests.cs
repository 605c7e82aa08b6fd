using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.Planner.Binding;
using Federation.Planner.Distribution;
using Federation.Planner.Explain;
using Federation.Sql;
using Federation.Sql.Syntax;

namespace Federation.Planner.Tests;

/// <summary>Where plans are cut: each fragment as its tasks, where its rows go, and what it reads.</summary>
public sealed class DistributionTests
{
    [Theory]
    // Aggregates are computed twice; few groups are finished by one task.
    [InlineData("SELECT count(*) FROM big", "2 gather: big; 1 stream: all 1")]
    [InlineData("SELECT DISTINCT ON (id) id FROM big ORDER BY id", "2 gather: big; 1 stream: all 1")]
    // What needs a group's rows at once moves the rows; a group meets in one task.
    [InlineData("SELECT id, string_agg(name, ',' ORDER BY name) FROM big GROUP BY id", "2 hash id: big; 2 stream: part 1")]
    // Values are deduplicated before they move.
    [InlineData("SELECT count(DISTINCT id) FROM big", "2 gather: big; 1 stream: all 1")]
    // A small table is copied to every task; large ones meet by hash of the join's columns.
    [InlineData("SELECT b.name FROM big b JOIN small s ON s.id = b.id", "1 broadcast: small; 2 stream: big, all 1")]
    [InlineData("SELECT b.name FROM big b JOIN huge h ON h.id = b.id", "2 hash id: big; 2 hash id: huge; 2 stream: part 2, part 1")]
    // The side whose rows are all kept is never copied.
    [InlineData("SELECT b.name FROM small s LEFT JOIN big b ON s.id = b.id", "1 hash id: small; 2 hash id: big; 2 stream: part 2, part 1")]
    [InlineData("SELECT b.name FROM big b FULL JOIN huge h ON false", "2 gather: big; 2 gather: huge; 1 stream: all 2, all 1")]
    // Rows that lie right already are not moved again.
    [InlineData("SELECT b.id, count(*) FROM big b JOIN huge h ON h.id = b.id GROUP BY b.id",
        "2 hash id: big; 2 hash id: huge; 2 stream: part 2, part 1")]
    // EXISTS and IN become semi joins; an uncorrelated subquery is computed once.
    [InlineData("SELECT name FROM big b WHERE EXISTS (SELECT FROM small s WHERE s.id = b.id)", "1 broadcast: small; 2 stream: big, all 1")]
    [InlineData("SELECT name FROM big WHERE id > (SELECT max(id) FROM huge)", "2 gather: huge; 1 broadcast: all 2; 2 stream: big, all 1")]
    // Each task sorts its rows, and whoever gives them to the client merges; of a limit each task gives what could be among the first.
    [InlineData("SELECT id FROM big ORDER BY name", "2 stream merged by name: big")]
    [InlineData("SELECT id FROM big ORDER BY name DESC, id NULLS FIRST LIMIT 5 OFFSET 2",
        "2 stream merged by name DESC, id NULLS FIRST limit 5 offset 2: big")]
    [InlineData("SELECT id FROM big ORDER BY 1 OFFSET 3", "2 stream merged by id offset 3: big")]
    [InlineData("SELECT upper(name), (SELECT max(id) FROM huge) FROM big ORDER BY id LIMIT 5",
        "2 gather: huge; 1 broadcast: all 2; 2 stream merged by id limit 5: big, all 1")]
    [InlineData("WITH c AS (SELECT id, string_agg(name, ',' ORDER BY name) FROM big GROUP BY id) SELECT * FROM c ORDER BY id",
        "2 hash id: big; 2 stream merged by id: part 1")]
    [InlineData("SELECT b.name FROM big b JOIN small s ON s.id = b.id ORDER BY b.id",
        "1 broadcast: small; 2 stream merged by id: big, all 1")]
    // An order that cannot be computed twice, and one below the top, are made by one task.
    [InlineData("SELECT id FROM big ORDER BY name FETCH FIRST 5 ROWS WITH TIES", "2 gather: big; 1 stream: all 1")]
    [InlineData("SELECT count(*) FROM (SELECT id FROM big ORDER BY name LIMIT 5) t", "2 gather: big; 1 stream: all 1")]
    // An order of few rows, in one task already, stays there.
    [InlineData("SELECT name, count(*) FROM small GROUP BY name ORDER BY 2", "1 stream: small")]
    [InlineData("SELECT count(*) FROM big ORDER BY 1", "2 gather: big; 1 stream: all 1")]
    // A subquery that names the row around it is computed by every task, from rows that each has whole.
    [InlineData("SELECT name FROM big b WHERE id < (SELECT count(*) FROM huge h WHERE h.id > b.id)",
        "2 broadcast: huge; 2 stream: big, all 1")]
    // The source has taken the filter whole, and its column is not read: nothing of the row around is named.
    [InlineData("SELECT name FROM big b WHERE id < (SELECT count(*) FROM exact e WHERE e.name = 'x' AND e.id > b.id)",
        "2 broadcast: exact; 2 stream: big, all 1")]
    // Two uses of a common table expression read one fragment.
    [InlineData("WITH c AS (SELECT id, count(*) AS n FROM huge GROUP BY id) SELECT * FROM c WHERE n = (SELECT max(n) FROM c)",
        "2 hash id: huge; 2 broadcast: part 4; 2 gather: share 3; 1 broadcast: all 2; 2 stream: share 3, all 1")]
    // Where both sides of a join move, of the larger one only what the smaller one asks for; of groups only those asked for are computed.
    [InlineData("SELECT count(*) FROM big b WHERE b.name LIKE 'x%' AND EXISTS (SELECT FROM huge h WHERE h.id = b.id)",
        "2 hash id: big; 2 hash id: huge, all 3; 2 gather: part 3, part 2; 1 stream: all 1")]
    [InlineData("SELECT count(*) FROM big b WHERE EXISTS (SELECT FROM huge h WHERE h.id = b.id)",
        "2 hash id: big; 2 hash id: huge; 2 gather: part 3, part 2; 1 stream: all 1")]
    [InlineData("SELECT name FROM big b WHERE b.name LIKE 'x%' AND b.id > (SELECT avg(h.id) FROM huge h WHERE h.name = b.name)",
        "2 hash name: big; 2 gather: huge, all 3; 1 hash key: all 2; 2 stream: part 3, part 1")]
    [InlineData("SELECT b.id FROM big b LEFT JOIN (SELECT name, id, max(id) FROM huge GROUP BY name, id) h ON h.id = b.id AND h.name = "
        + "b.name WHERE b.name LIKE 'x%'",
        "2 hash id name: big; 2 gather: huge, all 3; 1 hash id_19 name_18: all 2; 2 stream: part 3, part 1")]
    // A semi join that keeps few rows of one relation comes before the joins with others.
    [InlineData("SELECT count(*) FROM big b, huge h WHERE b.id = h.id AND h.name IN (SELECT name FROM small WHERE id = 5)",
        "1 broadcast: small; 2 broadcast: huge, all 3; 2 gather: big, all 2; 1 stream: all 1")]
    [InlineData("SELECT count(*) FROM big b, small s WHERE b.id = s.id AND b.name IN (SELECT name FROM huge WHERE id > 5)",
        "1 broadcast: small; 2 hash name: big, all 4; 2 hash name_25: huge; 2 gather: part 3, part 2; 1 stream: all 1")]
    // What equals the same column is equal: the small table meets one of the large ones, whichever the statement compares it with.
    [InlineData("SELECT count(*) FROM big b, huge h, exact e, small s WHERE b.id = h.id AND h.name = e.name AND e.name = s.name AND "
        + "b.name LIKE 'x%'",
        "1 broadcast: small; 2 broadcast: big; 2 broadcast: all 3, huge; 2 gather: all 2, exact, all 4; 1 stream: all 1")]
    [InlineData("SELECT count(*) FROM big b, huge h, small s WHERE b.id = h.id AND h.id = s.id AND s.name = 'x'",
        "1 broadcast: small; 2 broadcast: big, all 3; 2 gather: all 2, huge; 1 stream: all 1")]
    // Small queries stay whole.
    [InlineData("SELECT s.name, count(*) FROM small s GROUP BY 1", "1 stream: small")]
    public void Plans_are_cut(string sql, string expected)
    {
        var cut = Cut(sql);
        Assert.True(expected == cut, $"cut as {cut}");
    }

    /// <summary>
    /// Two large tables that meet in a column of few values meet many times over: the second comes in by the key that it shares with the
    /// first, and then only few rows are left to copy.
    /// </summary>
    [Fact]
    public void Few_values_are_no_keys()
    {
        const string Sql =
            "SELECT count(*) FROM small s, small t, exact e, big b, huge h WHERE s.id = e.id AND t.id = b.id AND (s.name = 'x' AND t.name "
                + "= 'y' OR s.name = 'y' AND t.name = 'x') AND e.name = h.name AND b.name = h.name";
        Assert.StartsWith("1 broadcast: small, small; 2 broadcast: all 4, big; 2 broadcast: all 3, exact;", Cut(Sql),
            StringComparison.Ordinal);
    }

    /// <summary>
    /// Both columns equal the key of a small table, so they have few values although their own tables are large: they are compared where
    /// more is known of the rows.
    /// </summary>
    [Fact]
    public void What_equals_a_column_of_few_values_has_few()
    {
        const string Sql =
            "SELECT count(*) FROM big s, exact c, huge o, small n WHERE s.name = n.name AND c.name = s.name AND c.id = o.id AND o.name = "
                + "s.id::text";
        Assert.StartsWith("1 broadcast: small; 2 hash key: big, all", Cut(Sql), StringComparison.Ordinal);
    }

    /// <summary>
    /// Rows that are expected after a filter: of a column whose range is known the share of the range, of others a guess.
    /// </summary>
    [Theory]
    [InlineData("day >= DATE '2020-01-11' AND day < DATE '2020-01-21'", 100_000)]
    [InlineData("day >= DATE '2020-01-11' AND DATE '2020-01-21' > day AND number = 7", 1_000)]
    [InlineData("day < DATE '2020-01-01' + INTERVAL '10 days'", 100_000)]
    [InlineData("day BETWEEN DATE '2019-06-01' AND DATE '2019-12-31'", 1)]
    [InlineData("day > DATE '2020-01-21' AND day < DATE '2020-01-11'", 1)]
    [InlineData("number IN (1, 2, 3)", 30_000)]
    [InlineData("number > 24.5 OR number < 1", 762_626)]
    [InlineData("number::bigint <= 49", 484_848)]
    [InlineData("name = 'x'", 50_000)]
    [InlineData("name > 'x'", 400_000)]
    [InlineData("number > 0", 1_000_000)]
    public void Ranges_tell_how_many_rows_a_filter_keeps(string filter, long expected)
    {
        var fragments =
            Fragmented($"SELECT count(*) FROM (SELECT DISTINCT ON (name) day, number FROM ranged WHERE {filter} ORDER BY name) t",
                s_free).Fragments;
        Assert.Equal(expected, Assert.IsType<Plan.RemoteSource>(Assert.Single(fragments[^1].Query.Inputs).Source).EstimatedRows);
    }

    /// <summary>
    /// A stage takes as long as scanning some hundred thousand rows; a plan whose stages take longer than what is shared runs in one task,
    /// unless everything is to be spread.
    /// </summary>
    [Theory]
    [InlineData("SELECT count(*) FROM big", 2, true)]
    [InlineData("SELECT count(*) FROM big a JOIN big b ON a.id = b.id AND a.name LIKE 'x%' WHERE b.name IN (SELECT name FROM huge)", 2,
        false)]
    [InlineData("SELECT count(*) FROM vast a JOIN big b ON a.id = b.id AND a.name LIKE 'x%' WHERE b.name IN (SELECT name FROM huge)", 2,
        true)]
    // More workers take more of the scan off one.
    [InlineData("SELECT count(*) FROM big b JOIN small s ON s.id = b.id", 2, false)]
    [InlineData("SELECT count(*) FROM big b JOIN small s ON s.id = b.id", 4, true)]
    // Rows that a source gives one by one cost more than those of a file.
    [InlineData("SELECT count(*) FROM huge a JOIN huge b ON a.id = b.id", 2, false)]
    [InlineData("SELECT count(*) FROM exact a JOIN exact b ON a.id = b.id", 2, true)]
    public void Few_rows_are_not_worth_stages(string sql, int workers, bool isSpread)
    {
        var plan = Fragmented(sql, new DistributionOptions(workers));
        Assert.Equal(isSpread, plan.Fragments.Count > 1);
        if (isSpread) Assert.Null(plan.KeptWhole);
        else Assert.Matches(@"^\d more stages and ~\d+ rows moved between them would take longer than 2 workers save$", plan.KeptWhole);
        Assert.True(Fragmented(sql, DistributionOptions.Large(workers)).Fragments.Count > 1);
    }

    /// <summary>
    /// The kernel takes the keys of a hash table down to a scan only when it sees a filter below the table; where a side's unmatched rows
    /// are kept there is none.
    /// </summary>
    [Theory]
    [InlineData("SELECT b.name FROM big b JOIN small s ON s.id = b.id", "fragment_1")]
    [InlineData("SELECT b.name FROM big b LEFT JOIN small s ON s.id = b.id", "fragment_1")]
    [InlineData("SELECT name FROM big b WHERE NOT EXISTS (SELECT FROM small s WHERE s.id = b.id)", "fragment_1")]
    [InlineData("SELECT s.name FROM small s LEFT JOIN big b ON s.id = b.id", "fragment_1")]
    [InlineData("SELECT s.name FROM big s JOIN huge b ON s.id = b.id", "fragment_2 fragment_1")]
    [InlineData("SELECT s.name FROM small s FULL JOIN big b ON s.id = b.id", "")]
    [InlineData("SELECT b.name FROM big b JOIN small s ON s.id > b.id", "")]
    public void Keys_from_an_exchange_are_filtered_where_that_changes_nothing(string sql, string filtered)
    {
        var root = Fragmented(sql, s_free).Fragments[^1].Query;
        Assert.Equal(filtered,
            string.Join(' ', System.Text.RegularExpressions.Regex.Matches(root.Sql, """FROM "(fragment_\d)" WHERE \("\w+" IS NOT NULL\)""")
                .Select(match => match.Groups[1].Value)));
    }

    [Fact]
    public void One_worker_gets_one_fragment()
    {
        var plan = Fragmented("SELECT count(*) FROM huge", DistributionOptions.SingleTask);
        Assert.Single(plan.Fragments);
        Assert.Null(plan.KeptWhole);
    }

    [Theory]
    [InlineData("SELECT count(*) FROM small", "the scans have ~100 rows, plans are spread from 500000")]
    [InlineData("SELECT 1", null)]
    public void Few_rows_stay_in_one_task(string sql, string? reason)
    {
        var plan = Fragmented(sql, new DistributionOptions(2));
        Assert.Single(plan.Fragments);
        Assert.Equal(reason, plan.KeptWhole);
        Assert.Single(Fragmented(sql, DistributionOptions.Large(2)).Fragments);
        Assert.Equal(reason is not null, Fragmented(sql, DistributionOptions.Always(2)).Fragments.Count > 1);
    }

    /// <summary>Two workers, between which stages and moving rows cost nothing.</summary>
    private static readonly DistributionOptions s_free = new(2) { StageRows = 0, MoveRows = 0 };

    private static FragmentedPlan Fragmented(string sql, DistributionOptions options) =>
        QueryPlanner.Plan(Binder.Bind(((SelectStatement)SqlParser.Parse(sql)[0].Statement).Query, Context()),
            new ExecutionContext([], _ => null), options);

    /// <summary>The fragments for two workers, whether or not they pay.</summary>
    private static string Cut(string sql) => string.Join("; ", Fragmented(sql, s_free).Fragments.Select(Describe));

    private static string Describe(Fragment fragment)
    {
        var output = fragment.Output switch
        {
            TaskOutput.Hash hash => $"hash {string.Join(' ', hash.KeyColumns.Select(key => fragment.Query.Columns[key].Name))}",
            var other => other.GetType().Name.ToLowerInvariant(),
        };
        var inputs = fragment.Query.Inputs.Select(input => input.Source switch
        {
            Plan.Scan scan => scan.Source.Table,
            Plan.RemoteSource { Reading: Plan.ExchangeReading.Whole } source => $"all {source.Fragment}",
            Plan.RemoteSource { Reading: Plan.ExchangeReading.Share } source => $"share {source.Fragment}",
            Plan.RemoteSource source => $"part {source.Fragment}",
            var other => other.ToString(),
        });
        var merge = fragment.Merge is null
            ? ""
            : " " + PlanText.Describe(fragment.Merge).Replace("Merge by", "merged by", StringComparison.Ordinal)
                .Replace("  ", " ", StringComparison.Ordinal);
        return $"{fragment.Tasks} {output}{merge}: {string.Join(", ", inputs)}";
    }

    private static BindContext Context()
    {
        EquatableArray<ConnectorColumn> columns = [new("id", SqlType.Int4), new("name", SqlType.Text)];
        var tables = new Dictionary<string, long> { ["small"] = 100, ["big"] = 1_000_000, ["huge"] = 1_500_000, ["exact"] = 1_200_000,
            ["vast"] = 100_000_000 }.ToDictionary(
            table => table.Key,
            table => new ResolvedTable(new Plan.TableSource("s", "public", table.Key, table.Value), new Handle(table.Key), columns)
                { Provider = table.Key == "exact" ? new ExactSource() : table.Key });
        EquatableArray<ConnectorColumn> ranged =
        [
            new("day", SqlType.Date) { Statistics = ColumnStatistics.Of(new PgDate(18262), new PgDate(18262 + 100)) },
            new("number", SqlType.Int4) { Statistics = ColumnStatistics.Of(1, 100) },
            new("name", SqlType.Text),
        ];
        tables["ranged"] = new ResolvedTable(new Plan.TableSource("s", "public", "ranged", 1_000_000), new Handle("ranged"), ranged)
            { Provider = "ranged" };
        return new BindContext(table => tables.GetValueOrDefault(table.Name.Name), [], ValueContext.Default);
    }

    private sealed record Handle(string Table) : ITableHandle;

    /// <summary>A source behind a connector. Takes comparisons of its columns with constants exactly.</summary>
    private sealed class ExactSource : IFilterPushdown, IScanPlanner
    {
        public double RowCost => 10;

        public ValueTask<ScanPlan> PlanScanAsync(
            ITableHandle handle, EquatableArray<string> columns, string inputName, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public FilterPushdown PushFilter(ITableHandle handle, EquatableArray<ConnectorExpression> conjuncts) =>
            new(handle, conjuncts.Select(_ => new PushedConjunct(PushPrecision.Exact)).ToEquatableArray());
    }
}
