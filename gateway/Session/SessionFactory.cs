using System.Net;
using Federation.Session.Catalogs;
using Federation.SessionApi;

namespace Federation.Session;

/// <summary>Opens sessions. Without any password the gateway trusts clients on loopback; once a role has one, everybody needs one.</summary>
public sealed class SessionFactory(SessionServices services, SessionRegistry registry) : ISessionFactory
{
    public async ValueTask<AuthenticationDemand> GetAuthenticationAsync(SessionOrigin origin, CancellationToken cancellationToken)
    {
        var catalog = await services.Catalog.GetSnapshotAsync(cancellationToken);
        var roles = await catalog.ListRolesAsync(cancellationToken);
        if (roles.Any(role => role.Verifier is not null))
            return new AuthenticationDemand.Scram(roles.FirstOrDefault(role => role.Name == origin.User && role.CanLogin)?.Verifier);
        var address = (origin.RemoteAddress as IPEndPoint)?.Address;
        if (address is null || IPAddress.IsLoopback(address)) return new AuthenticationDemand.Trust();
        return new AuthenticationDemand.Refuse(new SqlException(
            SqlState.InvalidAuthorizationSpecification,
            $"no pg_hba.conf entry for host \"{address}\", user \"{origin.User}\", database \"{origin.Database}\", {(origin.IsEncrypted ? "SSL encryption" : "no encryption")}")
        {
            IsFatal = true,
            Hint = "No password is set, so only local clients are trusted.",
        });
    }

    public async ValueTask<ISession> OpenAsync(SessionOrigin origin, CancellationToken cancellationToken)
    {
        var catalog = await services.Catalog.GetSnapshotAsync(cancellationToken);
        if (!await TableResolver.IsDatabaseAsync(catalog, origin.Database, cancellationToken))
        {
            if (origin.Database == "template0")
                throw new SqlException(SqlState.ObjectNotInPrerequisiteState, "database \"template0\" is not currently accepting connections") { IsFatal = true };
            if (TableResolver.IsMaintenanceDatabase(origin.Database)) origin = origin with { Catalog = TableResolver.ManagedDatabase };
            else throw new SqlException(SqlState.InvalidCatalogName, $"database \"{origin.Database}\" does not exist")
            {
                IsFatal = true,
            };
        }

        var session = new QuerySession(services, registry, origin);
        try
        {
            foreach (var (name, value) in origin.Parameters) session.Settings.SetDefault(name, value);
        }
        catch (SqlException error)
        {
            await session.DisposeAsync();
            throw error.Fatal();
        }

        session.Settings.MarkReported();
        registry.Add(session);
        return session;
    }
}
