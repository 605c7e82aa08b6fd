using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;

namespace Federation.CompatTests.Suite.Lake;

/// <summary>Partitions by transforms and sort orders: what is written, what is skipped, and how both change.</summary>
[Collection(SuiteCollection.Name)]
public sealed class LayoutTests(SuiteServers servers)
{
    /// <summary>The vectors of the specification, appendix B and "Truncate Transform Details"; buckets are hashes modulo 1,000.</summary>
    [Theory]
    [InlineData("bucket(1000, c)", "int", "34", "379")]
    [InlineData("bucket(1000, c)", "bigint", "34", "379")]
    [InlineData("bucket(1000, c)", "numeric(9,2)", "14.20", "59")]
    [InlineData("bucket(1000, c)", "date", "'2017-11-16'", "226")]
    [InlineData("bucket(1000, c)", "time", "'22:31:08'", "659")]
    [InlineData("bucket(1000, c)", "timestamp", "'2017-11-16 22:31:08'", "207")]
    [InlineData("bucket(1000, c)", "timestamptz", "'2017-11-16 14:31:08-08'", "207")]
    [InlineData("bucket(1000, c)", "text", "'iceberg'", "89")]
    [InlineData("bucket(1000, c)", "uuid", "'f79c3e09-677c-4bbd-a479-3f349cb785e7'", "340")]
    [InlineData("bucket(1000, c)", "bytea", "'\\x00010203'", "441")]
    [InlineData("bucket(1000, c)", "text", "NULL", "null")]
    [InlineData("truncate(10, c)", "int", "1", "0")]
    [InlineData("truncate(c, 10)", "int", "-1", "-10")]
    [InlineData("truncate(10, c)", "bigint", "-9223372036854775800", "-9223372036854775800")]
    [InlineData("truncate(50, c)", "numeric(9,2)", "10.65", "10.50")]
    [InlineData("truncate(3, c)", "text", "'iceberg'", "ice")]
    [InlineData("truncate(3, c)", "text", "'a😀b' || repeat('x', 500)", "a😀b")]
    [InlineData("truncate(3, c)", "bytea", "'\\x0102030405'", "\\x010203")]
    [InlineData("years(c)", "date", "'1969-12-31'", "-1")]
    [InlineData("month(c)", "date", "'2017-11-16'", "574")]
    [InlineData("day(c)", "date", "'1969-12-31'", "-1")]
    [InlineData("days(c)", "timestamp", "'2017-11-16 22:31:08'", "17486")]
    [InlineData("month(c)", "timestamptz", "'2017-12-01 00:30:00+01'", "574")]
    [InlineData("hours(c)", "timestamp", "'1969-12-31 23:59:59'", "-1")]
    [InlineData("year(c)", "timestamp", "'-infinity'", "-292278")]
    [InlineData("void(c)", "int", "5", "null")]
    public async Task Values_of(string term, string type, string value, string expected)
    {
        await using var client = await OpenAsync("layout_values");
        await client.RunAsync("SET TimeZone = 'Pacific/Auckland'", $"CREATE TABLE t (c {type}, v int) PARTITIONED BY ({term})",
            $"INSERT INTO t VALUES ({value}, 1), (NULL, 2)", "INSERT INTO t SELECT * FROM t WHERE c IS NOT NULL");
        var partition = await client.QueryAsync(
            "SELECT DISTINCT coalesce(p.value, 'null') FROM \"t$files\", jsonb_each_text(partition) AS p "
                + "WHERE lower_bounds::text LIKE '%\"2\": \"1\"%'");
        Assert.Equal([expected], partition.Rows.Select(row => row[0]));
        var found = await client.QueryAsync($"SELECT count(*) FROM t WHERE c IS NOT DISTINCT FROM ({value})::{type} AND v = 1");
        Assert.Equal([value == "NULL" ? "1" : "2"], found.Rows.Select(row => row[0]));
    }

