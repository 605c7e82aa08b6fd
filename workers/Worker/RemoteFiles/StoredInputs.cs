using System.Collections.Concurrent;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.ObjectStorage;

namespace Federation.Worker.RemoteFiles;

/// <summary>
/// The remote files of a task, fetched to where the kernel reads them. The kernel itself reaches no network. Local forms stay until
/// disposal.
/// </summary>
internal sealed class StoredInputs : IDisposable
{
    private const int FilesAtOnce = 16;

    private readonly ConcurrentDictionary<(string Server, string Path), PinnedFile> _files = new();

    private StoredInputs(TaskSpec task) => Task = task;

    /// <summary>The task, reading local forms.</summary>
    public TaskSpec Task { get; private set; }

    /// <summary>Fetches what the task reads. A task of local files is left as it is.</summary>
    /// <param name="task">The task.</param>
    /// <param name="cache">Where local forms lie.</param>
    /// <param name="own">The store of the process.</param>
    /// <param name="connectors">Whose servers have stores of their own.</param>
    /// <param name="cancellationToken">Ends the fetching.</param>
    public static async Task<StoredInputs> OpenAsync(TaskSpec task, RangeCache cache, IObjectStore own, IConnectorResolver connectors,
        CancellationToken cancellationToken)
    {
        var inputs = new StoredInputs(task);
        var wanted = task.Inputs.OfType<FileScan>()
            .SelectMany(scan => scan.Groups.SelectMany(FilesOf).Where(file => StoragePath.IsRemote(file.Path))
                .Select(file => (Server: scan.Server ?? "", File: file)))
            .GroupBy(item => (item.Server, item.File.Path)).ToArray();
        if (wanted.Length == 0) return inputs;
        try
        {
            await Parallel.ForEachAsync(wanted,
                new ParallelOptions { MaxDegreeOfParallelism = FilesAtOnce, CancellationToken = cancellationToken }, async (same, token) =>
            {
                var server = same.Key.Server;
                var store = server.Length == 0 ? own : await StoreOfAsync(connectors, server, token);
                // A file may be read twice, for other columns.
                var ranges = same.All(item => item.File.Ranges is not null) ? same.SelectMany(item => item.File.Ranges!).ToArray() : null;
                inputs._files[same.Key] = await cache.FetchAsync(store, server, same.Key.Path, same.First().File.Version, ranges, token);
            });
        }
        catch
        {
            inputs.Dispose();
            throw;
        }

        inputs.Task =
            task with { Inputs = task.Inputs.Select(input => input is FileScan scan ? inputs.Localised(scan) : input).ToEquatableArray() };
        return inputs;
    }

    /// <summary>Whether an error speaks of local forms.</summary>
    public bool Knows(SqlException error) =>
        _files.Values.Any(file => error.Message.Contains(file.LocalPath, StringComparison.Ordinal)
            || error.Detail?.Contains(file.LocalPath, StringComparison.Ordinal) == true);

    /// <summary>An error of the kernel, which knows local forms only, in terms of the files that they stand for.</summary>
    public SqlException Named(SqlException error)
    {
        var (message, detail) = (error.Message, error.Detail);
        foreach (var ((_, path), file) in _files)
        {
            message = message.Replace(file.LocalPath, path, StringComparison.Ordinal);
            detail = detail?.Replace(file.LocalPath, path, StringComparison.Ordinal);
        }

        return new SqlException(error.State, message, error) { Detail = detail, Hint = error.Hint, Position = error.Position };
    }

    public void Dispose()
    {
        foreach (var file in _files.Values) file.Dispose();
    }

    private static async ValueTask<IObjectStore> StoreOfAsync(IConnectorResolver connectors, string server,
        CancellationToken cancellationToken) =>
        await connectors.ResolveAsync(server, cancellationToken) is IStoredFiles files
            ? files.Store
            : throw new SqlException(SqlState.InternalError, $"server \"{server}\" has no store of files");

    private static IEnumerable<WantedFile> FilesOf(FileGroup group) =>
    [
        .. group.Files.Select(file => new WantedFile(file.Path, file.Version, RangesOf(file, group.Rows))),
        .. group.PositionDeletes.SelectMany(deletes => deletes.Paths).Select(path => new WantedFile(path, null, null)),
        .. group.EqualityDeletes.SelectMany(deletes => deletes.Paths).Select(path => new WantedFile(path, null, null)),
    ];

    private static IReadOnlyList<ByteRange>? RangesOf(ScanFile file, RowRange? rows) => file.Needed.Count == 0 ? null
        : [.. file.Needed.Where(part => rows is not { } wanted || part.Rows is not { } held || Meet(wanted, held))
            .Select(part => new ByteRange(part.Offset, part.Offset + part.Length))];

    private static bool Meet(RowRange left, RowRange right) =>
        left.First < right.First + right.Count && right.First < left.First + left.Count;

    private FileScan Localised(FileScan scan)
    {
        return scan with { Groups = scan.Groups.Select(Local).ToEquatableArray() };

        FileGroup Local(FileGroup group) => group with
        {
            Files = group.Files.Select(file => file with { Path = PathOf(file.Path) }).ToEquatableArray(),
            PositionDeletes = group.PositionDeletes.Select(deletes => new PositionDeletes(deletes.Paths.Select(PathOf).ToEquatableArray()))
                .ToEquatableArray(),
            EqualityDeletes = group.EqualityDeletes
                .Select(deletes => deletes with { Paths = deletes.Paths.Select(PathOf).ToEquatableArray() }).ToEquatableArray(),
            DeletedRows = group.DeletedRows.Select(rows => rows with { Path = PathOf(rows.Path) }).ToEquatableArray(),
        };

        string PathOf(string path) => _files.TryGetValue((scan.Server ?? "", path), out var file) ? file.LocalPath : path;
    }

    /// <param name="Ranges">Null for all of it.</param>
    private sealed record WantedFile(string Path, string? Version, IReadOnlyList<ByteRange>? Ranges);
}
