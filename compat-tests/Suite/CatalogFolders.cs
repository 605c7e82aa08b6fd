using Federation.Catalog;

namespace Federation.CompatTests.Suite;

/// <summary>The catalogs of gateways that are not running.</summary>
internal static class CatalogFolders
{
    /// <param name="folder">The gateway's data folder.</param>
    public static async Task<CatalogDatabase> OpenAsync(string folder)
    {
        var store = await SqliteCatalogStore.OpenAsync(Path.Combine(folder, "catalog.db"), TimeProvider.System, CancellationToken.None);
        return await CatalogDatabase.OpenAsync(store, CatalogKeyring.Open(Path.Combine(folder, "catalog.key")), CancellationToken.None);
    }

    /// <summary>The shared catalog in a database, with the key of a gateway's data folder.</summary>
    public static async Task<CatalogDatabase> OpenSharedAsync(string folder, string connection)
    {
        var store = await PostgresCatalogStore.OpenAsync(connection, TimeProvider.System, CancellationToken.None);
        return await CatalogDatabase.OpenAsync(store, CatalogKeyring.Open(Path.Combine(folder, "catalog.key")), CancellationToken.None);
    }
}
