using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using Federation.SessionApi;

namespace Federation.PgWire;

/// <summary>
/// Sessions by process id and secret, for cancel requests that arrive on connections of their own. Thread-safe. Whether a statement still
/// runs is the session's business: a late request does nothing.
/// </summary>
/// <param name="forward">Takes requests with keys of sessions that are not here, for other gateways; null for nobody.</param>
public sealed class CancelRegistry(Func<int, ReadOnlyMemory<byte>, CancellationToken, ValueTask>? forward = null)
{
    /// <summary>
    /// How long a request waits for a statement that was sent before it and is on its way from the socket to the session.
    /// </summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(30);

    /// <summary>The same when the session's socket is known to hold unread bytes.</summary>
    private static readonly TimeSpan s_unreadGrace = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<int, Entry> _sessions = new();

    /// <summary>Sessions that can be cancelled now.</summary>
    public int Count => _sessions.Count;

    /// <param name="session">The session.</param>
    /// <param name="secret">What a request has to know.</param>
    /// <param name="hasUnread">Whether its client has sent something that was not read yet.</param>
    public void Add(ISession session, byte[] secret, Func<bool> hasUnread) =>
        _sessions[session.ProcessId] = new Entry(secret, session, hasUnread);

    public void Remove(ISession session) => _sessions.TryRemove(session.ProcessId, out _);

    /// <summary>As <see cref="CancelHereAsync"/>, in whichever gateway has the session.</summary>
    public ValueTask CancelAsync(int processId, ReadOnlyMemory<byte> secret, CancellationToken cancellationToken) =>
        forward is null || _sessions.ContainsKey(processId) ? CancelHereAsync(processId, secret, cancellationToken)
            : forward(processId, secret, cancellationToken);

    /// <summary>
    /// Cancels what runs in the session with this key; says nothing about whether there is one. The statement and the request come over two
    /// connections, so the request may be here first: it waits a moment for the statement. A client that waits for the end of the request's
    /// connection, as all do, sends nothing else meanwhile, so nothing else is hit.
    /// </summary>
    public async ValueTask CancelHereAsync(int processId, ReadOnlyMemory<byte> secret, CancellationToken cancellationToken)
    {
        if (!_sessions.TryGetValue(processId, out var entry) || !CryptographicOperations.FixedTimeEquals(entry.Secret, secret.Span)) return;
        var start = Stopwatch.GetTimestamp();
        while (!entry.Session.CancelRunning())
        {
            var waited = Stopwatch.GetElapsedTime(start);
            if (waited > s_unreadGrace || (waited > s_grace && !entry.HasUnread()) || !_sessions.ContainsKey(processId)) return;
            await Task.Delay(1, cancellationToken);
        }
    }

    /// <summary>Cancels what runs in every session.</summary>
    public void CancelAll()
    {
        foreach (var entry in _sessions.Values) entry.Session.CancelRunning();
    }

    private sealed record Entry(byte[] Secret, ISession Session, Func<bool> HasUnread);
}
