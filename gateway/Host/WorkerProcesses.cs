using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Federation.Host;

/// <summary>
/// The worker processes that a gateway starts for itself. One that ends is started again, after a pause that grows while it keeps ending.
/// They end when the gateway does, even when it is killed: each watches its standard input, which only the gateway holds open.
/// </summary>
internal sealed class WorkerProcesses : IAsyncDisposable
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopped = new();
    private readonly Task _running;
    private readonly ILogger _logger;
    private readonly string? _catalog;

    /// <param name="arguments">Of <c>federation worker</c>.</param>
    /// <param name="catalog">The shared catalog; null for that of the data folder. It may hold a password, so it is no argument.</param>
    public WorkerProcesses(int count, IReadOnlyList<string> arguments, string? catalog, ILoggerFactory loggers)
    {
        _catalog = catalog;
        _logger = loggers.CreateLogger("Federation.Membership");
        _running = Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Run(() => KeepRunningAsync(arguments))));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        await _running;
        _stopped.Dispose();
    }

    private async Task KeepRunningAsync(IReadOnlyList<string> arguments)
    {
        var pause = s_firstPause;
        while (!_stopped.IsCancellationRequested)
        {
            var started = Stopwatch.GetTimestamp();
            using var process = Start(arguments);
            try
            {
                await process.WaitForExitAsync(_stopped.Token);
            }
            catch (OperationCanceledException)
            {
                await StopAsync(process);
                return;
            }

            pause = Stopwatch.GetElapsedTime(started) > s_longestPause
                ? s_firstPause
                : TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, s_longestPause.Ticks));
            HostLog.WorkerEnded(_logger, process.Id, process.ExitCode, pause.TotalMilliseconds);
            await Task.Delay(pause, _stopped.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Process Start(IReadOnlyList<string> arguments)
    {
        // Started as `dotnet federation.dll` or as a program of its own: the same again.
        var program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, UseShellExecute = false };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "federation.dll"));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        // A worker's time goes to the kernel. Compiling its code once more with counters in it, to compile it better afterwards, costs a
        // worker more than it ever gains; the gateway's loops over rows do gain.
        start.Environment.TryAdd("DOTNET_TieredPGO", "0");
        if (_catalog is not null) start.Environment[CatalogLocation.Variable] = _catalog;
        return Process.Start(start)!;
    }

    private static async Task StopAsync(Process process)
    {
        process.StandardInput.Close();
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }
}
