using System.CommandLine;
using System.Net;
using System.Runtime.InteropServices;
using Federation.Catalog;
using Federation.Core.Errors;
using Federation.Core.Execution;
using Federation.Scheduling;
using Federation.Worker;
using Federation.Membership;
using Microsoft.Extensions.Logging;

namespace Federation.Host;

/// <summary>
/// `federation worker`: runs tasks for the gateways that share its catalog. SIGTERM drains: what it has begun is finished, within limits.
/// </summary>
internal static class WorkerCommand
{
    private static readonly TimeSpan s_drainTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_drainPoll = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Until the heartbeats of all coordinators have shown them that this worker drains: before, one may still send a query.
    /// </summary>
    private static readonly TimeSpan s_drainNotice = LeaseTimes.Renewal * 2;

    private static readonly Option<string> s_address = new("--address")
        { Description = "Address to listen on; other workers and gateways must reach it.", DefaultValueFactory = _ => "127.0.0.1" };
    private static readonly Option<int> s_port = new("--port")
        { Description = "Port for tasks and exchange; 0 takes a free one.", DefaultValueFactory = _ => 0 };
    private static readonly Option<string> s_data = new("--data")
        { Description = "Data folder of the gateway: the catalog is found there.", DefaultValueFactory = _ => "data" };
    private static readonly Option<string?> s_catalog = new("--catalog") { Description = CatalogLocation.Description };
    private static readonly Option<string?> s_spill = new("--spill")
        { Description = "Folder for what does not fit the memory; a folder in the data folder if not given." };
    private static readonly Option<string[]> s_allow = new("--allow")
        { Description = "Folder that tables may lie in; repeatable. The same as the gateway's." };
    private static readonly Option<int> s_memory = new("--memory-mb")
        { Description = "Kernel memory in megabytes; 0 takes half of the machine's." };
    private static readonly Option<int> s_threads = new("--threads") { Description = "Kernel threads; 0 takes one for each core." };
    private static readonly Option<bool> s_child = new("--child")
        { Description = "End when standard input ends: a gateway started this worker.", Hidden = true };

    public static Command Create()
    {
        var command = new Command("worker", "Run a worker: takes tasks of queries from the gateways that share its catalog.")
            { s_address, s_port, s_data, s_catalog, s_spill, s_allow, s_memory, s_threads, s_child };
        foreach (var option in StorageOptions.All) command.Options.Add(option);
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, cancellationToken));
        return command;
    }

    /// <summary>The command line of a worker that a gateway starts.</summary>
    public static IReadOnlyList<string> Arguments(string data, IEnumerable<string> allowed, StorageOptions storage, long memoryLimitBytes,
        int threads) =>
        ["worker", "--child", "--data", data, "--memory-mb", FormattableString.Invariant($"{memoryLimitBytes >> 20}"), "--threads",
            FormattableString.Invariant($"{threads}"), .. storage.Arguments(),
            .. allowed.SelectMany(folder => new[] { "--allow", folder })];

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var loggers = HostLogging.Create(isVerbose: false);
        try
        {
            var isChild = parsed.GetValue(s_child);
            var address = parsed.Address(s_address);
            var port = parsed.Within(s_port, 0, IPEndPoint.MaxPort);
            var megabytes = parsed.Within(s_memory, 0, int.MaxValue);
            var threads = parsed.Within(s_threads, 0, 1024);
            var data = Path.GetFullPath(parsed.GetValue(s_data)!);
            if (!Directory.Exists(data)) throw new SqlException(SqlState.UndefinedFile, $"data folder \"{data}\" does not exist")
                { Hint = "Start a gateway there first." };
            string[] roots = [data, .. AllowedFolders.Require("--allow", parsed.GetValue(s_allow) ?? [])];
            var storage = StorageOptions.Read(parsed);
            var store = storage.Open();
            var clock = TimeProvider.System;
            await using var catalog = await CatalogLocation.OpenAsync(data, parsed.GetValue(s_catalog), clock, null, cancellationToken);
            await using var pool = new ConnectorPool(new Sources(roots, store).Connectors(), roots);
            using var spill = SpillFolder.Open(parsed.GetValue(s_spill) ?? Path.Combine(data, "spill"));
            var options = new WorkerOptions { SpillDirectory = spill.Path, DataDirectories = AllowedFolders.Local(roots), Store = store,
                CacheBytes = storage.CacheBytes };
            if (megabytes > 0) options = options with { MemoryLimitBytes = (long)megabytes << 20 };
            if (threads > 0) options = options with { Threads = threads };
            await using var node = await WorkerNode.StartAsync(
                new IPEndPoint(address, port), options, new CatalogConnectors(catalog, pool),
                await catalog.GetClusterSecretAsync(cancellationToken), loggers, cancellationToken);
            var logger = loggers.CreateLogger("Federation.Worker");
            await using var heartbeat = await LeaseHeartbeat.StartAsync(catalog.Store.Leases, node.Address, clock,
                error => HostLog.LeaseFailed(logger, error.Message), cancellationToken);
            if (isChild)
            {
                // The terminal's Ctrl-C reaches the whole group; the gateway decides when its workers end.
                using var ignored = new Signals(_ => { });
                await EndOfInputAsync();
                return 0;
            }

            Console.WriteLine($"federation worker ready: {node.Address}");
            await Signals.WaitAsync(cancellationToken);
            Console.WriteLine("draining; Ctrl-C again stops at once");
            await DrainAsync(node, heartbeat);
            return 0;
        }
        catch (Exception error) when (error is SqlException or IOException)
        {
            await Console.Error.WriteLineAsync(
                $"federation worker: {error.Message}{(error is SqlException { Hint: { } hint } ? $"\n{hint}" : "")}");
            return 1;
        }
    }

    private static async Task DrainAsync(WorkerNode node, LeaseHeartbeat heartbeat)
    {
        using var cut = new CancellationTokenSource(s_drainTime);
        using var second = new Signals(_ => cut.Cancel());
        await heartbeat.DrainAsync(cut.Token);
        await Task.Delay(s_drainNotice, cut.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (node.Runner.OpenQueryCount > 0 && !cut.IsCancellationRequested)
            await Task.Delay(s_drainPoll, cut.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task EndOfInputAsync()
    {
        await using var input = Console.OpenStandardInput();
        var buffer = new byte[64];
        while (await input.ReadAsync(buffer) > 0)
        {
            // Nothing is said on it; only its end means something.
        }
    }
}
