using System.CommandLine;
using System.Net;
using Federation.Core.Errors;
using Federation.Maintenance;
using Microsoft.Extensions.Logging;

namespace Federation.Host;

/// <summary>`federation serve`: runs the gateway until Ctrl-C, which drains; a second one stops at once.</summary>
internal static class ServeCommand
{
    private static readonly TimeSpan s_drainTime = TimeSpan.FromSeconds(30);

    private static readonly Option<string> s_address = new("--address")
        { Description = "Address to listen on.", DefaultValueFactory = _ => "127.0.0.1" };
    private static readonly Option<int> s_port = new("--port")
        { Description = "Port for PostgreSQL clients; 0 takes a free one.", DefaultValueFactory = _ => 15432 };
    private static readonly Option<int> s_flightPort = new("--flight-port")
        { Description = "Port for Arrow Flight SQL clients; 0 takes a free one, -1 none.", DefaultValueFactory = _ => 32010 };
    private static readonly Option<int> s_flightIdle = new("--flight-idle-seconds")
        { Description = "Flight SQL sessions that no call has used for so long are closed.", DefaultValueFactory = _ => 1800 };
    private static readonly Option<string> s_clusterAddress = new("--cluster-address")
    {
        Description = "Address where workers and other gateways of the catalog ask this one; they must reach it.",
        DefaultValueFactory = _ => "127.0.0.1",
    };

    private static readonly Option<int> s_clusterPort = new("--cluster-port")
    {
        Description = "Port for workers and other gateways of the catalog; 0 takes a free one.", DefaultValueFactory = _ => 0,
    };

    private static readonly Option<string> s_data = new("--data")
        { Description = "Folder of the catalog, the key of its secrets and the spill files.", DefaultValueFactory = _ => "data" };
    private static readonly Option<string?> s_catalog = new("--catalog") { Description = CatalogLocation.Description };
    private static readonly Option<string?> s_warehouse = new("--warehouse")
        { Description = "Folder of tables made without a location, local or s3://bucket/folder; one in the data folder if not given." };
    private static readonly Option<string[]> s_allow = new("--allow")
        { Description = "Folder, local or s3://bucket/folder, that SQL may name as a table's or a server's location; repeatable." };
    private static readonly Option<string?> s_demo = new("--demo") { Description = "Folder of demo files, attached as server \"demo\"." };
    private static readonly Option<int> s_memory = new("--memory-mb")
        { Description = "Kernel memory in megabytes; 0 takes half of the machine's." };
    private static readonly Option<int> s_workers = new("--workers")
        { Description = "Worker processes to start besides this one; large queries are spread over them." };
    private static readonly Option<bool> s_noMaintenance = new("--no-maintenance")
        { Description = "Do not compact tables and expire their snapshots in the background." };
    private static readonly Option<int> s_tailRows = new("--tail-rows")
    {
        Description = "Changes of a table of up to so many rows are kept in the catalog until files are made of many; 0 keeps none.",
        DefaultValueFactory = _ => new TailLimits().RowsPerChange,
    };

    private static readonly Option<int> s_flush = new("--flush-seconds")
    {
        Description = "Changes that the catalog keeps are in files after so many seconds, where other engines see them.",
        DefaultValueFactory = _ => (int)new TailLimits().FlushAge.TotalSeconds,
    };

    private static readonly Option<int> s_retention = new("--retention-hours")
    {
        Description = "How long replaced versions of the catalog, and the files of tables that only they name, can be read.",
        DefaultValueFactory = _ => 168,
    };

    private static readonly Option<string?> s_cert = new("--cert") { Description = "PEM file of the TLS certificate." };
    private static readonly Option<string?> s_key = new("--key") { Description = "PEM file of its key, if not in the same file." };
    private static readonly Option<bool> s_force = new("--force") { Description = "Listen beyond loopback without password and TLS." };
    private static readonly Option<int> s_slow = new("--log-slow-ms")
        { Description = "Log statements that take so many milliseconds; 0 none.", DefaultValueFactory = _ => 10_000 };
    private static readonly Option<bool> s_literals = new("--log-literals")
        { Description = "Log the values in statements and the texts of errors too; passwords never." };
    private static readonly Option<bool> s_verbose = new("--verbose") { Description = "Log each connection." };

