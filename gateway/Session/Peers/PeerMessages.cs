using System.Text.Json;

namespace Federation.Session.Peers;

/// <summary>
/// What gateways of one catalog ask each other over Flight: names of actions, whose bodies are the JSON of the records below.
/// </summary>
public static class PeerQuestions
{
    /// <summary>The body is a <see cref="SignalRequest"/>, the answer a <see cref="SignalOutcome"/>. Raises 42501.</summary>
    public const string Signal = "federation.signal";

    /// <summary>The answer is what pg_stat_activity shows of the gateway's sessions.</summary>
    public const string Sessions = "federation.sessions";

    /// <summary>The answer is what system.queries shows of the gateway's running statements.</summary>
    public const string Queries = "federation.queries";

    /// <summary>
    /// The body is a <see cref="CancelRequest"/>; the answer, which says nothing, comes when the request has been dealt with.
    /// </summary>
    public const string Cancel = "federation.cancel";

    public static byte[] Write<T>(T message) => JsonSerializer.SerializeToUtf8Bytes(message);

    /// <summary>Raises 08P01 for what is no such message.</summary>
    public static T Read<T>(ReadOnlySpan<byte> body)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(body) ?? throw new JsonException();
        }
        catch (JsonException error)
        {
            throw new SqlException(SqlState.ProtocolViolation, $"malformed {typeof(T).Name}", error);
        }
    }
}

/// <summary>pg_cancel_backend or pg_terminate_backend, and who calls it.</summary>
/// <param name="ProcessId">Whose end is asked for.</param>
/// <param name="IsTerminating">Whether the session ends, or only what it runs.</param>
/// <param name="TimeoutMilliseconds">How long to wait for the session's end; 0 for not at all.</param>
/// <param name="Sender">The session that asks.</param>
/// <param name="User">Its current user.</param>
internal sealed record SignalRequest(
    int ProcessId, bool IsTerminating, long TimeoutMilliseconds, int Sender, string User, bool IsSuperuser);

internal enum SignalOutcome
{
    /// <summary>There is no such session.</summary>
    Missing,
    Sent,

    /// <summary>The session has not ended in time.</summary>
    Remains,
}

/// <summary>A client's request to cancel, with the secret that it knows.</summary>
public sealed record CancelRequest(int ProcessId, byte[] Secret);
