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
    private Func<string>? _makeText;
    private string? _text;

    /// <summary>The statement, without values unless the log is told to show them, and never with a password.</summary>
    public string Text
    {
        get
        {
            // Two threads may make it at once, and make the same.
            if (_text is null && _makeText is { } make) _text = make();
            _makeText = null;
            return _text ?? "";
        }

        init => _text = value;
    }

    /// <summary>Makes the text when somebody reads it first, which is not the session's thread.</summary>
    public static QueryOrigin Of(int processId, string user, string database, string address, Func<string> text) => new(processId, user, database, address) { _makeText = text };
}

/// <summary>
/// A statement while it runs and afterwards. The session's thread writes it, any thread may read it: what a reader sees of a running statement may be a moment old.
/// </summary>
public sealed class QueryRecord
{
    private readonly QueryLog _log;
    private volatile QueryFigures _figures;

    internal QueryRecord(QueryLog log, string id, QueryOrigin origin, DateTimeOffset startedAt, QueryFigures figures)
    {
        _log = log;
        Id = id;
        Origin = origin;
        StartedAt = startedAt;
        _figures = figures;
    }

    /// <summary>Unique among all gateways.</summary>
    public string Id { get; }

    public QueryOrigin Origin { get; }

    public DateTimeOffset StartedAt { get; }

    public QueryFigures Figures => _figures;

    /// <summary>The state of the catalog that the statement reads.</summary>
    public void Reads(long catalogVersion) => _figures = _figures with { CatalogVersion = catalogVersion };

    public void Planned(IReadOnlyList<string> sources, TimeSpan queued, TimeSpan planning) => _figures = _figures with
    {
        Queued = _figures.Queued + queued,
        Planning = _figures.Planning + planning,
        Sources = sources,
    };

    /// <summary>The tables that a plan reads, by name.</summary>
    public static IReadOnlyList<string> SourcesOf(FragmentedPlan plan) => [.. plan.Tables.Keys.Select(table => table.ToString()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    public void Read(long rows) => _figures = _figures with { Rows = _figures.Rows + rows };

    public void Done(QueryReport report)
    {
        var tasks = report.All();
        _figures = _figures with { Tasks = tasks.Count, Retries = report.Retries, ExchangedBytes = tasks.Sum(task => task.Bytes) };
    }

    /// <summary>The statement is over. Only the first call counts.</summary>
    /// <param name="error">Null for one that succeeded.</param>
    public void End(SqlException? error)
    {
        if (_figures.State != QueryOutcome.Running) return;
        _figures = _figures with
        {
            State = error is null ? QueryOutcome.Finished : error.State.Class == "57" ? QueryOutcome.Cancelled : QueryOutcome.Failed,
            SqlState = error?.State.Code,
            EndedAt = _log.Now,
        };
        _log.Ended(this);
    }
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