    /// <summary>The rules of the specification hold, and each kind of change finds the rows.</summary>
    [Theory]
    [InlineData("bucket(4, i), truncate(3, t)", "")]
    [InlineData("month(ts), bucket(3, n), truncate(100, n)", "SORTED BY (t, i DESC)")]
    [InlineData("year(d), hour(tz), truncate(7, i), bucket(2, u), bucket(2, d)", "")]
    public async Task Tables_partitioned_by(string terms, string order)
    {
        await using var client = await OpenAsync("layout_rules");
        await client.RunAsync(
            "CREATE TABLE t (i int, t text, ts timestamp, tz timestamptz, d date, n numeric(9,2), u uuid) "
                + $"PARTITIONED BY ({terms}) {order}",
            "INSERT INTO t SELECT g, 'row ' || g % 40, timestamp '1969-11-01' + g * interval '7 hours', timestamptz '1969-12-31 23:00+00' + "
                + "g * interval '5 minutes', date '1969-12-30' + g, (g - 100) / 3.0, md5(g::text)::uuid FROM generate_series(1, 300) AS s(g)",
            "INSERT INTO t (i) VALUES (NULL), (-5)", "COPY t TO '" + servers.Files + "/layout.csv'",
            "COPY t FROM '" + servers.Files + "/layout.csv'");
        Assert.Equal(604, Check("layout_rules"));
        Assert.Equal(["2\t14"], (await client.QueryAsync("SELECT count(*), max(i) FROM t WHERE i = 14")).Rows.Select(SltFile.Row));
        var moved = await client.QueryAsync(
            "UPDATE t SET i = i + 1000, ts = ts + interval '1 year', t = 'moved' WHERE i BETWEEN 10 AND 12 RETURNING i");
        Assert.Equal(6, moved.Rows.Count);
        await client.RunAsync("DELETE FROM t WHERE i BETWEEN 100 AND 109",
            "MERGE INTO t USING (VALUES (1010, 'a'), (5000, 'b')) AS s (k, w) ON t.i = s.k WHEN MATCHED THEN UPDATE SET t = s.w "
                + "WHEN NOT MATCHED THEN INSERT (i, t) VALUES (s.k, s.w)");
        var rows = await client.QueryAsync("SELECT count(*), count(*) FILTER (WHERE t = 'moved'), min(i), max(i) FROM t");
        Assert.Equal(["585\t4\t-5\t5000"], rows.Rows.Select(SltFile.Row));
        Assert.Equal(["a", "a"], (await client.QueryAsync("SELECT t FROM t WHERE i = 1010")).Rows.Select(row => row[0]));
        await client.RunAsync("CALL lake.system.rewrite_data_files('layout_rules', 't', rewrite_all => true)");
        Assert.Equal(rows.Rows.Select(SltFile.Row), (await client.QueryAsync(
            "SELECT count(*), count(*) FILTER (WHERE t = 'moved'), min(i), max(i) FROM t")).Rows.Select(SltFile.Row));
    }

    /// <summary>
    /// Rows that the catalog keeps are parted and sorted when they become files, and those that go meanwhile are told apart.
    /// </summary>
    [Theory]
    [InlineData("PARTITIONED BY (bucket(2, i)) SORTED BY (t DESC)")]
    [InlineData("SORTED BY (t DESC)")]
    [InlineData("PARTITIONED BY (truncate(10, i))")]
    public async Task Small_changes_become_files(string layout)
    {
        await using var client = await OpenAsync("layout_tail");
        await client.RunAsync("RESET federation.tail_rows", $"CREATE TABLE t (i int, t text) {layout}",
            "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')", "UPDATE t SET t = 'x' WHERE i = 2", "DELETE FROM t WHERE i = 1",
            "INSERT INTO t VALUES (4, 'd') RETURNING i", "CALL lake.system.flush_table('layout_tail', 't')",
            "DELETE FROM t WHERE t = 'c'", "UPDATE t SET i = i + 10 WHERE i = 4");
        Assert.Equal(["2\tx", "14\td"], await client.RowsAsync("SELECT * FROM t ORDER BY i"));
        await client.RunAsync("CALL lake.system.flush_table('layout_tail', 't')");
        Assert.Equal(["2\tx", "14\td"], await client.RowsAsync("SELECT * FROM t ORDER BY i"));
        Assert.Equal("22003", layout.Contains("truncate", StringComparison.Ordinal)
            ? (await client.QueryAsync("INSERT INTO t VALUES (-2147483648, 'y')")).Error?.Code
            : "22003");
    }

