using Federation.Core.Tasks;

namespace Federation.Scheduling;

/// <summary>What an execution did, by fragment; filled while it runs, read afterwards by EXPLAIN ANALYZE. Thread-safe.</summary>
public sealed class QueryReport
{
    private readonly Dictionary<int, List<(string Worker, TaskReport Report)>> _tasks = [];
    private int _retries;

    /// <summary>Tasks that had to be run again because a worker was lost.</summary>
    public int Retries => Volatile.Read(ref _retries);

    /// <summary>What was scheduled; null until then, and for plans that need no schedule. Its splits may have been released.</summary>
    public ScheduledQuery? Scheduled { get; internal set; }

    /// <summary>The reports of all tasks that have ended.</summary>
    public IReadOnlyList<TaskReport> All()
    {
        lock (_tasks) return [.. _tasks.Values.SelectMany(reports => reports).Select(task => task.Report)];
    }

    public void Add(int fragment, string worker, TaskReport report)
    {
        lock (_tasks)
        {
            if (!_tasks.TryGetValue(fragment, out var reports)) _tasks.Add(fragment, reports = []);
            reports.Add((worker, report));
        }
    }

    public void CountRetry() => Interlocked.Increment(ref _retries);

    /// <summary>The reports of a fragment's tasks; empty for the one that streamed.</summary>
    public IReadOnlyList<(string Worker, TaskReport Report)> Of(int fragment)
    {
        lock (_tasks) return _tasks.TryGetValue(fragment, out var reports) ? [.. reports] : [];
    }
}
