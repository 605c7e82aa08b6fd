using Federation.SystemCatalog;

namespace Federation.Session.Peers;

/// <summary>
/// Since when somebody has been reading: the oldest transaction or statement of all gateways of the catalog. Files that became superfluous
/// after that may be read still.
/// </summary>
public sealed class OldestReader(SessionRegistry registry, IGatewayPeers peers)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    /// <summary>Null when nobody reads. Raises 08006 when a gateway does not answer: nobody knows what it reads.</summary>
    public async ValueTask<DateTimeOffset?> FindAsync(CancellationToken cancellationToken)
    {
        var sessions = registry.Describe().ToList();
        foreach (var gateway in peers.Others)
        {
            var answer = await peers.AskAsync(gateway, PeerQuestions.Sessions, ReadOnlyMemory<byte>.Empty, s_limit, cancellationToken);
            sessions.AddRange(PeerQuestions.Read<List<SessionState>>(answer.Span));
        }

        return sessions.Min(session => session.TransactionStart?.Microseconds) is { } oldest
            ? DateTimeOffset.UnixEpoch.AddTicks(oldest * TimeSpan.TicksPerMicrosecond)
            : null;
    }
}
