using Federation.DuckDb;
using Npgsql;

namespace Federation.CompatTests.Suite;

/// <summary>PostgreSQL's tables as Parquet files, by way of CSV with the columns' types said to the kernel.</summary>
internal static class ParquetFiles
{
    /// <summary>Writes each table to a file of its name below the folder, which is made.</summary>
    /// <param name="columns">A condition on pg_attribute that says which columns are written.</param>
    /// <param name="options">What the kernel's COPY is told besides the format.</param>
    public static async Task WriteAsync(NpgsqlConnection connection, IEnumerable<string> tables, string folder, string columns = "true",
        string options = "")
    {
        Directory.CreateDirectory(folder);
        var spill = Directory.CreateTempSubdirectory("federation-parquet-").FullName;
        try
        {
            using var kernel = KernelInstance.Open(new KernelOptions { SpillDirectory = spill, AllowedDirectories = [folder, spill] });
            using var writer = kernel.Connect();
            foreach (var table in tables)
            {
                var (names, types) = await ColumnsAsync(connection, table, columns);
                var csv = Path.Combine(spill, table + ".csv");
                await using (var file = File.CreateText(csv))
                {
                    using var rows =
                        await connection.BeginTextExportAsync($"COPY (SELECT {names} FROM {table}) TO STDOUT WITH (FORMAT csv)");
                    await CopyAsync(rows, file);
                }

                writer.Execute(
                    $"COPY (SELECT * FROM read_csv('{csv}', header = false, allow_quoted_nulls = false, columns = {{{types}}})) TO "
                        + $"'{folder}/{table}.parquet' (FORMAT parquet{options})");
                File.Delete(csv);
            }
        }
        finally
        {
            Directory.Delete(spill, recursive: true);
        }
    }

    /// <summary>Everything that is left to read, in large pieces.</summary>
    public static async Task CopyAsync(TextReader reader, TextWriter writer)
    {
        var buffer = new char[1 << 18];
        for (int read; (read = await reader.ReadAsync(buffer)) > 0;) await writer.WriteAsync(buffer.AsMemory(0, read));
    }

    private static async Task<(string Names, string Types)> ColumnsAsync(NpgsqlConnection connection, string table, string condition)
    {
        await using var command = new NpgsqlCommand(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum), string_agg(format('%L: %L', attname, CASE WHEN atttypid = "
                + "'varchar'::regtype THEN 'varchar' ELSE format_type(atttypid, atttypmod) END), ', ' ORDER BY attnum) FROM pg_attribute "
                + $"WHERE attrelid = $1::regclass AND attnum > 0 AND {condition}",
            connection);
        command.Parameters.Add(new NpgsqlParameter { Value = table });
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetString(0), reader.GetString(1));
    }
}
