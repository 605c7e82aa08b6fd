using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Planner;
using Federation.Scheduling;

namespace Federation.Execution;

/// <summary>Who runs a statement, and which.</summary>
/// <param name="ProcessId">The session's, as pg_stat_activity shows it.</param>
/// <param name="Address">Where the client is; empty when it does not come over TCP.</param>
public sealed record QueryOrigin(int ProcessId, string User, string Database, string Address)
{
    /// <summary>The statement, without values unless the log is told to show them, and never with a password.</summary>
    public string Text { get; init; } = "";
}

/// <summary>
/// A statement while it runs and afterwards. The session's thread writes it, any thread may read it: what a reader sees of a running
/// statement may be a moment old. Most statements are short and nobody reads them, so nothing is made for a reader before there is one.
/// </summary>
public sealed class QueryRecord
{
    private readonly QueryLog _log;
    private readonly QueryOrigin _session;
    private readonly long _startedAt;
    private readonly Func<string, string>? _hide;
    private readonly string _text;
    private readonly LoggedQuery? _restored;
    private volatile QueryOutcome _state;
    private string? _sqlState;
    private long _endedAt;
    private long _catalogVersion;
    private long _rows;
    private long _exchangedBytes;
    private int _tasks;
    private int _retries;
    private long _queued;
    private long _planning;
    private IReadOnlyList<string> _sources = [];

    internal QueryRecord(QueryLog log, long number, QueryOrigin session, string text, Func<string, string>? hide, DateTimeOffset startedAt)
    {
        (_log, Number, _session, _text, _hide) = (log, number, session, text, hide);
        _startedAt = startedAt.UtcTicks;
    }

    /// <summary>A statement that an earlier gateway logged.</summary>
    internal QueryRecord(QueryLog log, LoggedQuery logged)
    {
        (_log, _session, _text, _restored, _state) = (log, logged.Origin, "", logged, logged.Figures.State);
        _startedAt = logged.StartedAt.UtcTicks;
    }

    /// <summary>Counts the statements of this gateway.</summary>
    internal long Number { get; }

    /// <summary>The state of the catalog that the statement reads.</summary>
    public void Reads(long catalogVersion) => _catalogVersion = catalogVersion;

    public void Planned(IReadOnlyList<string> sources, TimeSpan queued, TimeSpan planning)
    {
        _queued += queued.Ticks;
        _planning += planning.Ticks;
        _sources = sources;
    }

    /// <summary>The tables that a plan reads, by name.</summary>
    public static IReadOnlyList<string> SourcesOf(FragmentedPlan plan) =>
        [.. plan.Tables.Keys.Select(table => table.ToString()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    public void Read(long rows) => _rows += rows;

    public void Done(QueryReport report)
    {
        var tasks = report.All();
        (_tasks, _retries, _exchangedBytes) = (tasks.Count, report.Retries, tasks.Sum(task => task.Bytes));
    }

    /// <summary>The statement is over. Only the first call counts.</summary>
    /// <param name="error">Null for one that succeeded.</param>
    public void End(SqlException? error)
    {
        if (_state != QueryOutcome.Running) return;
        (_endedAt, _sqlState) = (_log.Now.UtcTicks, error?.State.Code);
        // Last: whoever sees that the statement is over sees its figures too.
        _state = error is null ? QueryOutcome.Finished : error.State.Class == "57" ? QueryOutcome.Cancelled : QueryOutcome.Failed;
        _log.Ended(this);
    }

    /// <summary>What is known now.</summary>
    public LoggedQuery Show()
    {
        if (_restored is not null) return _restored;
        var state = _state;
        var figures = new QueryFigures
        {
            State = state,
            SqlState = state == QueryOutcome.Running ? null : _sqlState,
            EndedAt = state == QueryOutcome.Running ? null : Time(_endedAt),
            CatalogVersion = _catalogVersion,
            Rows = _rows,
            ExchangedBytes = _exchangedBytes,
            Tasks = _tasks,
            Retries = _retries,
            Queued = TimeSpan.FromTicks(_queued),
            Planning = TimeSpan.FromTicks(_planning),
            Sources = _sources,
        };
        // Made for each reader: what is kept of a statement lives long, and much of it would keep the garbage collector busy.
        var origin = _session with { Text = _hide is null ? _text : _hide(_text) };
        return new LoggedQuery(_log.IdOf(Number), origin, Time(_startedAt), figures);
    }

    private static DateTimeOffset Time(long ticks) => new(ticks, TimeSpan.Zero);
}

public enum QueryOutcome
{
    Running,
    Finished,
    Failed,
    Cancelled,
}

/// <summary>What is known of a statement at one moment.</summary>
public sealed record QueryFigures
{
    public QueryOutcome State { get; init; }

    /// <summary>Null unless the statement failed or was cancelled.</summary>
    public string? SqlState { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Zero for a statement that reads no catalog.</summary>
    public long CatalogVersion { get; init; }

    /// <summary>Rows that the query gave.</summary>
    public long Rows { get; init; }

    /// <summary>Bytes that its tasks gave to other tasks.</summary>
    public long ExchangedBytes { get; init; }

    /// <summary>Tasks besides the one whose rows go to the client.</summary>
    public int Tasks { get; init; }

    /// <summary>Tasks that were run again because a worker was lost.</summary>
    public int Retries { get; init; }

    /// <summary>Waiting for a planning thread.</summary>
    public TimeSpan Queued { get; init; }

    public TimeSpan Planning { get; init; }

    /// <summary>The tables that the plan reads, by name.</summary>
    public IReadOnlyList<string> Sources { get; init; } = [];
}
