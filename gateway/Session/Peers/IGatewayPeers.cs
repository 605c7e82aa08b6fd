namespace Federation.Session.Peers;

/// <summary>Another gateway of the same catalog.</summary>
/// <param name="Number">The upper part of the ids of its sessions, see <see cref="BackendIds"/>.</param>
/// <param name="Address"><c>host:port</c> where members of the cluster ask.</param>
public sealed record PeerGateway(int Number, string Address);

/// <summary>The way to the other gateways of the catalog. Thread-safe.</summary>
public interface IGatewayPeers
{
    /// <summary>Those whose leases are good.</summary>
    IReadOnlyList<PeerGateway> Others { get; }

    /// <summary>
    /// The answer to one of the <see cref="PeerQuestions"/>. Raises what the other raises, and 08006 when it does not answer in time.
    /// </summary>
    ValueTask<ReadOnlyMemory<byte>> AskAsync(
        PeerGateway gateway, string question, ReadOnlyMemory<byte> body, TimeSpan limit, CancellationToken cancellationToken);
}

/// <summary>A gateway that is alone.</summary>
internal sealed class NoPeers : IGatewayPeers
{
    public static readonly NoPeers Instance = new();

    public IReadOnlyList<PeerGateway> Others => [];

    public ValueTask<ReadOnlyMemory<byte>> AskAsync(
        PeerGateway gateway, string question, ReadOnlyMemory<byte> body, TimeSpan limit, CancellationToken cancellationToken) =>
        throw new SqlException(SqlState.ConnectionFailure, $"there is no gateway {gateway.Address}");
}
