using Npgsql;

namespace Federation.CompatTests.Suite.Rights;

/// <summary>pg_terminate_backend and pg_cancel_backend, and what the log tells.</summary>
public sealed class SessionEndTests(RightsGateway gateway) : IClassFixture<RightsGateway>
{
    [Fact]
    public async Task A_terminated_session_ends_whether_it_waits_or_runs()
    {
        await using var root = await gateway.ConnectAsync("root");
        await using var idle = await gateway.ConnectAsync("alice");
        await using var open = await gateway.ConnectAsync("alice");
        await using var running = await gateway.ConnectAsync("alice");
        var gone = idle.ProcessID;
        await ExecuteAsync(open, "BEGIN; SELECT 1");
        var statement = ExecuteAsync(running, "SELECT count(*) FROM generate_series(1, 100000000000) g WHERE g % 7 = 8");
        foreach (var connection in (NpgsqlConnection[])[idle, open, running])
            Assert.Equal(true, await ScalarAsync(root, $"SELECT pg_terminate_backend({connection.ProcessID}, 60000)"));
        Assert.Equal("57P01", (await Assert.ThrowsAsync<PostgresException>(() => statement)).SqlState);
        foreach (var connection in (NpgsqlConnection[])[idle, open])
        {
            // The driver may have seen the end already.
            var error = await Assert.ThrowsAnyAsync<Exception>(() => ExecuteAsync(connection, "SELECT 1"));
            Assert.True(error is InvalidOperationException or PostgresException { SqlState: "57P01" }, error.ToString());
        }

        Assert.Equal(false, await ScalarAsync(root, $"SELECT pg_terminate_backend({gone})"));
        await using var self = await gateway.ConnectAsync("alice");
        Assert.Equal("57P01",
            (await Assert.ThrowsAsync<PostgresException>(() =>
                ExecuteAsync(self, "SELECT pg_terminate_backend(pg_backend_pid())"))).SqlState);
    }

    [Fact]
    public async Task Others_end_only_what_is_theirs()
    {
        await using var root = await gateway.ConnectAsync("root");
        await using var alice = await gateway.ConnectAsync("alice");
        await using var own = await gateway.ConnectAsync("alice");
        await using var bob = await gateway.ConnectAsync("bob");
        foreach (var (sql, message) in ((string, string)[])
        [
            ($"SELECT pg_terminate_backend({root.ProcessID})", "must be a superuser to terminate superuser process"),
            ($"SELECT pg_cancel_backend({root.ProcessID})", "must be a superuser to cancel superuser query"),
            ($"SELECT pg_terminate_backend({bob.ProcessID})",
                "must be a member of the role whose process is being terminated or member of pg_signal_backend"),
            ($"SELECT pg_cancel_backend({bob.ProcessID})",
                "must be a member of the role whose query is being canceled or member of pg_signal_backend"),
        ])
        {
            var error = await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync(alice, sql));
            Assert.Equal(("42501", message), (error.SqlState, error.MessageText));
        }

        Assert.Equal(true, await ScalarAsync(alice, $"SELECT pg_cancel_backend({own.ProcessID})"));
        Assert.Equal(1, await ScalarAsync(own, "SELECT 1"));
        Assert.Equal(true, await ScalarAsync(alice, $"SELECT pg_terminate_backend({own.ProcessID})"));
        Assert.Equal(1, await ScalarAsync(root, "SELECT 1"));
        var notices = new List<PostgresNotice>();
        root.Notice += (_, notice) => notices.Add(notice.Notice);
        Assert.Equal(false, await ScalarAsync(root, "SELECT pg_cancel_backend(2147483647)"));
        Assert.Equal(("WARNING", "PID 2147483647 is not a PostgreSQL server process"), (notices[0].Severity, notices[0].MessageText));
    }

    [Fact]
    public async Task The_log_tells_what_happened_and_no_secret()
    {
        await using (var wrong = gateway.Source("alice", "wr0ng-secret"))
            Assert.Equal("28P01", (await Assert.ThrowsAsync<PostgresException>(async () => await wrong.OpenConnectionAsync())).SqlState);
        await using (var unknown = gateway.Source("no\nbody", "wr0ng-secret"))
            await Assert.ThrowsAsync<PostgresException>(async () => await unknown.OpenConnectionAsync());
        await using var root = await gateway.ConnectAsync("root");
        await ExecuteAsync(root, "CREATE ROLE logged LOGIN PASSWORD 'secret-1'");
        await ExecuteAsync(root,
            "CREATE SERVER logs FOREIGN DATA WRAPPER postgres OPTIONS (host 'secret-2.invalid'); CREATE USER MAPPING FOR logged SERVER "
                + "logs OPTIONS (user 'u', password 'secret-3')");
        await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(root, "SELECT 'secret-4'::int /* secret-5 */"));
        await Assert.ThrowsAsync<PostgresException>(() =>
            ExecuteAsync(root, "SELECT $$secret-6$$, E'secret-7', U&'secret-8' FROM nowhere WHERE 'secret-9"));
        await using (var parameter = new NpgsqlCommand("SELECT 1 / length($1::text) + $1::int", root)
            { Parameters = { new() { Value = "secret-10" } } })
            await Assert.ThrowsAsync<PostgresException>(() => parameter.ExecuteNonQueryAsync());
        await ExecuteAsync(root, "SELECT pg_sleep(0.05), 'secret-11'");
        await ExecuteAsync(root, "SET statement_timeout = 50");
        await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(root, "SELECT pg_sleep(100), 'secret-12'"));
        await ExecuteAsync(root, "SET statement_timeout = 0; DROP SERVER logs CASCADE; DROP ROLE logged");

        Assert.StartsWith("Warning", await gateway.LineAsync("log-in of user \"alice\" from 127.0.0.1:", "28P01"),
            StringComparison.Ordinal);
        await gateway.LineAsync("log-in of user \"no?body\"");
        await gateway.LineAsync("root@federation", "changed the catalog", "CREATE ROLE logged LOGIN PASSWORD ?");
        await gateway.LineAsync("changed the catalog", "CREATE USER MAPPING FOR logged SERVER logs OPTIONS (user ?, password ?)");
        await gateway.LineAsync("failed with 22P02", "SELECT ?::int");
        await gateway.LineAsync("failed with 42601", "SELECT ?");
        await gateway.LineAsync("slow", "SELECT pg_sleep");
        await gateway.LineAsync("cancelled with 57014", "SELECT pg_sleep");
        Assert.DoesNotContain(gateway.Lines, line => line.Contains("secret", StringComparison.Ordinal));
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 300 };
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 300 };
        return await command.ExecuteScalarAsync();
    }
}
