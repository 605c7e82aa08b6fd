using Federation.Core.Errors;
using Federation.Core.Execution;

namespace Federation.Worker;

/// <summary>
/// The last line before the machine's end of memory. The kernel's limit does not know of everything that statements take: text that its
/// functions make, plans, results on their way, our own functions. When the process has grown beyond its limit by more than that is meant
/// to be, the statement that came last is ended with 53200, then the one before it, until the process is small enough.
/// <para>The same for the disk below the spill folder, with 53100: the kernel writes there from threads on which it cannot report an error,
/// and at the disk's end, or at a limit of its own, it ends the process.</para>
/// Thread-safe.
/// </summary>
internal sealed class ResourceWatch : IDisposable
{
    /// <summary>
    /// What a process may take beside the kernel's limit before statements are ended: less than a gigabyte, because memory goes on growing
    /// until they have ended.
    /// </summary>
    private const long BesideLimit = 800L << 20;

    /// <summary>What spilling leaves free on a disk, at most.</summary>
    private const long KeptFree = 1L << 30;

    /// <summary>Less than this is not what fills the disk.</summary>
    private const long LeastSpill = 1L << 20;

    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(5);

    /// <summary>How long an ended statement may take to give its memory back before the next one is ended.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(500);

    private readonly long _most;
    private readonly string _spill;
    private readonly long _leastFree;
    private readonly List<Watched> _running = [];
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _hasWork = new();
    private volatile bool _isDisposed;

    public ResourceWatch(long kernelLimit, string spillDirectory)
    {
        _spill = Directory.CreateDirectory(spillDirectory).FullName;
        _leastFree = Math.Min(SpillFolder.FreeBytes(_spill) * 2 / 3, KeptFree);
        _most = kernelLimit + BesideLimit;
        ProcessMemory.Allow(_most);
        _thread = new Thread(Loop) { IsBackground = true, Name = "resource watch" };
        if (OperatingSystem.IsLinux()) _thread.Start();
    }

    /// <summary>Watches a statement until disposal.</summary>
    public Watched Enter(CancellationToken cancellationToken)
    {
        var watched = new Watched(this, cancellationToken);
        lock (_running)
        {
            _running.Add(watched);
            _hasWork.Set();
        }

        return watched;
    }

    public void Dispose()
    {
        _isDisposed = true;
        _hasWork.Set();
    }

    private void Loop()
    {
        while (!_isDisposed)
        {
            _hasWork.Wait();
            Thread.Sleep(s_period);
            if (SpillFolder.FreeBytes(_spill) < _leastFree && SpilledBytes() > LeastSpill)
            {
                EndLast(SqlState.DiskFull);
                continue;
            }

            if (ProcessMemory.Resident() <= _most) continue;
            // What is garbage already costs nobody a statement.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            if (ProcessMemory.Resident() <= _most) continue;
            EndLast(SqlState.OutOfMemory);
        }
    }

    private void EndLast(SqlState state)
    {
        Watched? last;
        lock (_running) last = _running.FindLast(watched => !watched.IsExceeded);
        last?.Exceed(state);
        // Nobody else is ended before this one could give back what it had.
        for (var start = Environment.TickCount64; last is not null && Environment.TickCount64 - start < s_patience.TotalMilliseconds
            && IsRunning(last);) Thread.Sleep(s_period);
    }

    private bool IsRunning(Watched watched)
    {
        lock (_running) return _running.Contains(watched);
    }

    private long SpilledBytes()
    {
        try
        {
            return new DirectoryInfo(_spill).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
        }
        catch (IOException)
        {
            // Files come and go while they are counted.
            return 0;
        }
    }

    private void Leave(Watched watched)
    {
        lock (_running)
        {
            _running.Remove(watched);
            if (_running.Count == 0 && !_isDisposed) _hasWork.Reset();
        }
    }

    /// <summary>A statement that runs.</summary>
    internal sealed class Watched(ResourceWatch watch, CancellationToken cancellationToken) : IDisposable
    {
        private readonly CancellationTokenSource _source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        private SqlState _state = SqlState.OutOfMemory;
        private volatile bool _isExceeded;

        public CancellationToken Token => _source.Token;

        public bool IsExceeded => _isExceeded;

        public SqlException Error(Exception? inner = null) => _state == SqlState.DiskFull
            ? new SqlException(SqlState.DiskFull, "could not write to a temporary file: No space left on device", inner)
            {
                Detail = "The statement was ended because the disk of the spill folder is nearly full.",
            }
            : new SqlException(SqlState.OutOfMemory, "out of memory", inner)
            {
                Detail = "The statement was ended because the process takes more memory than it was given.",
            };

        public void Exceed(SqlState state)
        {
            _state = state;
            _isExceeded = true;
            _source.Cancel();
        }

        public void Dispose()
        {
            watch.Leave(this);
            _source.Dispose();
        }
    }
}
