using System.Diagnostics;
using System.Globalization;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>A `federation worker` that joins the cluster of a data folder by itself. Disposal kills it.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private const string Ready = "federation worker ready: ";
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);
    private readonly Process _process;

    private WorkerProcess(Process process, string address)
    {
        _process = process;
        Address = address;
    }

    /// <summary><c>host:port</c> of its exchange, as EXPLAIN ANALYZE names it.</summary>
    public string Address { get; }

    public static async Task<WorkerProcess> StartAsync(string dataFolder, params string[] options)
    {
        var info = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };

        // A killed runtime would leave the pipes of its debugger behind.
        info.Environment["DOTNET_EnableDiagnostics"] = "0";
        foreach (var argument in (IEnumerable<string>)[Path.Combine(AppContext.BaseDirectory, "federation.dll"), "worker", "--data",
            dataFolder, .. options]) info.ArgumentList.Add(argument);
        var process = Process.Start(info)!;
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(s_startLimit);
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (!line.StartsWith(Ready, StringComparison.Ordinal)) continue;
            _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            return new WorkerProcess(process, line[Ready.Length..]);
        }

        await process.WaitForExitAsync(limit.Token);
        throw new InvalidOperationException($"federation worker ended with {process.ExitCode} before it was ready");
    }

    /// <summary>SIGTERM, which drains; gives the exit code. Raises <see cref="TimeoutException"/> when it does not end in time.</summary>
    public async Task<int> DrainAsync(TimeSpan limit)
    {
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync();
        await _process.WaitForExitAsync().WaitAsync(limit);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
