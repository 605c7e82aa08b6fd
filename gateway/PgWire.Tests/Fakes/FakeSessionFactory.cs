using Federation.Core.Errors;
using Federation.SessionApi;

namespace Federation.PgWire.Tests.Fakes;

/// <summary>Opens fake sessions; the demand decides how clients log in.</summary>
internal sealed class FakeSessionFactory : ISessionFactory
{
    private int _lastProcessId = 1000;

    public AuthenticationDemand Demand { get; init; } = new AuthenticationDemand.Trust();

    public FakeResults Results { get; init; } = new();

    /// <summary>Whether <see cref="Sessions"/> has all that were opened.</summary>
    public bool KeepsSessions { get; init; } = true;

    public List<FakeSession> Sessions { get; } = [];

    public SessionOrigin? LastOrigin { get; private set; }

    public ValueTask<AuthenticationDemand> GetAuthenticationAsync(SessionOrigin origin, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Demand);

    public ValueTask<ISession> OpenAsync(SessionOrigin origin, CancellationToken cancellationToken)
    {
        LastOrigin = origin;
        if (origin.Database == "missing")
            throw new SqlException(SqlState.InvalidCatalogName, "database \"missing\" does not exist") { IsFatal = true };
        var session = new FakeSession(Results, Interlocked.Increment(ref _lastProcessId));
        if (!KeepsSessions) return ValueTask.FromResult<ISession>(session);
        lock (Sessions) Sessions.Add(session);
        return ValueTask.FromResult<ISession>(session);
    }
}
