using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Slt;

/// <summary>What PostgreSQL answers and the gateway has no equal of: refused with 0A000, not answered otherwise.</summary>
[Collection(SuiteCollection.Name)]
public sealed class RefusedTests(SuiteServers servers)
{
    [Theory]
    [InlineData("SELECT '[0:1]={1,2}'::int[]")]
    [InlineData("SELECT array_lower('[2:3]={1,2}'::int[], 1), ('[-1:0]={a,b}'::text[])[0]")]
    [InlineData("SELECT x::int[] FROM (VALUES ('[0:1]={1,2}')) t(x)")]
    [InlineData("SELECT array['1 2'::int2vector]")]
    [InlineData("SELECT array(SELECT '1 2'::oidvector)")]
    [InlineData("SELECT rank(k) WITHIN GROUP (ORDER BY v) FROM (VALUES (1,2),(3,4)) t(k,v) GROUP BY rollup(k)")]
    [InlineData("SELECT percentile_cont(k / 10.0) WITHIN GROUP (ORDER BY v) FROM (VALUES (1,2),(3,4)) t(k,v) GROUP BY cube(k)")]
    [InlineData("SELECT ntile(v) OVER (ORDER BY k) FROM (VALUES (1,2),(2,4),(3,NULL)) t(k,v)")]
    [InlineData("SELECT ntile((SELECT 2)) OVER (ORDER BY k) FROM generate_series(1,3) k")]
    [InlineData("SELECT row_to_json(x) FROM (SELECT 'pg_class'::regclass AS a) x")]
    [InlineData("SELECT jsonb_build_object('a', 'now'::regproc)")]
    [InlineData("SELECT '{[1,2)}'::int4multirange")]
    [InlineData("SELECT pg_catalog.array_length('{}'::tstzmultirange[], 1)")]
    [InlineData("SELECT '[0:1][1:1]={{1},{2}}'::int[]")]
    [InlineData("SELECT array_fill(7, ARRAY[2], ARRAY[3])")]
    [InlineData("SELECT array_upper(x::text[], 1) FROM (VALUES ('[5:6]={a,b}')) t(x)")]
    [InlineData("SELECT count(*) OVER (ORDER BY x RANGE BETWEEN 'inf' PRECEDING AND 1 FOLLOWING) FROM (VALUES ('inf'::float8)) t(x)")]
    [InlineData("SELECT count(*) OVER (ORDER BY x RANGE BETWEEN 1 PRECEDING AND 'inf' FOLLOWING) FROM (VALUES ('-inf'::float4)) t(x)")]
    [InlineData("SELECT normalize('a', NFD)")]
    [InlineData("SELECT x IS NFKC NORMALIZED FROM (VALUES ('a')) v(x)")]
    [InlineData("SELECT numrange(1, 2), lower('[1,5)'::int4range)")]
    [InlineData("SELECT '[1,5)'::int4range @> 3")]
    [InlineData("SELECT '[1,5)'::int4range && '[2,3)'::int4range")]
    [InlineData("SELECT to_tsvector('a b') @@ to_tsquery('a')")]
    [InlineData("SELECT jsonb_path_query('{\"a\": 1}', '$.a')")]
    [InlineData("SELECT point '(1,2)' <-> point '(0,0)'")]
    [InlineData("SELECT xmlelement(name a)")]
    [InlineData("SELECT substring(B'101' FROM 2 FOR 0)")]
    [InlineData("SELECT substring(x FROM 9) FROM (VALUES (B'101')) t(x)")]
    [InlineData("SELECT dense_rank(k) WITHIN GROUP (ORDER BY v) FROM (VALUES (1,2)) t(k,v) GROUP BY GROUPING SETS ((k), ())")]
    [InlineData("SELECT cume_dist(k) WITHIN GROUP (ORDER BY v) FROM (VALUES (1,2),(3,4)) t(k,v) GROUP BY rollup(k)")]
    [InlineData("SELECT percentile_disc(k / 10.0) WITHIN GROUP (ORDER BY v DESC) FROM (VALUES (1,2),(3,4)) t(k,v) GROUP BY rollup(k)")]
    [InlineData("SELECT 'ä'::\"char\"")]
    [InlineData("SELECT '\\377'::\"char\"")]
    public async Task Refused(string sql) => await RequireAsync([], sql);

