using System.Globalization;
using Federation.CompatTests.Suite.Clients;
using Federation.CompatTests.Suite.Protocol;
using Npgsql;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Slt;

/// <summary>
/// The files of compat-tests/attached: statements over tables and types that a PostgreSQL server defines itself (setup.sql), there and on
/// the gateway, where the database of the same name is that server. FEDERATION_SLT=complete rewrites their expectations from PostgreSQL.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class AttachedTests(SuiteServers servers, ITestOutputHelper output)
{
    private static readonly string s_folder = Path.Combine(Repository.CompatTests, "attached");

    public static TheoryData<string> Files =>
        new(Directory.EnumerateFiles(s_folder, "*.slt").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Files))]
    public async Task File_holds(string name)
    {
        var database = await servers.GetAttachedAsync();
        var file = SltFile.Load(s_folder, name);
        Assert.NotEmpty(file.Records);
        var runner = new SltRunner(database, servers.Gateway with { Database = database.Database });
        if (Environment.GetEnvironmentVariable("FEDERATION_SLT") == "complete")
        {
            await File.WriteAllTextAsync(Path.Combine(s_folder, name), file.Print(await runner.CompleteAsync(file)));
            return;
        }

        var outcome = await runner.RunAsync(file);
        output.WriteLine($"attached {name}: {outcome.Equal} equal, {outcome.Skipped} known to differ, {outcome.Failures.Count} failed");
        Assert.True(outcome.Failures.Count == 0, "\n" + string.Join("\n", outcome.Failures));
    }

    /// <summary>
    /// What is done to a table at its server is seen by the next statement: rows are never read by a definition that is no more.
    /// </summary>
    [Fact]
    public async Task Tables_that_are_altered_or_made_anew_are_noticed()
    {
        var database = await servers.GetAttachedAsync();
        await using var gateway = new NpgsqlConnection((servers.Gateway with { Database = database.Database }).ConnectionString);
        await gateway.OpenAsync();
        (string Change, string Columns, string Rows)[] steps =
        [
            ("CREATE TABLE st (a int, b text); INSERT INTO st VALUES (1, 'x')", "a,b", "1,x"),
            ("DROP TABLE st; CREATE TABLE st (a text, b int, c date); INSERT INTO st VALUES ('abcd', 7, '2020-01-01')", "a,b,c",
                "abcd,7,2020-01-01"),
            ("ALTER TABLE st ALTER a TYPE bytea USING a::bytea", "a,b,c", "\\x61626364,7,2020-01-01"),
            ("ALTER TABLE st DROP b", "a,c", "\\x61626364,2020-01-01"),
            ("ALTER TABLE st ADD d int8 DEFAULT 5", "a,c,d", "\\x61626364,2020-01-01,5"),
            ("ALTER TABLE st RENAME c TO e", "a,e,d", "\\x61626364,2020-01-01,5"),
            ("ALTER TABLE st ALTER d TYPE numeric(6,2)", "a,e,d", "\\x61626364,2020-01-01,5.00"),
            ("CREATE TYPE step AS ENUM ('one'); ALTER TABLE st ADD f step DEFAULT 'one'", "a,e,d,f", "\\x61626364,2020-01-01,5.00,one"),
            ("ALTER TYPE step ADD VALUE 'zero' BEFORE 'one'", "a,e,d,f", "\\x61626364,2020-01-01,5.00,one"),
            ("UPDATE st SET f = 'zero'", "a,e,d,f", "\\x61626364,2020-01-01,5.00,zero"),
            ("DROP TABLE st; CREATE VIEW st AS SELECT 1 AS z", "z", "1"),
        ];
        foreach (var (change, columns, rows) in steps)
        {
            await ExecuteAsync(database, change);
            await using var command = new NpgsqlCommand("SELECT * FROM st", gateway) { AllResultTypesAreUnknown = true };
            await using var reader = await command.ExecuteReaderAsync();
            Assert.Equal(columns, string.Join(',', Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)));
            Assert.True(await reader.ReadAsync());
            Assert.Equal(rows, string.Join(',', Enumerable.Range(0, reader.FieldCount).Select(reader.GetString)));
        }

        await ExecuteAsync(database, "DROP VIEW st; DROP TYPE step");
        await using var last = new NpgsqlCommand("SELECT * FROM st", gateway);
        Assert.Equal("42P01", (await Assert.ThrowsAsync<PostgresException>(() => last.ExecuteNonQueryAsync())).SqlState);
    }

    /// <summary>A prepared statement goes on while its columns are as they were, and says so when they are not.</summary>
    [Fact]
    public async Task A_prepared_statement_notices_what_its_columns_became()
    {
        var database = await servers.GetAttachedAsync();
        await using var gateway = new NpgsqlConnection((servers.Gateway with { Database = database.Database }).ConnectionString);
        await gateway.OpenAsync();
        await ExecuteAsync(database, "CREATE TABLE kept (a int, b text); INSERT INTO kept VALUES (1, 'x')");
        await using var command = new NpgsqlCommand("SELECT a FROM kept", gateway);
        await command.PrepareAsync();
        Assert.Equal(1, await command.ExecuteScalarAsync());
        await ExecuteAsync(database, "ALTER TABLE kept ADD c int; ALTER TABLE kept DROP b");
        Assert.Equal(1, await command.ExecuteScalarAsync());
        await ExecuteAsync(database, "ALTER TABLE kept ALTER a TYPE text");
        var error = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteScalarAsync());
        Assert.Equal(("0A000", "cached plan must not change result type"), (error.SqlState, error.MessageText));
        await ExecuteAsync(database, "DROP TABLE kept");
    }

    [Fact]
    public async Task Copy_leaves_generated_columns_out()
    {
        var database = await servers.GetAttachedAsync();
        var texts = new List<string>();
        foreach (var server in (ServerAddress[])[database, servers.Gateway with { Database = database.Database }])
        {
            await using var connection = new NpgsqlConnection(server.ConnectionString);
            await connection.OpenAsync();
            foreach (var copy in (string[])["COPY gone TO STDOUT", "COPY gone TO STDOUT (FORMAT csv, HEADER)", "COPY gone (d, a) TO STDOUT",
                "COPY (SELECT * FROM gone) TO STDOUT"])
            {
                using var reader = await connection.BeginTextExportAsync(copy);
                texts.Add(await reader.ReadToEndAsync());
            }
        }

        Assert.Equal(texts[..4], texts[4..]);
        Assert.Equal("1\t2\td\n", texts[0]);
    }

    /// <summary>
    /// RowDescription names the table and the column that a result column is of, by numbers below 2^31 that pg_class and pg_attribute know.
    /// </summary>
    [Fact]
    public async Task Result_columns_name_their_table()
    {
        var database = await servers.GetAttachedAsync();
        await using var connection = new NpgsqlConnection((servers.Gateway with { Database = database.Database }).ConnectionString);
        await connection.OpenAsync();
        (uint, short)[] described;
        await using (var command = new NpgsqlCommand("SELECT d, a, a + 1 FROM gone", connection))
        await using (var reader = await command.ExecuteReaderAsync())
            described = [.. reader.GetColumnSchema().Select(column => (column.TableOID, column.ColumnAttributeNumber ?? 0))];
        await using var lookup =
            new NpgsqlCommand(
                "SELECT c.oid::int4, string_agg(attnum::text, ',' ORDER BY attname) FROM pg_class c JOIN pg_attribute a ON attrelid = "
                    + "c.oid WHERE relname = 'gone' AND attname IN ('a', 'd') GROUP BY 1", connection);
        await using var row = await lookup.ExecuteReaderAsync();
        Assert.True(await row.ReadAsync());
        var oid = (uint)row.GetInt32(0);
        Assert.Equal("1,5", row.GetString(1));
        Assert.Equal([(oid, (short)5), (oid, (short)1), (0u, (short)0)], described);
    }

    /// <summary>pg_dump reads definitions and rows of an attached server through the gateway.</summary>
    [Fact]
    public async Task Pg_dump_dumps_an_attached_server()
    {
        var database = await servers.GetAttachedAsync();
        var gateway = servers.Gateway with { Database = database.Database };
        var schema = await DumpAsync(gateway, "--schema-only", "-t", "public.(en|en_view|gone)", "-t", "sales.orders");
        Assert.Contains("    m public.mood,", schema, StringComparison.Ordinal);
        Assert.Contains("CREATE TABLE sales.orders (", schema, StringComparison.Ordinal);
        Assert.Contains("CREATE VIEW public.en_view AS", schema, StringComparison.Ordinal);
        foreach (var table in (string[])["public.en", "sales.orders"])
        {
            var rows = await DumpAsync(database, "--data-only", "-t", table);
            Assert.Contains($"COPY {table} (", rows, StringComparison.Ordinal);
            Assert.Equal(CopyOf(rows), CopyOf(await DumpAsync(gateway, "--data-only", "-t", table)));
        }
    }

    private static string CopyOf(string dump) =>
        dump[dump.IndexOf("COPY ", StringComparison.Ordinal)..(dump.IndexOf("\n\\.\n", StringComparison.Ordinal) + 1)];

    private static async Task<string> DumpAsync(ServerAddress server, params string[] arguments)
    {
        var port = server.Port.ToString(CultureInfo.InvariantCulture);
        var (exitCode, output) =
            await ProgramRun.RunAsync("pg_dump", ["-h", server.Host, "-p", port, "-U", server.User, "-d", server.Database, .. arguments]);
        Assert.True(exitCode == 0, output);
        return output;
    }

    /// <summary>Makes the database.</summary>
    internal static async Task<ServerAddress> CreateAsync(ServerAddress postgres)
    {
        var database = postgres with { Database = "attached" };
        await ExecuteAsync(postgres, "CREATE DATABASE attached");
        await ExecuteAsync(database, await File.ReadAllTextAsync(Path.Combine(s_folder, "setup.sql")));
        return database;
    }

    /// <summary>Attaches the database to a gateway under its name.</summary>
    internal static async Task<ServerAddress> AttachAsync(ServerAddress database, ServerAddress gateway)
    {
        await ExecuteAsync(gateway,
            $"CREATE SERVER attached FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{database.Port}', dbname 'attached')");
        await ExecuteAsync(gateway, "CREATE USER MAPPING FOR PUBLIC SERVER attached OPTIONS (user 'postgres')");
        return database;
    }

    private static async Task ExecuteAsync(ServerAddress server, string sql)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
