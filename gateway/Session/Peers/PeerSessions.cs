using Federation.SystemCatalog;

namespace Federation.Session.Peers;

/// <summary>
/// What the other gateways' sessions do, for the system tables. All are asked at once; of one that does not answer in time nothing is
/// shown, and a notice says so.
/// </summary>
internal static class PeerSessions
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(1);

    public static ValueTask<IReadOnlyList<SessionState>> ListSessionsAsync(
        QuerySession session, IGatewayPeers peers, CancellationToken cancellationToken) =>
        ListAsync<SessionState>(session, peers, PeerQuestions.Sessions, "sessions", cancellationToken);

    public static ValueTask<IReadOnlyList<QueryState>> ListQueriesAsync(
        QuerySession session, IGatewayPeers peers, CancellationToken cancellationToken) =>
        ListAsync<QueryState>(session, peers, PeerQuestions.Queries, "statements", cancellationToken);

    private static async ValueTask<IReadOnlyList<T>> ListAsync<T>(
        QuerySession session, IGatewayPeers peers, string question, string what, CancellationToken cancellationToken)
    {
        var others = peers.Others;
        if (others.Count == 0) return [];
        var answers = await Task.WhenAll(others.Select(AskAsync));
        foreach (var (gateway, _, error) in answers)
            if (error is not null)
                session.NotifyOnce(
                    NoticeSeverity.Notice, error.State, $"{what} of gateway {gateway.Address} are not shown: {error.Message}");
        return [.. answers.SelectMany(answer => answer.Found)];

        async Task<(PeerGateway Gateway, IReadOnlyList<T> Found, SqlException? Error)> AskAsync(PeerGateway gateway)
        {
            try
            {
                var answer = await peers.AskAsync(gateway, question, ReadOnlyMemory<byte>.Empty, s_limit, cancellationToken);
                return (gateway, PeerQuestions.Read<List<T>>(answer.Span), null);
            }
            catch (SqlException error) when (error.State.Class != "57")
            {
                return (gateway, [], error);
            }
        }
    }
}
