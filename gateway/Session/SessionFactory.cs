using System.Net;
using Federation.Catalog;
using Federation.Session.Catalogs;
using Federation.SessionApi;

namespace Federation.Session;

/// <summary>
/// Opens sessions. Without any password the gateway trusts clients on loopback; once a role has one, everybody needs one.
/// </summary>
public sealed class SessionFactory(SessionServices services, SessionRegistry registry) : ISessionFactory
{
    public async ValueTask<AuthenticationDemand> GetAuthenticationAsync(SessionOrigin origin, CancellationToken cancellationToken)
    {
        var catalog = await services.Catalog.GetSnapshotAsync(cancellationToken);
        var roles = await catalog.ListRolesAsync(cancellationToken);
        if (roles.Any(role => role.Verifier is not null))
            return new AuthenticationDemand.Scram(roles.FirstOrDefault(role => role.Name == origin.User && !IsExpired(role))?.Verifier);
        var address = (origin.RemoteAddress as IPEndPoint)?.Address;
        if (address is null || IPAddress.IsLoopback(address)) return new AuthenticationDemand.Trust();
        return new AuthenticationDemand.Refuse(new SqlException(
            SqlState.InvalidAuthorizationSpecification,
            $"no pg_hba.conf entry for host \"{address}\", user \"{origin.User}\", database \"{origin.Database}\", "
                + $"{(origin.IsEncrypted ? "SSL encryption" : "no encryption")}")
        {
            IsFatal = true,
            Hint = "No password is set, so only local clients are trusted.",
        });
    }

    private bool IsExpired(RoleEntry role) =>
        role.ValidUntil is { } end && QuerySession.ToTimestamp(services.Clock.GetUtcNow()).Microseconds > end;

    public async ValueTask<ISession> OpenAsync(SessionOrigin origin, CancellationToken cancellationToken)
    {
        var catalog = await services.Catalog.GetSnapshotAsync(cancellationToken);
        if (!await TableResolver.IsDatabaseAsync(catalog, origin.Database, cancellationToken))
        {
            if (origin.Database == "template0")
                throw new SqlException(SqlState.ObjectNotInPrerequisiteState,
                    "database \"template0\" is not currently accepting connections") { IsFatal = true };
            if (TableResolver.IsMaintenanceDatabase(origin.Database)) origin = origin with { Catalog = TableResolver.ManagedDatabase };
            else throw new SqlException(SqlState.InvalidCatalogName, $"database \"{origin.Database}\" does not exist")
            {
                IsFatal = true,
            };
        }

        var trusted = await RequireLoginAsync(catalog, origin, cancellationToken);
        var session = new QuerySession(services, registry, origin);
        session.Identity.Trusted = trusted;
        try
        {
            session.Identity.LoggedInAsSuperuser = await session.RightsOf(catalog).IsSuperuserAsync(origin.User, cancellationToken);
            session.Settings.SetDefault("is_superuser", session.Identity.LoggedInAsSuperuser ? "on" : "off");
            foreach (var (name, value) in origin.Parameters)
            {
                if (!SessionIdentity.IsIdentity(name)) session.Settings.SetDefault(name, value);
                else await session.Identity.SetAsync(name, value, isLocal: false, cancellationToken);
            }
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

    /// <summary>
    /// Raises FATAL errors for who may not log in. Gives the user's name when it is let in without being in the catalog, which nobody is
    /// once there are roles.
    /// </summary>
    private async ValueTask<string?> RequireLoginAsync(ICatalogSnapshot catalog, SessionOrigin origin, CancellationToken cancellationToken)
    {
        var roles = await catalog.ListRolesAsync(cancellationToken);
        if (roles.FirstOrDefault(role => role.Name == origin.User) is not { } role)
        {
            if (roles.Count == 0) return origin.User;
            if (origin.User == AccessRights.BootstrapSuperuser) return null;
            throw new SqlException(SqlState.InvalidAuthorizationSpecification, $"role \"{origin.User}\" does not exist") { IsFatal = true };
        }

        if (!role.CanLogin)
            throw new SqlException(SqlState.InvalidAuthorizationSpecification, $"role \"{role.Name}\" is not permitted to log in")
                { IsFatal = true };
        if (role is { IsSuperuser: false, ConnectionLimit: >= 0 } && registry.CountOf(role.Name) >= role.ConnectionLimit)
            throw new SqlException(SqlState.TooManyConnections, $"too many connections for role \"{role.Name}\"") { IsFatal = true };
        return null;
    }
}