    /// <summary>Files keep the spec that they were written with; a spec that comes back is the same one.</summary>
    [Fact]
    public async Task Partitions_evolve()
    {
        await using var client = await OpenAsync("layout_evolution");
        await client.RunAsync("CREATE TABLE t (i int, ts timestamp, t text) PARTITIONED BY (month(ts))",
            "INSERT INTO t VALUES (1, '2024-01-01', 'a'), (2, '2024-02-01', 'b')",
            "ALTER TABLE t REPLACE PARTITION FIELD month(ts) WITH days(ts) AS moment", "ALTER TABLE t ADD PARTITION FIELD bucket(8, i)",
            "INSERT INTO t VALUES (3, '2024-02-02', 'c')");
        Assert.Equal(["2\t{\"moment\": 19755, \"i_bucket\": 3}", "0\t{\"ts_month\": 649}", "0\t{\"ts_month\": 648}"],
            await FilesAsync());
        await client.RunAsync("BEGIN", "ALTER TABLE t DROP PARTITION FIELD i_bucket", "ALTER TABLE t DROP PARTITION FIELD days(ts)",
            "INSERT INTO t VALUES (4, '2024-02-03', 'd')", "ROLLBACK", "UPDATE t SET t = 'e' WHERE i = 1", "DELETE FROM t WHERE i = 2",
            "ALTER TABLE t SET PARTITIONING (month(ts))", "INSERT INTO t VALUES (5, '2024-01-09', 'f')");
        Assert.Equal(["2\t{\"moment\": 19755, \"i_bucket\": 3}", "2\t{\"moment\": 19723, \"i_bucket\": 4}", "0\t{\"ts_month\": 648}"],
            (await FilesAsync()).Order(StringComparer.Ordinal).Reverse());
        Assert.Equal(["1\te", "5\tf"],
            (await client.QueryAsync("SELECT i, t FROM t WHERE ts < '2024-02-01' ORDER BY i")).Rows.Select(SltFile.Row));
        await client.RunAsync("ALTER TABLE t SET PARTITIONED BY ()", "ALTER TABLE t DROP COLUMN ts", "DELETE FROM t WHERE i = 5",
            "CALL lake.system.rewrite_data_files('layout_evolution', 't', rewrite_all => true)");
        Assert.Equal(["3\t{}"], await FilesAsync());
        Assert.Equal(["1\te", "3\tc"], (await client.QueryAsync("SELECT * FROM t ORDER BY i")).Rows.Select(SltFile.Row));

        async Task<IEnumerable<string>> FilesAsync() =>
            (await client.QueryAsync("SELECT spec_id, partition FROM \"t$files\"")).Rows.Select(SltFile.Row);
    }

