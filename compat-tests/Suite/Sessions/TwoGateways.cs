using System.Globalization;
using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Protocol;
using Federation.Host;
using Microsoft.Extensions.Logging.Abstractions;

namespace Federation.CompatTests.Suite.Sessions;

/// <summary>A gateway with an embedded catalog, two gateways that share one in PostgreSQL, and that PostgreSQL.</summary>
public class TwoGateways : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("federation-sessions-").FullName;
    private readonly List<Gateway> _gateways = [];
    private PostgresServer? _postgres;

    internal ServerAddress Postgres => new("127.0.0.1", _postgres!.Port, "postgres", "postgres");

    internal ServerAddress Embedded => AddressOf(_gateways[0]);

    internal ServerAddress First => AddressOf(_gateways[1]);

    internal ServerAddress Second => AddressOf(_gateways[2]);

    public virtual async Task InitializeAsync()
    {
        _postgres = await PostgresServer.StartAsync();
        await _postgres.ExecuteAsync("CREATE DATABASE catalog");
        var shared = $"Host=127.0.0.1;Port={_postgres.Port.ToString(CultureInfo.InvariantCulture)};Username=postgres;Database=catalog";
        _gateways.Add(await StartAsync("embedded", null));
        _gateways.Add(await StartAsync("first", shared));

        // Both need one key: the environment's on different machines, here the file of the first.
        Directory.CreateDirectory(Path.Combine(_folder, "second"));
        File.Copy(Path.Combine(_folder, "first", "catalog.key"), Path.Combine(_folder, "second", "catalog.key"));
        _gateways.Add(await StartAsync("second", shared));
    }

    public virtual async Task DisposeAsync()
    {
        foreach (var gateway in _gateways) await gateway.DisposeAsync();
        if (_postgres is not null) await _postgres.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>How a gateway is started.</summary>
    /// <param name="isShared">Whether another gateway shares its catalog.</param>
    private protected virtual ServeOptions Options(bool isShared) => new()
    {
        Warehouse = Path.Combine(_folder, isShared ? "shared-tables" : "embedded-tables"), MemoryLimitBytes = InProcess.MemoryLimitBytes,
    };

    private async Task<Gateway> StartAsync(string name, string? catalog)
    {
        var folder = Path.Combine(_folder, name);
        var options = Options(catalog is not null) with { Port = 0, FlightPort = -1, DataDirectory = folder, Catalog = catalog };
        return await Gateway.StartAsync(options, NullLoggerFactory.Instance, CancellationToken.None);
    }

    private static ServerAddress AddressOf(Gateway gateway) => new("127.0.0.1", gateway.EndPoint.Port, "postgres", "federation");
}
