using System.Globalization;
using Federation.Core.Errors;
using Federation.Core.Execution;
using Federation.DuckDb;
using Federation.ObjectStorage;

namespace Federation.Worker;

/// <summary>
/// The kernel instance that tasks share. It may read the folders it was opened with and no others, so a task that needs another folder
/// makes a new instance with all folders so far; the old one closes when its last task ends. Thread-safe.
/// </summary>
public sealed class KernelPool : IDisposable
{
    private readonly WorkerOptions _options;
    private readonly IReadOnlyCollection<ScalarFunction> _scalarFunctions;
    private readonly IReadOnlyCollection<AggregateFunction> _aggregateFunctions;
    private readonly Lock _lock = new();
    private Entry? _current;
    private int _opened;
    private bool _isDisposed;

    public KernelPool(
        WorkerOptions options, IReadOnlyCollection<ScalarFunction> scalarFunctions,
        IReadOnlyCollection<AggregateFunction> aggregateFunctions)
    {
        _options = options;
        _scalarFunctions = scalarFunctions;
        _aggregateFunctions = aggregateFunctions;
    }

    /// <summary>Instances opened so far.</summary>
    public int OpenedCount => Volatile.Read(ref _opened);

    /// <summary>
    /// An instance that may read <paramref name="directories"/>, for as long as the lease lives. May open one (some 25 ms).
    /// </summary>
    /// <param name="disabledOptimizers">When not empty the instance is for this lease only.</param>
    public KernelLease Rent(IReadOnlyCollection<string> directories, string disabledOptimizers = "")
    {
        if (disabledOptimizers.Length > 0)
            return new KernelLease(this, Open(new AllowedPaths([.. _options.DataDirectories, .. directories]), disabledOptimizers));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_current is null || !directories.All(_current.Covers))
            {
                var union = new AllowedPaths([.. _options.DataDirectories, .. _current?.Directories.Folders ?? [], .. directories]);
                var next = Open(union);
                if (_current is { } retired) Release(retired);
                _current = next;
            }

            _current.References++;
            return new KernelLease(this, _current);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            if (_current is { } current) Release(current);
            _current = null;
        }
    }

    internal void Return(Entry entry)
    {
        lock (_lock)
        {
            Release(entry);
        }
    }

    private static void Release(Entry entry)
    {
        if (--entry.References == 0) entry.Dispose();
    }

    private Entry Open(AllowedPaths directories, string disabledOptimizers = "")
    {
        var number = Interlocked.Increment(ref _opened);
        var process = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var spill = Path.Combine(_options.SpillDirectory,
            $"kernel-{process}-{number.ToString(CultureInfo.InvariantCulture)}-{Guid.NewGuid():N}");
        var instance = KernelInstance.Open(new KernelOptions
        {
            Threads = _options.Threads,
            MemoryLimitBytes = _options.MemoryLimitBytes,
            SpillDirectory = spill,
            SpillLimitBytes = SpillFolder.LimitOf(_options.SpillDirectory, _options.SpillLimitBytes),
            AllowedDirectories = directories.Folders,
            DisabledOptimizers = disabledOptimizers,
            ScalarFunctions = _scalarFunctions,
            AggregateFunctions = _aggregateFunctions,
        });
        return new Entry(instance, directories);
    }

    internal sealed class Entry(KernelInstance instance, AllowedPaths directories) : IDisposable
    {
        public KernelInstance Instance { get; } = instance;

        public AllowedPaths Directories { get; } = directories;

        /// <summary>Leases, plus one while this is the current instance. Guarded by the pool's lock.</summary>
        public int References { get; set; } = 1;

        public bool Covers(string directory) => Directories.Names(directory);

        public void Dispose()
        {
            Instance.Dispose();
            try
            {
                Directory.Delete(Instance.Options.SpillDirectory, recursive: true);
            }
            catch (IOException)
            {
                // Left-over spill files cost space, not correctness; the kernel itself removes them when a statement ends.
            }
        }
    }
}

/// <summary>The right to use a kernel instance until disposal.</summary>
public sealed class KernelLease : IDisposable
{
    private readonly KernelPool _pool;
    private KernelPool.Entry? _entry;

    internal KernelLease(KernelPool pool, KernelPool.Entry entry)
    {
        _pool = pool;
        _entry = entry;
        Instance = entry.Instance;
    }

    public KernelInstance Instance { get; }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _entry, null) is { } entry) _pool.Return(entry);
    }
}
