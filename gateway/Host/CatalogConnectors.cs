using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Errors;
using Federation.Scheduling;

namespace Federation.Host;

/// <summary>
/// The connectors of a worker process, which tasks name by key: found again among the servers and user mappings of the shared catalog. No
/// secret travels with a task. Thread-safe.
/// </summary>
internal sealed class CatalogConnectors(CatalogDatabase catalog, ConnectorPool pool) : IConnectorResolver
{
    public ValueTask<IConnector> ResolveAsync(string key, CancellationToken cancellationToken) =>
        pool.Contains(key) ? pool.ResolveAsync(key, cancellationToken) : FindAsync(key, cancellationToken);

    private async ValueTask<IConnector> FindAsync(string key, CancellationToken cancellationToken)
    {
        var name = key[..key.LastIndexOf('#')];
        var snapshot = await catalog.GetSnapshotAsync(cancellationToken);
        var server = await snapshot.FindServerAsync(name, cancellationToken)
            ?? throw new SqlException(SqlState.SqlclientUnableToEstablishSqlconnection,
                $"server \"{name}\" is not in the catalog any more");
        IEnumerable<UserMappingEntry?> mappings = [null, .. await snapshot.ListUserMappingsAsync(name, cancellationToken)];
        foreach (var mapping in mappings)
        {
            if (ConnectorPool.KeyOf(server, mapping) == key) return pool.Get(server, mapping);
        }

        throw new SqlException(SqlState.SqlclientUnableToEstablishSqlconnection,
            $"the options of server \"{name}\" have changed since the query was planned") { Hint = "Run the query again." };
    }
}
