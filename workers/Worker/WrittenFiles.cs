using System.Globalization;
using System.Text;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.DuckDb;
using Federation.ObjectStorage;

namespace Federation.Worker;

/// <summary>
/// The data files of one attempt of a task, in a folder of its own. Disposal without <see cref="Finish"/> removes them: the attempt failed.
/// For a remote folder the kernel writes them on the local disk, and they are sent when all are there.
/// <code>
/// COPY (SELECT CAST(c0 AS INTEGER) AS "id" FROM (SELECT …) AS r(c0)) TO '/lake/t/data/0c…' (FORMAT parquet, FIELD_IDS {"id": 1}, …)
/// </code>
/// </summary>
internal sealed class WrittenFiles : IDisposable
{
    /// <summary>The kernel begins another file when one has become this large.</summary>
    private const string FileSize = "256MB";

    /// <summary>The rows of which the kernel makes one row group, if it has no more.</summary>
    private const int RowGroupSize = 122_880;

    /// <summary>What COPY answers: how many rows it has written.</summary>
    public static readonly EquatableArray<RecordField> ResultColumns = [new RecordField("Count", SqlType.Int8)];

    private const int UploadsAtOnce = 4;

    private readonly string _folder;
    private readonly string? _remoteFolder;
    private readonly IObjectStore _store;
    private readonly List<string> _sent = [];
    private bool _isFinished;

