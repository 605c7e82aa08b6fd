using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Federation.CompatTests.Harness;

/// <summary>
/// A throwaway PostgreSQL server on a free port of 127.0.0.1 with its data in a temporary folder. Superuser <c>postgres</c>, trust
/// authentication, no durability. Disposal stops it and removes the folder.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);

    private readonly string _folder;
    private readonly string[] _settings;
    private Process _process;

    private PostgresServer(string folder, Process process, int port, string[] settings)
    {
        _folder = folder;
        _process = process;
        _settings = settings;
        Port = port;
    }

    public int Port { get; }

    public string ConnectionString =>
        $"Host=127.0.0.1;Port={Port.ToString(CultureInfo.InvariantCulture)};Username=postgres;Database=postgres;Pooling=false";

    /// <param name="settings">Further server settings as <c>name=value</c>.</param>
    public static async Task<PostgresServer> StartAsync(params string[] settings)
    {
        var folder = Directory.CreateTempSubdirectory("federation-postgres-").FullName;
        try
        {
            await RunAsync("chown", ["postgres", folder], asServer: false);
            await RunAsync(Tool("initdb"),
                ["-D", $"{folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], asServer: true);
            var port = FreePort();
            var server = new PostgresServer(folder, Launch(folder, port, settings), port, settings);
            await server.WaitUntilReadyAsync();
            return server;
        }
        catch
        {
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    /// <summary>Runs statements, several if separated by semicolons.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first column of the rows as text, NULLs included.</summary>
    public async Task<List<string?>> QueryAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0, AllResultTypesAreUnknown = true };
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<string?>();
        while (await reader.ReadAsync()) values.Add(await reader.IsDBNullAsync(0) ? null : reader.GetString(0));
        return values;
    }

    public async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>kill -9 of the server and all its processes, as when the machine loses power but keeps its disk.</summary>
    public async Task KillAsync()
    {
        var postmaster = await PostmasterAsync();
        List<string> processes = [postmaster];
        foreach (var thread in Directory.GetDirectories($"/proc/{postmaster}/task"))
            processes.AddRange((await File.ReadAllTextAsync($"{thread}/children")).Split(' ',
                StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        await RunAsync("kill", ["-KILL", .. processes], asServer: false, mayFail: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>Starts the server that was killed again, on the same port and the same data.</summary>
    public async Task StartAgainAsync()
    {
        _process = Launch(_folder, Port, _settings);
        await WaitUntilReadyAsync();
    }

    /// <summary>The postmaster's own process id: the process that was started may be runuser, which does not pass signals on.</summary>
    private async Task<string> PostmasterAsync() => (await File.ReadAllLinesAsync($"{_folder}/data/postmaster.pid"))[0];

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await RunAsync("kill", ["-INT", await PostmasterAsync()], asServer: false);
            using var limit = new CancellationTokenSource(s_startLimit);
            await _process.WaitForExitAsync(limit.Token);
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static Process Launch(string folder, int port, string[] settings)
    {
        string[] own =
        [
            "listen_addresses=127.0.0.1", "unix_socket_directories=", $"port={port.ToString(CultureInfo.InvariantCulture)}", "fsync=off",
            "full_page_writes=off", "synchronous_commit=off", "autovacuum=off", "logging_collector=off", "shared_buffers=64MB",
        ];
        List<string> arguments = ["-D", $"{folder}/data"];
        foreach (var setting in own.Concat(settings)) arguments.AddRange(["-c", setting]);
        var process = Start(Tool("postgres"), arguments, asServer: true);
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private async Task WaitUntilReadyAsync()
    {
        var started = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await using var connection = await OpenAsync();
                return;
            }
            catch (NpgsqlException) when (started.Elapsed < s_startLimit && !_process.HasExited)
            {
                await Task.Delay(50);
            }
        }
    }

    private static async Task RunAsync(string program, IReadOnlyList<string> arguments, bool asServer, bool mayFail = false)
    {
        using var process = Start(program, arguments, asServer);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0 && !mayFail) throw new InvalidOperationException($"{program} failed: {await output}{await error}");
    }

    /// <summary>PostgreSQL refuses to run as root, so root becomes the postgres user for it.</summary>
    private static Process Start(string program, IReadOnlyList<string> arguments, bool asServer)
    {
        var changesUser = asServer && Environment.UserName == "root";
        var info = new ProcessStartInfo(changesUser ? "runuser" : program)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        if (changesUser)
            foreach (var word in (string[])["-u", "postgres", "--", program])
                info.ArgumentList.Add(word);
        foreach (var argument in arguments) info.ArgumentList.Add(argument);
        return Process.Start(info) ?? throw new InvalidOperationException($"{program} did not start");
    }

    /// <summary>Debian keeps the server's programs outside PATH.</summary>
    private static string Tool(string name)
    {
        const string versions = "/usr/lib/postgresql";
        var found = Directory.Exists(versions)
            ? Directory.EnumerateDirectories(versions).Order(StringComparer.Ordinal).Select(folder => $"{folder}/bin/{name}")
                .LastOrDefault(File.Exists)
            : null;
        return found ?? name;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
