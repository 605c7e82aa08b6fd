using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;

namespace Federation.CompatTests.Suite.Lake;

/// <summary>
/// Tables that SQL has made, judged by the specification's rules (<see cref="IcebergRules"/>) and read by the kernel alone.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class WrittenTableTests(SuiteServers servers)
{
    private const string AllTypes =
        "b bool, s smallint, i int, l bigint, f real, d double precision, n4 numeric(4,2), n9 numeric(9,3), n18 numeric(18,6), n38 "
            + "numeric(38,10), dt date, ti time, ts timestamp, tz timestamptz, "
        + "t text, v varchar(300), c char(5), u uuid, y bytea, j jsonb, k int NOT NULL, a int[], x text[]";

    private const string Rows =
        """
        (true, -32768, -2147483648, -9223372036854775808, '-0', '-0', -99.99, -999999.999, -999999999999.999999, -9999999999999999999999999999.9999999999, '0001-01-01', '00:00', '0001-01-01 00:00:00', '1950-06-01 00:00:00.000001+00', '', '', '', '00000000-0000-0000-0000-000000000000', '\x', '{}', 1, '{}', '{}'),
        (false, 32767, 2147483647, 9223372036854775807, 'NaN', 'NaN', 99.99, 999999.999, 999999999999.999999, 9999999999999999999999999999.9999999999, '9999-12-31', '23:59:59.999999', '1969-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999+00', repeat('😀', 40), repeat('z', 300), 'abcde', 'ffffffff-ffff-ffff-ffff-ffffffffffff', decode(repeat('ff', 40), 'hex'), '{"a": [1, null]}', 2, '{1,NULL,3}', '{a,NULL,""}'),
        (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3, NULL, NULL),
        (true, 0, 0, 0, 0, 0, 0, 0, 0, 0, '1969-12-31', '12:00', '1970-01-01', '1970-01-01+00', 'straße ' || repeat('é', 30), 'a', 'ä', '80000000-0000-0000-0000-000000000001', decode(repeat('00', 17), 'hex'), '1', 4, '{0}', '{ä}')
        """;

    [Fact]
    public async Task Tables_of_all_types()
    {
        await using var client = await OpenAsync("rules_types");
        await RunAsync(client, $"CREATE TABLE t ({AllTypes})", $"INSERT INTO t VALUES {Rows}", "INSERT INTO t SELECT * FROM t",
            "INSERT INTO t (k) VALUES (7)", "INSERT INTO t SELECT * FROM t WHERE k = 1", "CREATE TABLE e (a int, b text)");
        Assert.Equal(11, Check("rules_types", "t"));
        Assert.Equal(0, Check("rules_types", "e"));
        await RunAsync(client, "CREATE TABLE c AS SELECT *, ROW(i, ROW(t, a)) AS r FROM t");
        Assert.Equal(11, Check("rules_types", "c"));
        await RunAsync(client, "INSERT INTO t SELECT * FROM t WHERE false");
        Assert.Equal(11, Check("rules_types", "t"));
    }

    /// <summary>Files larger than one row group, from a source that several tasks read.</summary>
    [Fact]
    public async Task A_table_of_many_rows()
    {
        await using var client = await OpenAsync("rules_many");
        await RunAsync(
            client,
            "CREATE TABLE t AS SELECT g, -g AS h, g::text || repeat('x', 20) AS t, CASE WHEN g % 7 > 0 THEN g::float8 / 3 END AS f FROM "
                + "generate_series(1, 300000) AS s(g)",
            "INSERT INTO t SELECT g, 0, NULL, 'NaN' FROM generate_series(1, 10) AS s(g)");
        Assert.Equal(300010, Check("rules_many", "t"));
    }

    [Theory]
    [InlineData("text", "'a'", "''", "'__HIVE_DEFAULT_PARTITION__'", "'a/b=c%20 ?#\"''\\'", "'😀'", "'..'", "repeat('y', 250)")]
    [InlineData("int", "1", "-2147483648")]
    [InlineData("bigint", "1", "-9223372036854775808")]
    [InlineData("smallint", "1", "-32768")]
    [InlineData("bool", "true", "false")]
    [InlineData("real", "1.1", "0", "'-0'", "'NaN'", "'Infinity'")]
    [InlineData("double precision", "1.1", "0", "'-0'", "'NaN'", "'-Infinity'")]
    [InlineData("numeric(4,2)", "-1.25", "0", "99.99")]
    [InlineData("numeric(9,0)", "-1", "0", "999999999")]
    [InlineData("numeric(18,6)", "-1.25", "0", "999999999999.999999")]
    [InlineData("numeric(38,10)", "-1.25", "0", "-9999999999999999999999999999.9999999999")]
    [InlineData("date", "'1960-02-29'", "'2024-12-31'", "'infinity'")]
    [InlineData("time", "'00:00'", "'23:59:59.999999'")]
    [InlineData("timestamp", "'1950-01-01 00:00:00.000001'", "'-infinity'", "'2024-01-01'")]
    [InlineData("timestamptz", "'1950-01-01 00:00:00.000001+00'", "'infinity'", "'2024-01-01+00'")]
    [InlineData("uuid", "'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'")]
    [InlineData("bytea", "'\\x'", "'\\x00ff2f'", "decode(repeat('abcdef', 20), 'hex')")]
    public async Task Partitions_by_values_of(string type, params string[] values)
    {
        await using var client = await OpenAsync("rules_partitions");
        await RunAsync(
            client, $"CREATE TABLE t (\"p p\" {type}, v int, q int, partition text) PARTITIONED BY (\"p p\", q)",
            "INSERT INTO t VALUES "
                + $"{string.Join(", ", values.Append("NULL").Select((value, i) => $"({value}, {i}, {i % 2}, 'x'), ({value}, {i}, NULL, NULL)"))}",
            $"INSERT INTO t VALUES ({values[0]}, 100, 5, 'y')");
        Assert.Equal((values.Length * 2) + 3, Check("rules_partitions", "t"));
        for (var i = 0; i < values.Length; i++)
        {
            var found = await client.QueryAsync($"SELECT DISTINCT v FROM t WHERE v < 100 AND \"p p\" = ({values[i]})::{type} AND v = {i}");
            Assert.Equal([$"{i}"], found.Rows.Select(SltFile.Row));
        }

        Assert.Equal(["2"], (await client.QueryAsync("SELECT count(*) FROM t WHERE \"p p\" IS NULL")).Rows.Select(SltFile.Row));
    }

    /// <summary>
    /// icebird, which shares no code with the gateway, reads the same values. Its readings of uuid and times are its own, so these are
    /// compared by their text.
    /// </summary>
    [Theory]
    [InlineData("")]
    [InlineData("PARTITIONED BY (p)")]
    [InlineData("PARTITIONED BY (dt, truncate(2, t), bucket(4, p), month(ts), hour(tz)) SORTED BY (i DESC)")]
    public async Task A_foreign_reader_reads_the_same(string partitions)
    {
        await using var client = await OpenAsync("rules_foreign");
        await RunAsync(
            client,
            "CREATE TABLE t (b bool, i int, l bigint, d float8, n numeric(9,3), m numeric(24,2), dt date, ts timestamp, tz timestamptz, "
                + $"t text, u uuid, a int[], p text) {partitions}",
            "INSERT INTO t VALUES (true, 1, 9223372036854775807, 1.5, -12.345, 12345678901.25, '1960-02-29', '1969-12-31 23:59:59.999', "
                + "'2024-01-01 00:00+00', 'straße 😀', 'f0000000-0000-0000-0000-000000000001', '{1,NULL,3}', 'a'), (false, NULL, NULL, "
                + "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
            "INSERT INTO t (i, p) VALUES (5, 'b/c'), (6, ''), (7, NULL)",
            "INSERT INTO t (i, l, t, p) SELECT g, -g, 'row ' || g, chr(97 + g % 3) FROM generate_series(100, 5020) AS s(g)",
            "DELETE FROM t WHERE i BETWEEN 5001 AND 5020 AND p = 'a'", "DELETE FROM t WHERE i > 5000",
            "UPDATE t SET d = i / 2.0, p = CASE WHEN i % 10 = 0 THEN 'moved' ELSE p END WHERE i % 5 = 0",
            "MERGE INTO t USING (SELECT * FROM t WHERE i BETWEEN 200 AND 300) AS s ON t.i = s.i AND s.i % 2 = 0 WHEN MATCHED AND t.i % 4 = 0 "
                + "THEN DELETE WHEN MATCHED THEN UPDATE SET t = 'merged' WHEN NOT MATCHED THEN INSERT (i, p) VALUES (s.i, 'c')");
        var location = Location("rules_foreign", "t");
        var metadata = Directory.GetFiles(Path.Combine(location, "metadata"), "*.metadata.json").Max(StringComparer.Ordinal)!;
        var (exitCode, output) = await Clients.ProgramRun.RunAsync("node",
            Path.Combine(Repository.CompatTests, "clients", "icebird_client.mjs"), location, Path.GetFileName(metadata));
        Assert.True(exitCode == 0, output);
        var expected = await client.QueryAsync(
            """
            SELECT json_build_array(json_build_array('b', b), json_build_array('i', i), json_build_array('l', l::text), json_build_array('d', d), json_build_array('n', n), json_build_array('m', m),
                json_build_array('dt', to_char(dt, 'YYYY-MM-DD"T00:00:00.000Z"')), json_build_array('ts', to_char(ts, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')), json_build_array('tz', to_char(tz, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
                json_build_array('t', t), json_build_array('u', replace(u::text, '-', '')), json_build_array('a', a), json_build_array('p', p)) FROM t
            """);
        Assert.True(expected.Error is null, expected.Error?.ToString());
        Assert.Equal(4930, expected.Rows.Count);
        Assert.Equal(expected.Rows.Select(row => row[0]!.Replace(", ", ",", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
            output.TrimEnd('\n').Split('\n').Order(StringComparer.Ordinal));
    }

    /// <summary>Only the default of rows that were there before is unknown to it, as the documentation says.</summary>
    [Fact]
    public async Task A_foreign_reader_follows_what_was_altered()
    {
        await using var client = await OpenAsync("rules_altered");
        await RunAsync(
            client, "CREATE TABLE t (a int, b text, c real, n numeric(6,2)) PARTITIONED BY (b)",
            "INSERT INTO t VALUES (1, 'x', 0.5, 1.25), (2, NULL, NULL, NULL)",
            "ALTER TABLE t RENAME a TO key", "ALTER TABLE t DROP c, ADD c text, ALTER key TYPE bigint, ALTER n TYPE numeric(20,2)",
            "INSERT INTO t VALUES (9223372036854775807, 'y', 123456789.25, 'new')",
            "ALTER TABLE t RENAME b TO part", "ALTER TABLE t ADD d int NOT NULL DEFAULT 7",
            "INSERT INTO t VALUES (4, 'x', NULL, NULL, 8)");
        var location = Location("rules_altered", "t");
        var metadata = Directory.GetFiles(Path.Combine(location, "metadata"), "*.metadata.json").Max(StringComparer.Ordinal)!;
        var (exitCode, output) = await Clients.ProgramRun.RunAsync("node",
            Path.Combine(Repository.CompatTests, "clients", "icebird_client.mjs"), location, Path.GetFileName(metadata));
        Assert.True(exitCode == 0, output);
        // Integers of older files come as numbers, as they were written.
        Assert.Equal(
            [
                """[["key","4"],["part","x"],["n",null],["c",null],["d",8]]""",
                """[["key","9223372036854775807"],["part","y"],["n",123456789.25],["c","new"],["d",null]]""",
                """[["key",1],["part","x"],["n",1.25],["c",null],["d",null]]""",
                """[["key",2],["part",null],["n",null],["c",null],["d",null]]""",
            ],
            output.TrimEnd('\n').Split('\n').Order(StringComparer.Ordinal));
        var own = await client.QueryAsync("SELECT key, part, n, c, d FROM t ORDER BY key");
        Assert.Equal(["1\tx\t1.25\tNULL\t7", "2\tNULL\tNULL\tNULL\t7", "4\tx\tNULL\tNULL\t8",
            "9223372036854775807\ty\t123456789.25\tnew\t7"], own.Rows.Select(SltFile.Row));
    }

    [Fact]
    public async Task A_partition_value_that_is_too_long_is_refused_and_leaves_nothing()
    {
        await using var client = await OpenAsync("rules_long");
        await RunAsync(client, "CREATE TABLE t (p text, v int) PARTITIONED BY (p)");
        var error = (await client.QueryAsync("INSERT INTO t SELECT repeat('x', 2000), 1")).Error;
        Assert.Equal(("54000", "a value of partition column \"p\" is too long"), (error?.Code, error?.Message));
        Assert.Empty(Directory.GetFiles(Location("rules_long", "t"), "*.parquet", SearchOption.AllDirectories));
        Assert.Equal(0, Check("rules_long", "t"));
    }

    /// <summary>The kernel takes such names for one; a file's columns are found by their ids.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("PARTITIONED BY (\"A\")")]
    public async Task Names_that_differ_in_case_alone(string partitions)
    {
        await using var client = await OpenAsync("rules_names");
        await RunAsync(client, $"CREATE TABLE t (a int, \"A\" text, \"A_\" int, \"a b\" int) {partitions}",
            "INSERT INTO t VALUES (1, 'x', 2, 3), (4, NULL, 5, 6)");
        Assert.Equal(["1 x 2 3", "4 NULL 5 6"],
            (await client.QueryAsync("SELECT * FROM t ORDER BY a")).Rows
                .Select(row => string.Join(' ', row.Select(value => value ?? "NULL"))));
        Assert.Equal(["1"], (await client.QueryAsync("SELECT a FROM t WHERE \"A\" = 'x'")).Rows.Select(row => row[0]!));
    }

    [Fact]
    public async Task A_new_table_needs_an_empty_folder()
    {
        await using var client = await OpenAsync("rules_folder");
        var folder = Directory.CreateDirectory(Path.Combine(servers.Files, "precious")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "kept"), "x");
        var error = (await client.QueryAsync($"CREATE TABLE t (a int) WITH (location = '{folder}')")).Error;
        Assert.Equal("55000", error?.Code);
        await RunAsync(client, "BEGIN");
        Assert.Equal("55000", (await client.QueryAsync($"CREATE TABLE t WITH (location = '{folder}') AS SELECT 1 AS a")).Error?.Code);
        await RunAsync(client, "ROLLBACK");
        Assert.True(File.Exists(Path.Combine(folder, "kept")));
    }

    /// <summary>Folders that do not exist are made with the first table in them; what was never there cannot be registered.</summary>
    [Fact]
    public async Task A_table_and_a_schema_may_lie_in_a_new_folder()
    {
        await using var client = await OpenAsync("rules_new_folder");
        var folder = Path.Combine(servers.Files, "new", Guid.NewGuid().ToString("N"));
        await RunAsync(
            client, "DROP SCHEMA IF EXISTS rules_placed CASCADE", $"CREATE TABLE t WITH (location = '{folder}/table') AS SELECT 1 AS a",
            $"CREATE SCHEMA rules_placed LOCATION '{folder}/schema'",
            "CREATE TABLE rules_placed.t AS SELECT 2 AS a", $"ALTER SCHEMA rules_placed SET LOCATION '{folder}/later'",
            "CREATE TABLE rules_placed.u AS SELECT 3 AS a");
        var rows = await client.QueryAsync(
            "SELECT a FROM t UNION ALL SELECT a FROM rules_placed.t UNION ALL SELECT a FROM rules_placed.u ORDER BY a");
        Assert.Equal(["1", "2", "3"], rows.Rows.Select(row => row[0]));
        Assert.All((string[])["table/metadata", "schema", "later"],
            name => Assert.NotEmpty(Directory.GetFileSystemEntries(Path.Combine(folder, name))));
        Assert.Equal("58P01",
            (await client.QueryAsync($"CALL lake.system.register_table('rules_placed', 'v', '{folder}/nothing')")).Error?.Code);
        Assert.Equal("42501", (await client.QueryAsync("CREATE TABLE v (a int) WITH (location = '/nothing/here')")).Error?.Code);
        await RunAsync(client, "DROP SCHEMA rules_placed CASCADE");
    }

    private async Task<RawClient> OpenAsync(string schema)
    {
        var client = await ClientStatements.ConnectForFilesAsync(servers.Gateway);
        await RunAsync(client, $"DROP SCHEMA IF EXISTS {schema} CASCADE", $"CREATE SCHEMA {schema}", $"SET search_path = {schema}");
        return client;
    }

    private long Check(string schema, string table)
    {
        var location = Location(schema, table);
        using var kernel = new PlainKernel(location);
        return new IcebergRules(location, kernel).Check();
    }

    /// <summary>The newest folder of the table's name.</summary>
    private string Location(string schema, string table) =>
        new DirectoryInfo(Path.Combine(servers.Warehouse, schema)).GetDirectories($"{table}-*")
            .MaxBy(folder => folder.CreationTimeUtc)!.FullName;

    private static async Task RunAsync(RawClient client, params string[] statements)
    {
        foreach (var sql in statements)
        {
            var error = (await client.QueryAsync(sql)).Error;
            Assert.True(error is null, $"{sql}: {error}");
        }
    }
}
