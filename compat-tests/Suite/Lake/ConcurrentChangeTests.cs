using System.Globalization;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;

namespace Federation.CompatTests.Suite.Lake;

/// <summary>
/// Many writers change one table at the same time: what they are told has happened is what has happened. 6 writers with 8 statements each
/// by default, 50 with 200 with FEDERATION_FULL=1.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class ConcurrentChangeTests(SuiteServers servers)
{
    private static readonly int s_writers = Full.IsAsked ? 50 : 6;
    private static readonly int s_statements = Full.IsAsked ? 200 : 8;

    /// <summary>Each writer has rows of its own in files that all share, so nobody is ever refused.</summary>
    [Fact]
    public async Task Changes_of_different_rows_all_commit()
    {
        await StartAsync("concurrent_apart");
        await WriteAsync("concurrent_apart", async (client, writer, i) =>
        {
            var error = (await client.QueryAsync(i % 2 == 0
                ? $"MERGE INTO t USING (VALUES ({Number(writer)}), ({Number(1000 + (writer * 1000) + i)})) AS v(id) ON t.id = v.id "
                    + "WHEN MATCHED THEN UPDATE SET n = t.n + 1 WHEN NOT MATCHED THEN INSERT VALUES (v.id, 1)"
                : $"BEGIN; UPDATE t SET n = n + 1 WHERE id = {Number(writer)}; COMMIT")).Error;
            Assert.True(error is null, error?.ToString());
            return true;
        });
        await using var client = await OpenAsync("concurrent_apart");
        Assert.Equal([$"{s_writers}\t{s_statements}\t{s_statements}"],
            (await client.QueryAsync("SELECT count(*), min(n), max(n) FROM t WHERE id < 1000")).Rows.Select(SltFile.Row));
        Assert.Equal([Number(s_writers * ((s_statements + 1) / 2))],
            (await client.QueryAsync("SELECT count(*) FROM t WHERE id >= 1000")).Rows.Select(SltFile.Row));
    }

    /// <summary>All add to one row: each addition that was not refused counts, and statements by themselves are not refused.</summary>
    [Fact]
    public async Task Changes_of_one_row_count_once()
    {
        await StartAsync("concurrent_together");
        var additions = await WriteAsync("concurrent_together", async (client, writer, i) =>
        {
            if (i % 2 == 0)
            {
                var error = (await client.QueryAsync("UPDATE t SET n = n + 1 WHERE id = 0")).Error;
                Assert.True(error is null, error?.ToString());
                return true;
            }

            await client.QueryAsync("BEGIN");
            var failure = (await client.QueryAsync("UPDATE t SET n = n + 1 WHERE id = 0")).Error
                ?? (await client.QueryAsync("COMMIT")).Error;
            if (failure is null) return true;
            Assert.Equal("40001", failure.Code);
            await client.QueryAsync("ROLLBACK");
            return false;
        });
        await using var client = await OpenAsync("concurrent_together");
        Assert.Equal([Number(additions)], (await client.QueryAsync("SELECT n FROM t WHERE id = 0")).Rows.Select(SltFile.Row));
    }

    /// <summary>All insert the same keys: each key is there once, and each writer is told whether the row is its own.</summary>
    [Fact]
    public async Task A_key_is_inserted_once()
    {
        await using (var client = await OpenAsync("concurrent_keys"))
        {
            foreach (var sql in (string[])["DROP SCHEMA IF EXISTS concurrent_keys CASCADE", "CREATE SCHEMA concurrent_keys",
                "CREATE TABLE t (id int PRIMARY KEY, n int)"])
                Assert.Null((await client.QueryAsync(sql)).Error);
        }

        var own = await WriteAsync("concurrent_keys", async (client, writer, i) =>
        {
            if (i % 2 == 0)
            {
                var result = await client.QueryAsync($"INSERT INTO t VALUES ({Number(i)}, {Number(writer)}) ON CONFLICT DO NOTHING");
                Assert.True(result.Error is null, result.Error?.ToString());
                return result.Tag == "INSERT 0 1";
            }

            var error = (await client.QueryAsync($"INSERT INTO t VALUES ({Number(i)}, {Number(writer)})")).Error;
            if (error is not null) Assert.Equal("23505", error.Code);
            return error is null;
        });
        Assert.Equal(s_statements, own);
        await using var reader = await OpenAsync("concurrent_keys");
        Assert.Equal([$"{s_statements}\t{s_statements}"],
            (await reader.QueryAsync("SELECT count(*), count(DISTINCT id) FROM t")).Rows.Select(SltFile.Row));
    }

    private async Task StartAsync(string schema)
    {
        await using var client = await OpenAsync(schema);
        foreach (var sql in (string[])[$"DROP SCHEMA IF EXISTS {schema} CASCADE", $"CREATE SCHEMA {schema}",
            "CREATE TABLE t (id int, n int)",
            $"INSERT INTO t SELECT i, 0 FROM generate_series(0, {Number(s_writers - 1)}) AS i"])
            Assert.Null((await client.QueryAsync(sql)).Error);
    }

    /// <summary>How many of the statements gave true.</summary>
    private async Task<int> WriteAsync(string schema, Func<RawClient, int, int, Task<bool>> runAsync)
    {
        var done = await Task.WhenAll(Enumerable.Range(0, s_writers).Select(async writer =>
        {
            await using var client = await OpenAsync(schema);
            var count = 0;
            for (var i = 0; i < s_statements; i++)
                if (await runAsync(client, writer, i))
                    count++;
            return count;
        }));
        return done.Sum();
    }

    private async Task<RawClient> OpenAsync(string schema)
    {
        var client = await RawClient.ConnectAsync(servers.Gateway);
        Assert.Null((await client.QueryAsync($"SET search_path = {schema}")).Error);
        return client;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
