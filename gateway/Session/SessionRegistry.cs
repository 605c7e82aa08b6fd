using System.Collections.Concurrent;

namespace Federation.Session;

/// <summary>The live sessions of this gateway by process id. Thread-safe.</summary>
public sealed class SessionRegistry
{
    private readonly ConcurrentDictionary<int, QuerySession> _sessions = new();
    private int _lastId = Random.Shared.Next(1000, 100_000);

    public int Count => _sessions.Count;

    /// <summary>Ends what the session runs now; false when there is no such session.</summary>
    public bool Cancel(int processId)
    {
        if (!_sessions.TryGetValue(processId, out var session)) return false;
        session.CancelRunning();
        return true;
    }

    /// <summary>What each session is doing.</summary>
    internal IReadOnlyList<SystemCatalog.SessionState> Describe() => [.. _sessions.Values.OrderBy(session => session.ProcessId).Select(session => session.Describe())];

    internal int NextId() => Interlocked.Increment(ref _lastId);

    internal void Add(QuerySession session) => _sessions[session.ProcessId] = session;

    internal void Remove(QuerySession session) => _sessions.TryRemove(session.ProcessId, out _);
}
