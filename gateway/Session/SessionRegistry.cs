using System.Collections.Concurrent;

namespace Federation.Session;

/// <summary>The live sessions of this gateway by process id. Thread-safe.</summary>
public sealed class SessionRegistry
{
    private readonly ConcurrentDictionary<int, QuerySession> _sessions = new();
    private int _lastId = Random.Shared.Next(1000, 100_000);

    public int Count => _sessions.Count;

    /// <summary>The live sessions of those who logged in by this name.</summary>
    public int CountOf(string user) => _sessions.Values.Count(session => session.Origin.User == user);

    internal QuerySession? Find(int processId) => _sessions.GetValueOrDefault(processId);

    /// <summary>What each session is doing.</summary>
    internal IReadOnlyList<SystemCatalog.SessionState> Describe() => [.. _sessions.Values.OrderBy(session => session.ProcessId).Select(session => session.Describe())];

    internal int NextId() => Interlocked.Increment(ref _lastId);

    internal void Add(QuerySession session) => _sessions[session.ProcessId] = session;

    internal void Remove(QuerySession session)
    {
        if (_sessions.TryRemove(session.ProcessId, out _)) session.Ended.Set();
    }

    /// <summary>Waits until the session has ended; false when it has not in time.</summary>
    internal bool WaitForEnd(QuerySession session, TimeSpan limit, CancellationToken cancellationToken) => !_sessions.ContainsKey(session.ProcessId) || session.Ended.Wait(limit, cancellationToken);
}
