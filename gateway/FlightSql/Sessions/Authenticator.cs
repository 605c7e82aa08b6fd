using System.Net;
using System.Text;
using Federation.Core.Errors;
using Federation.Core.Security;
using Federation.Flight.Server;
using Federation.SessionApi;

namespace Federation.FlightSql.Sessions;

/// <summary>A name and a password.</summary>
internal sealed record Credentials(string User, string Password);

/// <summary>Checks who calls, against the same demands and verifiers as the PostgreSQL protocol.</summary>
internal sealed class Authenticator(ISessionFactory factory, FlightSqlOptions options)
{
    /// <summary>The database to connect to.</summary>
    public const string DatabaseHeader = "database";

    /// <summary>Who a trusted client is, when it sends no credentials.</summary>
    public const string UserHeader = "user";

    private const string Basic = "Basic ";

    public async ValueTask<SessionOrigin> AuthenticateAsync(FlightCallContext context, Credentials? credentials)
    {
        credentials ??= ReadBasic(context.FindHeader("authorization"));
        var user = credentials?.User ?? context.FindHeader(UserHeader) ?? options.DefaultUser;
        var origin = new SessionOrigin(user, context.FindHeader(DatabaseHeader) ?? options.DefaultDatabase, context.Peer,
            context.IsEncrypted);
        try
        {
            await DemandAsync(origin, credentials, context.CancellationToken);
        }
        catch (SqlException error)
        {
            options.OnLogInFailed?.Invoke(user, context.Peer, error);
            throw;
        }

        return origin;
    }

    private async ValueTask DemandAsync(SessionOrigin origin, Credentials? credentials, CancellationToken cancellationToken)
    {
        switch (await factory.GetAuthenticationAsync(origin, cancellationToken))
        {
            case AuthenticationDemand.Trust: break;
            case AuthenticationDemand.Scram scram: DemandPassword(origin, credentials, scram.Verifier); break;
            case AuthenticationDemand.ClearPassword clear: DemandPassword(origin, credentials, clear.Verifier); break;
            case AuthenticationDemand.Refuse refuse: throw refuse.Error;
            case var demand: throw new System.Diagnostics.UnreachableException(demand.GetType().Name);
        }
    }

    private static void DemandPassword(SessionOrigin origin, Credentials? credentials, ScramVerifier? verifier)
    {
        if (credentials is null)
        {
            throw new SqlException(SqlState.InvalidAuthorizationSpecification, "no password supplied")
            {
                Hint = "Send the header \"authorization: Basic …\", or log in by Handshake.",
            };
        }

        // Basic shows the password to whoever listens, unlike SCRAM.
        if (!origin.IsEncrypted && !(origin.RemoteAddress is IPEndPoint { Address: var address } && IPAddress.IsLoopback(address)))
            throw new SqlException(SqlState.InvalidAuthorizationSpecification,
                "password authentication in clear text needs an encrypted connection");
        // The work of deriving the key is done for unknown users too, so that the time taken tells nothing.
        var matches = ScramVerifiers.Matches(verifier ?? ScramVerifiers.Create(""), credentials.Password);
        if (!matches || verifier is null)
            throw new SqlException(SqlState.InvalidPassword, $"password authentication failed for user \"{origin.User}\"");
    }

    private static Credentials? ReadBasic(string? authorization)
    {
        if (authorization is null) return null;
        if (!authorization.StartsWith(Basic, StringComparison.OrdinalIgnoreCase))
            throw new SqlException(SqlState.InvalidAuthorizationSpecification, "the authorization header is neither Basic nor Bearer");
        var bytes = new byte[authorization.Length];
        if (!Convert.TryFromBase64String(authorization[Basic.Length..].Trim(), bytes, out var length)) throw Malformed();
        var text = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon >= 0 ? new Credentials(text[..colon], text[(colon + 1)..]) : throw Malformed();
    }

    private static SqlException Malformed() => new(SqlState.InvalidAuthorizationSpecification, "the authorization header is malformed");
}
