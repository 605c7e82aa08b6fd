using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Errors;
using Federation.Core.Execution;
using Federation.FlightSql;
using Federation.ObjectStorage;
using Federation.PgWire;
using Federation.Scheduling;
using Federation.Session;
using Federation.Session.Peers;
using Federation.Worker;
using Federation.Execution;
using Federation.Maintenance;
using Federation.Membership;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Federation.Host;

/// <summary>
/// The composition root: the only place that names concrete connectors and formats. Reads from the bottom of the architecture to the top.
/// </summary>
public sealed class Gateway : IAsyncDisposable
{
    private const int MostConnections = 10_000;

    private static readonly TimeSpan s_workerStart = TimeSpan.FromSeconds(30);

    private readonly CatalogDatabase _catalog;
    private readonly GatewayHeartbeat _heartbeat;
    private readonly Follower _follower;
    private readonly JobRunner _jobs;
    private readonly QueryLogFile _queryFile;
    private readonly ConnectorPool _connectors;
    private readonly WorkerNode _worker;
    private readonly WorkerProcesses _processes;
    private readonly WorkerDirectory _workers;
    private readonly PgServer _server;
    private readonly FlightSqlServer? _flight;
    private readonly SpillFolder _spill;

    private Gateway(
        CatalogDatabase catalog, GatewayHeartbeat heartbeat, Follower follower, JobRunner jobs, QueryLogFile queryFile,
        ConnectorPool connectors, WorkerNode worker, WorkerProcesses processes, WorkerDirectory workers, PgServer server,
        FlightSqlServer? flight, SpillFolder spill)
    {
        _heartbeat = heartbeat;
        _follower = follower;
        _spill = spill;
        _processes = processes;
        _workers = workers;
        _flight = flight;
        _catalog = catalog;
        _jobs = jobs;
        _queryFile = queryFile;
        _connectors = connectors;
        _worker = worker;
        _server = server;
    }

    /// <summary>Where PostgreSQL clients connect.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_server.EndPoint;

    /// <summary>Where Arrow Flight SQL clients connect; null when that protocol is off.</summary>
    public IPEndPoint? FlightEndPoint => _flight?.EndPoint;

    /// <summary>What the job in the background runs, for tests that run it themselves.</summary>
    public required Func<CancellationToken, Task> MaintainAsync { get; init; }

    private TailFlusher? Flusher { get; init; }

