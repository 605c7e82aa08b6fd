using Federation.CompatTests.Suite.Clients;
using Federation.CompatTests.Suite.Protocol;
using Npgsql;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>
/// Bad input of every kind ends in an error that says what is wrong, with its SQLSTATE; the connection and the gateway live on.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class BadInputTests(SuiteServers servers)
{
    private const string ClosedPort = "1";

    [Theory]
    [InlineData("junk.parquet", "XX001")]
    [InlineData("short.parquet", "XX001")]
    [InlineData("empty.parquet", "XX001")]
    [InlineData("cut.jsonl", "XX001")]
    [InlineData("cut.csv", "22P04")]
    public async Task Corrupt_file_is_named(string file, string code)
    {
        var folder =
            Directory.CreateDirectory(Path.Combine(servers.Files, "corrupt", Path.GetFileNameWithoutExtension(file) + "_" + code)).FullName;
        byte[] content = file switch
        {
            "junk.parquet" => [.. Enumerable.Range(0, 400).Select(i => (byte)(i * 37))],
            "short.parquet" => "PAR1\0\0PAR1"u8.ToArray(),
            "cut.jsonl" => "{\"a\":1}\n{\"a\":\n"u8.ToArray(),
            "cut.csv" => "a,b\n1,2\n\"x\n"u8.ToArray(),
            _ => [],
        };
        await File.WriteAllBytesAsync(Path.Combine(folder, file), content);
        var server = "corrupt_" + file.Replace('.', '_');
        await RunAsync($"CREATE SERVER {server} FOREIGN DATA WRAPPER files OPTIONS (root '{folder}')");
        var error = await FailAsync($"SELECT * FROM {server}.public.{Path.GetFileNameWithoutExtension(file)}");
        Assert.Equal(code, error.Code);
        Assert.Contains(file, error.Message + error.Detail, StringComparison.Ordinal);
        await RunAsync($"DROP SERVER {server}");
    }

    [Theory]
    [InlineData("--allow", "--port", "0")]
    [InlineData("--demo", "--port", "0")]
    public async Task A_folder_of_the_command_line_that_is_not_there_is_named_at_the_start(string option, params string[] others)
    {
        Assert.Equal((1, $"federation: {option}: folder \"/nosuch/folder\" does not exist"),
            await ServeAsync([option, "/nosuch/folder", .. others]));
    }

    [Theory]
    [InlineData("--port", "70000", "--port 70000 is outside the valid range (0 .. 65535)")]
    [InlineData("--flight-port", "-2", "--flight-port -2 is outside the valid range (-1 .. 65535)")]
    [InlineData("--workers", "-1", "--workers -1 is outside the valid range (0 .. 1000)")]
    [InlineData("--memory-mb", "-1", "--memory-mb -1 is outside the valid range (0 .. 2147483647)")]
    [InlineData("--flight-idle-seconds", "0", "--flight-idle-seconds 0 is outside the valid range (1 .. 2147483647)")]
    [InlineData("--address", "nowhere", "--address \"nowhere\" is not an IP address")]
    public async Task A_number_of_the_command_line_out_of_range_is_named(string option, string value, string message)
    {
        Assert.Equal((1, $"federation: {message}"), await ServeAsync(option, value));
    }

    [Theory]
    [InlineData("--port", "70000", "--port 70000 is outside the valid range (0 .. 65535)")]
    [InlineData("--threads", "-1", "--threads -1 is outside the valid range (0 .. 1024)")]
    [InlineData("--memory-mb", "-1", "--memory-mb -1 is outside the valid range (0 .. 2147483647)")]
    public async Task A_worker_names_a_number_out_of_range(string option, string value, string message)
    {
        Assert.Equal((1, $"federation worker: {message}"), await CommandAsync("worker", option, value));
    }

    /// <summary>Both protocols say that somebody else listens there, and which option takes another port.</summary>
    [Theory]
    [InlineData("--port")]
    [InlineData("--flight-port")]
    public async Task A_port_in_use_is_named(string option)
    {
        using var holder = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        holder.Start();
        var port = ((System.Net.IPEndPoint)holder.LocalEndpoint).Port;
        var folder = Directory.CreateTempSubdirectory("federation-port-").FullName;
        try
        {
            string[] free = option == "--port" ? ["--flight-port", "0"] : ["--port", "0"];
            var (exitCode, output) =
                await ServeAsync([option, $"{port}", .. free, "--data", folder, "--workers", "1", "--memory-mb", "256"]);
            Assert.Equal(1, exitCode);
            Assert.Equal($"federation: could not listen on port {port}: Address already in use\nChoose another one with {option}.", output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A run of `federation serve` that must end by itself.</summary>
    private static Task<(int ExitCode, string Output)> ServeAsync(params string[] arguments) => CommandAsync(["serve", .. arguments]);

    private static async Task<(int ExitCode, string Output)> CommandAsync(params string[] arguments)
    {
        var (exitCode, output) =
            await ProgramRun.RunAsync("dotnet", [Path.Combine(AppContext.BaseDirectory, "federation.dll"), .. arguments]);
        return (exitCode, output.Trim());
    }

    [Theory]
    [InlineData("SELECT nosuch FROM (VALUES (1)) t(x)", "42703", 8)]
    [InlineData("SELECT * FROM nosuch", "42P01", 15)]
    [InlineData("SELECT * FROM nosuch.public.t", "42P01", 15)]
    [InlineData("CREATE SERVER x FOREIGN DATA WRAPPER nosuch", "42704", 0)]
    [InlineData("CREATE SERVER x FOREIGN DATA WRAPPER files", "HV00J", 0)]
    [InlineData("CREATE SERVER x FOREIGN DATA WRAPPER files OPTIONS (rooot '/tmp')", "HV00D", 53)]
    [InlineData("CREATE SERVER x FOREIGN DATA WRAPPER files OPTIONS (root '/etc')", "42501", 0)]
    [InlineData("CREATE SERVER x FOREIGN DATA WRAPPER postgres OPTIONS (port 'abc')", "HV024", 0)]
    [InlineData("CREATE SERVER x FOREIGN DATA WRAPPER postgres OPTIONS (user 'a')", "HV00D", 56)]
    [InlineData("CREATE USER MAPPING FOR CURRENT_USER SERVER nosuch OPTIONS (user 'a')", "42704", 0)]
    [InlineData("DROP SERVER nosuch", "42704", 0)]
    [InlineData("CALL lake.system.register_table('public', 't', '/etc')", "42501", 0)]
    [InlineData("INSERT INTO nosuch VALUES (1)", "42P01", 13)]
    [InlineData("UPDATE nosuch SET x = 1", "42P01", 8)]
    [InlineData("UPDATE nosuch SET", "42601", 18)]
    [InlineData("DELETE FROM nosuch", "42P01", 13)]
    [InlineData("MERGE INTO nosuch USING x ON true WHEN MATCHED THEN DELETE", "42P01", 12)]
    [InlineData("TRUNCATE nosuch", "42P01", 0)]
    [InlineData("INSERT INTO nosuch VALUES (1) ON CONFLICT DO NOTHING", "42P01", 13)]
    [InlineData("INSERT INTO nosuch OVERRIDING USER VALUE VALUES (1)", "42P01", 13)]
    [InlineData("EXPLAIN ANALYZE INSERT INTO nosuch VALUES (1) ON CONFLICT DO NOTHING", "42P01", 29)]
    [InlineData("EXPLAIN UPDATE nosuch SET x = 1", "42P01", 16)]
    [InlineData("PREPARE changes AS DELETE FROM nosuch", "42P01", 32)]
    [InlineData("WITH x AS (DELETE FROM nosuch) SELECT 1", "42P01", 24)]
    [InlineData("COPY (DELETE FROM nosuch RETURNING 1) TO STDOUT", "0A000", 0)]
    [InlineData("COPY nosuch FROM STDIN", "42P01", 0)]
    [InlineData("SELECT relname FROM pg_class FOR UPDATE NOWAIT", "0A000", 30)]
    public async Task Statement_fails_with_its_state(string sql, string code, int position)
    {
        var error = await FailAsync(sql);
        Assert.Equal(code, error.Code);
        Assert.Equal(position, error.Position);
    }

    [Fact]
    public async Task Missing_table_of_a_lake_location()
    {
        var error = await FailAsync($"CALL lake.system.register_table('public', 't', '{servers.Files}/nosuch')");
        Assert.Equal("58P01", error.Code);
        Assert.Contains("nosuch", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Source_that_is_down_or_refuses()
    {
        var port = servers.Postgres.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        foreach (var (name, options, code) in (IEnumerable<(string, string, string)>)
        [
            ("down", $"port '{ClosedPort}', dbname 'x'", "08001"),
            ("absent", $"port '{port}', dbname 'nosuchdb'", "3D000"),
            ("tls", $"port '{port}', dbname 'postgres', sslmode 'require'", "08001"),
        ])
        {
            await RunAsync($"CREATE SERVER {name} FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', {options})");
            Assert.Equal("42704", (await FailAsync($"SELECT * FROM {name}.public.t")).Code);
            await RunAsync($"CREATE USER MAPPING FOR CURRENT_USER SERVER {name} OPTIONS (user 'postgres')");
            var error = await FailAsync($"SELECT * FROM {name}.public.t");
            Assert.Equal(code, error.Code);
            Assert.Contains($"\"{name}\"", error.Message, StringComparison.Ordinal);
            await RunAsync($"DROP SERVER {name} CASCADE");
        }
    }

    [Fact]
    public async Task Tls_that_the_gateway_does_not_speak()
    {
        await using var connection = new NpgsqlConnection(servers.Gateway.ConnectionString + ";SSL Mode=Require");
        var error = await Assert.ThrowsAsync<NpgsqlException>(() => connection.OpenAsync());
        Assert.Contains("SSL", error.Message, StringComparison.Ordinal);
        await RunAsync("SELECT 1");
    }

    [Fact]
    public async Task Wrong_passwords()
    {
        var folder = Directory.CreateTempSubdirectory("federation-password-").FullName;
        try
        {
            var (exitCode, output) = await Clients.ProgramRun.RunAsync(
                "bash", "-c",
                $"echo secret | dotnet '{Path.Combine(AppContext.BaseDirectory, "federation.dll")}' user ada --data '{folder}'");
            Assert.True(exitCode == 0, output);
            await using var gateway = await GatewayProcess.StartAsync(folder);
            var address = gateway.Address with { User = "ada" };
            foreach (var (user, password) in ((string, string)[])[("ada", "wrong"), ("nobody", "secret")])
            {
                await using var refused = new NpgsqlConnection((address with { User = user }).ConnectionString + $";Password={password}");
                var error = await Assert.ThrowsAsync<PostgresException>(() => refused.OpenAsync());
                Assert.Equal("28P01", error.SqlState);
                Assert.Equal($"password authentication failed for user \"{user}\"", error.MessageText);
            }

            await using var accepted = new NpgsqlConnection(address.ConnectionString + ";Password=secret");
            await accepted.OpenAsync();
            await using var command = new NpgsqlCommand("SELECT current_user::text", accepted);
            Assert.Equal("ada", await command.ExecuteScalarAsync());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task RunAsync(string sql)
    {
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
        Assert.Null((await client.QueryAsync(sql)).Error);
    }

    private async Task<ServerError> FailAsync(string sql)
    {
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
        var error = (await client.QueryAsync(sql)).Error;
        Assert.True(error is not null, $"{sql}: no error");
        Assert.Equal("1", Assert.Single((await client.QueryAsync("SELECT 1")).Rows)[0]);
        return error;
    }
}
