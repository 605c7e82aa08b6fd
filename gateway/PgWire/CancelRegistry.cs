using System.Collections.Concurrent;
using System.Security.Cryptography;
using Federation.SessionApi;

namespace Federation.PgWire;

/// <summary>
/// Sessions by process id and secret, for cancel requests that arrive on connections of their own. Thread-safe. Whether a statement still
/// runs is the session's business: a late request does nothing.
/// </summary>
public sealed class CancelRegistry
{
    private readonly ConcurrentDictionary<int, (byte[] Secret, ISession Session)> _sessions = new();

    /// <summary>Sessions that can be cancelled now.</summary>
    public int Count => _sessions.Count;

    public void Add(ISession session, byte[] secret) => _sessions[session.ProcessId] = (secret, session);

    public void Remove(ISession session) => _sessions.TryRemove(session.ProcessId, out _);

    /// <summary>Cancels what runs in the session with this key; says nothing about whether there is one.</summary>
    public void Cancel(int processId, ReadOnlySpan<byte> secret)
    {
        if (_sessions.TryGetValue(processId, out var entry) && CryptographicOperations.FixedTimeEquals(entry.Secret, secret))
            entry.Session.CancelRunning();
    }
}
