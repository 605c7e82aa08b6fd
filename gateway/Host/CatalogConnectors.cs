using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Errors;
using Federation.Scheduling;

namespace Federation.Host;

/// <summary>
/// The connectors of a worker process, which tasks name by key: found again among the servers and user mappings of the shared catalog. No secret travels with a task.
/// Thread-safe.
/// </summary>
internal sealed class CatalogConnectors(CatalogDatabase catalog, ConnectorPool pool) : IConnectorResolver
{
    public IConnector Resolve(string serverName)
    {
        if (!pool.Contains(serverName)) Task.Run(() => FindAsync(serverName)).GetAwaiter().GetResult();
        return pool.Resolve(serverName);
    }

    private async Task FindAsync(string key)
    {
        var name = key[..key.LastIndexOf('#')];
        var snapshot = await catalog.GetSnapshotAsync(CancellationToken.None);
        var server = await snapshot.FindServerAsync(name, CancellationToken.None)
            ?? throw new SqlException(SqlState.SqlclientUnableToEstablishSqlconnection, $"server \"{name}\" is not in the catalog any more");
        IEnumerable<UserMappingEntry?> mappings = [null, .. await snapshot.ListUserMappingsAsync(name, CancellationToken.None)];
        foreach (var mapping in mappings)
        {
            if (ConnectorPool.KeyOf(server, mapping) != key) continue;
            pool.Get(server, mapping);
            return;
        }

        throw new SqlException(SqlState.SqlclientUnableToEstablishSqlconnection, $"the options of server \"{name}\" have changed since the query was planned") { Hint = "Run the query again." };
    }
}
