using System.Net;
using System.Security.Cryptography.X509Certificates;
using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Errors;
using Federation.PgWire;
using Federation.Scheduling;
using Federation.Session;
using Federation.Worker;
using Microsoft.Extensions.Logging;

namespace Federation.Host;

/// <summary>
/// The composition root: the only place that names concrete connectors and formats. Reads from the bottom of the architecture to the top.
/// </summary>
public sealed class Gateway : IAsyncDisposable
{
    private readonly SqliteCatalogStore _catalog;
    private readonly ConnectorPool _connectors;
    private readonly TaskRunner _worker;
    private readonly PgServer _server;

    private Gateway(SqliteCatalogStore catalog, ConnectorPool connectors, TaskRunner worker, PgServer server)
    {
        _catalog = catalog;
        _connectors = connectors;
        _worker = worker;
        _server = server;
    }

    /// <summary>Where PostgreSQL clients connect.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_server.EndPoint;

    public static async ValueTask<Gateway> StartAsync(ServeOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var clock = TimeProvider.System;
        var data = Directory.CreateDirectory(options.DataDirectory).FullName;
        IReadOnlyList<string> demo = options.DemoDirectory is { } folder ? [folder] : [];
        IReadOnlyList<string> roots = [data, .. options.AllowedRoots.Concat(demo).Select(Path.GetFullPath)];

        var catalog = await SqliteCatalogStore.OpenAsync(Path.Combine(data, "catalog.db"), clock, cancellationToken);
        var sources = new Sources(roots);
        var connectors = new ConnectorPool(sources.Connectors(), roots);
        var spill = Directory.CreateDirectory(Path.Combine(data, "spill")).FullName;
        var workerOptions = new WorkerOptions { SpillDirectory = spill, DataDirectories = roots };
        if (options.MemoryLimitBytes > 0) workerOptions = workerOptions with { MemoryLimitBytes = options.MemoryLimitBytes };
        var worker = new TaskRunner(workerOptions, connectors);
        var services = new SessionServices(catalog, connectors, new QueryScheduler(worker, connectors), sources.Formats(), clock)
        {
            AllowedRoots = roots,
            SpillDirectory = spill,
            StartedAt = clock.GetUtcNow(),
        };
        if (options.DemoDirectory is not null) await Demo.AttachAsync(catalog, options.DemoDirectory, cancellationToken);
        await RequireProtectionAsync(options, catalog, cancellationToken);
        var server = new PgServer(
            new PgServerOptions { EndPoint = new IPEndPoint(options.Address, options.Port), Tls = options.CertificatePath is { } certificate ? new TlsOptions(X509Certificate2.CreateFromPemFile(certificate, options.KeyPath ?? certificate)) : null },
            new SessionFactory(services, new SessionRegistry()),
            loggers,
            clock);
        await server.StartAsync(cancellationToken);
        return new Gateway(catalog, connectors, worker, server);
    }

    /// <summary>Lets running statements end until the token is cancelled, then cuts them.</summary>
    public Task DrainAsync(CancellationToken cancellationToken) => _server.StopAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _worker.Dispose();
        await _connectors.DisposeAsync();
        await _catalog.DisposeAsync();
    }

    private static async ValueTask RequireProtectionAsync(ServeOptions options, ICatalogStore catalog, CancellationToken cancellationToken)
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
