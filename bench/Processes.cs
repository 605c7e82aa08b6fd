using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Federation.Flight.Client;

namespace Federation.Bench;

/// <summary>Starting programs and finding ports.</summary>
internal static class Processes
{
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Runs a program to its end and gives what it printed; a failure is an exception with its output.</summary>
    public static string Run(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.Result
            : throw new InvalidOperationException($"{program} failed: {output.Result}{error.Result}");
    }

    public static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments)
            { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;

    /// <summary>This program again as a process of its own, with its input to be closed.</summary>
    public static Process StartOwn(string argument) =>
        Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [argument])
            { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardInput = true })!;

    /// <summary>Does something when this program is ended from outside, unless what it returned was disposed before.</summary>
    public static IDisposable AtExit(Action stop)
    {
        var exit = new Exit(stop);
        AppDomain.CurrentDomain.ProcessExit += exit.Run;
        return exit;
    }

    private sealed class Exit(Action stop) : IDisposable
    {
        public void Run(object? sender, EventArgs arguments) => stop();

        public void Dispose() => AppDomain.CurrentDomain.ProcessExit -= Run;
    }

    public static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The gateway as a process of its own, on a free port. Disposal stops it.</summary>
internal sealed class GatewayProcess : IDisposable
{
    private readonly Process _process;
    private readonly IDisposable _exit;
    private readonly int _flightPort;
    private readonly string _data = Directory.CreateTempSubdirectory("federation-bench-").FullName;

    /// <param name="binary">Path of federation.dll.</param>
    public GatewayProcess(string binary, params string[] options)
    {
        _process = Processes.Start("dotnet", [binary, "serve", "--port", "0", "--flight-port", "0", "--data", _data, .. options]);
        _exit = Processes.AtExit(Stop);
        _process.ErrorDataReceived += static (_, line) => { if (line.Data is { } text) Console.Error.WriteLine($"gateway: {text}"); };
        _process.BeginErrorReadLine();
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            // "Arrow Flight SQL: grpc://127.0.0.1:32010", then "federation ready: postgresql://federation@127.0.0.1:15432/federation".
            if (line.StartsWith("Arrow Flight SQL: ", StringComparison.Ordinal)) _flightPort = PortIn(line);
            if (!line.StartsWith("federation ready: ", StringComparison.Ordinal)) continue;
            Port = PortIn(line);
            _ = _process.StandardOutput.ReadToEndAsync();
            return;
        }

        throw new InvalidOperationException("the gateway did not start");

        static int PortIn(string line) => new Uri(line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..]).Port;
    }

    public int Port { get; }

    public double CpuSeconds() => Machine.CpuSeconds(_process.Id);

    public long PeakBytes() => Machine.PeakBytes(_process.Id);

    public WireClient Connect(string database = "federation") => new(Port, "federation", database);

    /// <summary>The caller disposes the client.</summary>
    public FlightClient ConnectFlight(string database) =>
        new(new Uri($"http://127.0.0.1:{Processes.Text(_flightPort)}"),
            new FlightClientOptions { Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["database"] = database } });

    public void Execute(params string[] statements)
    {
        using var client = Connect();
        foreach (var sql in statements) client.Query(sql);
    }

    public void Dispose()
    {
        _exit.Dispose();
        Stop();
        _process.Dispose();
    }

    private void Stop()
    {
        _process.Kill();
        _process.WaitForExit();
        Directory.Delete(_data, recursive: true);
    }
}

/// <summary>A PostgreSQL server over a data folder that is kept between runs. Disposal stops it.</summary>
internal sealed class PostgresProcess : IDisposable
{
    private static readonly string s_programs = Directory.Exists("/usr/lib/postgresql")
        ? Directory.EnumerateDirectories("/usr/lib/postgresql").Order(StringComparer.Ordinal).Last() + "/bin/"
        : "";

    private readonly string _folder;
    private readonly IDisposable _exit;