    public WrittenFiles(TaskSpec task, TaskOutput.WriteFiles output, WorkerOptions options)
    {
        _store = options.Store;
        _folder = output.FolderOf(task.Id);
        if (StoragePath.IsRemote(_folder))
            (_remoteFolder, _folder) = (_folder, Path.Combine(options.SpillDirectory, "written", task.Id.ToString()));
        Task = task with { Output = output with { Folder = _folder } };
        try
        {
            Directory.CreateDirectory(_folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failure(error);
        }
    }

    /// <summary>The task with its own folder.</summary>
    public TaskSpec Task { get; }

    public static string Statement(string query, EquatableArray<RecordField> columns, TaskOutput.WriteFiles output)
    {
        var names = FileNames(output);
        var sql = new StringBuilder("COPY (SELECT ");
        sql.AppendJoin(", ", output.Columns.Select((column, i) => $"{Value(column, i, columns.Count)} AS {SqlText.Identifier(names[i])}"));
        if (output.PartitionedBy.Count > 0)
            sql.Append(", ").Append(PartitionKey(output)).Append(" AS ").Append(SqlText.Identifier(PartitionKeyName(output)));
        var columnNames = Enumerable.Range(0, columns.Count).Select(i => string.Create(CultureInfo.InvariantCulture, $"c{i}"));
        var rows = $"({query}) AS r({string.Join(", ", columnNames)})";
        sql.Append(" FROM ").Append(output.SortedBy.Count == 0 ? rows : InOrder(rows, output.SortedBy)).Append(") TO ")
            .Append(SqlText.Literal(output.Folder)).Append(" (FORMAT parquet, FIELD_IDS {");
        sql.AppendJoin(", ", output.Columns.Select((column, i) => $"{SqlText.Identifier(names[i])}: {column.FieldIds}"));
        sql.Append('}');
        foreach (var option in output.WriterOptions) sql.Append(", ").Append(option);
        if (output.PartitionedBy.Count > 0)
            sql.Append(", PARTITION_BY (").Append(SqlText.Identifier(PartitionKeyName(output)))
                .Append("), WRITE_PARTITION_COLUMNS false, FILENAME_PATTERN 'part_{uuid}'");
        else sql.Append(", FILE_SIZE_BYTES ").Append(SqlText.Literal(FileSize));
        return sql.Append(", OVERWRITE_OR_IGNORE true)").ToString();
    }

    /// <summary>
    /// The kernel sorts in several threads, and would write in several, each its part of the order. It numbers rows in one thread, which
    /// then writes them as well.
    /// </summary>
    private static string InOrder(string rows, EquatableArray<string> order) =>
        $"(SELECT *, row_number() OVER () AS position FROM (SELECT * FROM {rows} ORDER BY {string.Join(", ", order)})) WHERE position > 0";

    /// <summary>
    /// Files of one partition each that the kernel has not kept in order: it writes them in pieces, and those of several row groups in any
    /// order. For each a task that writes it again, in a folder that is called as the file.
    /// </summary>
    /// <param name="rows">How many all files have.</param>
    public IEnumerable<(TaskSpec Sorting, string Unsorted)> UnsortedFiles(long rows)
    {
        var output = (TaskOutput.WriteFiles)Task.Output;
        if (output.PartitionedBy.Count == 0 || output.SortedBy.Count == 0 || rows <= RowGroupSize) yield break;
        foreach (var path in Directory.EnumerateFiles(_folder, "*.parquet", SearchOption.AllDirectories).ToArray())
        {
            var again = output with { Folder = Path.ChangeExtension(path, null), PartitionedBy = [] };
            yield return (Task with
            {
                Sql = $"SELECT * FROM read_parquet({SqlText.Literal(path)}, hive_partitioning = false)", Inputs = [], Values = [],
                Output = again,
            }, path);
        }
    }

    /// <summary>
    /// The columns' names in the file. The kernel takes names that differ in case alone for one, so the later gets another: readers go by
    /// field ids.
    /// </summary>
    private static string[] FileNames(TaskOutput.WriteFiles output)
    {
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var names = new string[output.Columns.Count];
        for (var i = 0; i < names.Length; i++)
        {
            names[i] = output.Columns[i].Name;
            while (taken.Contains(names[i])
                || (names[i] != output.Columns[i].Name
                    && output.Columns.Any(column => column.Name.Equals(names[i], StringComparison.OrdinalIgnoreCase)))) names[i] += "_";
            taken.Add(names[i]);
        }

        return names;
    }

    /// <summary>
    /// The kernel names folders after the values that it parts rows by, so it is given a digest of them: values may be longer than a
    /// folder's name, no text, or the text that the kernel writes for NULL. What the format wants to read in the name stands behind it.
    /// </summary>
    private static string PartitionKey(TaskOutput.WriteFiles output)
    {
        var digests = output.PartitionedBy.Select(part =>
            $"CASE WHEN ({part.Expression}) IS NULL THEN 'null' ELSE sha256({part.Expression}) END");
        var named = output.PartitionedBy.Where(part => part.IsInPath).Select(part => $" || '-' || coalesce({part.Expression}, 'null')");
        return $"sha256(concat_ws(' ', {string.Join(", ", digests)})){string.Concat(named)}";
    }

    /// <summary>A name that no column of the table has.</summary>
    private static string PartitionKeyName(TaskOutput.WriteFiles output)
    {
        var name = "partition";
        while (FileNames(output).Contains(name, StringComparer.OrdinalIgnoreCase)) name += "_";
        return name;
    }

    /// <summary>The value of a column; 23502 for a NULL that it does not take, with the row, as PostgreSQL says it.</summary>
    private static string Value(FileColumn column, int index, int count)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"c{index}");
        var value = $"CAST({string.Format(CultureInfo.InvariantCulture, column.Converted, name)} AS {column.KernelType})";
        if (column.NullError is null) return value;
        var row = string.Join(", ",
            Enumerable.Range(0, count)
                .Select(i => string.Create(CultureInfo.InvariantCulture, $"coalesce(CAST(c{i} AS VARCHAR), 'null')")));
        return $"CASE WHEN {name} IS NULL THEN error({SqlText.Literal($"{SqlState.NotNullViolation}|{column.NullError}")} || chr(31) || "
            + $"'Failing row contains (' || concat_ws(', ', {row}) || ').') ELSE {value} END";
    }

    /// <summary>The files, on disk before anybody is told of them.</summary>
    public EquatableArray<WrittenFile> Finish(CancellationToken cancellationToken)
    {
        try
        {
            var files = new List<WrittenFile>();
            var paths = Directory.EnumerateFiles(_folder, "*.parquet", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToArray();
            if (_remoteFolder is not null)
            {
                // This thread is the task's own.
                files.AddRange(SendAsync(paths, _remoteFolder, cancellationToken).GetAwaiter().GetResult());
                _isFinished = true;
                return files.ToEquatableArray();
            }

            foreach (var path in paths)
            {
                using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
                file.Flush(flushToDisk: true);
                files.Add(new WrittenFile(path, file.Length));
            }

            _isFinished = true;
            return files.ToEquatableArray();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failure(error);
        }
    }

    private async Task<WrittenFile[]> SendAsync(string[] paths, string remoteFolder, CancellationToken cancellationToken)
    {
        var files = paths.Select(path =>
            new WrittenFile(StoragePath.Combine(remoteFolder, Path.GetRelativePath(_folder, path)), new FileInfo(path).Length)).ToArray();
        _sent.AddRange(files.Select(file => file.Path));
        await Parallel.ForAsync(0, paths.Length,
            new ParallelOptions { MaxDegreeOfParallelism = UploadsAtOnce, CancellationToken = cancellationToken },
            (i, token) => _store.UploadAsync(files[i].Path, paths[i], token));
        return files;
    }

    public void Dispose()
    {
        // What was sent before something failed. This thread is the task's own.
        if (!_isFinished && _sent.Count > 0) _store.TryDeleteAsync(_sent).AsTask().GetAwaiter().GetResult();
        if (_isFinished && _remoteFolder is null) return;
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // No metadata names the files: they cost space until maintenance finds them.
        }
    }

    private SqlException Failure(Exception error) =>
        new(SqlState.IoError, $"could not write data files in \"{_folder}\": {error.Message}", error);
}