    public static async ValueTask<Gateway> StartAsync(ServeOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var clock = options.Clock;
        var certificate = options.CertificatePath is { } path ? ReadCertificate(path, options.KeyPath ?? path) : null;
        var data = Directory.CreateDirectory(options.DataDirectory).FullName;
        IReadOnlyList<string> demo = options.DemoDirectory is { } folder ? [folder] : [];
        var warehouse = StoragePath.Full(StoragePath.Normalise(options.Warehouse ?? Path.Combine(data, "warehouse")));
        if (!StoragePath.IsRemote(warehouse)) Directory.CreateDirectory(warehouse);
        IReadOnlyList<string> roots = [data, warehouse, .. options.AllowedRoots.Concat(demo).Select(StoragePath.Full)];

        var catalog = await CatalogLocation.OpenAsync(data, options.Catalog, clock, options.AroundCatalog, cancellationToken);
        var store = options.Storage.Open();
        if (options.AroundFiles is { } around) store = around(store);
        var sources = new Sources(roots, store);
        var connectors = new ConnectorPool(sources.Connectors(), roots);
        var spill = SpillFolder.Open(Path.Combine(data, "spill"));
        var workerOptions = new WorkerOptions { SpillDirectory = spill.Path, DataDirectories = AllowedFolders.Local(roots), Store = store,
            CacheBytes = options.Storage.CacheBytes };
        workerOptions =
            workerOptions with
            {
                MemoryLimitBytes =
                    (options.MemoryLimitBytes > 0 ? options.MemoryLimitBytes : workerOptions.MemoryLimitBytes) / (options.WorkerCount + 1),
            };
        var secret = await catalog.GetClusterSecretAsync(cancellationToken);
        var worker = await WorkerNode.StartAsync(
            new IPEndPoint(options.ClusterAddress, options.ClusterPort), workerOptions, connectors, secret, loggers, cancellationToken);
        var logger = loggers.CreateLogger<Gateway>();
        var workers = new WorkerDirectory(
            new Scheduling.Worker(worker.Address, worker.Runner, CancellationToken.None),
            address => new RemoteTaskRunner(worker.Peers, address),
            (address, token) => RemoteTaskRunner.PingAsync(worker.Peers, address, token),
            clock,
            (address, reason) => HostLog.WorkerLost(logger, address, reason));
        var heartbeat = await GatewayHeartbeat.StartAsync(
            catalog.Store, worker.Address, clock, error => HostLog.LeaseFailed(logger, error.Message), cancellationToken);
        heartbeat.Add(workers);
        var follower = new Follower(catalog);
        heartbeat.Add(follower);
        var peers = new GatewayPeers(worker.Peers, workers, heartbeat.Own.Gateway, clock);
        // The workers of one machine share its cores as they share its memory; a plan that stays whole has all of them in the gateway's own
        // worker.
        var threads = Math.Max(1, Environment.ProcessorCount / Math.Max(1, options.WorkerCount));
        var processes = new WorkerProcesses(options.WorkerCount,
            WorkerCommand.Arguments(data, roots, options.Storage, workerOptions.MemoryLimitBytes, threads),
            CatalogLocation.Shared(options.Catalog), loggers);
        try
        {
            await workers.WaitForAsync(options.WorkerCount, s_workerStart, heartbeat, cancellationToken);
        }
        catch
        {
            await heartbeat.DisposeAsync();
            await processes.DisposeAsync();
            throw;
        }

        var queryFile = new QueryLogFile(Path.Combine(data, "queries.jsonl"), clock, error => HostLog.QueryLogFailed(logger, error));
        var services = new SessionServices(catalog, connectors, new QueryScheduler(workers, connectors, store), sources.Formats(), clock)
        {
            AllowedRoots = roots,
            GivenFolders = options.AllowedRoots,
            OwnFolders = [data, warehouse],
            Store = store,
            Queries = new QueryLog(clock, queryFile),
            Warehouse = warehouse,
            SpillDirectory = spill.Path,
            StartedAt = clock.GetUtcNow(),
            OnStatement = report => HostLog.Statement(logger, report),
            SlowStatement = options.SlowStatement,
            LogsLiterals = options.LogsLiterals,
            Peers = peers,
            Retention = options.Retention,
            Tails = options.Tails,
        };
        var registry = new SessionRegistry(heartbeat.Own.Gateway);
        var maintained = services.Maintenance with { OldestReaderAsync = new OldestReader(registry, peers).FindAsync };
        var flusher = new TailFlusher(maintained, options.Tails, (table, error) => HostLog.MaintenanceFailed(logger, table, error.Message));
        services.TellOfCommits(flusher.Note);
        var maintenance = new MaintenancePass(maintained, new MaintenanceOptions(),
            (table, error) => HostLog.MaintenanceFailed(logger, table, error.Message));
        IEnumerable<ClusterJob> maintenanceJobs = options.MaintainsTables ? [MaintenanceJob.Of(maintenance)] : [];
        var jobs = new JobRunner(
            catalog.Store.Jobs, $"{Environment.MachineName}:{Environment.ProcessId}:{heartbeat.Own.Id}",
            [HistoryJob.Of(maintained), .. maintenanceJobs, .. options.Jobs], clock,
            (job, error) => HostLog.JobFailed(logger, job, error.Message));
        heartbeat.Add(jobs);
        await RequireProtectionAsync(options, catalog, cancellationToken);
        var sessions = new SessionFactory(services, registry);
        if (options.DemoDirectory is not null) await Demo.AttachAsync(catalog, sessions, options.DemoDirectory, cancellationToken);
        var server = new PgServer(
            new PgServerOptions
            {
                EndPoint = new IPEndPoint(options.Address, options.Port),
                MaxConnections = FileHandles.ForConnections(MostConnections),
                MockSecret = secret,
                Tls = certificate is null ? null : new TlsOptions(certificate),
                ForwardCancel = (processId, key, token) =>
                    peers.ForwardCancelAsync(processId, key, error => HostLog.CancelNotForwarded(logger, processId, error.Message), token),
            },
            sessions, loggers, clock);
        AnswerPeers(worker, new PeerAnswers(registry, services.Queries, clock), server.Cancels);
        await ListenAsync(options.Port, "--port", server.StartAsync(cancellationToken));
        var flight = options.FlightPort < 0 ? null
            : new FlightSqlServer(
                new FlightSqlOptions { EndPoint = new IPEndPoint(options.Address, options.FlightPort), Certificate = certificate,
                    IdleTimeout = options.FlightIdleTimeout,
                    OnLogInFailed = (user, address, error) => HostLog.LogInFailed(logger, HostLog.OnOneLine(user), address,
                        error.State.Code, HostLog.OnOneLine(error.Message)) }, sessions, loggers, clock);
        if (flight is not null) await ListenAsync(options.FlightPort, "--flight-port", flight.StartAsync(cancellationToken));
        flusher.Start();
        return new Gateway(catalog, heartbeat, follower, jobs, queryFile, connectors, worker, processes, workers, server, flight, spill)
        {
            Flusher = flusher,
            MaintainAsync = token => maintenance.RunAsync(null, token),
        };
    }

