using System.Data;
using System.Globalization;
using Federation.CompatTests.Suite.Protocol;
using Npgsql;

namespace Federation.CompatTests.Suite.Clients;

/// <summary>
/// Npgsql, which reads and writes binary values: each program is told to PostgreSQL and to the gateway, and both answer the same.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class NpgsqlTests(SuiteServers servers)
{
    [Fact]
    public Task Prepared_statement_runs_again_with_other_parameters() => CompareAsync(async (connection, log) =>
    {
        await using var command = new NpgsqlCommand("SELECT x, x * @f AS y FROM generate_series(1, 5) x WHERE x > @low ORDER BY x",
            connection);
        command.Parameters.AddWithValue("f", 2.5m);
        command.Parameters.AddWithValue("low", 3);
        await command.PrepareAsync();
        foreach (var low in (int[])[3, 4, 5])
        {
            command.Parameters["low"].Value = low;
            await ReadAsync(command, log);
        }
    });

    [Fact]
    public Task Row_limits_and_sequential_access_page_one_result() => CompareAsync(async (connection, log) =>
    {
        await using var command = new NpgsqlCommand("SELECT x, repeat('a', x) FROM generate_series(1, 20) x ORDER BY x", connection);
        await using var reader = await command.ExecuteReaderAsync(CommandBehavior.SequentialAccess | CommandBehavior.SingleRow);
        while (await reader.ReadAsync()) log($"{reader.GetInt32(0)} {reader.GetString(1)}");
    });

    [Fact]
    public Task Several_statements_and_batches_give_several_results() => CompareAsync(async (connection, log) =>
    {
        await using var command = new NpgsqlCommand("SELECT 1; SELECT 'two', 3; SELECT 4 WHERE false", connection);
        await ReadAsync(command, log);
        await using var batch = new NpgsqlBatch(connection)
            { BatchCommands = { new("SELECT 1"), new("SELECT $1") { Parameters = { new() { Value = "p" } } } } };
        await using var reader = await batch.ExecuteReaderAsync();
        do
        {
            while (await reader.ReadAsync()) log($"{reader.GetValue(0)}");
        }
        while (await reader.NextResultAsync());
    });

    [Fact]
    public Task Errors_keep_their_state_and_the_connection_lives() => CompareAsync(async (connection, log) =>
    {
        foreach (var sql in (string[])["SELECT nosuch", "SELEC 1", "SELECT * FROM nosuch", "SELECT 1/x FROM generate_series(0,1) x",
            "SELECT 'x'::int", "SELECT 1; SELECT 1/x FROM generate_series(0,1) x"])
        {
            await using var command = new NpgsqlCommand(sql, connection);
            var error = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync());
            log($"{error.SqlState} {error.Severity} {error.MessageText} {error.Position}");
            log($"{connection.FullState}");
        }
    });

    [Fact]
    public Task Transactions_and_savepoints_follow_their_state() => CompareAsync(async (connection, log) =>
    {
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        await transaction.SaveAsync("s");
        await using var bad = new NpgsqlCommand("SELECT nosuch", connection, transaction);
        log((await Assert.ThrowsAsync<PostgresException>(() => bad.ExecuteScalarAsync())).SqlState);
        await using var good = new NpgsqlCommand("SELECT 1", connection, transaction);
        log((await Assert.ThrowsAsync<PostgresException>(() => good.ExecuteScalarAsync())).SqlState);
        await transaction.RollbackAsync("s");
        log($"{await good.ExecuteScalarAsync()}");
        await using var show = new NpgsqlCommand("SHOW transaction_isolation", connection, transaction);
        log($"{await show.ExecuteScalarAsync()}");
        await transaction.CommitAsync();
    });

    [Fact]
    public Task A_running_query_is_cancelled() => CompareAsync(async (connection, log) =>
    {
        // PostgreSQL loses a request that meets the loading of its compiler. A request that is lost must not leave the statement behind on
        // a server.
        await using (var guard = new NpgsqlCommand("SET jit = off; SET statement_timeout = '60s'", connection))
            await guard.ExecuteNonQueryAsync();
        await using var slow = new NpgsqlCommand("SELECT count(*) FROM generate_series(1, 1000000000) a, generate_series(1, 1000) b",
            connection);
        using var cancel = new CancellationTokenSource();
        var running = slow.ExecuteScalarAsync(cancel.Token);
        await WaitUntilRunsAsync(connection, slow.CommandText);
        await cancel.CancelAsync();
        var error = await Assert.ThrowsAsync<OperationCanceledException>(() => running);
        log(((PostgresException)error.InnerException!).MessageText);
        await using var timed = new NpgsqlCommand(
            "SET statement_timeout = 200; SELECT count(*) FROM generate_series(1, 1000000000) a, generate_series(1, 1000) b", connection);
        log((await Assert.ThrowsAsync<PostgresException>(() => timed.ExecuteScalarAsync())).SqlState);
        await using var after = new NpgsqlCommand("SELECT 'alive'", connection);
        log($"{await after.ExecuteScalarAsync()}");
    });

    /// <summary>Most of the time of a large result goes into sending it; a request to cancel that comes then counts.</summary>
    [Fact]
    public Task A_query_is_cancelled_while_its_rows_are_sent() => CompareAsync(async (connection, log) =>
    {
        await using (var large = new NpgsqlCommand("SELECT x, repeat('x', 100) FROM generate_series(1, 5000000) x", connection))
        {
            await using var reader = await large.ExecuteReaderAsync();
            Assert.True(await reader.ReadAsync());

            // The sockets hold a small part of the rows, so that it goes on for as long as nobody reads.
            await WaitUntilRunsAsync(connection, large.CommandText);
            await Task.Run(large.Cancel);
            var rows = 1;
            var error = await Assert.ThrowsAsync<OperationCanceledException>(async () =>
            {
                while (await reader.ReadAsync()) rows++;
                Assert.Fail($"all {rows} rows came");
            });
            log(((PostgresException)error.InnerException!).SqlState);
        }

        // One that comes too late hits nothing.
        await using var after = new NpgsqlCommand("SELECT 'alive'", connection);
        log($"{await after.ExecuteScalarAsync()}");
        await Task.Run(after.Cancel);
        log($"{await after.ExecuteScalarAsync()}");
    });

    /// <summary>
    /// The server says that the connection's statement runs, and has for a moment: PostgreSQL drops a request that comes between two
    /// messages of a statement.
    /// </summary>
    private static async Task WaitUntilRunsAsync(NpgsqlConnection connection, string sql)
    {
        await using var other = new NpgsqlConnection(connection.ConnectionString);
        await other.OpenAsync();
        await using var ask =
            new NpgsqlCommand(
                "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND state = 'active' AND query = $2 AND clock_timestamp() - "
                    + "query_start > '100 ms'", other);
        ask.Parameters.AddWithValue(connection.ProcessID);
        ask.Parameters.AddWithValue(sql);
        while (await ask.ExecuteScalarAsync() is not 1L) await Task.Delay(10);
    }

    [Fact]
    public Task Copy_out_in_text_and_binary() => CompareAsync(async (connection, log) =>
    {
        using (var text =
            await connection.BeginTextExportAsync("COPY (SELECT x, NULL, 'é' FROM generate_series(1, 3) x ORDER BY x) TO STDOUT"))
            log(await text.ReadToEndAsync());
        await using var export =
            await connection.BeginBinaryExportAsync(
                "COPY (SELECT x, x::text, x * 1.5 FROM generate_series(1, 3) x ORDER BY 1) TO STDOUT (FORMAT BINARY)");
        while (await export.StartRowAsync() >= 0)
        {
            var (number, text) = (await export.ReadAsync<int>(), await export.ReadAsync<string>());
            log($"{number} {text} {(await export.ReadAsync<decimal>()).ToString(CultureInfo.InvariantCulture)}");
        }
    });

    [Fact]
    public Task Schema_of_a_result_is_known_before_its_rows() => CompareAsync(async (connection, log) =>
    {
        await using var command = new NpgsqlCommand(
            "SELECT 1::int8 AS a, 'x'::varchar(7) AS b, 1.5::numeric(8,3) AS c, now() AS d, array['x'] AS e, '{}'::jsonb AS f", connection);
        await using var reader = await command.ExecuteReaderAsync(CommandBehavior.SchemaOnly);
        foreach (Npgsql.Schema.NpgsqlDbColumn column in await reader.GetColumnSchemaAsync())
            log($"{column.ColumnName} {column.DataTypeName} {column.TypeOID} "
                + $"{column.ColumnSize} {column.NumericPrecision} {column.NumericScale}");
    });

    private static async Task ReadAsync(NpgsqlCommand command, Action<string> log)
    {
        await using var reader = await command.ExecuteReaderAsync();
        do
        {
            log($"-- {reader.FieldCount}");
            while (await reader.ReadAsync())
                log(string.Join(' ',
                    Enumerable.Range(0, reader.FieldCount)
                        .Select(i => $"{reader.GetDataTypeName(i)}={Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture)}")));
        }
        while (await reader.NextResultAsync());
    }

    private async Task CompareAsync(Func<NpgsqlConnection, Action<string>, Task> program)
    {
        var answers = new List<List<string>>();
        foreach (var server in (ServerAddress[])[servers.Postgres, servers.Gateway])
        {
            var lines = new List<string>();
            // Zero waits without a limit for the answer to a request to cancel: a loaded machine may take more than the usual two seconds.
            await using var connection = new NpgsqlConnection($"{server.ConnectionString};Cancellation Timeout=0");
            await connection.OpenAsync();
            await program(connection, lines.Add);
            answers.Add(lines);
        }

        Assert.NotEmpty(answers[0]);
        Assert.Equal(answers[0], answers[1]);
    }
}
