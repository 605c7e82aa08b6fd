using System.Globalization;
using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Protocol;
using Federation.Host;
using Microsoft.Extensions.Logging.Abstractions;

namespace Federation.CompatTests.Suite.Sessions;

/// <summary>Runs the scripts of compat-tests/sessions on PostgreSQL, on one gateway, and on two gateways with one catalog.</summary>
public sealed class SessionTests(TwoGateways gateways) : IClassFixture<TwoGateways>
{
    public static TheoryData<string> Scripts()
    {
        var names = new TheoryData<string>();
        foreach (var file in Directory.GetFiles(Path.Combine(Repository.Root, "compat-tests", "sessions"), "*.session").Order(StringComparer.Ordinal))
            names.Add(Path.GetFileNameWithoutExtension(file));
        return names;
    }

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task A_script_gives_what_it_says(string name)
    {
        var script = new SessionScript(Path.Combine(Repository.Root, "compat-tests", "sessions", name + ".session"));
        if (!script.IsForGateways) Require("PostgreSQL", await script.RunAsync(_ => gateways.Postgres));
        Require("one gateway", await script.RunAsync(_ => gateways.Embedded));
        Require("two gateways", await script.RunAsync(session => session % 2 == 1 ? gateways.First : gateways.Second));
    }

    private static void Require(string where, IReadOnlyList<string> wrong) => Assert.True(wrong.Count == 0, $"on {where}:\n{string.Join("\n\n", wrong)}");
}

/// <summary>A gateway with an embedded catalog, two gateways that share one in PostgreSQL, and that PostgreSQL.</summary>
public sealed class TwoGateways : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("federation-sessions-").FullName;
    private readonly List<Gateway> _gateways = [];
    private PostgresServer? _postgres;

    internal ServerAddress Postgres => new("127.0.0.1", _postgres!.Port, "postgres", "postgres");

    internal ServerAddress Embedded => AddressOf(_gateways[0]);

    internal ServerAddress First => AddressOf(_gateways[1]);

    internal ServerAddress Second => AddressOf(_gateways[2]);

    public async Task InitializeAsync()
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

    public async Task DisposeAsync()
    {
        foreach (var gateway in _gateways) await gateway.DisposeAsync();
        if (_postgres is not null) await _postgres.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<Gateway> StartAsync(string name, string? catalog) => await Gateway.StartAsync(
        new ServeOptions { Port = 0, FlightPort = -1, DataDirectory = Path.Combine(_folder, name), Catalog = catalog, Warehouse = Path.Combine(_folder, catalog is null ? "embedded-tables" : "shared-tables"), MemoryLimitBytes = 256L << 20 },
        NullLoggerFactory.Instance, CancellationToken.None);

    private static ServerAddress AddressOf(Gateway gateway) => new("127.0.0.1", gateway.EndPoint.Port, "postgres", "federation");
}
