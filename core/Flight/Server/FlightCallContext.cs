using System.Net;
using Federation.Core.Errors;

namespace Federation.Flight.Server;

/// <summary>What a service knows of a call besides its message. Belongs to one call.</summary>
public sealed class FlightCallContext
{
    private readonly Dictionary<string, string> _headers;

    internal FlightCallContext(Dictionary<string, string> headers, string connectionId, EndPoint? peer, bool isEncrypted,
        DateTimeOffset? deadline, CancellationToken cancellationToken)
    {
        _headers = headers;
        ConnectionId = connectionId;
        Peer = peer;
        IsEncrypted = isEncrypted;
        Deadline = deadline;
        CancellationToken = cancellationToken;
    }

    /// <summary>Names the HTTP/2 connection; unique within the process.</summary>
    public string ConnectionId { get; }

    /// <summary>The client's address.</summary>
    public EndPoint? Peer { get; }

    public bool IsEncrypted { get; }

    /// <summary>When the client stops waiting; null when it said nothing.</summary>
    public DateTimeOffset? Deadline { get; }

    /// <summary>Fires when the client cancels or goes away, when the deadline passes, and when the server is stopped at once.</summary>
    public CancellationToken CancellationToken { get; }

    /// <summary>Headers to send with the answer; only until its first message.</summary>
    public Dictionary<string, string> ResponseHeaders { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A header of the call by its lower-case name; null when there is none.</summary>
    public string? FindHeader(string name) => _headers.GetValueOrDefault(name);

    /// <summary>A header that must be there. Raises 08P01.</summary>
    public string GetHeader(string name) =>
        FindHeader(name) ?? throw new SqlException(SqlState.ProtocolViolation, $"the call has no header \"{name}\"");
}
