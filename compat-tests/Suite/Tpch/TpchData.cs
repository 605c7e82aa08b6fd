using System.Globalization;
using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Protocol;
using Federation.DuckDb;
using Npgsql;

namespace Federation.CompatTests.Suite.Tpch;

/// <summary>
/// The eight tables three times: in PostgreSQL's database tpch, as Parquet files below a folder, and as a folder that holds half of them. Attached to the
/// gateway as the servers tpch, tpch_files and tpch_half.
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
        await using (var create = new NpgsqlCommand(await File.ReadAllTextAsync(Path.Combine(Repository.CompatTests, "tpch", "tables.sql")), connection) { CommandTimeout = 0 })
            await create.ExecuteNonQueryAsync();
        await WriteParquetAsync(connection, Path.Combine(files, "tpch"));
        var half = Directory.CreateDirectory(Path.Combine(files, "tpch_half")).FullName;
        foreach (var table in Half) File.Copy(Path.Combine(files, "tpch", table + ".parquet"), Path.Combine(half, table + ".parquet"));

        await AttachAsync(postgres.Port, gateway, files);
        return database;
    }

    /// <summary>Attaches the three homes, already made, to a gateway.</summary>
    public static async Task AttachAsync(int postgresPort, ServerAddress gateway, string files)
    {
        await using var client = await RawClient.ConnectAsync(gateway);
        foreach (var sql in (string[])
        [
            $"CREATE SERVER tpch FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{postgresPort.ToString(CultureInfo.InvariantCulture)}', dbname 'tpch')",
            "CREATE USER MAPPING FOR CURRENT_USER SERVER tpch OPTIONS (user 'postgres')",
            $"CREATE SERVER tpch_files FOREIGN DATA WRAPPER files OPTIONS (root '{Path.Combine(files, "tpch")}')",
            $"CREATE SERVER tpch_half FOREIGN DATA WRAPPER files OPTIONS (root '{Path.Combine(files, "tpch_half")}')",
        ])
        {
            var result = await client.QueryAsync(sql);
            if (result.Error is { } error) throw new InvalidOperationException($"{sql}: {error}");
        }
    }

    /// <summary>Through CSV, with the columns' types said to the kernel.</summary>
    private static async Task WriteParquetAsync(NpgsqlConnection connection, string folder)
    {
        Directory.CreateDirectory(folder);
        var spill = Directory.CreateTempSubdirectory("federation-tpch-").FullName;
        try
        {
            using var kernel = KernelInstance.Open(new KernelOptions { SpillDirectory = spill, AllowedDirectories = [folder, spill] });
            using var writer = kernel.Connect();
            foreach (var table in Tables)
            {
                var csv = Path.Combine(spill, table + ".csv");
                await using (var file = File.CreateText(csv))
                {
                    using var rows = await connection.BeginTextExportAsync($"COPY {table} TO STDOUT WITH (FORMAT csv)");
                    await file.WriteAsync(await rows.ReadToEndAsync());
                }

                writer.Execute($"COPY (SELECT * FROM read_csv('{csv}', header = false, columns = {{{await ColumnsAsync(connection, table)}}})) TO '{folder}/{table}.parquet' (FORMAT parquet)");
            }
        }
        finally
        {
            Directory.Delete(spill, recursive: true);
        }
    }

    private static async Task<string> ColumnsAsync(NpgsqlConnection connection, string table)
    {
        await using var command = new NpgsqlCommand(
            "SELECT string_agg(format('%L: %L', attname, CASE WHEN atttypid = 'varchar'::regtype THEN 'varchar' ELSE format_type(atttypid, atttypmod) END), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0",
            connection);
        command.Parameters.Add(new NpgsqlParameter { Value = table });
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
