using System.Globalization;
using Federation.CompatTests.Harness;

namespace Federation.Catalog.Tests;

/// <summary>Makes empty stores of one kind.</summary>
public interface IStoreFixture
{
    /// <summary>A new store, and a name under which <see cref="OpenAsync"/> opens it again.</summary>
    Task<(ICatalogStore Store, string Name)> CreateAsync();

    Task<ICatalogStore> OpenAsync(string name);
}

public sealed class SqliteFixture : IStoreFixture, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("federation-catalog-").FullName;
    private int _count;

    public async Task<(ICatalogStore Store, string Name)> CreateAsync()
    {
        var name = Path.Combine(_folder, $"{Interlocked.Increment(ref _count).ToString(CultureInfo.InvariantCulture)}.db");
        return (await OpenAsync(name), name);
    }

    public async Task<ICatalogStore> OpenAsync(string name) =>
        await SqliteCatalogStore.OpenAsync(name, TimeProvider.System, CancellationToken.None);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

public sealed class PostgresFixture : IStoreFixture, IAsyncLifetime
{
    private PostgresServer? _server;
    private int _count;

    public async Task InitializeAsync() => _server = await PostgresServer.StartAsync();

    public async Task DisposeAsync() => await _server!.DisposeAsync();

    public async Task<(ICatalogStore Store, string Name)> CreateAsync()
    {
        var database = $"catalog{Interlocked.Increment(ref _count).ToString(CultureInfo.InvariantCulture)}";
        await _server!.ExecuteAsync($"CREATE DATABASE {database}");
        var name =
            $"Host=127.0.0.1;Port={_server.Port.ToString(CultureInfo.InvariantCulture)};Username=postgres;Database={database};Maximum "
                + "Pool Size=10";
        return (await OpenAsync(name), name);
    }

    public async Task<ICatalogStore> OpenAsync(string name) =>
        await PostgresCatalogStore.OpenAsync(name, TimeProvider.System, CancellationToken.None);
}
