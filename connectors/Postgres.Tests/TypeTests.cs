using System.Globalization;
using Federation.Arrow;
using Federation.Connectors.Spi;
using Federation.Core.Errors;

namespace Federation.Connectors.Postgres.Tests;

/// <summary>Every type by way of the connector equals what the server itself shows.</summary>
[Collection(PostgresCollection.Name)]
public sealed class TypeTests(PostgresFixture fixture)
{
    /// <summary>The source's type, the type it has here, and values as SQL literals.</summary>
    public static TheoryData<string, string, string[]> Types() => new()
    {
        { "bool", "boolean", ["t", "f"] },
        { "int2", "smallint", ["0", "-32768", "32767"] },
        { "int4", "integer", ["0", "-2147483648", "2147483647"] },
        { "int8", "bigint", ["0", "-9223372036854775808", "9223372036854775807"] },
        { "float4", "real", ["0", "-0", "1.1", "3.4028235e38", "1e-45", "NaN", "Infinity", "-Infinity"] },
        { "float8", "double precision", ["0", "-0", "0.1", "1.7976931348623157e308", "5e-324", "NaN", "Infinity", "-Infinity"] },
        { "numeric(4,2)", "numeric(4,2)", ["0", "-99.99", "99.99", "0.01", "-0.10"] },
        { "numeric(4,4)", "numeric(4,4)", ["0", "0.0001", "-0.9999"] },
        { "numeric(9,3)", "numeric(9,3)", ["0", "123456.789", "-999999.999", "0.001", "10000"] },
        { "numeric(15,2)", "numeric(15,2)", ["0", "1234567890123.45", "-9999999999999.99", "10000.5", "0.07", "40000000"] },
        { "numeric(18,0)", "numeric(18,0)", ["999999999999999999", "-999999999999999999", "10000", "0"] },
        { "numeric(18,6)", "numeric(18,6)", ["999999999999.999999", "0.000001", "-0.000100", "10000.0001"] },
        { "numeric(19,5)", "numeric(19,5)", ["99999999999999.99999", "-0.00001", "12345.6789"] },
        { "numeric(38,0)", "numeric(38,0)", ["99999999999999999999999999999999999999", "-99999999999999999999999999999999999999", "0"] },
        { "numeric(38,10)", "numeric(38,10)", ["9999999999999999999999999999.9999999999", "0.0000000001", "-1"] },
        { "numeric(38,38)", "numeric(38,38)", ["0.99999999999999999999999999999999999999", "0.00000000000000000000000000000000000001"] },
        { "numeric", "numeric", ["0", "0.00", "NaN", "Infinity", "-Infinity", "-1.50", "1e131071", "1e-1000",
            "123456789012345678901234567890.123456789", "0.0001", "10000"] },
        { "numeric(50,3)", "numeric(50,3)", ["12345678901234567890123456789012345678901234567.891", "NaN"] },
        { "numeric(3,-2)", "numeric(3,-2)", ["12300", "-99900"] },
        { "numeric(3,5)", "numeric(3,5)", ["0.00123"] },
        { "text", "text", ["", "plain", "ünïcödé €🎉", "line\nbreak\ttab\\"] },
        { "varchar(10)", "character varying(10)", ["", "abc", "0123456789"] },
        { "char(5)", "character(5)", ["", "ab", "abcde"] },
        { "name", "name", ["", "some_name"] },
        { "\"char\"", "\"char\"", ["", "a", "\\377"] },
        { "bytea", "bytea", ["", "\\x00ff10", "\\xdeadbeef"] },
        { "date", "date", ["1970-01-01", "2000-01-01", "1999-12-31", "4713-01-01 BC", "5874897-12-31", "infinity", "-infinity"] },
        { "time", "time without time zone", ["00:00:00", "23:59:59.999999", "24:00:00"] },
        { "time(3)", "time(3) without time zone", ["12:34:56.789"] },
        { "timetz", "time with time zone", ["00:00:00+00", "12:34:56.789+05:30", "23:59:59.999999-15:59:59", "24:00:00+15:59:59"] },
        { "timestamp", "timestamp without time zone", ["1970-01-01", "1999-12-31 23:59:59.999999", "4713-01-01 00:00:00 BC",
            "294246-12-31 23:59:59.999999", "infinity", "-infinity"] },
        { "timestamptz", "timestamp with time zone",
            ["1970-01-01 00:00:00+00", "2024-03-31 01:30:00+02", "4713-01-01 00:00:00+00 BC", "infinity", "-infinity"] },
        { "interval", "interval",
            ["0", "1 year 2 months 3 days 04:05:06.789", "-1 mon +2 days -00:00:00.000001", "178000000 years", "1 day"] },
        { "uuid", "uuid",
            ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"] },
        { "json", "json", ["{\"b\" : 1, \"a\":2}", "null", "[1, 2]"] },
        { "jsonb", "jsonb", ["{\"b\" : 1, \"a\":2, \"b\": 3}", "null", "\"x\"", "1.10"] },
        { "bit(3)", "bit(3)", ["101", "000", "111"] },
        { "bit(16)", "bit(16)", ["1010101010101010"] },
        { "varbit", "bit varying", ["", "1", "101010101", "11111111"] },
        { "oid", "oid", ["0", "4294967295"] },
        { "xid", "xid", ["3", "4294967295"] },
        { "xid8", "xid8", ["3", "18446744073709551615"] },
        { "cid", "cid", ["7"] },
        { "tid", "tid", ["(1,2)"] },
        { "regclass", "text", ["pg_class", "information_schema.tables"] },
        { "regtype", "text", ["int4"] },
        { "inet", "inet", ["192.168.1.1", "192.168.1.0/24", "::1", "2001:db8::/32", "::ffff:1.2.3.4"] },
        { "cidr", "cidr", ["192.168.1.0/24", "10.0.0.0/8", "2001:db8::/32", "1.2.3.4/32"] },
        { "macaddr", "macaddr", ["08:00:2b:01:02:03"] },
        { "macaddr8", "macaddr8", ["08:00:2b:01:02:03:04:05"] },
        { "money", "money", ["-1234.56", "0"] },
        { "xml", "xml", ["<a>b</a>"] },
        { "tsvector", "tsvector", ["a fat cat:3 sat"] },
        { "tsquery", "tsquery", ["fat & rat"] },
        { "int4range", "int4range", ["[1,5)", "empty", "(,)"] },
        { "numrange", "numrange", ["[1.5,2.5]"] },
        { "tstzrange", "tstzrange", ["[2024-01-01 00:00+00,infinity)"] },
        { "int4multirange", "int4multirange", ["{[1,3),[5,7)}"] },
        { "point", "point", ["(1.5,-2)"] },
        { "box", "box", ["(3,4),(1,2)"] },
        { "path", "path", ["[(1,2),(3,4)]"] },
        { "polygon", "polygon", ["((0,0),(1,1),(1,0))"] },
        { "circle", "circle", ["<(1,2),3>"] },
        { "line", "line", ["{1,2,3}"] },
        { "lseg", "lseg", ["[(1,2),(3,4)]"] },
        { "pg_lsn", "pg_lsn", ["16/B374D848"] },
        { "jsonpath", "jsonpath", ["$.a[*]"] },
        { "mood", "mood", ["sad", "it's \"ok\"", "happy"] },
        { "positive", "integer", ["1"] },
        { "short_code", "character varying(4)", ["abcd"] },
        { "price", "numeric(10,2)", ["12.50"] },
        { "address", "address", ["(\"Main St\",12)", "(,)"] },
        { "float8range_own", "float8range_own", ["[1,2.5)"] },
        { "bool[]", "boolean[]", ["{t,f,NULL}", "{}"] },
        { "int4[]", "integer[]", ["{1,NULL,-3}", "{}"] },
        { "int8[]", "bigint[]", ["{9223372036854775807}"] },
        { "float8[]", "double precision[]", ["{1.5,NaN,Infinity}"] },
        { "numeric(6,2)[]", "numeric(6,2)[]", ["{1.50,NULL,-0.01}"] },
        { "numeric[]", "numeric[]", ["{1.50,NaN,1e40}"] },
        { "text[]", "text[]", ["{a,NULL,\"NULL\",\"x y\",\"\",\"a\\\"b\"}"] },
        { "varchar(5)[]", "character varying(5)[]", ["{abc}"] },
        { "date[]", "date[]", ["{2024-01-01,infinity}"] },
        { "timestamptz[]", "timestamp with time zone[]", ["{\"2024-01-01 00:00:00+00\"}"] },
        { "interval[]", "interval[]", ["{\"1 mon\",NULL}"] },
        { "uuid[]", "uuid[]", ["{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"] },
        { "bytea[]", "bytea[]", ["{\"\\\\x00ff\"}"] },
        { "jsonb[]", "jsonb[]", ["{\"{\\\"a\\\": 1}\"}"] },
        { "bit(3)[]", "bit(3)[]", ["{101,010}"] },
        { "inet[]", "inet[]", ["{192.168.1.1,::1/64}"] },
        { "macaddr[]", "macaddr[]", ["{08:00:2b:01:02:03}"] },
        { "int4range[]", "int4range[]", ["{\"[1,2)\",empty}"] },
        { "mood[]", "mood[]", ["{sad,\"it's \\\"ok\\\"\"}"] },
        { "positive[]", "integer[]", ["{1,2}"] },
        { "price[]", "numeric(10,2)[]", ["{1.50}"] },
        { "box[]", "text", ["{(3,4),(1,2);(1,1),(0,0)}"] },
        { "address[]", "address[]", ["{\"(a,1)\"}"] },
        { "int2vector", "int2vector", ["1 2 3"] },
        { "oidvector", "oidvector", ["1 2 3"] },
    };

    [Theory]
    [MemberData(nameof(Types))]
    public async Task Values_equal_the_servers_own_text(string type, string here, string[] values)
    {
        await CreateTypesAsync();
        var table = $"types_{Guid.NewGuid():N}";
        var rows = string.Join(", ", values.Select(value => $"(${"q"}${value}${"q"}$)"));
        await fixture.Server
            .ExecuteAsync($"CREATE TABLE {table} (n serial, v {type}); INSERT INTO {table} (v) VALUES {rows}, (NULL), ($q${values[0]}$q$)");
        var before = NativeBuffer.LiveBytes;
        await using var connector = fixture.Connect();
        var found = await connector.FindAsync(table);
        Assert.Equal(here, found.Columns[1].Type.ToString());
        var read = await connector.ReadAsync(found.Handle, ["v"]);

        // The output function itself: casts of inet to text are another function.
        var expected =
            await fixture.Server
                .QueryAsync(
                    $"SET TimeZone = 'UTC'; SELECT CASE WHEN v IS NOT DISTINCT FROM NULL THEN NULL ELSE format('%s', v) END FROM {table} "
                        + "ORDER BY n");
        Assert.Equal(expected, read.Select(row => row[0]));

        // The same by a prepared statement, before and after the driver has prepared it.
        for (var round = 0; round < 3; round++)
            Assert.Equal(expected, (await connector.ReadAsync(connector.Few(found.Handle), ["v"])).Select(row => row[0]));
        Assert.Equal(before, NativeBuffer.LiveBytes);
    }

    [Fact]
    public async Task Types_of_extensions_are_text()
    {
        await fixture.Server.ExecuteAsync(
            "CREATE EXTENSION IF NOT EXISTS hstore; CREATE EXTENSION IF NOT EXISTS citext; DROP TABLE IF EXISTS extended;"
            + "CREATE TABLE extended (h hstore, c citext, hs hstore[]); INSERT INTO extended VALUES ('a=>1', 'MiXed', "
            + "ARRAY['a=>1'::hstore])");
        await using var connector = fixture.Connect();
        Assert.Equal((string?[])["\"a\"=>\"1\"", "MiXed", "{\"\\\"a\\\"=>\\\"1\\\"\"}"],
            Assert.Single(await connector.ReadTableAsync("extended")));
    }

    [Theory]
    [InlineData("int4[]", "{{1,2},{3,4}}", "0A000", "2 dimensions")]
    [InlineData("int4[]", "[0:1]={1,2}", "0A000", "begin at 0")]
    [InlineData("numeric(10,2)", "NaN", "22003", "NaN")]
    [InlineData("timestamp", "294276-01-01", "0A000", "out of range")]
    public async Task Values_that_have_no_form_here_are_errors_that_name_the_column(string type, string value, string state, string message)
    {
        var table = $"refused_{Guid.NewGuid():N}";
        await fixture.Server.ExecuteAsync($"CREATE TABLE {table} (odd {type}, n int); INSERT INTO {table} VALUES ('{value}', 1)");
        var before = NativeBuffer.LiveBytes;
        await using var connector = fixture.Connect();
        var error = await Assert.ThrowsAsync<SqlException>(() => connector.ReadTableAsync(table));
        Assert.Equal(state, error.State.ToString());
        Assert.Contains("\"odd\"", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Equal(before, NativeBuffer.LiveBytes);

        // The other columns of the same rows can be read.
        Assert.Equal("1", Assert.Single(await connector.ReadAsync((await connector.FindAsync(table)).Handle, ["n"]))[0]);
    }

    [Fact]
    public async Task Long_values_and_many_rows_cross_buffers_and_batches()
    {
        await fixture.Server.ExecuteAsync(
            "DROP TABLE IF EXISTS long_values; CREATE TABLE long_values AS SELECT i, repeat(chr(65 + i % 26), (i % 7) * 50000) AS t FROM "
                + "generate_series(1, 200) AS i;"
            + "DROP TABLE IF EXISTS many_rows; CREATE TABLE many_rows AS SELECT i, i * 2 AS j FROM generate_series(1, 100000) AS i");
        await using var connector = fixture.Connect();
        var texts = await connector.ReadTableAsync("long_values");
        Assert.Equal(200, texts.Count);
        Assert.All(texts, (row, i) => Assert.Equal(new string((char)(65 + ((i + 1) % 26)), (i + 1) % 7 * 50000), row[1]));
        var rows = await connector.ReadTableAsync("many_rows");
        Assert.Equal(Enumerable.Range(1, 100000).Select(i => (i * 2).ToString(CultureInfo.InvariantCulture)), rows.Select(row => row[1]));
    }

    private Task CreateTypesAsync() => fixture.Server.ExecuteAsync(
        """
        DO $$ BEGIN
            IF to_regtype('mood') IS NULL THEN
                CREATE TYPE mood AS ENUM ('sad', 'it''s "ok"', 'happy');
                CREATE DOMAIN positive AS int CHECK (VALUE > 0);
                CREATE DOMAIN code AS varchar(4);
                CREATE DOMAIN short_code AS code CHECK (VALUE <> '');
                CREATE DOMAIN price AS numeric(10, 2);
                CREATE TYPE address AS (street text, number int);
                CREATE TYPE float8range_own AS RANGE (subtype = float8);
            END IF;
        END $$
        """);
}
