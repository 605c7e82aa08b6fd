using System.Globalization;
using Federation.CompatTests.Suite.Protocol;
using Npgsql;
using NpgsqlTypes;

namespace Federation.CompatTests.Suite.Sources;

/// <summary>
/// A statement that comes again with other values, prepared or written anew, is one statement of the source without being planned again.
/// Its rows, its errors and what it notices are those of the same statement sent for the first time.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class GenericReadTests(SuiteServers servers, GenericReadTests.Source source)
    : IClassFixture<GenericReadTests.Source>, IAsyncLifetime
{
    private const string Tables =
        """
        SET TimeZone = 'UTC';
        CREATE TYPE mood AS ENUM ('zed', 'alpha', 'mid');
        CREATE DOMAIN score AS int4;
        CREATE TABLE kinds (id int PRIMARY KEY, small int2, big int8, n numeric(12,3), r float4, d float8, t text, v varchar(10), c char(5), b bool, u uuid,
            y bytea, dt date, tm time, ts timestamp, tz timestamptz, iv interval, m mood, s score, k text COLLATE "C");
        INSERT INTO kinds SELECT i, i, i * 1000000000::int8, i / 8.0, i / 4.0, i / 10.0, 'it''s \ ' || i, 'v' || i, 'c' || i, i % 2 = 0, md5(i::text)::uuid,
            decode(lpad(to_hex(i), 4, '0'), 'hex'), date '2020-01-01' + i, time '10:00' + i * interval '1 minute', timestamp '2020-01-01' + i * interval '1 hour',
            timestamptz '2020-01-01 00:00+00' + i * interval '1 hour', i * interval '1 day', (ARRAY['zed', 'alpha', 'mid'])[i % 3 + 1]::mood, i, chr(96 + i)
        FROM generate_series(1, 20) AS i;
        INSERT INTO kinds (id) VALUES (99);
        CREATE TABLE alike AS SELECT 1 AS id, i FROM generate_series(1, 40000) AS i;
        CREATE VIEW shown AS SELECT id, t, 10 / (id - 7) AS q FROM kinds WHERE id <= 20;
        """;

    /// <summary>The server with its tables, for all tests of the class.</summary>
    public sealed class Source : IAsyncLifetime
    {
        internal RemoteStatements Statements { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Statements = await RemoteStatements.StartAsync();
            await Statements.Server.ExecuteAsync(Tables);
        }

        public async Task DisposeAsync() => await Statements.DisposeAsync();
    }

    private readonly RemoteStatements _source = source.Statements;

    public async Task InitializeAsync()
    {
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
        await SucceedAsync(client, $"CREATE SERVER generic FOREIGN DATA WRAPPER postgres OPTIONS ({_source.Options})");
        await SucceedAsync(client, "CREATE USER MAPPING FOR PUBLIC SERVER generic OPTIONS (user 'postgres')");
    }

    public async Task DisposeAsync()
    {
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
        await SucceedAsync(client, "DROP SERVER generic CASCADE");
    }

    /// <summary>Conditions with a place for each value, and the values one after another.</summary>
    public static TheoryData<string, string, string[]> Conditions => new()
    {
        { "id = {0}", "int4", ["1", "7", "99", "0", "2147483647"] },
        { "id = {0}", "int8", ["1", "9999999999"] },
        { "small = {0}", "int4", ["3", "70000"] },
        { "big = {0}", "int8", ["5000000000", "5", "9223372036854775807"] },
        { "big >= {0} AND id = 5", "int8", ["5000000000", "5000000001"] },
        { "n = {0}", "numeric", ["'0.125'", "'2.5'", "'2.500'", "'99999999999999999999'"] },
        { "d = {0}", "float8", ["'0.1'", "'0.30000000000000004'", "'0.3'", "'NaN'"] },
        { "r = {0}", "float4", ["'0.25'", "'Infinity'"] },
        { "t = {0}", "text", ["'it''s \\ 3'", "'it''s \\ 30'", "''", "'ä€'"] },
        { "v = {0}", "text", ["'v7'", "'v7 '"] },
        { "c = {0}", "bpchar", ["'c3'", "'c3   '", "'c3x'"] },
        { "u = {0}", "uuid", ["'c4ca4238a0b923820dcc509a6f75849b'", "'c81e728d-9d4c-2f63-6f06-7f89cc14862c'"] },
        { "y = {0}", "bytea", ["'\\x0005'", "'\\x'"] },
        { "dt = {0}", "date", ["'2020-01-05'", "'Jan 6, 2020'", "'infinity'"] },
        { "tm = {0}", "time", ["'10:05'", "'10:05:00.000001'"] },
        { "ts = {0}", "timestamp", ["'2020-01-01 05:00'", "'2020-01-01T06:00:00'"] },
        { "tz = {0}", "timestamptz", ["'2020-01-01 05:00+00'", "'2020-01-01 05:00+02'", "'2020-01-01 05:00 America/New_York'"] },
        { "iv = {0}", "interval", ["'3 days'", "'72:00'"] },
        { "s = {0}", "int4", ["4", "5"] },
        { "k < {0} AND id = 2", "text", ["'a'", "'c'", "'Z'"] },
        { "b = {0} AND id = 4", "bool", ["'t'", "'false'"] },
        { "m = {0} AND id = 4", "", ["'zed'", "'mid'", "'alpha'"] },
        { "id = {0} OR id = 3", "int4", ["1", "3"] },
        { "NOT id <> {0}", "int4", ["8", "12"] },
        { "t LIKE 'it%' AND id = {0}", "int4", ["8", "12"] },
        { "id IN (1, 2, 3) AND id = {0}", "int4", ["2", "4"] },
    };

    [Theory]
    [MemberData(nameof(Conditions))]
    public async Task Rows_are_those_of_the_source(string condition, string type, string[] values)
    {
        await using var direct = await RawClient.ConnectAsync(Direct);
        await using var gateway = await RawClient.ConnectAsync(servers.Gateway with { Database = "generic" });
        if (type.Length > 0)
            await SucceedAsync(gateway, $"PREPARE q ({type}) AS {Select(string.Format(CultureInfo.InvariantCulture, condition, "$1"))}");
        var found = 0;
        for (var round = 0; round < 3; round++)
        {
            foreach (var value in (string[])[.. values, "NULL"])
            {
                var written = Select(string.Format(CultureInfo.InvariantCulture, condition, value));
                var expected = Rows(await direct.QueryAsync(written));
                Assert.Equal((written, expected), (written, Rows(await gateway.QueryAsync(written))));
                if (expected.Length > 0 && expected[0] != '!') found++;
                if (type.Length == 0) continue;
                var typed = Rows(
                    await direct.QueryAsync(Select(string.Format(CultureInfo.InvariantCulture, condition, $"CAST({value} AS {type})"))));
                Assert.Equal((value, typed), (value, Rows(await gateway.QueryAsync($"EXECUTE q ({value})"))));
            }
        }

        Assert.True(found > 0, "no value was found");
    }

    [Fact]
    public async Task Each_execution_is_one_statement_of_the_source()
    {
        await using var prepared = new NpgsqlConnection((servers.Gateway with { Database = "generic" }).ConnectionString);
        await prepared.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT t FROM kinds WHERE id = $1 AND n >= $2", prepared);
        command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Integer });
        command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Numeric });
        await command.PrepareAsync();
        await using var written = await RawClient.ConnectAsync(servers.Gateway with { Database = "generic" });
        var before = 0;
        for (var id = 1; id <= 14; id++)
        {
            if (id == 5) before = await _source.CountAsync();
            (command.Parameters[0].Value, command.Parameters[1].Value) = (id, 0.125m);
            Assert.Equal($"it's \\ {id}", await command.ExecuteScalarAsync());
            Assert.Equal($"it's \\ {id}",
                Assert.Single((await SucceedAsync(written, $"SELECT t FROM kinds WHERE id = {id} AND k < 'zz'")).Rows)[0]);
        }

        var sent = (await _source.ReadAsync()).Skip(before).ToArray();
        Assert.Equal(20, sent.Length);
        Assert.Equal(10, sent.Count(statement => statement.Contains("id = $1::integer AND n >= $2::numeric", StringComparison.Ordinal)));
        Assert.Equal(10, sent.Count(statement => statement.Contains("id = $1::integer AND k < $2::text", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Many_rows_come_whole()
    {
        await using var gateway = await RawClient.ConnectAsync(servers.Gateway with { Database = "generic" });
        await SucceedAsync(gateway, "PREPARE q AS SELECT i FROM alike WHERE id = $1");
        for (var round = 0; round < 4; round++)
        {
            Assert.Equal(40000, (await SucceedAsync(gateway, "EXECUTE q (1)")).Rows.Select(row => row[0]).Distinct().Count());
            Assert.Empty((await SucceedAsync(gateway, "EXECUTE q (2)")).Rows);
            Assert.Equal(40000,
                (await SucceedAsync(gateway, "SELECT i FROM alike WHERE id = 1")).Rows.Select(row => row[0]).Distinct().Count());
        }
    }

    [Theory]
    [InlineData("SELECT t FROM kinds WHERE id = {0}", "1", "'abc'", "22P02")]
    [InlineData("SELECT t FROM kinds WHERE dt = {0}", "'2020-01-05'", "'2020-13-05'", "22008")]
    [InlineData("SELECT t FROM kinds WHERE id = {0}", "1", "1/0", "22012")]
    [InlineData("SELECT t FROM kinds WHERE id = {0}", "1", "nothing", "42703")]
    [InlineData("SELECT t FROM kinds WHERE u = {0}", "'c4ca4238a0b923820dcc509a6f75849b'", "5", "42883")]
    [InlineData("SELECT q FROM shown WHERE id = {0}", "5", "7", "22012")]
    public async Task Errors_are_those_of_a_first_statement(string sql, string value, string wrong, string state)
    {
        await using var direct = await RawClient.ConnectAsync(Direct);
        await using var gateway = await RawClient.ConnectAsync(servers.Gateway with { Database = "generic" });
        for (var round = 0; round < 3; round++)
        {
            await SucceedAsync(gateway, string.Format(CultureInfo.InvariantCulture, sql, value));
            var written = string.Format(CultureInfo.InvariantCulture, sql, wrong);
            var expected = (await direct.QueryAsync(written)).Error!;
            var error = (await gateway.QueryAsync(written)).Error!;
            Assert.Equal(state, expected.Code);
            Assert.Equal((expected.Code, expected.Message, expected.Position), (error.Code, error.Message, error.Position));
        }
    }

    [Fact]
    public async Task Changed_tables_are_noticed()
    {
        await using var gateway = await RawClient.ConnectAsync(servers.Gateway with { Database = "generic" });
        (string Change, string Row)[] steps =
        [
            ("CREATE TABLE moving (id int, v int); INSERT INTO moving VALUES (1, 10), (2, 20)", "10"),
            ("ALTER TABLE moving ADD more text", "10"),
            ("ALTER TABLE moving ALTER v TYPE numeric(6,2)", "10.00"),
            ("ALTER TABLE moving ALTER id TYPE text", "!42883"),
            ("DROP TABLE moving; CREATE TABLE moving (v text, id int8); INSERT INTO moving VALUES ('new', 1)", "new"),
            ("DROP TABLE moving", "!42P01"),
            ("CREATE VIEW moving AS SELECT 1 AS id, date '2020-01-01' AS v", "2020-01-01"),
        ];
        foreach (var (change, row) in steps)
        {
            await _source.Server.ExecuteAsync(change);
            for (var round = 0; round < 3; round++)
            {
                Assert.Equal((change, row), (change, Rows(await gateway.QueryAsync("SELECT v FROM moving WHERE id = 1"))));
                if (row[0] != '!') Assert.Equal("", Rows(await gateway.QueryAsync("SELECT v FROM moving WHERE id = 999")));
            }
        }

        await SucceedAsync(gateway, "PREPARE q AS SELECT v FROM moving WHERE id = $1");
        for (var round = 0; round < 3; round++) Assert.Equal("2020-01-01", Rows(await gateway.QueryAsync("EXECUTE q (1)")));
        await _source.Server.ExecuteAsync("DROP VIEW moving; CREATE TABLE moving (id int, v int)");
        Assert.Equal("!0A000", Rows(await gateway.QueryAsync("EXECUTE q (1)")));
    }

    [Fact]
    public async Task Settings_and_the_transaction_count_for_each_statement()
    {
        await using var direct = await RawClient.ConnectAsync(Direct);
        await using var gateway = await RawClient.ConnectAsync(servers.Gateway with { Database = "generic" });
        string[] statements =
        [
            "SELECT id FROM kinds WHERE tz = '2020-01-01 05:00'", "SELECT id FROM kinds WHERE tz = '2020-01-01 06:00'",
            "SET TimeZone = 'Europe/Paris'", "SELECT id, tz FROM kinds WHERE tz = '2020-01-01 05:00'",
            "SELECT id, tz FROM kinds WHERE tz = '2020-01-01 05:00'", "SELECT dt FROM kinds WHERE dt = '03/01/2020'",
            "SELECT dt FROM kinds WHERE dt = '04/01/2020'", "SET DateStyle = 'ISO, DMY'", "SELECT dt FROM kinds WHERE dt = '03/01/2020'",
            "BEGIN", "SELECT id FROM kinds WHERE id = 3", "SELECT nothing FROM kinds WHERE id = 3", "SELECT id FROM kinds WHERE id = 4",
            "SELECT id FROM kinds WHERE id = 5", "ROLLBACK", "SELECT id FROM kinds WHERE id = 6",
            "SELECT id FROM kinds WHERE id = 6; SELECT id FROM kinds WHERE id = 7", "SELECT id FROM kinds WHERE id = 7 /* no more */",
            "SELECT id FROM kinds WHERE id = 8 -- no more",
        ];
        for (var round = 0; round < 2; round++)
        {
            foreach (var statement in statements)
                Assert.Equal((statement, Rows(await direct.QueryAsync(statement))), (statement, Rows(await gateway.QueryAsync(statement))));
            foreach (var client in (RawClient[])[direct, gateway]) await SucceedAsync(client, "RESET TimeZone");
            foreach (var client in (RawClient[])[direct, gateway]) await SucceedAsync(client, "RESET DateStyle");
        }
    }

    [Fact]
    public async Task Rights_are_those_of_the_present_user()
    {
        await using var gateway = await RawClient.ConnectAsync(servers.Gateway);
        await SucceedAsync(gateway, "CREATE ROLE generic_reader");
        try
        {
            await SucceedAsync(gateway, "PREPARE q AS SELECT id FROM generic.public.kinds WHERE id = $1");
            for (var id = 1; id <= 3; id++)
            {
                Assert.Equal($"{id}", Rows(await gateway.QueryAsync($"EXECUTE q ({id})")));
                Assert.Equal($"{id}", Rows(await gateway.QueryAsync($"SELECT id FROM generic.public.kinds WHERE id = {id}")));
            }

            await SucceedAsync(gateway, "SET ROLE generic_reader");
            Assert.Equal("!42501", Rows(await gateway.QueryAsync("EXECUTE q (4)")));
            Assert.Equal("!42501", Rows(await gateway.QueryAsync("SELECT id FROM generic.public.kinds WHERE id = 4")));
            await SucceedAsync(gateway, "RESET ROLE");
            Assert.Equal("5", Rows(await gateway.QueryAsync("SELECT id FROM generic.public.kinds WHERE id = 5")));
        }
        finally
        {
            await gateway.QueryAsync("RESET ROLE");
            await SucceedAsync(gateway, "DROP ROLE generic_reader");
        }
    }

    [Fact]
    public async Task The_query_log_has_text_rows_and_source_of_each()
    {
        await using var gateway = await RawClient.ConnectAsync(servers.Gateway with { Database = "generic" });
        var mark = $"m{Guid.NewGuid():N}";
        for (var id = 1; id <= 4; id++) await SucceedAsync(gateway, $"SELECT id AS {mark} FROM kinds WHERE id = {id} AND t <> 'secret'");
        var log = await SucceedAsync(gateway,
            $"SELECT query, state, rows, sources FROM system.queries WHERE query LIKE '%{mark}%' AND query NOT LIKE '%system.queries%'");
        Assert.Equal(4, log.Rows.Count);
        Assert.All(log.Rows,
            row => Assert.Equal(($"SELECT id AS {mark} FROM kinds WHERE id = ? AND t <> ?", "finished", "1"), (row[0], row[1], row[2])));
        Assert.All(log.Rows, row => Assert.Contains("generic.public.kinds", row[3], StringComparison.Ordinal));
    }

    private ServerAddress Direct => servers.Postgres with { Port = _source.Server.Port, Database = "postgres" };

    private static string Select(string condition) =>
        $"SELECT id, small, big, n, r, d, t, v, c, b, u, y, dt, tm, ts, tz, iv, m, s, k FROM kinds WHERE {condition}";

    private static string Rows(QueryResult result) =>
        result.Error is { } error
            ? "!" + error.Code
            : string.Join('\n',
                result.Rows.Select(row => string.Join('|', row.Select(value => value ?? "NULL"))).Order(StringComparer.Ordinal));

    private static async Task<QueryResult> SucceedAsync(RawClient client, string sql)
    {
        var result = await client.QueryAsync(sql);
        Assert.True(result.Error is null, $"{sql}: {result.Error?.Code} {result.Error?.Message}");
        return result;
    }
}
