using Federation.CompatTests.Suite.Protocol;
using Npgsql;
using NpgsqlTypes;

namespace Federation.CompatTests.Suite.Clients;

/// <summary>COPY FROM STDIN as Npgsql does it: binary and in pieces, given up, and cut short.</summary>
[Collection(SuiteCollection.Name)]
public sealed class CopyFromTests(SuiteServers servers)
{
    private const int Rows = 20_000;

    [Fact]
    public async Task Binary_rows_of_all_types_arrive_as_they_were_sent()
    {
        var answers = new List<string>();
        foreach (var server in (ServerAddress[])[servers.Postgres, servers.Gateway])
        {
            await using var connection = await OpenAsync(server);
            await RunAsync(connection,
                "CREATE TABLE cf (id int NOT NULL, b bool, l bigint, s smallint, f real, d double precision, n numeric(20,5), t text, u "
                    + "uuid, y bytea, dt date, ts timestamp, tz timestamptz, a int[])");
            try
            {
                await using (var writer = await connection.BeginBinaryImportAsync("COPY cf FROM STDIN (FORMAT binary)"))
                {
                    for (var i = 0; i < Rows; i++)
                    {
                        await writer.StartRowAsync();
                        await writer.WriteAsync(i, NpgsqlDbType.Integer);
                        await writer.WriteAsync(i % 2 == 0, NpgsqlDbType.Boolean);
                        await writer.WriteAsync(long.MaxValue - i, NpgsqlDbType.Bigint);
                        if (i % 3 == 0) await writer.WriteNullAsync();
                        else await writer.WriteAsync((short)(i % 1000), NpgsqlDbType.Smallint);
                        await writer.WriteAsync(i / 4f, NpgsqlDbType.Real);
                        await writer.WriteAsync(i / 8d, NpgsqlDbType.Double);
                        await writer.WriteAsync(i / 100m, NpgsqlDbType.Numeric);
                        await writer.WriteAsync($"tëxt {i}", NpgsqlDbType.Text);
                        await writer.WriteAsync(new Guid(i, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10), NpgsqlDbType.Uuid);
                        await writer.WriteAsync(BitConverter.GetBytes(i), NpgsqlDbType.Bytea);
                        await writer.WriteAsync(new DateOnly(2000, 1, 1).AddDays(i), NpgsqlDbType.Date);
                        await writer.WriteAsync(new DateTime(2000, 1, 1).AddSeconds(i), NpgsqlDbType.Timestamp);
                        await writer.WriteAsync(new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMinutes(i),
                            NpgsqlDbType.TimestampTz);
                        await writer.WriteAsync(new[] { i, i + 1 }, NpgsqlDbType.Array | NpgsqlDbType.Integer);
                    }

                    Assert.Equal((ulong)Rows, await writer.CompleteAsync());
                }

                await RunAsync(connection, "SET timezone = 'UTC'");
                answers.Add(string.Join('\n',
                    await TextAsync(connection,
                        "SELECT count(*), sum(id), count(*) FILTER (WHERE b), sum(l), sum(s), sum(f::float8), sum(d), sum(n), min(t), "
                            + "max(u::text), min(dt), max(ts), max(tz) FROM cf"),
                    await TextAsync(connection, "SELECT cf FROM cf WHERE id IN (0, 1, 777, 19999) ORDER BY id")));
            }
            finally
            {
                await RunAsync(connection, "DROP TABLE cf");
            }
        }

        Assert.Equal(answers[0], answers[1]);
        Assert.Contains("20000", answers[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_given_up_leaves_nothing()
    {
        await using var connection = await OpenAsync(servers.Gateway);
        await RunAsync(connection, "CREATE TABLE cu (id int)");
        try
        {
            await using (var writer = await connection.BeginBinaryImportAsync("COPY cu FROM STDIN (FORMAT binary)"))
            {
                await writer.StartRowAsync();
                await writer.WriteAsync(1, NpgsqlDbType.Integer);
            }

            Assert.Equal("0", await TextAsync(connection, "SELECT count(*) FROM cu"));

            // A connection that breaks in the middle takes its rows with it.
            var broken = await RawClient.ConnectAsync(servers.Gateway);
            await broken.SendAsync('Q', "COPY cu FROM STDIN");
            await broken.SendAsync('d', "5\n");
            await broken.DisposeAsync();

            await using (var text = await connection.BeginTextImportAsync("COPY cu FROM STDIN"))
                for (var i = 0; i < 5000; i++)
                    await text.WriteLineAsync($"{i}");
            Assert.Equal("5000,12497500", await TextAsync(connection, "SELECT count(*), sum(id) FROM cu"));
        }
        finally
        {
            await RunAsync(connection, "DROP TABLE cu");
        }
    }

    private static async Task<NpgsqlConnection> OpenAsync(ServerAddress server)
    {
        var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<string> TextAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true };
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
            rows.Add(string.Join(',',
                Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "NULL" : reader.GetString(i))));
        return string.Join('\n', rows);
    }
}