    [Theory]
    [InlineData("CREATE TABLE e (a text) PARTITIONED BY (hour(a))", "42P16")]
    [InlineData("CREATE TABLE e (a real) PARTITIONED BY (bucket(4, a))", "42P16")]
    [InlineData("CREATE TABLE e (a text) PARTITIONED BY (bucket(a))", "22023")]
    [InlineData("CREATE TABLE e (a text) PARTITIONED BY (truncate(0, a))", "22023")]
    [InlineData("CREATE TABLE e (a text) PARTITIONED BY (zorder(a))", "42883")]
    [InlineData("CREATE TABLE e (a text) PARTITIONED BY (b)", "42703")]
    [InlineData("CREATE TABLE e (a text) PARTITIONED BY (a, a)", "42710")]
    [InlineData("CREATE TABLE e (a text) SORTED BY (b)", "42703")]
    [InlineData("CREATE TABLE e (a text) PARTITIONED BY (a", "42601")]
    [InlineData("ALTER TABLE present DROP PARTITION FIELD b", "42704")]
    [InlineData("ALTER TABLE present ADD PARTITION FIELD a", "42710")]
    [InlineData("ALTER TABLE present ADD PARTITION FIELD bucket(4, a) AS v", "42710")]
    [InlineData("ALTER TABLE present DROP COLUMN a", "42P16")]
    [InlineData("ALTER TABLE present DROP COLUMN w", "42P16")]
    [InlineData("INSERT INTO present VALUES ('a', -2147483648)", "22003")]
    public async Task Errors(string statement, string code)
    {
        await using var client = await OpenAsync("layout_errors");
        await client.RunAsync("CREATE TABLE present (a text, v int, w int) PARTITIONED BY (a, truncate(10, v)) SORTED BY (w)");
        Assert.Equal(code, (await client.QueryAsync(statement)).Error?.Code);
    }

    /// <summary>Every file is in the order, however many threads have written it; Trino's options say the same.</summary>
    [Theory]
    [InlineData("SORTED BY (a DESC, b)")]
    [InlineData("PARTITIONED BY (bucket(2, b)) SORTED BY (a DESC NULLS FIRST, b)")]
    [InlineData("WITH (partitioning = ARRAY['bucket(b, 2)'], sorted_by = ARRAY['a DESC', 'b ASC NULLS LAST'])")]
    public async Task Rows_are_sorted(string layout)
    {
        await using var client = await OpenAsync("layout_sorted");
        await client.RunAsync($"CREATE TABLE t (a int, b int) {layout}",
            "INSERT INTO t SELECT nullif(g::bigint * 7919 % 10007, 0), g FROM generate_series(1, 400000) AS s(g)");
        Assert.Equal(["1"], (await client.QueryAsync("SELECT DISTINCT sort_order_id FROM \"t$files\"")).Rows.Select(row => row[0]));
        Assert.Equal(0, Inversions());
        await client.RunAsync("UPDATE t SET a = a + 1 WHERE b % 3 = 0",
            "CALL lake.system.rewrite_data_files('layout_sorted', 't', rewrite_all => true)");
        Assert.Equal(0, Inversions());
        await client.RunAsync("ALTER TABLE t WRITE UNORDERED", "INSERT INTO t VALUES (1, 1), (2, 2) RETURNING a");
        Assert.Equal(["0", "1"],
            (await client.QueryAsync("SELECT DISTINCT sort_order_id FROM \"t$files\" ORDER BY 1")).Rows.Select(row => row[0]));

        long Inversions()
        {
            var location = Location("layout_sorted");
            using var kernel = new PlainKernel(location);
            return kernel.Number(
                "SELECT count(*) FROM (SELECT a, b, lag(a) OVER w AS c, lag(b) OVER w AS d, row_number() OVER w AS r FROM read_parquet("
                    + $"'{location}/data/*/**/*.parquet', file_row_number = true, filename = true, hive_partitioning = false) "
                    + "WINDOW w AS (PARTITION BY filename ORDER BY file_row_number)) "
                    + "WHERE r > 1 AND (coalesce(c, 20000), -d) < (coalesce(a, 20000), -b)");
        }
    }

    private async Task<RawClient> OpenAsync(string schema)
    {
        var client = await ClientStatements.ConnectForFilesAsync(servers.Gateway);
        await client.RunAsync($"DROP SCHEMA IF EXISTS {schema} CASCADE", $"CREATE SCHEMA {schema}", $"SET search_path = {schema}");
        return client;
    }

    private long Check(string schema)
    {
        using var kernel = new PlainKernel(Location(schema));
        return new IcebergRules(Location(schema), kernel).Check();
    }

    /// <summary>The newest folder of table t.</summary>
    private string Location(string schema) => new DirectoryInfo(Path.Combine(servers.Warehouse, schema)).GetDirectories("t-*")
        .MaxBy(folder => folder.CreationTimeUtc)!.FullName;
}
