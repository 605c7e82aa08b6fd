using System.Collections.Concurrent;
using System.Globalization;

namespace Federation.Execution;

/// <summary>The statements that run on this gateway and those that ran last. Thread-safe.</summary>
public sealed class QueryLog
{
    /// <summary>Statements that are over and still shown.</summary>
    private const int MostEnded = 10_000;

    /// <summary>Characters of a statement that are kept.</summary>
    private const int LongestText = 10_000;

    private readonly TimeProvider _clock;
    private readonly QueryLogFile? _file;
    private readonly string _prefix;
    private readonly ConcurrentDictionary<long, QueryRecord> _running = new();
    private readonly ConcurrentQueue<QueryRecord> _ended = new();
    private int _endedCount;
    private long _count;

    /// <param name="file">Where statements that are over are kept; null for nowhere. Belongs to the caller.</param>
    public QueryLog(TimeProvider clock, QueryLogFile? file = null)
    {
        _clock = clock;
        _file = file;
        _prefix = clock.GetUtcNow().ToString("yyyyMMdd_HHmmss_", CultureInfo.InvariantCulture) + Guid.NewGuid().ToString("N")[..5] + "_";
        foreach (var query in file?.Read(MostEnded) ?? []) Keep(new QueryRecord(this, query));
    }

    internal DateTimeOffset Now => _clock.GetUtcNow();

    /// <summary>A statement begins.</summary>
    /// <param name="session">Whose it is; its text is not looked at.</param>
    /// <param name="source">A text with the statement in it.</param>
    /// <param name="hide">Takes from the statement what the log must not show, when somebody reads it; null to show all.</param>
    public QueryRecord Begin(QueryOrigin session, string source, int start, int length, Func<string, string>? hide)
    {
        var text = length == source.Length && length <= LongestText ? source : source.Substring(start, Math.Min(length, LongestText));
        var record = new QueryRecord(this, Interlocked.Increment(ref _count), session, text, hide, Now);
        _running[record.Number] = record;
        return record;
    }

    /// <summary>All statements that are known, the oldest first.</summary>
    public IReadOnlyList<LoggedQuery> List() =>
        [.. _ended.Select(record => record.Show()), .. ListRunning()];

    /// <summary>The statements that run now, the oldest first.</summary>
    public IReadOnlyList<LoggedQuery> ListRunning() =>
        [.. _running.Values.OrderBy(record => record.Number).Select(record => record.Show())];

    internal string IdOf(long number) => _prefix + number.ToString(CultureInfo.InvariantCulture);

    internal void Ended(QueryRecord record)
    {
        if (!_running.TryRemove(record.Number, out _)) return;
        Keep(record);
        _file?.Write(record);
    }

    private void Keep(QueryRecord record)
    {
        _ended.Enqueue(record);
        // The queue's own count looks at every segment.
        if (Interlocked.Increment(ref _endedCount) <= MostEnded) return;
        if (_ended.TryDequeue(out _)) Interlocked.Decrement(ref _endedCount);
    }
}

/// <summary>A statement as the log has it.</summary>
public sealed record LoggedQuery(string Id, QueryOrigin Origin, DateTimeOffset StartedAt, QueryFigures Figures)
{
    /// <param name="now">The end of a statement that still runs.</param>
    public TimeSpan Elapsed(DateTimeOffset now) => (Figures.EndedAt ?? now) - StartedAt;
}
