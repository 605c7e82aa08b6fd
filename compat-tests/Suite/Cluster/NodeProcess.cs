using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Cluster;

/// <summary>A gateway with a job that counts and a clock that may be wrong, as a process of its own. Disposal kills it.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_startLimit = TimeSpan.FromMinutes(2);
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TaskCompletionSource<int> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private NodeProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public ServerAddress Address { get; private set; } = new("", 0, "", "");

    public int Id => _process.Id;

    /// <summary>What it has printed.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    /// <param name="folder">Its data folder.</param>
    /// <param name="catalog">The catalog's connection string.</param>
    /// <param name="key">The key of the catalog's secrets.</param>
    /// <param name="workers">Worker processes that it starts.</param>
    /// <param name="error">How wrong its clock is.</param>
    public static Task<NodeProcess> StartAsync(string folder, string catalog, string key, int workers, TimeSpan error) => StartAsync(
        key, "clock", folder, catalog, workers.ToString(CultureInfo.InvariantCulture),
        error.TotalSeconds.ToString(CultureInfo.InvariantCulture));

    /// <summary>One that kills itself at a step of a commit.</summary>
    /// <param name="catalog">The catalog's connection string; empty for one in the data folder.</param>
    /// <param name="step">The name of a call of a store, whether before or after it, and at the how many-th time; zero for never.</param>
    public static Task<NodeProcess> StartAsync(string folder, string catalog, string key, (string Call, bool IsAfter, int Count) step) =>
        StartAsync(key, "step", folder, catalog, step.Call, step.IsAfter ? "after" : "before",
            step.Count.ToString(CultureInfo.InvariantCulture));

    private static async Task<NodeProcess> StartAsync(string key, params string[] arguments)
    {
        var info = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        info.Environment["DOTNET_EnableDiagnostics"] = "0";
        info.Environment["FEDERATION_CATALOG_KEY"] = key;
        foreach (var argument in arguments.Prepend(Path.Combine(AppContext.BaseDirectory, "clusternode.dll")))
            info.ArgumentList.Add(argument);
        var node = new NodeProcess(Process.Start(info)!);
        try
        {
            node.Address = new ServerAddress("127.0.0.1", await node._ready.Task.WaitAsync(s_startLimit), "federation", "federation");
            return node;
        }
        catch (TimeoutException late)
        {
            await node.DisposeAsync();
            throw new InvalidOperationException($"the node was not ready in time:\n{string.Join('\n', node._lines)}", late);
        }
    }

    /// <summary>SIGSTOP: it does nothing until <see cref="ContinueAsync"/>, and does not know.</summary>
    public Task StopAsync() => SignalAsync("-STOP");

    public Task ContinueAsync() => SignalAsync("-CONT");

    /// <summary>Kills it, and waits until the workers that it has started have ended: they see the end of their input.</summary>
    public async ValueTask DisposeAsync()
    {
        List<int> children = [];
        if (!_process.HasExited)
        {
            children = GatewayProcess.ChildrenOf(_process.Id);
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        using var limit = new CancellationTokenSource(s_startLimit);
        while (children.Any(GatewayProcess.IsAlive)) await Task.Delay(20, limit.Token);
        _process.Dispose();
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [signal, _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    private void Take(string? line)
    {
        if (line is null) return;
        _lines.Enqueue(line);
        if (line.StartsWith("ready ", StringComparison.Ordinal))
            _ready.TrySetResult(int.Parse(line.AsSpan("ready ".Length), CultureInfo.InvariantCulture));
    }
}