    public static Command Create()
    {
        var command = new Command("serve", "Run the gateway: PostgreSQL protocol, coordinator and worker in one process.")
        {
            s_address, s_port, s_flightPort, s_flightIdle, s_clusterAddress, s_clusterPort, s_data, s_catalog, s_warehouse,
            s_allow, s_demo, s_memory, s_workers, s_noMaintenance, s_tailRows, s_flush,
            s_retention, s_cert, s_key, s_force, s_slow, s_literals, s_verbose,
        };
        foreach (var option in StorageOptions.All) command.Options.Add(option);
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var loggers = HostLogging.Create(parsed.GetValue(s_verbose));
        try
        {
            var options = new ServeOptions
            {
                Address = parsed.Address(s_address),
                Port = parsed.Within(s_port, 0, IPEndPoint.MaxPort),
                FlightPort = parsed.Within(s_flightPort, -1, IPEndPoint.MaxPort),
                FlightIdleTimeout = TimeSpan.FromSeconds(parsed.Within(s_flightIdle, 1, int.MaxValue)),
                ClusterAddress = parsed.Address(s_clusterAddress),
                ClusterPort = parsed.Within(s_clusterPort, 0, IPEndPoint.MaxPort),
                DataDirectory = parsed.GetValue(s_data)!,
                Catalog = parsed.GetValue(s_catalog),
                Warehouse = parsed.GetValue(s_warehouse),
                Storage = StorageOptions.Read(parsed),
                AllowedRoots = AllowedFolders.Require("--allow", parsed.GetValue(s_allow) ?? []),
                DemoDirectory = parsed.GetValue(s_demo) is { } demo ? AllowedFolders.Require("--demo", [demo])[0] : null,
                MemoryLimitBytes = (long)parsed.Within(s_memory, 0, int.MaxValue) << 20,
                WorkerCount = parsed.Within(s_workers, 0, 1000),
                MaintainsTables = !parsed.GetValue(s_noMaintenance),
                Tails = new TailLimits
                {
                    RowsPerChange = parsed.Within(s_tailRows, 0, 1000),
                    FlushAge = TimeSpan.FromSeconds(parsed.Within(s_flush, 1, 3600)),
                },
                Retention = TimeSpan.FromHours(parsed.Within(s_retention, 1, 24 * 365 * 100)),
                CertificatePath = parsed.GetValue(s_cert),
                KeyPath = parsed.GetValue(s_key),
                SlowStatement = TimeSpan.FromMilliseconds(parsed.Within(s_slow, 0, int.MaxValue)),
                LogsLiterals = parsed.GetValue(s_literals),
                IsForced = parsed.GetValue(s_force),
            };
            await using var gateway = await Gateway.StartAsync(options, loggers, cancellationToken);
            Announce(gateway.EndPoint, gateway.FlightEndPoint, options.CertificatePath is not null);
            await Signals.WaitAsync(cancellationToken);
            Console.WriteLine("draining; Ctrl-C again stops at once");
            using var cut = new CancellationTokenSource(s_drainTime);
            using var second = new Signals(_ => cut.Cancel());
            await gateway.DrainAsync(cut.Token);
            return 0;
        }
        catch (SqlException error)
        {
            await Console.Error.WriteLineAsync($"federation: {error.Message}{(error.Hint is { } hint ? $"\n{hint}" : "")}");
            return 1;
        }
        catch (IOException error)
        {
            await Console.Error.WriteLineAsync($"federation: {error.Message}");
            return 1;
        }
    }

    private static void Announce(IPEndPoint endPoint, IPEndPoint? flight, bool isEncrypted)
    {
        // The line on PostgreSQL comes last: who waits for it finds everything listening.
        if (flight is not null) Console.WriteLine($"Arrow Flight SQL: {(isEncrypted ? "grpc+tls" : "grpc")}://{flight}");
        var host = endPoint.Address.ToString();
        Console.WriteLine($"federation ready: postgresql://federation@{host}:{endPoint.Port}/federation");
        Console.WriteLine($"try: psql -h {host} -p {endPoint.Port} -U federation federation");
    }
}