    /// <summary>Lets running statements end until the token is cancelled, then cuts them.</summary>
    public Task DrainAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_server.StopAsync(cancellationToken), _flight?.StopAsync(cancellationToken) ?? Task.CompletedTask);

    public async ValueTask DisposeAsync()
    {
        if (_flight is not null) await _flight.DisposeAsync();
        await _server.DisposeAsync();
        if (Flusher is not null) await Flusher.DisposeAsync();
        await _heartbeat.DisposeAsync();
        await _follower.DisposeAsync();
        await _jobs.DisposeAsync();
        await _processes.DisposeAsync();
        await _workers.DisposeAsync();
        await _worker.DisposeAsync();
        await _connectors.DisposeAsync();
        await _queryFile.DisposeAsync();
        await _catalog.DisposeAsync();
        _spill.Dispose();
    }

    /// <summary>From here on other gateways are answered.</summary>
    private static void AnswerPeers(WorkerNode node, PeerAnswers answers, CancelRegistry cancels)
    {
        node.Serve(PeerQuestions.Signal, answers.SignalAsync);
        node.Serve(PeerQuestions.Sessions, (_, _) => ValueTask.FromResult(answers.Sessions()));
        node.Serve(PeerQuestions.Queries, (_, _) => ValueTask.FromResult(answers.Queries()));
        node.Serve(PeerQuestions.Cancel, async (body, token) =>
        {
            var request = PeerQuestions.Read<CancelRequest>(body.Span);
            await cancels.CancelHereAsync(request.ProcessId, request.Secret, token);
            return [];
        });
    }

    private static async Task ListenAsync(int port, string option, Task start)
    {
        try
        {
            await start;
        }
        catch (Exception error) when (error is AddressInUseException or IOException or SocketException)
        {
            throw new SqlException(SqlState.SystemError, $"could not listen on port {port}: {error.GetBaseException().Message}")
                { Hint = $"Choose another one with {option}." };
        }
    }

    private static X509Certificate2 ReadCertificate(string path, string keyPath)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(path, keyPath);
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new SqlException(SqlState.ConfigFileError,
                $"could not read the certificate \"{path}\" with the key of \"{keyPath}\": {error.Message}")
                    { Hint = "Both are PEM files; --cert may hold the key as well." };
        }
    }

    private static async ValueTask RequireProtectionAsync(ServeOptions options, CatalogDatabase catalog,
        CancellationToken cancellationToken)
    {
        if (IPAddress.IsLoopback(options.Address) || options.IsForced) return;
        var roles = await (await catalog.GetSnapshotAsync(cancellationToken)).ListRolesAsync(cancellationToken);
        if (options.CertificatePath is not null && roles.Any(role => role.Verifier is not null)) return;
        throw new SqlException(SqlState.InvalidParameterValue, $"refusing to listen on {options.Address} without a password and TLS")
        {
            Hint = "Set a password with `federation user`, give --cert and --key, or add --force.",
        };
    }
}
