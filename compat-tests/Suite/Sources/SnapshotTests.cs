using System.Globalization;
using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Sources;

/// <summary>
/// All scans of a statement read one state of a source, and under REPEATABLE READ all statements of a transaction do, while others write
/// there.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class SnapshotTests(SuiteServers servers) : IAsyncLifetime
{
    private const string Application = "federation_snapshots";

    private PostgresServer _source = null!;

    public async Task InitializeAsync()
    {
        _source = await PostgresServer.StartAsync();
        await _source.ExecuteAsync(
            "CREATE TABLE a AS SELECT i AS id, 100 AS v FROM generate_series(1, 50) AS i; CREATE TABLE b AS TABLE a; CREATE TABLE moves "
                + "(n int)");
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
        await SucceedAsync(client,
            "CREATE SERVER snapshots FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port "
                + $"'{_source.Port.ToString(CultureInfo.InvariantCulture)}', dbname 'postgres', application_name '{Application}')");
        await SucceedAsync(client, "CREATE USER MAPPING FOR PUBLIC SERVER snapshots OPTIONS (user 'postgres')");
    }

    public async Task DisposeAsync()
    {
        await using (var client = await RawClient.ConnectAsync(servers.Gateway))
            await SucceedAsync(client, "DROP SERVER snapshots CASCADE");
        await _source.DisposeAsync();
    }

    [Theory]
    [InlineData("REPEATABLE READ", true)]
    [InlineData("SERIALIZABLE", true)]
    [InlineData("READ COMMITTED", false)]
    public async Task A_transaction_reads_the_state_of_its_first_read(string level, bool isRepeatable)
    {
        await using var client = await ConnectAsync();
        await SucceedAsync(client, "PREPARE q AS SELECT v FROM a WHERE id = $1");
        for (var i = 0; i < 3; i++) Assert.Equal("100", await OneAsync(client, "EXECUTE q (7)"));
        await SucceedAsync(client, $"BEGIN ISOLATION LEVEL {level}");
        Assert.Equal("5000", await OneAsync(client, "SELECT sum(v) FROM a"));
        await _source.ExecuteAsync("UPDATE a SET v = v + 1; UPDATE b SET v = v + 1; INSERT INTO a VALUES (99, 1)");
        var (sum, one) = isRepeatable ? ("5000", "100") : ("5051", "101");
        Assert.Equal(sum, await OneAsync(client, "SELECT sum(v) FROM a"));
        await SucceedAsync(client, "SAVEPOINT s");
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(one, await OneAsync(client, "EXECUTE q (7)"));
            Assert.Equal(one, await OneAsync(client, "SELECT v FROM a WHERE id = 8"));
        }

        Assert.Equal("22012", (await client.QueryAsync("SELECT 1/0")).Error?.Code);
        await SucceedAsync(client, "ROLLBACK TO s");
        // A table that has not been read before is read as it was then too.
        Assert.Equal(isRepeatable ? "5000" : "5050", await OneAsync(client, "SELECT sum(v) FROM b"));
        await SucceedAsync(client, "COMMIT");
        Assert.Equal("5051", await OneAsync(client, "SELECT sum(v) FROM a"));
        Assert.Equal("101", await OneAsync(client, "EXECUTE q (7)"));
        await WaitForEndAsync();
    }

    /// <summary>Amounts move between two tables all the time, and no statement sees one on its way.</summary>
    [Fact]
    public async Task Scans_of_one_statement_read_one_state()
    {
        await using var client = await ConnectAsync();
        await SucceedAsync(client, "SET federation.pushdown = 'scan'");
        using var stop = new CancellationTokenSource();
        var moving = Task.Run(async () =>
        {
            for (var n = 0; !stop.IsCancellationRequested; n++)
            {
                var amount = (n % 7) - 3;
                await _source.ExecuteAsync(
                    $"BEGIN; UPDATE a SET v = v - {amount}; UPDATE b SET v = v + {amount}; INSERT INTO moves VALUES ({n}); COMMIT");
            }
        });
        try
        {
            var seen = new HashSet<string?>();
            while (seen.Count < 10)
            {
                Assert.Equal("10000", await OneAsync(client, "SELECT (SELECT sum(v) FROM a) + (SELECT sum(v) FROM b)"));
                Assert.Equal("50", await OneAsync(client, "SELECT count(*) FROM a JOIN b ON a.id = b.id AND a.v + b.v = 200"));
                seen.Add(await OneAsync(client, "SELECT count(*) FROM moves"));
            }
        }
        finally
        {
            await stop.CancelAsync();
            await moving;
        }

        await WaitForEndAsync();
    }

    [Theory]
    [InlineData("ROLLBACK")]
    [InlineData("SELECT nothing; ROLLBACK")]
    [InlineData("COMMIT AND CHAIN; COMMIT")]
    [InlineData(null)]
    public async Task What_is_open_at_the_source_ends_with_the_transaction(string? end)
    {
        await using (var client = await ConnectAsync())
        {
            await SucceedAsync(client, "BEGIN ISOLATION LEVEL REPEATABLE READ");
            await SucceedAsync(client, "SELECT count(*) FROM a");
            Assert.NotEmpty(await OpenAsync());
            foreach (var statement in end?.Split("; ") ?? [])
            {
                await client.QueryAsync(statement);
                if (statement.EndsWith("CHAIN", StringComparison.Ordinal))
                {
                    await _source.ExecuteAsync("INSERT INTO a VALUES (100, 0)");
                    Assert.Equal("51", await OneAsync(client, "SELECT count(*) FROM a"));
                }
            }

            if (end is not null) await WaitForEndAsync();
        }

        await WaitForEndAsync();
    }

    [Fact]
    public async Task Rows_that_are_written_come_from_the_same_state()
    {
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
        var table = $"t{Guid.NewGuid():N}";
        await SucceedAsync(client, "BEGIN ISOLATION LEVEL REPEATABLE READ");
        await SucceedAsync(client, "SELECT count(*) FROM snapshots.public.b");
        await _source.ExecuteAsync("DELETE FROM a WHERE id > 10");
        await SucceedAsync(client, $"CREATE TABLE {table} AS SELECT * FROM snapshots.public.a");
        await SucceedAsync(client, "COMMIT");
        Assert.Equal("50", await OneAsync(client, $"SELECT count(*) FROM {table}"));
        await SucceedAsync(client, $"DROP TABLE {table}");
    }

    /// <summary>The connection that keeps the state is lost: the transaction must not go on with another.</summary>
    [Fact]
    public async Task A_state_that_is_lost_is_an_error()
    {
        await using var client = await ConnectAsync();
        await SucceedAsync(client, "BEGIN ISOLATION LEVEL REPEATABLE READ");
        await SucceedAsync(client, "SELECT count(*) FROM a");
        foreach (var process in await OpenAsync()) await _source.ExecuteAsync($"SELECT pg_terminate_backend({process})");
        await WaitForEndAsync();
        var error = (await client.QueryAsync("SELECT count(*) FROM a")).Error;
        Assert.Equal(("40001", "could not serialize access due to a lost connection to server \"snapshots\""),
            (error?.Code, error?.Message));
        await SucceedAsync(client, "ROLLBACK");
        Assert.Equal("50", await OneAsync(client, "SELECT count(*) FROM a"));
    }

    private Task<RawClient> ConnectAsync() => RawClient.ConnectAsync(servers.Gateway with { Database = "snapshots" });

    /// <summary>The source's processes that keep a transaction open for the gateway.</summary>
    private Task<List<string?>> OpenAsync() =>
        _source.QueryAsync(
            $"SELECT pid::text FROM pg_stat_activity WHERE application_name = '{Application}' AND state = 'idle in transaction'");

    private async Task WaitForEndAsync()
    {
        while ((await OpenAsync()).Count > 0) await Task.Delay(20);
    }

    private static async Task<string?> OneAsync(RawClient client, string sql) => Assert.Single((await SucceedAsync(client, sql)).Rows)[0];

    private static async Task<QueryResult> SucceedAsync(RawClient client, string sql)
    {
        var result = await client.QueryAsync(sql);
        Assert.True(result.Error is null, $"{sql}: {result.Error?.Code} {result.Error?.Message}");
        return result;
    }
}
