using Npgsql;

namespace Federation.CompatTests.Suite.Lake;

/// <summary>
/// A type that the table format cannot hold as it is declared: the client is told what the column has become, and the column says so too.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class StoredTypeTests(SuiteServers servers)
{
    [Fact]
    public async Task A_numeric_without_precision_becomes_one_that_everybody_sees()
    {
        await using var connection = new NpgsqlConnection(servers.Gateway.ConnectionString);
        await connection.OpenAsync();
        var notices = new List<string>();
        connection.Notice += (_, e) => notices.Add($"{e.Notice.Severity} {e.Notice.MessageText}");
        await RunAsync(connection, "CREATE SCHEMA stored_types");
        try
        {
            await RunAsync(connection, "CREATE TABLE stored_types.t (n numeric, a numeric[], p numeric(5,2), i int)");
            Assert.Equal(
                ["NOTICE column \"n\" of type numeric is stored as numeric(38,9)",
                    "NOTICE column \"a\" of type numeric[] is stored as numeric(38,9)[]"], notices);
            Assert.Equal("numeric(38,9) numeric(38,9)[] numeric(5,2) integer", await TypesAsync(connection, "t"));

            // Rounding follows the type that the column shows, and what is too large is refused, as PostgreSQL does for numeric(38,9).
            await RunAsync(connection, "INSERT INTO stored_types.t VALUES (1.0000000005, '{0.1234567891}', 1.005, 1)");
            await using var read = new NpgsqlCommand("SELECT n::text || ' ' || a::text || ' ' || p::text FROM stored_types.t", connection);
            Assert.Equal("1.000000001 {0.123456789} 1.01", await read.ExecuteScalarAsync());
            var error = await Assert.ThrowsAsync<PostgresException>(() =>
                RunAsync(connection, "INSERT INTO stored_types.t VALUES (1e29, NULL, NULL, 2)"));
            Assert.Equal(("22003", "numeric field overflow"), (error.SqlState, error.MessageText));

            notices.Clear();
            await RunAsync(connection, "CREATE TABLE stored_types.c AS SELECT sum(p) AS s, avg(p) AS m, i FROM stored_types.t GROUP BY i");
            Assert.Equal(
                ["NOTICE column \"s\" of type numeric is stored as numeric(38,2)",
                    "NOTICE column \"m\" of type numeric is stored as numeric(38,9)"], notices);
            Assert.Equal("numeric(38,2) numeric(38,9) integer", await TypesAsync(connection, "c"));
        }
        finally
        {
            await RunAsync(connection, "DROP SCHEMA stored_types CASCADE");
        }
    }

    private static async Task<object?> TypesAsync(NpgsqlConnection connection, string table)
    {
        await using var command = new NpgsqlCommand(
            "SELECT string_agg(format_type(atttypid, atttypmod), ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = "
                + $"'stored_types.{table}'::regclass AND attnum > 0", connection);
        return await command.ExecuteScalarAsync();
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