    /// <summary>Output settings are heeded where rows are sent, not where an expression makes a text of a value.</summary>
    [Theory]
    [InlineData("DateStyle = 'German'", "SELECT x::text FROM (VALUES (date '2020-02-01')) t(x)")]
    [InlineData("DateStyle = 'SQL'", "SELECT 'on ' || x FROM (VALUES (date '2020-02-01')) t(x)")]
    [InlineData("DateStyle = 'Postgres'", "SELECT count(*) FROM (VALUES (timestamp '2020-02-01 00:00')) t(x) WHERE concat(x) = 'a'")]
    [InlineData("DateStyle = 'German'", "SELECT (SELECT array[x]::text) FROM (VALUES (timestamptz '2020-02-01 00:00')) t(x)")]
    [InlineData("IntervalStyle = 'iso_8601'", "SELECT format('%s', x) FROM (VALUES (interval '1 day')) t(x)")]
    [InlineData("IntervalStyle = 'sql_standard'", "SELECT to_json(x) FROM (VALUES (interval '1 day')) t(x)")]
    [InlineData("bytea_output = 'escape'", "SELECT jsonb_build_array(x) FROM (VALUES ('\\xdead'::bytea)) t(x)")]
    [InlineData("bytea_output = 'escape'", "SELECT string_agg(x::text, ',') OVER () FROM (VALUES ('\\xdead'::bytea)) t(x)")]
    [InlineData("extra_float_digits = 0", "SELECT (0.1::float8 + 0.2)::text")]
    [InlineData("extra_float_digits = 0", "SELECT row(x)::text FROM (VALUES (0.1::float8)) t(x)")]
    public async Task Text_of_another_style_is_refused(string setting, string sql) => await RequireAsync([$"SET {setting}"], sql);

    /// <summary>The kernel knows zones by their names. What does not depend on the zone is answered.</summary>
    [Theory]
    [InlineData("SELECT t::text FROM (VALUES (timestamptz '2020-02-01 00:00')) v(t)")]
    [InlineData("SELECT date_trunc('day', t) FROM (VALUES (timestamptz '2020-02-01 00:00')) v(t)")]
    [InlineData("SELECT t::date, n FROM (VALUES (timestamptz '2020-02-01 00:00', 1)) v(t, n) ORDER BY n")]
    [InlineData("SELECT t + interval '1 day' FROM (VALUES (timestamptz '2020-02-01 00:00')) v(t)")]
    [InlineData("SELECT g FROM generate_series(timestamptz '2020-02-01 00:00', '2020-02-03 00:00', interval '1 day') g")]
    [InlineData("SELECT count(*) OVER (ORDER BY t RANGE interval '1 day' PRECEDING) FROM (VALUES (timestamptz '2020-02-01 00:00')) v(t)")]
    [InlineData("SELECT x::date FROM (VALUES ('2020-02-01'), ('today')) v(x)")]
    [InlineData("SELECT 1 FROM (VALUES (timestamp '2020-02-01 00:00')) v(t) WHERE t < timestamptz '2020-02-02 00:00'")]
    [InlineData("SELECT row_to_json(v) FROM (VALUES (timestamptz '2020-02-01 00:00', 1)) v(t, n)")]
    [InlineData("SELECT d = t FROM (VALUES (date '2020-02-01', timestamptz '2020-02-01 00:00')) v(d, t)")]
    [InlineData("SELECT (SELECT max(t::text) FROM (VALUES (timestamptz '2020-02-01 00:00')) v(t)) FROM generate_series(1, 2)")]
    public async Task What_depends_on_a_zone_without_a_name_is_refused(string sql) =>
        await RequireAsync(["SET TimeZone = 'EST5EDT,M3.2.0,M11.1.0'"], sql);

    [Fact]
    public async Task Rows_as_arguments_are_refused() =>
        await RequireAsync(["PREPARE rows_as_arguments AS SELECT $1::record"], "EXECUTE rows_as_arguments((1, 2))");

    [Theory]
    [InlineData("SET transform_null_equals = on")]
    [InlineData("SET array_nulls = off")]
    [InlineData("SET standard_conforming_strings = off")]
    [InlineData("SET client_encoding = 'LATIN1'")]
    [InlineData("SET client_encoding = 'windows-1252'")]
    [InlineData("SET client_encoding = 'SQL_ASCII'")]
    [InlineData("SET client_encoding = 'EUC_JP'")]
    [InlineData("SET client_encoding = 'iso_8859-15'")]
    [InlineData("SET client_encoding = 'koi8'")]
    public async Task Settings_that_change_what_statements_mean_are_refused(string sql) => await RequireAsync([], sql);

    private async Task RequireAsync(string[] before, string sql)
    {
        await using var oracle = await RawClient.ConnectAsync(servers.Postgres);
        await using var subject = await RawClient.ConnectAsync(servers.Gateway);
        foreach (var statement in before)
        {
            Assert.Null((await oracle.QueryAsync(statement)).Error);
            Assert.Null((await subject.QueryAsync(statement)).Error);
        }

        Assert.Null((await oracle.QueryAsync(sql)).Error);
        Assert.Equal("0A000", (await subject.QueryAsync(sql)).Error?.Code);
        // The next statement of the session is answered.
        Assert.Equal("2", (await subject.QueryAsync("SELECT 1 + 1")).Rows[0][0]);
    }
}
