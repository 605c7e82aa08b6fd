using Federation.Core;
using Federation.Core.Tasks;

namespace Federation.Scheduling;

/// <summary>One task of a stage: where its last attempt runs or its output lies.</summary>
internal sealed class StagedTask
{
    /// <summary>The worker of the last attempt; null before the first.</summary>
    public Worker? Worker { get; set; }

    /// <summary>Number of the last attempt, from 0; -1 before the first.</summary>
    public int Attempt { get; set; } = -1;

    /// <summary>Rows of the output of the last attempt that ended.</summary>
    public long Rows { get; set; }

    /// <summary>
    /// The data files that the last attempt that ended has written. Only they count: those of other attempts are nobody's.
    /// </summary>
    public EquatableArray<WrittenFile> Files { get; set; }

    /// <summary>Whether the output of the last attempt is whole, and every task that reads the stage may use it.</summary>
    public bool IsDone { get; set; }
}

/// <summary>
/// The tasks of one query's fragments: which are done, and which must run again after a loss. Used by one attempt at a time; a stage's
/// tasks change each their own state.
/// </summary>
internal sealed class QueryStages
{
    private readonly Dictionary<int, StagedTask[]> _tasks = [];
    private readonly Dictionary<int, List<int>> _readers = [];
    private readonly HashSet<Worker> _lost = [];

    /// <summary>Adds a fragment. Those that it reads have been added before.</summary>
    public void Add(int fragment, int tasks, IEnumerable<int> reads)
    {
        _tasks[fragment] = [.. Enumerable.Range(0, tasks).Select(_ => new StagedTask())];
        _readers[fragment] = [];
        foreach (var read in reads) _readers[read].Add(fragment);
    }

    public StagedTask[] this[int fragment] => _tasks[fragment];

    public bool IsLost(Worker worker) => _lost.Contains(worker);

    /// <summary>
    /// Takes note that a worker and what it holds are gone. A lost output runs again when a task that is not done reads its stage. Then
    /// every reader of that stage runs again too: the new output need not be the old one (a LIMIT without an order, a volatile function, a
    /// source without snapshots), and no row may come of both.
    /// </summary>
    public void Lose(IEnumerable<Worker> workers)
    {
        _lost.UnionWith(workers);
        bool hasChanged;
        do
        {
            hasChanged = false;
            foreach (var (fragment, readers) in _readers)
            {
                var again = _tasks[fragment].Where(task => task.IsDone && _lost.Contains(task.Worker!)).ToList();
                if (again.Count > 0 && readers.SelectMany(reader => _tasks[reader]).Any(task => !task.IsDone)) hasChanged |= Restart(again);
                if (_tasks[fragment].Any(task => !task.IsDone && task.Attempt >= 0))
                    hasChanged |= Restart(readers.SelectMany(reader => _tasks[reader]));
            }
        }
        while (hasChanged);
    }

    private static bool Restart(IEnumerable<StagedTask> tasks)
    {
        var hasChanged = false;
        foreach (var task in tasks.Where(task => task.IsDone))
        {
            task.IsDone = false;
            hasChanged = true;
        }

        return hasChanged;
    }
}
