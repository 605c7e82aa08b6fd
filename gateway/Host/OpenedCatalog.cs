using Federation.Catalog;

namespace Federation.Host;

/// <summary>The catalog of a data folder, with the leases that lie beside it.</summary>
/// <param name="Database">Owned by whoever opened it.</param>
internal sealed record OpenedCatalog(CatalogDatabase Database, ILeaseStore Leases) : IAsyncDisposable
{
    /// <summary>Opens or creates the embedded catalog.</summary>
    /// <param name="data">The data folder.</param>
    public static async ValueTask<OpenedCatalog> OpenAsync(string data, TimeProvider clock, CancellationToken cancellationToken)
    {
        var keys = CatalogKeyring.Open(Path.Combine(data, "catalog.key"));
        var store = await SqliteCatalogStore.OpenAsync(Path.Combine(data, "catalog.db"), clock, cancellationToken);
        return new OpenedCatalog(await CatalogDatabase.OpenAsync(store, keys, clock, cancellationToken), new SqliteLeaseStore(store, clock));
    }

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
