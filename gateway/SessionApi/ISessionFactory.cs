using System.Net;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Security;

namespace Federation.SessionApi;

/// <summary>Opens sessions for a protocol server. Thread-safe.</summary>
public interface ISessionFactory
{
    /// <summary>How this client has to prove who it is. Does not tell whether the user exists.</summary>
    ValueTask<AuthenticationDemand> GetAuthenticationAsync(SessionOrigin origin, CancellationToken cancellationToken);

    /// <summary>
    /// Opens the session of an authenticated client. FATAL errors: 3D000 for a database that does not exist, 42704/22023 for start-up
    /// parameters that are not settings, 53300 when there are too many sessions.
    /// </summary>
    ValueTask<ISession> OpenAsync(SessionOrigin origin, CancellationToken cancellationToken);
}

/// <summary>
/// Who connects, from where, and with which start-up parameters (database and user not among them; options already split).
/// </summary>
public sealed record SessionOrigin(string User, string Database, EndPoint? RemoteAddress, bool IsEncrypted)
{
    /// <summary>The catalog that the database stands for, when that has another name.</summary>
    public string? Catalog { get; init; }

    /// <summary>In the order sent; names in the client's spelling.</summary>
    public EquatableArray<KeyValuePair<string, string>> Parameters { get; init; }
}

/// <summary>What the authentication exchange has to ask for.</summary>
public abstract record AuthenticationDemand
{
    private AuthenticationDemand() { }

    public sealed record Trust : AuthenticationDemand;

    /// <summary>
    /// SCRAM-SHA-256, with -PLUS offered under TLS. A null verifier means an unknown user: a mock exchange that fails at the end.
    /// </summary>
    public sealed record Scram(ScramVerifier? Verifier) : AuthenticationDemand;

    /// <summary>The password in clear text, demanded only under TLS; checked against the same verifier.</summary>
    public sealed record ClearPassword(ScramVerifier? Verifier) : AuthenticationDemand;

    /// <summary>No way in: the FATAL error to send (28000, no pg_hba.conf entry …).</summary>
    public sealed record Refuse(SqlException Error) : AuthenticationDemand;
}
