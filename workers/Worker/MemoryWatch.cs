using System.Globalization;
using Federation.Core.Errors;

namespace Federation.Worker;

/// <summary>
/// The last line before the machine's end of memory. The kernel's limit does not know of everything that statements take: text that its functions make, plans, results on their way, our own functions. When the
/// process has grown beyond its limit by more than that is meant to be, the statement that came last is ended with 53200, then the one before it, until the process is small enough. Thread-safe.
/// </summary>
internal sealed class MemoryWatch : IDisposable
{
    /// <summary>What a process may take beside the kernel's limit before statements are ended: less than a gigabyte, because memory goes on growing until they have ended.</summary>
    private const long BesideLimit = 600L << 20;

    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(25);

    /// <summary>How long an ended statement may take to give its memory back before the next one is ended.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(500);

    private readonly long _most;
    private readonly List<Watched> _running = [];
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _hasWork = new();
    private volatile bool _isDisposed;

    public MemoryWatch(long kernelLimit)
    {
        _most = kernelLimit + BesideLimit;
        _thread = new Thread(Loop) { IsBackground = true, Name = "memory watch" };
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
            if (Resident() <= _most) continue;
            // What is garbage already costs nobody a statement.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true);
            if (Resident() <= _most) continue;
            Watched? last;
            lock (_running) last = _running.FindLast(watched => !watched.IsExceeded);
            if (last is null) continue;
            last.Exceed();
            Thread.Sleep(s_patience);
        }
    }

    private static long Resident()
    {
        const int PageBytes = 4096;
        var fields = File.ReadAllText("/proc/self/statm").Split(' ');
        return long.Parse(fields[1], CultureInfo.InvariantCulture) * PageBytes;
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
    internal sealed class Watched(MemoryWatch watch, CancellationToken cancellationToken) : IDisposable
    {
        private readonly CancellationTokenSource _source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        private volatile bool _isExceeded;

        public CancellationToken Token => _source.Token;

        public bool IsExceeded => _isExceeded;

        public SqlException Error(Exception? inner = null) => new(SqlState.OutOfMemory, "out of memory", inner)
        {
            Detail = "The statement was ended because the process takes more memory than it was given.",
        };

        public void Exceed()
        {
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
