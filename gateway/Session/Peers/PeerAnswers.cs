using Federation.Execution;
using Federation.Session.Catalogs;

namespace Federation.Session.Peers;

/// <summary>Answers what other gateways ask of this one. Who may ask is checked where the questions come in.</summary>
public sealed class PeerAnswers(SessionRegistry registry, QueryLog queries, TimeProvider clock)
{
    public async ValueTask<byte[]> SignalAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        PeerQuestions.Write(await BackendSignals.DeliverAsync(registry, PeerQuestions.Read<SignalRequest>(body.Span), cancellationToken));

    public byte[] Sessions() => PeerQuestions.Write(registry.Describe());

    public byte[] Queries() => PeerQuestions.Write(QueryStates.Of(queries.ListRunning(), clock.GetUtcNow()));
}
