using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Lake;

/// <summary>
/// EXPLAIN of statements that write shows where the rows go and writes nothing; EXPLAIN ANALYZE writes, as in PostgreSQL.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class ExplainWriteTests(SuiteServers servers)
{
    [Fact]
    public async Task Explain_shows_the_write_and_analyze_does_it()
    {
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
        await ExpectAsync(client, null, "DROP SCHEMA IF EXISTS explained CASCADE", "CREATE SCHEMA explained", "SET search_path = explained",
            "CREATE TABLE t (a int, b text NOT NULL)");
        var insert = await LinesAsync(client, "EXPLAIN INSERT INTO t VALUES (1, 'x')");
        Assert.Equal(["Fragment 0  on any worker -> files of the table", "  Insert on lake.explained.t", "  └─ Values  1 rows (a, b)"],
            insert[..3]);
        Assert.Equal("0", await CountAsync(client, "t"));
        insert = await LinesAsync(client, "EXPLAIN ANALYZE INSERT INTO t SELECT g, 'x' FROM generate_series(1, 5) g");
        Assert.StartsWith("  actual: 5 rows in ", insert[1], StringComparison.Ordinal);
        Assert.Contains(": 5 rows, ", insert[2], StringComparison.Ordinal);
        Assert.Equal("5", await CountAsync(client, "t"));
        Assert.Contains("\"ModifyTable\"",
            string.Concat(await LinesAsync(client, "EXPLAIN (ANALYZE, FORMAT json) INSERT INTO t VALUES (7, 'y') RETURNING a")),
            StringComparison.Ordinal);
        Assert.Equal("6", await CountAsync(client, "t"));
        await ExpectAsync(client, "23502", "EXPLAIN ANALYZE INSERT INTO t VALUES (1, NULL)");
        await ExpectAsync(client, "42P01", "EXPLAIN INSERT INTO nosuch VALUES (1)");
        await ExpectAsync(client, null, "BEGIN READ ONLY", "EXPLAIN INSERT INTO t VALUES (1, 'x')");
        await ExpectAsync(client, "25006", "EXPLAIN ANALYZE INSERT INTO t VALUES (1, 'x')");
        await ExpectAsync(client, null, "ROLLBACK", "BEGIN", "EXPLAIN ANALYZE INSERT INTO t VALUES (8, 'x')");
        Assert.Equal("7", await CountAsync(client, "t"));
        await ExpectAsync(client, null, "ROLLBACK");
        Assert.Equal("6", await CountAsync(client, "t"));

        Assert.Contains("  Create table lake.explained.c", await LinesAsync(client, "EXPLAIN CREATE TABLE c AS SELECT * FROM t"));
        await ExpectAsync(client, "42P01", "SELECT * FROM c");
        Assert.Contains("  Create table lake.explained.c", await LinesAsync(client, "EXPLAIN ANALYZE CREATE TABLE c AS SELECT * FROM t"));
        Assert.Equal("6", await CountAsync(client, "c"));
        await ExpectAsync(client, "42P07", "EXPLAIN CREATE TABLE c AS SELECT 1", "EXPLAIN ANALYZE CREATE TABLE c AS SELECT 1");
        Assert.Empty(await LinesAsync(client, "EXPLAIN CREATE TABLE IF NOT EXISTS c AS SELECT 1"));
        Assert.Empty(await LinesAsync(client, "EXPLAIN ANALYZE CREATE TABLE IF NOT EXISTS c AS SELECT 1"));
        await LinesAsync(client, "EXPLAIN ANALYZE CREATE TABLE d AS SELECT * FROM t WITH NO DATA");
        Assert.Equal("0", await CountAsync(client, "d"));
    }

    [Theory]
    [InlineData("INSERT INTO pg_class (relname) VALUES ('x')", "pg_class")]
    [InlineData("INSERT INTO pg_catalog.pg_type (typname) SELECT 'x'", "pg_type")]
    [InlineData("INSERT INTO information_schema.tables (table_name) VALUES ('x')", "tables")]
    [InlineData("EXPLAIN INSERT INTO pg_class (relname) VALUES ('x')", "pg_class")]
    [InlineData("INSERT INTO generated_rows.tiny.region VALUES (1, 'x', 'y')", "region")]
    public async Task Tables_that_cannot_be_written_are_named(string sql, string table)
    {
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
        await client.QueryAsync("CREATE SERVER generated_rows FOREIGN DATA WRAPPER tpch");
        var error = (await client.QueryAsync(sql)).Error;
        await client.QueryAsync("DROP SERVER generated_rows");
        Assert.Equal(("0A000", $"cannot insert into \"{table}\""), (error?.Code, error?.Message));
        Assert.True(error!.Position > 0);
    }

    private static async Task<string[]> LinesAsync(RawClient client, string sql)
    {
        var result = await client.QueryAsync(sql);
        Assert.True(result.Error is null, $"{sql}: {result.Error}");
        return [.. result.Rows.Select(row => row[0]!)];
    }

    private static async Task<string?> CountAsync(RawClient client, string table) =>
        (await client.QueryAsync($"SELECT count(*) FROM {table}")).Rows[0][0];

    private static async Task ExpectAsync(RawClient client, string? state, params string[] statements)
    {
        foreach (var sql in statements) Assert.Equal((sql, state), (sql, (await client.QueryAsync(sql)).Error?.Code));
    }
}
