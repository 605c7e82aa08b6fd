using System.Collections.Concurrent;
using System.Globalization;

namespace Federation.Execution;

/// <summary>The statements that run on this gateway and those that ran last. Thread-safe.</summary>
public sealed class QueryLog
{
    /// <summary>Statements that are over and still shown.</summary>
    private const int MostEnded = 10_000;

    private readonly TimeProvider _clock;
    private readonly QueryLogFile? _file;
    private readonly string _prefix;
    private readonly ConcurrentDictionary<string, QueryRecord> _running = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<LoggedQuery> _ended = new();
    private long _count;

    /// <param name="file">Where statements that are over are kept; null for nowhere. Belongs to the caller.</param>
    public QueryLog(TimeProvider clock, QueryLogFile? file = null)
    {
        _clock = clock;
        _file = file;
        _prefix = clock.GetUtcNow().ToString("yyyyMMdd_HHmmss_", CultureInfo.InvariantCulture) + Guid.NewGuid().ToString("N")[..5] + "_";
        foreach (var query in file?.Read(MostEnded) ?? []) _ended.Enqueue(query);
    }

    internal DateTimeOffset Now => _clock.GetUtcNow();

    /// <summary>A statement begins.</summary>
    public QueryRecord Begin(QueryOrigin origin)
    {
        var id = _prefix + Interlocked.Increment(ref _count).ToString(CultureInfo.InvariantCulture);
        var record = new QueryRecord(this, id, origin, Now, new QueryFigures());
        _running[id] = record;
        return record;
    }

    /// <summary>All statements that are known, the oldest first.</summary>
    public IReadOnlyList<LoggedQuery> List() =>
        [.. _ended, .. ListRunning()];

    /// <summary>The statements that run now, the oldest first.</summary>
    public IReadOnlyList<LoggedQuery> ListRunning() =>
        [.. _running.Values.OrderBy(record => record.StartedAt)
            .Select(record => new LoggedQuery(record.Id, record.Origin, record.StartedAt, record.Figures))];

    internal void Ended(QueryRecord record)
    {
        if (!_running.TryRemove(record.Id, out _)) return;
        var ended = new LoggedQuery(record.Id, record.Origin, record.StartedAt, record.Figures);
        _ended.Enqueue(ended);
        while (_ended.Count > MostEnded) _ended.TryDequeue(out _);
        _file?.Write(ended);
    }
}

/// <summary>A statement as the log has it.</summary>
public sealed record LoggedQuery(string Id, QueryOrigin Origin, DateTimeOffset StartedAt, QueryFigures Figures)
{
    /// <param name="now">The end of a statement that still runs.</param>
    public TimeSpan Elapsed(DateTimeOffset now) => (Figures.EndedAt ?? now) - StartedAt;
}
