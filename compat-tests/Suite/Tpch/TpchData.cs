using System.Globalization;
using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Protocol;
using Npgsql;

namespace Federation.CompatTests.Suite.Tpch;

/// <summary>
/// The eight tables three times: in PostgreSQL's database tpch, as Parquet files below a folder, and as a folder that holds half of them.
/// Attached to the gateway as the servers tpch, tpch_files and tpch_half.
/// </summary>
internal static class TpchData
{
    public static readonly string[] Tables = ["region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem"];

    /// <summary>The tables that tpch_half has as files; the others are PostgreSQL's.</summary>
    public static readonly string[] Half = ["lineitem", "nation", "part", "customer"];

    public static async Task<ServerAddress> CreateAsync(PostgresServer postgres, ServerAddress gateway, string files)
    {
        var database = new ServerAddress("127.0.0.1", postgres.Port, "postgres", "tpch");
        await postgres.ExecuteAsync("CREATE DATABASE tpch");
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using (var create = new NpgsqlCommand(await File.ReadAllTextAsync(Path.Combine(Repository.CompatTests, "tpch", "tables.sql")),
            connection) { CommandTimeout = 0 })
            await create.ExecuteNonQueryAsync();
        await WriteFilesAsync(connection, files, "tpch");

        await AttachAsync(postgres.Port, gateway, files);
        return database;
    }

    /// <summary>
    /// The same three homes for the generated tables of scale factor 1, called tpch_sf1, tpch_sf1_files and tpch_sf1_half; attached to no
    /// gateway.
    /// </summary>
    /// <param name="gateway">Where the tables are generated.</param>
    public static async Task<ServerAddress> CreateScaleOneAsync(PostgresServer postgres, ServerAddress gateway, string files)
    {
        var database = new ServerAddress("127.0.0.1", postgres.Port, "postgres", "tpch_sf1");
        await postgres.ExecuteAsync("CREATE DATABASE tpch_sf1");
        await using (var admin = await RawClient.ConnectAsync(gateway))
            await MustAsync(admin, "CREATE SERVER IF NOT EXISTS tpch_generated FOREIGN DATA WRAPPER tpch");
        await CopyGeneratedAsync(gateway with { Database = "tpch_generated" }, "sf1", database);
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        // Without these PostgreSQL takes hours for the correlated subqueries of queries 17 and 20.
        foreach (var sql in (string[])["CREATE INDEX ON lineitem (l_partkey, l_suppkey)", "CREATE INDEX ON lineitem (l_orderkey)",
            "CREATE INDEX ON partsupp (ps_partkey)", "CREATE INDEX ON orders (o_orderkey)", "CREATE INDEX ON orders (o_custkey)",
            "CREATE INDEX ON part (p_partkey)", "ANALYZE"]) await ExecuteAsync(connection, sql);
        await WriteFilesAsync(connection, files, "tpch_sf1");
        return database;
    }

    /// <summary>COPY of all generated tables of a size from a gateway into new tables of the announced types.</summary>
    public static async Task CopyGeneratedAsync(ServerAddress generator, string schema, ServerAddress database)
    {
        await using var source = new NpgsqlConnection(generator.ConnectionString + ";Command Timeout=0");
        await using var target = new NpgsqlConnection(database.ConnectionString + ";Command Timeout=0");
        await source.OpenAsync();
        await target.OpenAsync();
        foreach (var table in Tables)
        {
            await using var columns = new NpgsqlCommand(
                "SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum) FROM pg_attribute a "
                    + $"JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = '{schema}' AND "
                    + $"relname = '{table}' AND attnum > 0",
                source);
            await ExecuteAsync(target, $"CREATE TABLE {table} ({(string)(await columns.ExecuteScalarAsync())!})");
            using var rows = await source.BeginTextExportAsync($"COPY (SELECT * FROM {schema}.{table}) TO STDOUT");
            await using var writer = await target.BeginTextImportAsync($"COPY {table} FROM STDIN");
            await ParquetFiles.CopyAsync(rows, writer);
        }

        await ExecuteAsync(target, "ANALYZE");
    }

    /// <summary>Attaches the three homes, already made, to a gateway.</summary>
    /// <param name="name">tpch or tpch_sf1.</param>
    public static async Task AttachAsync(int postgresPort, ServerAddress gateway, string files, string name = "tpch")
    {
        await using var client = await RawClient.ConnectAsync(gateway);
        foreach (var sql in (string[])
        [
            $"CREATE SERVER {name} FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port "
                + $"'{postgresPort.ToString(CultureInfo.InvariantCulture)}', dbname '{name}')",
            $"CREATE USER MAPPING FOR CURRENT_USER SERVER {name} OPTIONS (user 'postgres')",
            $"CREATE SERVER {name}_files FOREIGN DATA WRAPPER files OPTIONS (root '{Path.Combine(files, name)}')",
            $"CREATE SERVER {name}_half FOREIGN DATA WRAPPER files OPTIONS (root '{Path.Combine(files, name + "_half")}')",
        ])
        {
            await MustAsync(client, sql);
        }
    }

    /// <summary>All tables as Parquet files in the folder of the name, and half of them in another.</summary>
    private static async Task WriteFilesAsync(NpgsqlConnection connection, string files, string name)
    {
        await ParquetFiles.WriteAsync(connection, Tables, Path.Combine(files, name));
        var half = Directory.CreateDirectory(Path.Combine(files, name + "_half")).FullName;
        foreach (var table in Half) File.Copy(Path.Combine(files, name, table + ".parquet"), Path.Combine(half, table + ".parquet"));
    }

    private static async Task MustAsync(RawClient client, string sql)
    {
        if ((await client.QueryAsync(sql)).Error is { } error) throw new InvalidOperationException($"{sql}: {error}");
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }
}
