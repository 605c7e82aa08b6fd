using System.Globalization;
using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Protocol;
using Federation.Host;
using Federation.S3;
using Microsoft.Extensions.Logging.Abstractions;

namespace Federation.CompatTests.Suite.Stores;

/// <summary>A gateway with an embedded catalog and two that share one in PostgreSQL, all with their warehouse on S3, and that PostgreSQL.</summary>
public class S3Lake : IAsyncLifetime
{
    public const string Bucket = "lake";

    private readonly string _folder = Directory.CreateTempSubdirectory("federation-s3-").FullName;
    private readonly List<Gateway> _gateways = [];
    private PostgresServer? _postgres;

    internal S3Server Server { get; private set; } = null!;

    internal ServerAddress Postgres => new("127.0.0.1", _postgres!.Port, "postgres", "postgres");

    internal ServerAddress Embedded => AddressOf(_gateways[0]);

    internal ServerAddress First => AddressOf(_gateways[1]);

    internal ServerAddress Second => AddressOf(_gateways[2]);

    /// <summary>How tests reach the store.</summary>
    private S3Options Options { get; set; } = new();

    public virtual async Task InitializeAsync()
    {
        Options = await StartStoreAsync();
        _postgres = await PostgresServer.StartAsync();
        await _postgres.ExecuteAsync("CREATE DATABASE catalog");
        var shared = $"Host=127.0.0.1;Port={_postgres.Port.ToString(CultureInfo.InvariantCulture)};Username=postgres;Database=catalog";
        _gateways.Add(await StartAsync("embedded", null));
        _gateways.Add(await StartAsync("first", shared));
        Directory.CreateDirectory(Path.Combine(_folder, "second"));
        File.Copy(Path.Combine(_folder, "first", "catalog.key"), Path.Combine(_folder, "second", "catalog.key"));
        _gateways.Add(await StartAsync("second", shared));
    }

    public virtual async Task DisposeAsync()
    {
        foreach (var gateway in _gateways) await gateway.DisposeAsync();
        if (_postgres is not null) await _postgres.DisposeAsync();
        await StopStoreAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Starts a store with the bucket in it, and says how it is reached.</summary>
    private protected virtual async Task<S3Options> StartStoreAsync()
    {
        Server = await S3Server.StartAsync(Bucket, "private");
        return new S3Options { Endpoint = Server.Endpoint, Keys = new S3Keys(S3Server.AccessKey, S3Server.SecretKey), Timeout = TimeSpan.FromSeconds(2) };
    }

    private protected virtual async Task StopStoreAsync() => await Server.DisposeAsync();

    private async Task<Gateway> StartAsync(string name, string? catalog) => await Gateway.StartAsync(
        new ServeOptions
        {
            Port = 0, FlightPort = -1, DataDirectory = Path.Combine(_folder, name), Catalog = catalog, MemoryLimitBytes = 512L << 20,
            Warehouse = $"s3://{Bucket}/{(catalog is null ? "embedded" : "shared")}", AllowedRoots = [$"s3://{Bucket}/files", $"s3://{Bucket}/golden"], Storage = new StorageOptions { S3 = Options },
        },
        NullLoggerFactory.Instance, CancellationToken.None);

    private static ServerAddress AddressOf(Gateway gateway) => new("127.0.0.1", gateway.EndPoint.Port, "postgres", "federation");
}
