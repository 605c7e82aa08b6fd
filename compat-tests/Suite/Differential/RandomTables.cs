using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Protocol;
using Npgsql;

namespace Federation.CompatTests.Suite.Differential;

/// <summary>A column of the tables: its name and its type as SQL writes it.</summary>
internal sealed record RandomColumn(string Name, RandomKind Kind);

/// <summary>
/// Three tables of one shape, a large, a middle and a small one, with few distinct values, so that joins find partners, and with NULLs in
/// every column but the key. They live in PostgreSQL's database random and as Parquet files of many row groups.
/// </summary>
internal static class RandomTables
{
    public static readonly (string Name, int Rows)[] Tables = [("large", 4000), ("middle", 300), ("small", 25)];

    public static readonly RandomColumn[] Columns =
    [
        new("id", RandomKind.Integer),
        new("i", RandomKind.Integer),
        new("j", RandomKind.Integer),
        new("s", RandomKind.SmallInteger),
        new("b", RandomKind.BigInteger),
        new("n", RandomKind.Numeric),
        new("m", RandomKind.FreeNumeric),
        new("f", RandomKind.Float),
        new("t", RandomKind.Text),
        new("v", RandomKind.Varchar),
        new("c", RandomKind.Character),
        new("d", RandomKind.Date),
        new("ts", RandomKind.Timestamp),
        new("tz", RandomKind.TimestampZone),
        new("o", RandomKind.Boolean),
        new("u", RandomKind.Uuid),
    ];

    /// <summary>One value of a column for a row; the texts hold what compares, sorts and prints in special ways.</summary>
    private const string Values = """
        id, r(9), r(40) * 3 - 20, r(6) - 2, r(30) * 1000000000::bigint - 7, (r(400) - 200) / 4.0, (ARRAY[1.5, 2.50, 0, -2, 3.25, 1000000.000001, 7])[1 + r(7)],
        (ARRAY[0, 0.5, -1.25, 1e15, 3, 1e-7])[1 + r(6)]::float8, (ARRAY['', 'a', 'A', 'b', 'ä', 'a b', 'a%', 'A_b', 'zebra', 'Zebra', ' a'])[1 + r(11)],
        (ARRAY['x', 'xy', 'xyz', 'xyz ', 'Q', '12', '-3'])[1 + r(7)], (ARRAY['x', 'xy', 'xyz', 'Q', ''])[1 + r(5)],
        date '2023-12-25' + r(60), timestamp '2024-02-28 22:30' + r(50) * interval '47 minutes', timestamptz '2024-03-30 22:30+00' + r(30) * interval '53 minutes',
        r(2) = 0, ('00000000-0000-0000-0000-0000000000' || lpad(r(12)::text, 2, '0'))::uuid
        """;

    public static async Task<ServerAddress> CreateAsync(PostgresServer postgres, string folder)
    {
        var database = new ServerAddress("127.0.0.1", postgres.Port, "postgres", "random");
        await postgres.ExecuteAsync("CREATE DATABASE random");
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await ExecuteAsync(connection,
            "CREATE FUNCTION r(bound int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT floor(random() * bound)::int'; "
                + "SELECT setseed(0.25)");
        foreach (var (name, rows) in Tables)
        {
            await ExecuteAsync(connection,
                $"CREATE TABLE {name} ({string.Join(", ", Columns.Select(column => $"{column.Name} {column.Kind.Sql()}"))})");
            await ExecuteAsync(connection, $"INSERT INTO {name} SELECT {Values} FROM generate_series(1, {rows}) id");
            foreach (var column in Columns.Skip(1))
                await ExecuteAsync(connection, $"UPDATE {name} SET {column.Name} = NULL WHERE r(8) = 0");
            await ExecuteAsync(connection, $"ALTER TABLE {name} ALTER id SET NOT NULL");
            await ExecuteAsync(connection, $"VACUUM FULL ANALYZE {name}");
        }

        var kept = string.Join(", ", Columns.Where(column => column.Kind.IsKeptByParquet()).Select(column => $"'{column.Name}'"));
        await ParquetFiles.WriteAsync(connection, Tables.Select(table => table.Name), Path.Combine(folder, "random"),
            $"attname IN ({kept})", ", ROW_GROUP_SIZE 2048");
        Directory.CreateDirectory(Path.Combine(folder, "random_half"));
        File.Copy(Path.Combine(folder, "random", "middle.parquet"), Path.Combine(folder, "random_half", "middle.parquet"));

        return database;
    }

    /// <summary>Attaches them to a gateway as random, random_files and, one table only, random_half.</summary>
    public static async Task AttachAsync(int postgresPort, ServerAddress gateway, string files)
    {
        await using var client = await RawClient.ConnectAsync(gateway);
        var result = await client.QueryAsync($"""
            CREATE SERVER random FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{postgresPort}', dbname 'random');
            CREATE USER MAPPING FOR CURRENT_USER SERVER random OPTIONS (user 'postgres');
            CREATE SERVER random_files FOREIGN DATA WRAPPER files OPTIONS (root '{Path.Combine(files, "random")}');
            CREATE SERVER random_half FOREIGN DATA WRAPPER files OPTIONS (root '{Path.Combine(files, "random_half")}')
            """);
        if (result.Error is { } error) throw new InvalidOperationException(error.ToString());
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }
}
