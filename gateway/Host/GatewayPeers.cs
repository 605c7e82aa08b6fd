using Federation.Core.Errors;
using Federation.Flight.Client;
using Federation.Flight.Protocol;
using Federation.Membership;
using Federation.Session.Peers;
using Google.Protobuf;
using FlightAction = Federation.Flight.Protocol.Action;

namespace Federation.Host;

/// <summary>The other gateways of the catalog over Flight, at the addresses in their leases. Thread-safe.</summary>
internal sealed class GatewayPeers(FlightPeers peers, WorkerDirectory members, int own, TimeProvider clock) : IGatewayPeers
{
    /// <summary>For a cancel request: longer than one waits for a statement that is on its way.</summary>
    private static readonly TimeSpan s_cancelLimit = TimeSpan.FromSeconds(5);

    public IReadOnlyList<PeerGateway> Others =>
        [.. members.Gateways.Where(lease => lease.Gateway != own).Select(lease => new PeerGateway(lease.Gateway, lease.Address))];

    public async ValueTask<ReadOnlyMemory<byte>> AskAsync(
        PeerGateway gateway, string question, ReadOnlyMemory<byte> body, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        var action = new FlightAction { Type = question, Body = UnsafeByteOperations.UnsafeWrap(body) };
        try
        {
            await foreach (var result in peers.Get(gateway.Address).DoActionAsync(action, either.Token)) return result.Body.Memory;
        }
        catch (Exception error) when (error is OperationCanceledException or SqlException { State.Class: "57" or "08" })
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (error is SqlException && !late.IsCancellationRequested) throw;
            throw new SqlException(SqlState.ConnectionFailure, $"gateway {gateway.Address} does not answer", error);
        }

        throw new SqlException(SqlState.ProtocolViolation, $"gateway {gateway.Address} ended {question} without an answer");
    }

    /// <summary>
    /// Hands a cancel request to the gateway that has the session. A client is not told what became of its request, so nor is the caller.
    /// </summary>
    /// <param name="onFailure">Told why it could not be handed on.</param>
    public async ValueTask ForwardCancelAsync(
        int processId, ReadOnlyMemory<byte> secret, Action<SqlException> onFailure, CancellationToken cancellationToken)
    {
        if (Others.FirstOrDefault(other => other.Number == BackendIds.GatewayOf(processId)) is not { } gateway) return;
        try
        {
            var body = PeerQuestions.Write(new CancelRequest(processId, secret.ToArray()));
            await AskAsync(gateway, PeerQuestions.Cancel, body, s_cancelLimit, cancellationToken);
        }
        catch (SqlException error)
        {
            onFailure(error);
        }
    }
}
