using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>The real binary as a process of its own, on a free port. Disposal kills it.</summary>
internal sealed partial class GatewayProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);
    private readonly Process _process;

    private GatewayProcess(Process process, int port, int flightPort)
    {
        _process = process;
        FlightAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{flightPort}"));
        Address = new ServerAddress("127.0.0.1", port, "federation", "federation");
    }

    public ServerAddress Address { get; }

    /// <summary>Where its Flight SQL listens.</summary>
    public Uri FlightAddress { get; }

    /// <summary>The worker processes that the gateway has started and that live now.</summary>
    public IReadOnlyList<int> WorkerIds() => ChildrenOf(_process.Id);

    /// <summary>The living processes that a process has started; none when it has just ended.</summary>
    public static List<int> ChildrenOf(int process)
    {
        var children = new List<int>();
        foreach (var thread in ThreadsOf(process))
        {
            try
            {
                var ids = File.ReadAllText(Path.Combine(thread, "children"));
                var texts = ids.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
                children.AddRange(texts.Select(text => int.Parse(text, CultureInfo.InvariantCulture)));
            }
            catch (IOException)
            {
                // The thread has just ended.
            }
        }

        return children;
    }

    private static string[] ThreadsOf(int process)
    {
        try
        {
            return Directory.GetDirectories(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/task"));
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    public int Id => _process.Id;

    /// <summary>The most resident memory that a living process has ever had, in bytes.</summary>
    public static long PeakResidentBytes(int process)
    {
        var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status"))
            .First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.AsSpan("VmHWM:".Length, line.Length - "VmHWM:".Length - " kB".Length), NumberStyles.AllowLeadingWhite,
            CultureInfo.InvariantCulture) << 10;
    }

    public static Task<GatewayProcess> StartAsync(string dataFolder, params string[] options) =>
        StartAsync(dataFolder, new Dictionary<string, string>(StringComparer.Ordinal), options);

    /// <param name="dataFolder">The gateway's data folder.</param>
    /// <param name="environment">Variables besides those of this process.</param>
    /// <param name="options">Further options of the command line.</param>
    public static async Task<GatewayProcess> StartAsync(string dataFolder, IReadOnlyDictionary<string, string> environment,
        params string[] options)
    {
        var info = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };

        // A killed runtime would leave the pipes of its debugger behind.
        info.Environment["DOTNET_EnableDiagnostics"] = "0";
        foreach (var (name, value) in environment) info.Environment[name] = value;
        foreach (var argument in (IEnumerable<string>)[Path.Combine(AppContext.BaseDirectory, "federation.dll"), "serve", "--port", "0",
            "--flight-port", "0", "--data", dataFolder, .. options])
            info.ArgumentList.Add(argument);
        var process = Process.Start(info)!;
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(s_startLimit);
        var flightPort = 0;
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (Flight().Match(line) is { Success: true } flight)
                flightPort = int.Parse(flight.Groups[1].Value, CultureInfo.InvariantCulture);
            if (Ready().Match(line) is { Success: true } match)
            {
                _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return new GatewayProcess(process, int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), flightPort);
            }
        }

        process.Kill();
        throw new InvalidOperationException($"federation serve ended with {process.ExitCode} before it was ready");
    }

    /// <summary>SIGTERM, which drains; gives the exit code. Raises <see cref="TimeoutException"/> when it does not end in time.</summary>
    public async Task<int> TerminateAsync(TimeSpan limit)
    {
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync();
        await _process.WaitForExitAsync().WaitAsync(limit);
        return _process.ExitCode;
    }

    /// <summary>SIGKILL: nothing of the process runs again.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Ends when the workers have ended too: they see the end of their input.</summary>
    public async ValueTask DisposeAsync()
    {
        var workers = _process.HasExited ? [] : WorkerIds();
        await KillAsync();
        for (var waited = 0; workers.Any(IsAlive) && waited < 100; waited++) await Task.Delay(100);
        _process.Dispose();
    }

    /// <summary>Whether a process runs; one that waits to be reaped does not.</summary>
    public static bool IsAlive(int process)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat")).Split(") ")[^1][0] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"federation ready: .*:(\d+)/federation", RegexOptions.CultureInvariant)]
    private static partial Regex Ready();

    [GeneratedRegex(@"Arrow Flight SQL: .*:(\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex Flight();
}
