using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Differential;
using Federation.CompatTests.Suite.Tpch;
using Federation.Host;
using Microsoft.Extensions.Logging.Abstractions;

namespace Federation.CompatTests.Suite;

/// <summary>The servers of a whole run: one PostgreSQL 15, the oracle, and one gateway.</summary>
public sealed class SuiteServers : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("federation-suite-").FullName;
    private Gateway? _gateway;
    private PostgresServer? _postgres;
    private Task<ServerAddress>? _tpch;
    private Task<ServerAddress>? _scaleOne;
    private Task<ServerAddress>? _random;
    private Task<ServerAddress>? _attached;
    private Task<ServerAddress>? _attachedDatabase;

    /// <summary>The golden lakehouse tables beside or above the repository; null where they are absent.</summary>
    internal static string? GoldenFolder { get; } = FindGolden();

    /// <summary>Files that SQL on the gateway may name; gone after the run.</summary>
    public string Files => Path.Combine(_folder, "files");

    /// <summary>Where tables lie that SQL on the gateway makes.</summary>
    internal string Warehouse => Path.Combine(_folder, "data", "warehouse");

    /// <summary>Where the gateway listens; any user, no password.</summary>
    internal ServerAddress Gateway => new("127.0.0.1", _gateway!.EndPoint.Port, "postgres", "federation");

    /// <summary>Where the gateway's Arrow Flight SQL listens; any user, no password.</summary>
    internal System.Net.IPEndPoint Flight => _gateway!.FlightEndPoint!;

    /// <summary>Where PostgreSQL listens; the user postgres needs no password.</summary>
    internal ServerAddress Postgres => new("127.0.0.1", _postgres!.Port, "postgres", "postgres");

    /// <summary>PostgreSQL's database of the TPC-H tables; the first caller makes them and attaches them to the gateway.</summary>
    internal Task<ServerAddress> GetTpchAsync() => _tpch ??= TpchData.CreateAsync(_postgres!, Gateway, Files);

    /// <summary>
    /// Attaches the TPC-H tables to another gateway, which may read <see cref="Files"/>; gives PostgreSQL's database of them.
    /// </summary>
    internal async Task<ServerAddress> AttachTpchAsync(ServerAddress gateway)
    {
        var database = await GetTpchAsync();
        await TpchData.AttachAsync(_postgres!.Port, gateway, Files);
        return database;
    }

    /// <summary>
    /// The same for the tables of scale factor 1, which take minutes to make; attached as tpch_sf1, tpch_sf1_files and tpch_sf1_half.
    /// </summary>
    internal async Task<ServerAddress> AttachScaleOneAsync(ServerAddress gateway)
    {
        var database = await (_scaleOne ??= TpchData.CreateScaleOneAsync(_postgres!, Gateway, Files));
        await TpchData.AttachAsync(_postgres!.Port, gateway, Files, "tpch_sf1");
        return database;
    }

    /// <summary>
    /// PostgreSQL's database of the random tables, whose files lie below <see cref="Files"/>; the first caller makes them.
    /// </summary>
    internal Task<ServerAddress> GetRandomAsync() => _random ??= RandomTables.CreateAsync(_postgres!, Files);

    /// <summary>
    /// PostgreSQL's database of compat-tests/attached, which the gateway has as server "attached"; the first caller makes it.
    /// </summary>
    internal Task<ServerAddress> GetAttachedAsync() => _attached ??= AttachAsync();

    /// <summary>The same database, whether the gateway has it or not.</summary>
    internal Task<ServerAddress> GetAttachedDatabaseAsync() => _attachedDatabase ??= Slt.AttachedTests.CreateAsync(Postgres);

    private async Task<ServerAddress> AttachAsync() => await Slt.AttachedTests.AttachAsync(await GetAttachedDatabaseAsync(), Gateway);

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(Files);
        _postgres = await PostgresServer.StartAsync();
        var options = new ServeOptions { Port = 0, FlightPort = 0, MaintainsTables = false, DataDirectory = Path.Combine(_folder, "data"),
            AllowedRoots = GoldenFolder is { } golden ? [Files, golden] : [Files], MemoryLimitBytes = InProcess.MemoryLimitBytes };
        _gateway = await Host.Gateway.StartAsync(options, NullLoggerFactory.Instance, CancellationToken.None);
    }

    private static string? FindGolden()
    {
        for (var folder = new DirectoryInfo(Repository.Root); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "shared", "golden") is var candidate && Directory.Exists(candidate))
                return candidate;
        return null;
    }

    public async Task DisposeAsync()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
        if (_postgres is not null) await _postgres.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>All tests that talk to the shared servers; they run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class SuiteCollection : ICollectionFixture<SuiteServers>
{
    public const string Name = "suite";
}
