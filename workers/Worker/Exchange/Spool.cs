using Federation.Arrow.Ipc;
using Federation.Core.Errors;
using Federation.Core.Tasks;

namespace Federation.Worker.Exchange;

/// <summary>
/// What tasks of this worker have spooled for others to read, by task. Pages are held in memory up to a limit shared by all tasks, then in
/// one file per task. Everything of a query goes when the query is released. Thread-safe.
/// </summary>
public sealed class Spool : IDisposable
{
    private readonly string _directory;
    private readonly long _memoryLimit;
    private readonly Dictionary<TaskId, SpooledOutput> _outputs = [];
    private readonly Lock _lock = new();
    private long _memory;

    /// <param name="directory">For pages that do not fit the limit; made when first needed.</param>
    /// <param name="memoryLimitBytes">Pages held in memory by all tasks together.</param>
    public Spool(string directory, long memoryLimitBytes)
    {
        _directory = directory;
        _memoryLimit = memoryLimitBytes;
    }

    /// <summary>Bytes of pages held in memory.</summary>
    public long MemoryBytes => Interlocked.Read(ref _memory);

    /// <summary>Tasks whose output is here.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _outputs.Count;
        }
    }

    /// <summary>Begins the output of a task; an unfinished one of the same name is replaced.</summary>
    public SpooledOutput Create(TaskId task, IpcSchema schema, int partitions)
    {
        var output = new SpooledOutput(this, Path.Combine(_directory, $"{task}.spool"), schema, partitions);
        SpooledOutput? replaced;
        lock (_lock)
        {
            _outputs.Remove(task, out replaced);
            _outputs.Add(task, output);
        }

        replaced?.Dispose();
        return output;
    }

    /// <summary>
    /// The finished output of a task. Raises 08006 when it is not here: the worker has been started anew, or the query is over.
    /// </summary>
    public SpooledOutput Find(TaskId task)
    {
        lock (_lock)
            if (_outputs.TryGetValue(task, out var output) && output.IsComplete)
                return output;
        throw new SqlException(SqlState.ConnectionFailure, $"the output of task {task} is not on this worker any more");
    }

    public bool Contains(TaskId task)
    {
        lock (_lock) return _outputs.TryGetValue(task, out var output) && output.IsComplete;
    }

    public void Remove(TaskId task)
    {
        SpooledOutput? output;
        lock (_lock) _outputs.Remove(task, out output);
        output?.Dispose();
    }

    /// <summary>Forgets everything of a query.</summary>
    public void Release(Guid queryId)
    {
        SpooledOutput[] released;
        lock (_lock)
        {
            released = [.. _outputs.Where(pair => pair.Key.QueryId == queryId).Select(pair => pair.Value)];
            foreach (var task in _outputs.Keys.Where(task => task.QueryId == queryId).ToArray()) _outputs.Remove(task);
        }

        foreach (var output in released) output.Dispose();
    }

    public void Dispose()
    {
        SpooledOutput[] outputs;
        lock (_lock)
        {
            outputs = [.. _outputs.Values];
            _outputs.Clear();
        }

        foreach (var output in outputs) output.Dispose();
    }

    /// <summary>Whether a page may be held in memory; it counts from now on.</summary>
    internal bool TryReserve(long bytes)
    {
        if (Interlocked.Add(ref _memory, bytes) <= _memoryLimit) return true;
        Interlocked.Add(ref _memory, -bytes);
        return false;
    }

    internal void Free(long bytes) => Interlocked.Add(ref _memory, -bytes);
}
