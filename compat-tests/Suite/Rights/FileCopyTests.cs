using Npgsql;

namespace Federation.CompatTests.Suite.Rights;

/// <summary>COPY to and from files of the gateway's machine: who may, and where.</summary>
public sealed class FileCopyTests(RightsGateway gateway) : IClassFixture<RightsGateway>
{
    [Fact]
    public async Task Files_are_for_superusers_and_members_of_two_roles()
    {
        await using var root = await gateway.ConnectAsync("root");
        await using var alice = await gateway.ConnectAsync("alice");
        var file = Path.Combine(gateway.Files, "shared.txt");
        await RunAsync(root, "CREATE SCHEMA AUTHORIZATION alice");
        await RunAsync(alice, "CREATE TABLE alice.mine (n int)");
        await RunAsync(root, $"COPY (SELECT 7) TO '{file}'");
        const string Hint = "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.";
        foreach (var (sql, action) in (ValueTuple<string, string>[])[
            ($"COPY alice.mine FROM '{file}'", "pg_read_server_files role to COPY from a file"),
            ($"COPY alice.mine TO '{file}'", "pg_write_server_files role to COPY to a file"),
            ("COPY alice.mine TO PROGRAM 'cat'", "pg_execute_server_program role to COPY to or from an external program")])
        {
            var error = await ErrorAsync(alice, sql);
            Assert.Equal(("42501", $"must be superuser or have privileges of the {action}", Hint),
                (error.SqlState, error.MessageText, error.Hint));
        }

        await RunAsync(root, "GRANT pg_read_server_files TO alice");
        await RunAsync(alice, $"COPY alice.mine FROM '{file}'");
        Assert.Equal(7, await ValueAsync(alice, "SELECT sum(n)::int FROM alice.mine"));
        Assert.Equal("42501", (await ErrorAsync(alice, $"COPY alice.mine TO '{file}'")).SqlState);
        await RunAsync(root, "GRANT pg_write_server_files TO alice");
        await RunAsync(alice, $"COPY (SELECT 8) TO '{file}'");
        Assert.Equal("8\n", await File.ReadAllTextAsync(file));
        await RunAsync(root, "REVOKE pg_read_server_files, pg_write_server_files FROM alice");
        Assert.Equal("42501", (await ErrorAsync(alice, $"COPY alice.mine FROM '{file}'")).SqlState);
        Assert.Equal("0A000", (await ErrorAsync(root, "COPY alice.mine TO PROGRAM 'cat'")).SqlState);

        // The roles are the system's.
        Assert.Equal("42939", (await ErrorAsync(root, "ALTER ROLE pg_read_server_files SUPERUSER")).SqlState);
        Assert.Equal("2BP01", (await ErrorAsync(root, "DROP ROLE pg_read_server_files")).SqlState);
        Assert.Equal(2L, await ValueAsync(root,
            "SELECT count(*) FROM pg_roles WHERE rolname IN ('pg_read_server_files', 'pg_write_server_files') AND oid IN (4569, 4570) AND "
                + "NOT rolcanlogin"));
    }

    [Fact]
    public async Task Files_lie_in_allowed_folders_and_among_those_of_no_table()
    {
        await using var root = await gateway.ConnectAsync("root");
        await RunAsync(root, "CREATE TABLE placed (n int)");
        var table = Path.Combine(gateway.Files, "table");
        await RunAsync(root, $"CREATE TABLE outside (n int) WITH (location = '{table}')");
        Directory.CreateSymbolicLink(Path.Combine(gateway.Files, "link"), gateway.Outside);
        Directory.CreateDirectory(Path.Combine(gateway.Files, "folder"));
        await File.WriteAllTextAsync(Path.Combine(gateway.Outside, "secret"), "1\n");
        var key = Directory.GetFiles(Path.GetDirectoryName(gateway.Files)!, "catalog.key", SearchOption.AllDirectories).Single();
        foreach (var (sql, state) in (ValueTuple<string, string>[])[
            ($"COPY placed FROM '{gateway.Outside}/secret'", "42501"), ($"COPY placed TO '{gateway.Outside}/x'", "42501"),
                ($"COPY placed FROM '{gateway.Files}/link/secret'", "42501"),
            ($"COPY placed FROM '{gateway.Files}/../outside/secret'", "42501"), ($"COPY placed FROM '{key}'", "42501"),
                ($"COPY placed TO '{key}'", "42501"),
            ($"COPY placed TO '{table}/data/x.parquet'", "42501"), ("COPY placed TO 'relative'", "42602"),
                ("COPY placed TO 'gs://b/k'", "0A000"), ("COPY placed TO 's3://b/k'", "42501"),
            ($"COPY placed TO '{gateway.Files}/folder'", "42809"), ($"COPY placed FROM '{gateway.Files}/folder'", "42809"),
                ($"COPY placed FROM '{gateway.Files}/nothing'", "58P01"),
            ($"COPY placed TO '{gateway.Files}/nothing/x'", "58P01")])
        {
            // Npgsql closes the connection at some of them.
            await using var client = await gateway.ConnectAsync("root");
            Assert.Equal((sql, state), (sql, (await ErrorAsync(client, sql)).SqlState));
        }

        Assert.Equal(["folder", "link", "table"],
            Directory.EnumerateFileSystemEntries(gateway.Files).Select(entry => Path.GetFileName(entry)).Where(name =>
            name != "shared.txt").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("FORMAT text, HEADER")]
    [InlineData("FORMAT csv, FORCE_QUOTE *")]
    [InlineData("FORMAT binary")]
    public async Task A_file_holds_what_a_client_is_sent(string options)
    {
        await using var root = await gateway.ConnectAsync("root");
        var name = $"sent{options.Length}";
        var file = Path.Combine(gateway.Outside, "..", "files", $"{name}.dat");
        const string Query =
            "SELECT g AS \"a,b\", CASE WHEN g % 3 > 0 THEN repeat(E'é\\t\\\"', g % 40) END AS t, g / 7.0 AS n, ARRAY[g, NULL] AS l FROM "
                + "generate_series(1, 30000) g";
        await RunAsync(root, $"COPY ({Query}) TO '{Path.GetFullPath(file)}' WITH ({options})");
        using var sent = new MemoryStream();
        if (options.Contains("binary", StringComparison.Ordinal))
        {
            await using var stream = await root.BeginRawBinaryCopyAsync($"COPY ({Query}) TO STDOUT WITH ({options})");
            await stream.CopyToAsync(sent);
        }
        else
        {
            using var reader = await root.BeginTextExportAsync($"COPY ({Query}) TO STDOUT WITH ({options})");
            sent.Write(System.Text.Encoding.UTF8.GetBytes(await reader.ReadToEndAsync()));
        }

        Assert.Equal(sent.ToArray(), await File.ReadAllBytesAsync(file));
        File.Delete(file);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<object?> ValueAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    private static Task<PostgresException> ErrorAsync(NpgsqlConnection connection, string sql) =>
        Assert.ThrowsAsync<PostgresException>(() => RunAsync(connection, sql));
}
