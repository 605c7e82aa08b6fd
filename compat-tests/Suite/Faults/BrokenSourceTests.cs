using System.Globalization;
using Federation.CompatTests.Suite.Lake;
using Federation.CompatTests.Suite.Protocol;
using Npgsql;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>
/// What is broken at one source breaks only itself: the catalogs list it with a warning and all else as ever, and reading it gives the
/// error.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class BrokenSourceTests(SuiteServers servers) : IAsyncLifetime
{
    private static readonly string[] s_broken = ["cut", "junk", "half", "strange", "outward", "dangling"];

    private readonly string _outside = Directory.CreateTempSubdirectory("federation-outside-").FullName;

    private string Root => Path.Combine(servers.Files, "broken_parts");

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(Root);
        await File.WriteAllTextAsync(Path.Combine(Root, "good.csv"), "a,b\n1,x\n");
        await File.WriteAllTextAsync(Path.Combine(Root, "cut.csv"), "a,b\n1,2\n\"x\n");
        await File.WriteAllBytesAsync(Path.Combine(Root, "junk.parquet"), [.. Enumerable.Range(0, 400).Select(i => (byte)(i * 37))]);
        await File.WriteAllTextAsync(Path.Combine(Root, "half.jsonl"), "{\"a\":1}\n{\"a\":\n");
        await File.WriteAllBytesAsync(Path.Combine(Root, "strange.csv"), [0x61, 0x0A, 0xC3, 0x28, 0x0A]);
        await File.WriteAllTextAsync(Path.Combine(_outside, "secret.csv"), "a\n1\n");
        File.CreateSymbolicLink(Path.Combine(Root, "outward.csv"), Path.Combine(_outside, "secret.csv"));
        File.CreateSymbolicLink(Path.Combine(Root, "dangling.csv"), Path.Combine(Root, "nowhere.csv"));
        Directory.CreateSymbolicLink(Path.Combine(Root, "away"), _outside);
        await using var connection = await OpenAsync("federation");
        await ExecuteAsync(connection, $"CREATE SERVER broken_parts FOREIGN DATA WRAPPER files OPTIONS (root '{Root}')");
        await ExecuteAsync(connection,
            "CREATE SERVER broken_down FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '1', dbname 'x')");
        await ExecuteAsync(connection, "CREATE USER MAPPING FOR CURRENT_USER SERVER broken_down OPTIONS (user 'postgres')");
        await ExecuteAsync(connection,
            "CREATE SERVER broken_unmapped FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', dbname 'x')");
    }

    public async Task DisposeAsync()
    {
        await using var connection = await OpenAsync("federation");
        await ExecuteAsync(connection, "DROP SERVER broken_parts");
        await ExecuteAsync(connection, "DROP SERVER broken_down CASCADE");
        await ExecuteAsync(connection, "DROP SERVER broken_unmapped");
        Directory.Delete(Root, recursive: true);
        Directory.Delete(_outside, recursive: true);
    }

    [Theory]
    [InlineData("federation", "broken_parts.public")]
    [InlineData("broken_parts", "public")]
    public async Task The_catalogs_list_what_is_broken_and_describe_the_rest(string database, string schema)
    {
        await using var connection = await OpenAsync(database);
        var (tables, _) =
            await RowsAsync(connection, $"SELECT table_name FROM information_schema.tables WHERE table_schema = '{schema}' ORDER BY 1");
        Assert.Equal(s_broken.Append("good").Order(StringComparer.Ordinal), tables);
        var (columns, warnings) = await RowsAsync(connection,
            $"SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = '{schema}' ORDER BY 1");
        // What is known before the broken place is shown: the cut file has a header.
        Assert.Equal(["cut.a", "cut.b", "good.a", "good.b"], columns);
        foreach (var table in s_broken.Where(table => table != "cut"))
            Assert.Contains(warnings, warning => warning.Contains($"\"{schema}\".\"{table}\" are not shown: ", StringComparison.Ordinal));
        var (attributes, _) = await RowsAsync(
            connection,
            "SELECT attname::text FROM pg_attribute WHERE attnum > 0 AND attrelid = (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON "
                + $"n.oid = relnamespace WHERE nspname = '{schema}' AND relname = 'good') ORDER BY attnum");
        Assert.Equal(["a", "b"], attributes);
        Assert.Equal(["1"], (await RowsAsync(connection, $"SELECT a::text FROM \"{schema}\".good")).Rows);
    }

    [Theory]
    [InlineData("cut", "22P04")]
    [InlineData("junk", "XX001")]
    [InlineData("half", "XX001")]
    [InlineData("strange", "XX001")]
    [InlineData("outward", "42501")]
    [InlineData("dangling", "58P01")]
    public async Task Reading_what_is_broken_gives_its_error(string table, string state)
    {
        await using var connection = await OpenAsync("federation");
        var error = await Assert.ThrowsAsync<PostgresException>(() => RowsAsync(connection, $"SELECT * FROM broken_parts.public.{table}"));
        Assert.Equal(state, error.SqlState);
        Assert.Contains(state == "42501" || state == "58P01" ? "\"" : table, error.MessageText + error.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'broken%' ORDER BY 1", "broken_parts.away,broken_parts.public")]
    [InlineData("SELECT schema_name::text FROM information_schema.schemata WHERE schema_name LIKE 'broken%' ORDER BY 1",
        "broken_parts.away,broken_parts.public")]
    [InlineData("SELECT relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname LIKE 'broken%' AND "
        + "relname = 'good'", "good")]
    [InlineData("SELECT tablename::text FROM pg_tables WHERE schemaname LIKE 'broken%' AND tablename = 'good'", "good")]
    public async Task A_server_that_is_down_gives_a_warning(string sql, string rows)
    {
        await using var connection = await OpenAsync("federation");
        var (found, warnings) = await RowsAsync(connection, sql);
        Assert.Equal(rows, string.Join(',', found));
        Assert.Single(warnings, warning => warning.Contains("tables of server \"broken_down\" are not shown: ", StringComparison.Ordinal));
        Assert.Single(warnings,
            warning => warning.Contains("tables of server \"broken_unmapped\" are not shown: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Names_of_relations_are_told_without_a_warning()
    {
        await using var connection = await OpenAsync("federation");
        var (rows, warnings) = await RowsAsync(connection, "SELECT oid::regclass::text FROM (VALUES (1259::oid)) t(oid)");
        Assert.Equal(["pg_class"], rows);
        Assert.Empty(warnings);
    }

    [GoldenFact]
    public async Task A_lake_table_without_its_metadata()
    {
        var source = Path.Combine(SuiteServers.GoldenFolder!, "iceberg/duckdb-iceberg/expression_filter");
        var copy = Path.Combine(Root, "_tables", "expression_filter");
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        await using var connection = await OpenAsync("federation");
        await ExecuteAsync(connection, "CREATE SCHEMA broken_lake");
        await ExecuteAsync(connection, $"CALL lake.system.register_table('broken_lake', 'gone', '{copy}')");
        await ExecuteAsync(connection, $"CALL lake.system.register_table('broken_lake', 'whole', '{source}')");
        Directory.Delete(copy, recursive: true);
        var (columns, warnings) = await RowsAsync(connection,
            "SELECT DISTINCT table_name::text FROM information_schema.columns WHERE table_schema = 'broken_lake'");
        Assert.Equal(["whole"], columns);
        Assert.Contains(warnings, warning => warning.Contains("\"broken_lake\".\"gone\"", StringComparison.Ordinal));
        Assert.Equal(["gone", "whole"],
            (await RowsAsync(connection, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'broken_lake' ORDER BY 1")).Rows);
        // Npgsql takes an error of this class for the end of the connection.
        await using var other = await OpenAsync("federation");
        Assert.Equal("58P01",
            (await Assert.ThrowsAsync<PostgresException>(() => RowsAsync(other, "SELECT * FROM broken_lake.gone"))).SqlState);
        Assert.Equal(["3"], (await RowsAsync(connection, "SELECT count(*)::text FROM broken_lake.whole")).Rows);
        await ExecuteAsync(connection, "DROP SCHEMA broken_lake CASCADE");
    }

    private async Task<NpgsqlConnection> OpenAsync(string database)
    {
        var connection = new NpgsqlConnection((servers.Gateway with { Database = database }).ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first column of the rows, and the warnings that came with them.</summary>
    private static async Task<(List<string?> Rows, List<string> Warnings)> RowsAsync(NpgsqlConnection connection, string sql)
    {
        var warnings = new List<string>();
        void Note(object sender, NpgsqlNoticeEventArgs notice)
        {
            if (notice.Notice.Severity == "WARNING") warnings.Add(notice.Notice.MessageText);
        }

        connection.Notice += Note;
        try
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await using var reader = await command.ExecuteReaderAsync();
            var rows = new List<string?>();
            while (await reader.ReadAsync()) rows.Add(Convert.ToString(reader.GetValue(0), CultureInfo.InvariantCulture));
            return (rows, warnings);
        }
        finally
        {
            connection.Notice -= Note;
        }
    }
}
