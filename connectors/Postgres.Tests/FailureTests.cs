using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Federation.Arrow;
using Federation.CompatTests.Harness;
using Federation.Connectors.Spi;
using Federation.Core.Errors;
using Federation.Core.Tasks;

namespace Federation.Connectors.Postgres.Tests;

/// <summary>Errors name the server and keep the source's SQLSTATE; cancelling is quick; nothing is left behind.</summary>
[Collection(PostgresCollection.Name)]
public sealed class FailureTests(PostgresFixture fixture)
{
    private static readonly TimeSpan s_cancelLimit = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Source_that_is_down()
    {
        await using var connector = fixture.Connect(("port", FreePort()), ("password", "hidden secret"));
        var error = await Assert.ThrowsAsync<SqlException>(() => connector.FindAsync("t"));
        Assert.Equal(SqlState.SqlclientUnableToEstablishSqlconnection, error.State);
        Assert.StartsWith("could not connect to server \"pg\": ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden secret", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("user", "with_password", "28P01")]
    [InlineData("user", "nobody", "28000")]
    [InlineData("dbname", "missing", "3D000")]
    [InlineData("sslmode", "require", "08001")]
    public async Task Source_that_refuses(string option, string value, string state)
    {
        await using var server = await PostgresServer.StartAsync();
        await server.ExecuteAsync("CREATE ROLE with_password LOGIN PASSWORD 'right'");
        await server.ExecuteAsync(
            "COPY (VALUES ('host all with_password all scram-sha-256'), ('host all nobody all reject'), ('host all all all trust')) TO "
                + "PROGRAM 'cat > pg_hba.conf'; SELECT pg_reload_conf()");
        await using var connector = fixture.Connect(
            ("port", server.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("password", "hidden secret"),
            (option, value));
        var error = await Assert.ThrowsAsync<SqlException>(() => connector.FindAsync("t"));
        Assert.Equal(state, error.State.ToString());
        Assert.StartsWith("could not connect to server \"pg\": ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden secret", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Table_that_is_dropped_after_planning()
    {
        await fixture.Server.ExecuteAsync("CREATE TABLE dropped (n int)");
        await using var connector = fixture.Connect();
        var found = await connector.FindAsync("dropped");
        await fixture.Server.ExecuteAsync("DROP TABLE dropped");
        var error = await Assert.ThrowsAsync<SqlException>(() => connector.ReadAsync(found.Handle, ["n"]));
        Assert.Equal(SqlState.UndefinedTable, error.State);
        Assert.Contains("server \"pg\"", error.Message, StringComparison.Ordinal);
        Assert.Null(await ((IConnectorMetadata)connector).FindTableAsync("public", "dropped", null, CancellationToken.None));
    }

    [Fact]
    public async Task Column_that_is_renamed_after_planning()
    {
        await fixture.Server.ExecuteAsync("CREATE TABLE renamed (n int); INSERT INTO renamed VALUES (1)");
        await using var connector = fixture.Connect();
        var found = await connector.FindAsync("renamed");
        await fixture.Server.ExecuteAsync("ALTER TABLE renamed RENAME n TO m");
        var error = await Assert.ThrowsAsync<SqlException>(() => connector.ReadAsync(found.Handle, ["n"]));
        Assert.Equal("cached plan must not change result type", error.Message);
        Assert.Equal("1", Assert.Single(await connector.ReadTableAsync("renamed"))[0]);
    }

    /// <summary>Same width, other meaning: nothing in the COPY stream would tell.</summary>
    [Fact]
    public async Task Plan_that_outlives_its_columns_types()
    {
        await fixture.Server.ExecuteAsync("CREATE TABLE retyped (n int8); INSERT INTO retyped VALUES (1)");
        await using var planner = fixture.Connect();
        var plan = await planner.PlanAsync((await planner.FindAsync("retyped")).Handle, "n");
        await fixture.Server.ExecuteAsync("ALTER TABLE retyped ALTER n TYPE timestamp USING '2024-01-01'");
        await using var reader = fixture.Connect();
        var error = await Assert.ThrowsAsync<SqlException>(() => DrainAsync(reader, plan, CancellationToken.None));
        Assert.Equal(SqlState.FeatureNotSupported, error.State);
    }

    [Fact]
    public async Task Error_in_the_middle_of_the_rows()
    {
        await fixture.Server.ExecuteAsync("CREATE VIEW failing AS SELECT i, 1 / (50000 - i) AS d FROM generate_series(1, 60000) AS i");
        var before = NativeBuffer.LiveBytes;
        await using var connector = fixture.Connect();
        var error = await Assert.ThrowsAsync<SqlException>(() => connector.ReadTableAsync("failing"));
        Assert.Equal(SqlState.DivisionByZero, error.State);
        Assert.Equal("division by zero", error.Message);
        Assert.Equal("The error comes from server \"pg\".", error.Detail);
        Assert.Equal("remote SQL: SELECT i, d FROM public.failing", error.Where);
        Assert.Equal(before, NativeBuffer.LiveBytes);
    }

    [Fact]
    public async Task Privilege_that_is_missing()
    {
        await fixture.Server.ExecuteAsync("CREATE TABLE private (n int); CREATE ROLE outsider LOGIN");
        await using var connector = fixture.Connect(("user", "outsider"));
        var error = await Assert.ThrowsAsync<SqlException>(() => connector.ReadTableAsync("private"));
        Assert.Equal(SqlState.InsufficientPrivilege, error.State);
    }

    [Fact]
    public async Task Connection_that_is_killed_while_reading()
    {
        await fixture.Server
            .ExecuteAsync(
                "CREATE VIEW slow_rows AS SELECT i, CASE WHEN i > 40000 THEN pg_sleep(60)::text ELSE repeat('x', 100) END AS t FROM "
                    + "generate_series(1, 50000) AS i");
        await using var connector = fixture.Connect(("application_name", "to_be_killed"));
        var reading = connector.ReadTableAsync("slow_rows");
        await WaitForSleepAsync("to_be_killed");
        await fixture.Server.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'to_be_killed'");
        var error = await Assert.ThrowsAsync<SqlException>(() => reading);
        Assert.Equal(SqlState.ConnectionFailure, error.State);
        Assert.Contains("server \"pg\"", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SELECT pg_sleep(60)::text AS t")]
    [InlineData("SELECT CASE WHEN i > 20000 THEN pg_sleep(60)::text ELSE repeat('x', 100) END AS t FROM generate_series(1, 30000) AS i")]
    public async Task Cancelling_while_the_source_sleeps(string sql)
    {
        var view = $"sleeping_{Guid.NewGuid():N}";
        await fixture.Server.ExecuteAsync($"CREATE VIEW {view} AS {sql}");
        var before = NativeBuffer.LiveBytes;
        await using var connector = fixture.Connect(("application_name", view));
        var found = await connector.FindAsync(view);
        using var cancellation = new CancellationTokenSource();
        var reading = connector.ReadAsync(found.Handle, ["t"], cancellation.Token);
        await WaitForSleepAsync(view);
        var watch = Stopwatch.StartNew();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.True(watch.Elapsed < s_cancelLimit, $"cancelling took {watch.Elapsed}");
        Assert.Empty(
            await fixture.Server.QueryAsync($"SELECT query FROM pg_stat_activity WHERE application_name = '{view}' AND state = 'active'"));
        Assert.Equal(before, NativeBuffer.LiveBytes);
    }

    /// <summary>A source that does not answer at all cannot obey either: the connection is given up.</summary>
    [Fact]
    public async Task Cancelling_while_the_source_is_frozen()
    {
        await fixture.Server
            .ExecuteAsync(
                "CREATE VIEW frozen AS SELECT CASE WHEN i > 20000 THEN pg_sleep(60)::text ELSE 'x' END AS t FROM generate_series(1, "
                    + "30000) AS i");
        await using var connector = fixture.Connect(("application_name", "frozen"));
        var found = await connector.FindAsync("frozen");
        using var cancellation = new CancellationTokenSource();
        var reading = connector.ReadAsync(found.Handle, ["t"], cancellation.Token);
        await WaitForSleepAsync("frozen");
        var backend =
            Assert.Single(
                await fixture.Server
                    .QueryAsync("SELECT pid FROM pg_stat_activity WHERE application_name = 'frozen' AND state = 'active'"))!;
        await SignalAsync("-STOP", backend);
        try
        {
            var watch = Stopwatch.StartNew();
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
            Assert.True(watch.Elapsed < s_cancelLimit, $"cancelling took {watch.Elapsed}");
        }
        finally
        {
            await SignalAsync("-CONT", backend);
        }
    }

    [Fact]
    public async Task Cancelling_while_the_source_waits_for_a_lock()
    {
        await fixture.Server.ExecuteAsync("CREATE TABLE locked (n int)");
        await using var connector = fixture.Connect(("application_name", "waits_for_lock"));
        var found = await connector.FindAsync("locked");
        await using var holder = await fixture.Server.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using (var command = new Npgsql.NpgsqlCommand("LOCK TABLE locked", holder)) await command.ExecuteNonQueryAsync();
        using var cancellation = new CancellationTokenSource();
        var reading = connector.ReadAsync(found.Handle, ["n"], cancellation.Token);
        while ((await fixture.Server
            .QueryAsync("SELECT 1 FROM pg_stat_activity WHERE application_name = 'waits_for_lock' AND wait_event_type = 'Lock'")).Count
            == 0) await Task.Delay(20);
        var watch = Stopwatch.StartNew();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.True(watch.Elapsed < s_cancelLimit, $"cancelling took {watch.Elapsed}");
        Assert.Empty(
            await fixture.Server
                .QueryAsync("SELECT query FROM pg_stat_activity WHERE application_name = 'waits_for_lock' AND state = 'active'"));
    }

    /// <summary>A reader that has enough (LIMIT) stops the source and gives back a connection that works.</summary>
    [Fact]
    public async Task Reader_that_stops_early()
    {
        await fixture.Server.ExecuteAsync("CREATE VIEW endless AS SELECT generate_series(1, 100000000) AS i, repeat('x', 100) AS t");
        var before = NativeBuffer.LiveBytes;
        await using var connector = fixture.Connect(("application_name", "stops_early"));
        var plan = await connector.PlanAsync((await connector.FindAsync("endless")).Handle, "i", "t");
        for (var round = 0; round < 3; round++)
        {
            var watch = Stopwatch.StartNew();
            await foreach (var batch in ((IPageSource)connector).ReadAsync((ConnectorSplit)plan.Splits[0], CancellationToken.None))
            {
                batch.Dispose();
                break;
            }

            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"stopping took {watch.Elapsed}");
        }

        Assert.Empty(
            await fixture.Server
                .QueryAsync("SELECT query FROM pg_stat_activity WHERE application_name = 'stops_early' AND state = 'active'"));
        Assert.Equal(before, NativeBuffer.LiveBytes);
    }

    [Fact]
    public async Task Nothing_is_left_after_disposal()
    {
        await fixture.Server.ExecuteAsync("CREATE TABLE some_rows AS SELECT i FROM generate_series(1, 10) AS i");
        await using (var connector = fixture.Connect(("application_name", "left_behind")))
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => connector.ReadTableAsync("some_rows")));
            Assert.NotEmpty(await fixture.Server.QueryAsync("SELECT pid FROM pg_stat_activity WHERE application_name = 'left_behind'"));
        }

        var watch = Stopwatch.StartNew();
        while ((await fixture.Server.QueryAsync("SELECT pid FROM pg_stat_activity WHERE application_name = 'left_behind'")).Count > 0)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5));
            await Task.Delay(20);
        }
    }

    [Theory]
    [InlineData("port", "many")]
    [InlineData("port", "70000")]
    [InlineData("sslmode", "maybe")]
    [InlineData("connect_timeout", "-1")]
    [InlineData("fetch_size", "x")]
    public void Options_that_cannot_be_right(string name, string value)
    {
        var error = Assert.Throws<SqlException>(() => fixture.Connect((name, value)));
        Assert.Equal(SqlState.FdwInvalidAttributeValue, error.State);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sslrootcert", "/etc/passwd")]
    [InlineData("host", "/var/run/postgresql")]
    public void Paths_that_are_not_allowed(string name, string value)
    {
        var error = Assert.Throws<SqlException>(() => fixture.Connect((name, value)));
        Assert.Equal(SqlState.InsufficientPrivilege, error.State);
    }

    [Fact]
    public void User_mapping_that_is_missing()
    {
        var error = Assert.Throws<SqlException>(() => fixture.Connect(("user", "")));
        Assert.Equal("user mapping not found for server \"pg\"", error.Message);
    }

    private static async Task DrainAsync(IConnector connector, ScanPlan plan, CancellationToken cancellationToken)
    {
        await foreach (var batch in ((IPageSource)connector).ReadAsync((ConnectorSplit)plan.Splits[0], cancellationToken)) batch.Dispose();
    }

    private static async Task SignalAsync(string signal, string process)
    {
        using var kill = Process.Start("kill", [signal, process]);
        await kill.WaitForExitAsync();
    }

    private async Task WaitForSleepAsync(string application)
    {
        while ((await fixture.Server
            .QueryAsync($"SELECT 1 FROM pg_stat_activity WHERE application_name = '{application}' AND wait_event = 'PgSleep'")).Count == 0)
            await Task.Delay(20);
    }

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}
