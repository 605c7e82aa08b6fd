using System.Globalization;
using Federation.Core.Errors;
using Federation.Core.Execution;
using Federation.DuckDb;

namespace Federation.Worker;

/// <summary>
/// The kernel instance that tasks share. It may read the folders it was opened with and no others, so a task that needs another folder makes a new
/// instance with all folders so far; the old one closes when its last task ends. Thread-safe.
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
        WorkerOptions options, IReadOnlyCollection<ScalarFunction> scalarFunctions, IReadOnlyCollection<AggregateFunction> aggregateFunctions)
    {
        _options = options;
        _scalarFunctions = scalarFunctions;
        _aggregateFunctions = aggregateFunctions;
    }

    /// <summary>Instances opened so far.</summary>
    public int OpenedCount => Volatile.Read(ref _opened);

    /// <summary>An instance that may read <paramref name="directories"/>, for as long as the lease lives. May open one (some 25 ms).</summary>
    /// <param name="disabledOptimizers">When not empty the instance is for this lease only.</param>
    public KernelLease Rent(IReadOnlyCollection<string> directories, string disabledOptimizers = "")
    {
        if (disabledOptimizers.Length > 0)
            return new KernelLease(this, Open(new DirectorySet([.. _options.DataDirectories, .. directories]), disabledOptimizers));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_current is null || !directories.All(_current.Covers))
            {
                var union = new DirectorySet([.. _options.DataDirectories, .. _current?.Directories.Paths ?? [], .. directories]);
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

    private Entry Open(DirectorySet directories, string disabledOptimizers = "")
    {
        var number = Interlocked.Increment(ref _opened);
        var process = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var spill = Path.Combine(_options.SpillDirectory, $"kernel-{process}-{number.ToString(CultureInfo.InvariantCulture)}-{Guid.NewGuid():N}");
        var instance = KernelInstance.Open(new KernelOptions
        {
            Threads = _options.Threads,
            MemoryLimitBytes = _options.MemoryLimitBytes,
            SpillDirectory = spill,
            SpillLimitBytes = SpillFolder.LimitOf(_options.SpillDirectory, _options.SpillLimitBytes),
            AllowedDirectories = directories.WithTargets(),
            DisabledOptimizers = disabledOptimizers,
            ScalarFunctions = _scalarFunctions,
            AggregateFunctions = _aggregateFunctions,
        });
        return new Entry(instance, directories);
    }

    internal sealed class Entry(KernelInstance instance, DirectorySet directories) : IDisposable
    {
        public KernelInstance Instance { get; } = instance;

        public DirectorySet Directories { get; } = directories;

        /// <summary>Leases, plus one while this is the current instance. Guarded by the pool's lock.</summary>
        public int References { get; set; } = 1;

        public bool Covers(string directory) => Directories.Covers(directory);

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

/// <summary>Folders, none of them inside of another.</summary>
internal sealed class DirectorySet
{
    public DirectorySet(IEnumerable<string> directories)
    {
        var paths = new List<string>();
        foreach (var path in directories.Select(Normalise).Distinct(StringComparer.Ordinal).OrderBy(path => path.Length))
            if (!paths.Exists(parent => path.StartsWith(parent, StringComparison.Ordinal)))
                paths.Add(path);
        Paths = paths;
    }

    /// <summary>Absolute, each with a slash at the end.</summary>
    public IReadOnlyList<string> Paths { get; }

    public bool Covers(string directory)
    {
        var path = Normalise(directory);
        foreach (var parent in Paths)
            if (path.StartsWith(parent, StringComparison.Ordinal))
                return true;
        return false;
    }

    /// <summary>The folders and where they really are: the kernel follows links before it looks at the list.</summary>
    public IReadOnlyCollection<string> WithTargets() =>
        [.. Paths.Concat(Paths.Select(path => Normalise(RealPath(path.TrimEnd('/'))))).Distinct(StringComparer.Ordinal)];

    private static string Normalise(string directory) => Path.GetFullPath(directory).TrimEnd('/') + "/";

    private static string RealPath(string path)
    {
        var real = "/";
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(real, part);
            // A folder may be gone since a task has read it; then it is no link either.
            real = Directory.Exists(next) && Directory.ResolveLinkTarget(next, returnFinalTarget: true) is { } target ? RealPath(target.FullName) : next;
        }

        return real;
    }

    /// <summary>The folder of a file; anything but an absolute path is a defect of the planner or connector.</summary>
    public static string FolderOf(string path) =>
        Path.IsPathRooted(path) ? Path.GetDirectoryName(path)! : throw new SqlException(SqlState.InternalError, $"\"{path}\" is no absolute path");
}
