using System.Collections.Concurrent;
using Federation.Session.Peers;

namespace Federation.Session;

/// <summary>The live sessions of this gateway by process id. Thread-safe.</summary>
/// <param name="gateway">The gateway's number in its catalog; 0 for one that has none.</param>
public sealed class SessionRegistry(int gateway = 0)
{
    private readonly ConcurrentDictionary<int, QuerySession> _sessions = new();
    private uint _lastCount = (uint)Random.Shared.Next(1000, 100_000);

    public int Count => _sessions.Count;

    /// <summary>The live sessions of those who logged in by this name.</summary>
    public int CountOf(string user) => _sessions.Values.Count(session => session.Origin.User == user);

    internal bool Has(int processId) => _sessions.ContainsKey(processId);

    internal QuerySession? Find(int processId) => _sessions.GetValueOrDefault(processId);

    /// <summary>What each session is doing.</summary>
    internal IReadOnlyList<SystemCatalog.SessionState> Describe() =>
        [.. _sessions.Values.OrderBy(session => session.ProcessId).Select(session => session.Describe())];

    internal int NextId()
    {
        // Long sessions are still there when the count comes round to them.
        while (true)
            if (BackendIds.Of(gateway, Interlocked.Increment(ref _lastCount)) is var id && id != 0 && !_sessions.ContainsKey(id))
                return id;
    }

    internal void Add(QuerySession session) => _sessions[session.ProcessId] = session;

    internal void Remove(QuerySession session)
    {
        if (_sessions.TryRemove(session.ProcessId, out _)) session.Ended.TrySetResult();
    }

    /// <summary>Waits until the session has ended; false when it has not in time.</summary>
    internal async ValueTask<bool> WaitForEndAsync(QuerySession session, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (!_sessions.ContainsKey(session.ProcessId)) return true;
        try
        {
            await session.Ended.Task.WaitAsync(limit, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
