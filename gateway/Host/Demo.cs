using Federation.Catalog;
using Federation.Core.Types;

namespace Federation.Host;

/// <summary>The demo: a folder of small files attached as server "demo", so that a new user has something to query.</summary>
internal static class Demo
{
    private const string ServerName = "demo";

    /// <summary>Attaches the folder unless a server of that name is there already.</summary>
    public static async ValueTask AttachAsync(ICatalogStore catalog, string folder, CancellationToken cancellationToken)
    {
        var snapshot = await catalog.GetSnapshotAsync(cancellationToken);
        if (await snapshot.FindServerAsync(ServerName, cancellationToken) is not null) return;
        var server = new ServerEntry(Oid.None, ServerName, "files", "federation", [KeyValuePair.Create("root", Path.GetFullPath(folder))]);
        await catalog.CommitAsync(snapshot.Version, [new CatalogChange.CreateServer(server)], cancellationToken);
    }
}
