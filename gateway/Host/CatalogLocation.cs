using Federation.Catalog;

namespace Federation.Host;

/// <summary>Which catalog a process works on, and the key that its secrets are encrypted with.</summary>
internal static class CatalogLocation
{
    /// <summary>Names the shared catalog where the command line, which everybody on the machine can read, does not.</summary>
    public const string Variable = "FEDERATION_CATALOG";

    public const string Description =
        "Database of a shared catalog, as \"Host=…;Database=…;Username=…\" or in the variable FEDERATION_CATALOG; the data folder's own "
            + "if not given.";

    /// <summary>Opens the shared catalog, else opens or creates the one embedded in the data folder.</summary>
    /// <param name="data">The data folder. The key file is there in both cases, unless the environment has the key.</param>
    /// <param name="shared">The connection string given; null for none.</param>
    /// <param name="around">Puts something in front of the store; null for nothing.</param>
    public static async ValueTask<CatalogDatabase> OpenAsync(string data, string? shared, TimeProvider clock,
        Func<ICatalogStore, ICatalogStore>? around, CancellationToken cancellationToken)
    {
        var keys = CatalogKeyring.Open(Path.Combine(data, "catalog.key"));
        ICatalogStore store = Shared(shared) is { } connection
            ? await PostgresCatalogStore.OpenAsync(connection, clock, cancellationToken)
            : await SqliteCatalogStore.OpenAsync(Path.Combine(data, "catalog.db"), clock, cancellationToken);
        return await CatalogDatabase.OpenAsync(around is null ? store : around(store), keys, cancellationToken);
    }

    /// <summary>The connection string of the shared catalog; null for an embedded one.</summary>
    public static string? Shared(string? given) =>
        given ?? (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named : null);
}
