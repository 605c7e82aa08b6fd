using System.Diagnostics;
using Federation.Arrow;
using Federation.Connectors.Spi;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using static Federation.Connectors.Postgres.Tests.Expressions;

namespace Federation.Connectors.Postgres.Tests;

/// <summary>Scans of few rows are prepared statements at the source; they end, fail and notice changes as those by COPY do.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PreparedScanTests(PostgresFixture fixture)
{
    [Fact]
    public async Task Few_rows_are_one_statement_for_all_values()
    {
        await fixture.Server.ExecuteAsync("CREATE TABLE looked_up AS SELECT i AS id, 'row ' || i AS t FROM generate_series(1, 100) AS i");
        await using var connector = fixture.Connect(("application_name", "looked_up"));
        var found = await connector.FindAsync("looked_up");
        for (var id = 1; id <= 20; id++)
        {
            var handle = connector.Push(found.Handle, Compare("=", Column("id", SqlType.Int4), Int(id))).Handle;
            Assert.Equal($"row {id}", Assert.Single(await connector.ReadAsync(handle, ["t"]))[0]);
        }

        // What the pooled connection was sent last has no value in it.
        var text = (await fixture.Server
            .QueryAsync("SELECT query FROM pg_stat_activity WHERE application_name = 'looked_up' AND query LIKE '%record_send%'"))[0]!;
        Assert.Contains("id = $1::integer", text, StringComparison.Ordinal);
        var none = connector.Push(found.Handle, Compare("=", Column("id", SqlType.Int4), Int(-1))).Handle;
        Assert.Empty(await connector.ReadAsync(none, ["t"]));
        Assert.Single(await connector.ReadAsync(connector.Push(found.Handle, Compare("=", Column("id", SqlType.Int4), Int(5))).Handle, []));
    }

    [Fact]
    public async Task More_rows_than_expected_come_whole_and_by_COPY_the_next_time()
    {
        await fixture.Server.ExecuteAsync("CREATE TABLE all_alike AS SELECT 1 AS id, i FROM generate_series(1, 50000) AS i");
        await using var connector = fixture.Connect(("application_name", "all_alike"));
        var found = await connector.FindAsync("all_alike");
        var handle = connector.Push(found.Handle, Compare("=", Column("id", SqlType.Int4), Int(1))).Handle;
        var before = NativeBuffer.LiveBytes;
        for (var round = 0; round < 2; round++)
        {
            Assert.Equal(50000, (await connector.ReadAsync(handle, ["i"])).Select(row => row[0]).Distinct().Count());
            var copies =
                await fixture.Server
                    .QueryAsync("SELECT query FROM pg_stat_activity WHERE application_name = 'all_alike' AND query LIKE 'COPY%'");
            Assert.Equal(round, copies.Count);
        }

        Assert.Equal(before, NativeBuffer.LiveBytes);
    }

    [Fact]
    public async Task A_table_that_changes_between_runs()
    {
        await fixture.Server.ExecuteAsync("CREATE TABLE changing (id int, v int); INSERT INTO changing VALUES (1, 10)");
        await using var connector = fixture.Connect();
        var plan = await connector.PlanAsync(connector.Few((await connector.FindAsync("changing")).Handle), "v");
        for (var round = 0; round < 3; round++) Assert.Equal(1, await CountAsync(connector, plan));
        // A change that the plan does not read.
        await fixture.Server.ExecuteAsync("ALTER TABLE changing ADD more text; INSERT INTO changing VALUES (2, 20, 'x')");
        Assert.Equal(2, await CountAsync(connector, plan));
        // The same bytes would mean something else.
        await fixture.Server.ExecuteAsync("ALTER TABLE changing ALTER v TYPE oid");
        Assert.Equal(SqlState.FeatureNotSupported, (await Assert.ThrowsAsync<SqlException>(() => CountAsync(connector, plan))).State);
        await fixture.Server.ExecuteAsync("DROP TABLE changing");
        Assert.Equal(SqlState.UndefinedTable, (await Assert.ThrowsAsync<SqlException>(() => CountAsync(connector, plan))).State);
        await fixture.Server.ExecuteAsync("CREATE TABLE changing (v int); INSERT INTO changing VALUES (1), (2), (3)");
        Assert.Equal(3, await CountAsync(connector, plan));
    }

    [Fact]
    public async Task An_error_of_the_source_names_the_statement_as_planned()
    {
        await fixture.Server.ExecuteAsync("CREATE VIEW dividing AS SELECT i, 1 / (500 - i) AS d FROM generate_series(1, 600) AS i");
        await using var connector = fixture.Connect();
        var handle = connector.Few((await connector.FindAsync("dividing")).Handle);
        var error = await Assert.ThrowsAsync<SqlException>(() => connector.ReadAsync(handle, ["i", "d"]));
        Assert.Equal(SqlState.DivisionByZero, error.State);
        Assert.Equal("remote SQL: SELECT i, d FROM public.dividing LIMIT 1000", error.Where);
    }

    [Theory]
    [InlineData("SELECT pg_sleep(60)::text AS t", "PgSleep", false)]
    [InlineData("SELECT CASE WHEN i > 500 THEN pg_sleep(60)::text ELSE 'x' END AS t FROM generate_series(1, 600) AS i", "PgSleep", false)]
    [InlineData("SELECT CASE WHEN i > 500 THEN pg_sleep(60)::text ELSE 'x' END AS t FROM generate_series(1, 600) AS i", "PgSleep", true)]
    [InlineData("SELECT t FROM few_locked", "relation", false)]
    public async Task Cancelling(string sql, string wait, bool isFrozen)
    {
        var view = $"few_{Guid.NewGuid():N}";
        await fixture.Server.ExecuteAsync($"CREATE TABLE IF NOT EXISTS few_locked (t text); CREATE VIEW {view} AS {sql}");
        var before = NativeBuffer.LiveBytes;
        await using var connector = fixture.Connect(("application_name", view));
        var handle = connector.Few((await connector.FindAsync(view)).Handle);
        await using var holder = await fixture.Server.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using (var command = new Npgsql.NpgsqlCommand("LOCK TABLE few_locked", holder)) await command.ExecuteNonQueryAsync();
        using var cancellation = new CancellationTokenSource();
        var reading = connector.ReadAsync(handle, ["t"], cancellation.Token);
        List<string?> backends;
        while ((backends =
            await fixture.Server
                .QueryAsync($"SELECT pid FROM pg_stat_activity WHERE application_name = '{view}' AND wait_event = '{wait}'")).Count == 0)
                    await Task.Delay(20);
        if (isFrozen) await SignalAsync("-STOP", backends[0]!);
        try
        {
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        }
        finally
        {
            if (isFrozen) await SignalAsync("-CONT", backends[0]!);
        }

        while ((await fixture.Server.QueryAsync(
            $"SELECT 1 FROM pg_stat_activity WHERE application_name = '{view}' AND state = 'active'")).Count > 0) await Task.Delay(20);
        while (NativeBuffer.LiveBytes != before) await Task.Delay(20);
    }

    [Fact]
    public async Task A_reader_that_stops_early_stops_the_source()
    {
        await fixture.Server
            .ExecuteAsync("CREATE VIEW endless_alike AS SELECT 1 AS id, generate_series(1, 100000000) AS i, repeat('x', 100) AS t");
        await using var connector = fixture.Connect(("application_name", "endless_alike"));
        var found = await connector.FindAsync("endless_alike");
        var handle = connector.Push(found.Handle, Compare("=", Column("id", SqlType.Int4), Int(1))).Handle;
        var plan = await connector.PlanAsync(handle, "i", "t");
        for (var round = 0; round < 3; round++)
        {
            await foreach (var batch in ((IPageSource)connector).ReadAsync((ConnectorSplit)plan.Splits[0], CancellationToken.None))
            {
                batch.Dispose();
                break;
            }
        }

        while ((await fixture.Server
            .QueryAsync("SELECT 1 FROM pg_stat_activity WHERE application_name = 'endless_alike' AND state = 'active'")).Count > 0)
                await Task.Delay(20);
    }

    private static async Task<int> CountAsync(IConnector connector, ScanPlan plan)
    {
        var count = 0;
        await foreach (var batch in ((IPageSource)connector).ReadAsync((ConnectorSplit)plan.Splits[0], CancellationToken.None))
            using (batch) count += batch.RowCount;
        return count;
    }

    private static async Task SignalAsync(string signal, string process)
    {
        using var kill = Process.Start("kill", [signal, process]);
        await kill.WaitForExitAsync();
    }
}
