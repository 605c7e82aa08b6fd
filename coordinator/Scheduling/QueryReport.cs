using Federation.Core.Tasks;

namespace Federation.Scheduling;

/// <summary>What an execution did, by fragment; filled while it runs, read afterwards by EXPLAIN ANALYZE. Thread-safe.</summary>
public sealed class QueryReport
{
    private readonly Dictionary<int, List<(string Worker, TaskReport Report)>> _tasks = [];
    private int _retries;

    /// <summary>Tasks that had to be run again because a worker was lost.</summary>
    public int Retries => Volatile.Read(ref _retries);

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