    public PostgresProcess(string folder)
    {
        _folder = folder;
        Port = Processes.FreePort();
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            Processes.Run("chown", "postgres", folder);
            RunAsServer("initdb", "-D", folder, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync");
        }

        // Tuned as for a machine of its own: no just-in-time compiler, a buffer for the whole data base.
        var settings =
            $"-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c port={Processes.Text(Port)} -c jit=off -c shared_buffers=2GB "
                + "-c max_connections=200 -c fsync=off -c work_mem=256MB -c max_wal_size=4GB";
        RunAsServer("pg_ctl", "-D", folder, "-w", "-t", "60", "-l", folder + "/log", "-o", settings, "start");
        _exit = Processes.AtExit(Stop);
        ProcessId = int.Parse(File.ReadLines(folder + "/postmaster.pid").First(), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>The path of one of PostgreSQL's programs.</summary>
    public static string Tool(string program) => s_programs + program;

    public int Port { get; }

    public int ProcessId { get; }

    public string ConnectionString =>
        $"Host=127.0.0.1;Port={Processes.Text(Port)};Username=postgres;Database=postgres;Pooling=false;Command Timeout=0";

    public double CpuSeconds() => Machine.CpuSeconds(ProcessId);

    public WireClient Connect() => new(Port, "postgres", "postgres");

    public void Dispose()
    {
        _exit.Dispose();
        Stop();
    }

    private void Stop() => RunAsServer("pg_ctl", "-D", _folder, "-w", "-m", "fast", "stop");

    /// <summary>
    /// PostgreSQL refuses to run as root, so root becomes the postgres user for it. Its output goes to a file: a server that inherits a
    /// pipe keeps it open.
    /// </summary>
    private static void RunAsServer(string program, params string[] arguments)
    {
        var isRoot = Environment.UserName == "root";
        var quoted = string.Join(' ', arguments.Prepend(Tool(program)).Select(word => $"'{word}'"));
        Processes.Run("sh", "-c", $"{(isRoot ? "runuser -u postgres -- " : "")}{quoted} >/dev/null 2>&1 </dev/null");
    }
}

/// <summary>PgBouncer before a PostgreSQL server, one connection there for each client. Disposal stops it.</summary>
internal sealed class BouncerProcess : IDisposable
{
    private const string Program = "/usr/sbin/pgbouncer";

    private readonly string _folder = Directory.CreateTempSubdirectory("federation-bench-").FullName;
    private readonly Process _process;
    private readonly IDisposable _exit;

    public BouncerProcess(int serverPort)
    {
        if (!File.Exists(Program)) throw new InvalidOperationException("pgbouncer is not installed");
        Port = Processes.FreePort();
        var (users, settings) = (Path.Combine(_folder, "users.txt"), Path.Combine(_folder, "pgbouncer.ini"));
        File.WriteAllText(users, "\"postgres\" \"\"\n");
        File.WriteAllText(
            settings,
            $"""
            [databases]
            postgres = host=127.0.0.1 port={Processes.Text(serverPort)} user=postgres dbname=postgres
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {Processes.Text(Port)}
            unix_socket_dir =
            auth_type = any
            auth_file = {users}
            pool_mode = session
            default_pool_size = 100
            max_client_conn = 200
            """);
        // It refuses to run as root, and changes to a user who may read its files.
        if (Environment.UserName == "root") Processes.Run("chown", "-R", "postgres", _folder);
        _process = Processes.Start(Program, Environment.UserName == "root" ? ["-q", "-u", "postgres", settings] : ["-q", settings]);
        _exit = Processes.AtExit(Stop);
        _ = _process.StandardError.ReadToEndAsync();
        WaitUntilReady();
    }

    public int Port { get; }

    public double CpuSeconds() => Machine.CpuSeconds(_process.Id);

    public void Dispose()
    {
        _exit.Dispose();
        Stop();
        _process.Dispose();
    }

    private void WaitUntilReady()
    {
        while (!_process.HasExited)
        {
            try
            {
                using var client = new TcpClient(IPAddress.Loopback.ToString(), Port);
                return;
            }
            catch (SocketException)
            {
                Thread.Sleep(20);
            }
        }

        throw new InvalidOperationException("pgbouncer did not start");
    }

    private void Stop()
    {
        _process.Kill();
        _process.WaitForExit();
        Directory.Delete(_folder, recursive: true);
    }
}
