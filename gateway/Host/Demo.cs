using Federation.Catalog;
using Federation.Connectors.Tpch;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Host;

/// <summary>The demo, so that a new user has something to query: a folder of small files as server "demo", and the generated tables of TPC-H as server "tpch".</summary>
internal static class Demo
{
    /// <summary>Attaches what has no server of its name yet.</summary>
    public static async ValueTask AttachAsync(CatalogDatabase catalog, string folder, CancellationToken cancellationToken)
    {
        var snapshot = await catalog.GetSnapshotAsync(cancellationToken);
        var changes = new List<CatalogChange>();
        foreach (var server in (ServerEntry[])
        [
            Server("demo", "files", KeyValuePair.Create("root", Path.GetFullPath(folder))),
            Server("tpch", TpchConnectorFactory.Name),
        ])
        {
            if (await snapshot.FindServerAsync(server.Name, cancellationToken) is null) changes.Add(await catalog.WithOidAsync(new CatalogChange.Create(server), cancellationToken));
        }

        if (changes.Count > 0) await catalog.CommitAsync(changes, cancellationToken);
    }

    private static ServerEntry Server(string name, string wrapper, params KeyValuePair<string, string>[] options) =>
        new(Oid.None, name, wrapper, "federation", new EquatableArray<KeyValuePair<string, string>>(options));
}
