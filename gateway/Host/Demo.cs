using Federation.Catalog;
using Federation.Connectors.Tpch;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.SessionApi;

namespace Federation.Host;

/// <summary>
/// The demo, so that a new user has something to query and to change: a folder of small files as server "demo", the generated tables of
/// TPC-H as server "tpch", and tables of the lake that the folder's <see cref="LakeScript"/> makes.
/// </summary>
internal static class Demo
{
    private const string LakeScript = "lake.sql";

    /// <summary>The first superuser, and the database that holds the lake.</summary>
    private const string Owner = "federation";

    /// <summary>
    /// Attaches what has no server of its name yet. The lake's tables are made along with server "demo" only: what the user has dropped
    /// does not come back.
    /// </summary>
    public static async ValueTask AttachAsync(CatalogDatabase catalog, ISessionFactory sessions, string folder,
        CancellationToken cancellationToken)
    {
        var snapshot = await catalog.GetSnapshotAsync(cancellationToken);
        var changes = new List<CatalogChange>();
        foreach (var server in (ServerEntry[])
        [
            Server("demo", "files", KeyValuePair.Create("root", Path.GetFullPath(folder))),
            Server("tpch", TpchConnectorFactory.Name),
        ])
        {
            if (await snapshot.FindServerAsync(server.Name, cancellationToken) is null)
                changes.Add(await catalog.WithOidAsync(new CatalogChange.Create(server), cancellationToken));
        }

        var script = Path.Combine(folder, LakeScript);
        if (await snapshot.FindServerAsync("demo", cancellationToken) is null && File.Exists(script))
            await MakeTablesAsync(sessions, await File.ReadAllTextAsync(script, cancellationToken), cancellationToken);
        if (changes.Count > 0) await catalog.CommitAsync(changes, cancellationToken);
    }

    /// <summary>Runs the script as one transaction.</summary>
    private static async ValueTask MakeTablesAsync(ISessionFactory sessions, string script, CancellationToken cancellationToken)
    {
        await using var session = await sessions.OpenAsync(new SessionOrigin(Owner, Owner, null, IsEncrypted: false), cancellationToken);
        try
        {
            session.BeginImplicitBlock();
            foreach (var statement in await session.SplitAsync(script, cancellationToken))
            {
                var portal =
                    await session.BindAsync("", await session.PrepareAsync(statement, cancellationToken), default, cancellationToken);
                while (await portal.NextBatchAsync(cancellationToken) is { } batch) batch.Dispose();
                session.EndStatement();
            }

            await session.EndImplicitTransactionAsync(cancellationToken);
        }
        catch (SqlException error) when (error.State == SqlState.DuplicateSchema || error.State == SqlState.TRSerializationFailure)
        {
            // A schema of that name is the user's, or another gateway on the same catalog makes the demo right now.
            await session.FailAsync(error);
        }
    }

    private static ServerEntry Server(string name, string wrapper, params KeyValuePair<string, string>[] options) =>
        new(Oid.None, name, wrapper, Owner, new EquatableArray<KeyValuePair<string, string>>(options));
}
