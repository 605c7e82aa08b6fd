using System.Globalization;
using System.Text;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker;

/// <summary>
/// The data files of one attempt of a task, in a folder of its own. Disposal without <see cref="Finish"/> removes them: the attempt failed.
/// <code>
/// COPY (SELECT CAST(c0 AS INTEGER) AS "id" FROM (SELECT …) AS r(c0)) TO '/lake/t/data/0c…' (FORMAT parquet, FIELD_IDS {"id": 1}, …)
/// </code>
/// </summary>
internal sealed class WrittenFiles : IDisposable
{
    /// <summary>The kernel begins another file when one has become this large.</summary>
    private const string FileSize = "256MB";

    /// <summary>What COPY answers: how many rows it has written.</summary>
    public static readonly EquatableArray<RecordField> ResultColumns = [new RecordField("Count", SqlType.Int8)];

    private readonly string _folder;
    private bool _isFinished;

    public WrittenFiles(TaskSpec task, TaskOutput.WriteFiles output)
    {
        _folder = output.FolderOf(task.Id);
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
        if (output.PartitionedBy.Count > 0) sql.Append(", ").Append(PartitionKey(output)).Append(" AS ").Append(SqlText.Identifier(PartitionKeyName(output)));
        sql.Append(" FROM (").Append(query).Append(") AS r(");
        sql.AppendJoin(", ", Enumerable.Range(0, columns.Count).Select(i => string.Create(CultureInfo.InvariantCulture, $"c{i}")));
        sql.Append(")) TO ").Append(SqlText.Literal(output.Folder)).Append(" (FORMAT parquet, FIELD_IDS {");
        sql.AppendJoin(", ", output.Columns.Select((column, i) => $"{SqlText.Identifier(names[i])}: {column.FieldIds}"));
        sql.Append('}');
        foreach (var option in output.WriterOptions) sql.Append(", ").Append(option);
        if (output.PartitionedBy.Count > 0) sql.Append(", PARTITION_BY (").Append(SqlText.Identifier(PartitionKeyName(output))).Append("), WRITE_PARTITION_COLUMNS false, FILENAME_PATTERN 'part_{uuid}'");
        else sql.Append(", FILE_SIZE_BYTES ").Append(SqlText.Literal(FileSize));
        return sql.Append(", OVERWRITE_OR_IGNORE true)").ToString();
    }

    /// <summary>The columns' names in the file. The kernel takes names that differ in case alone for one, so the later gets another: readers go by field ids.</summary>
    private static string[] FileNames(TaskOutput.WriteFiles output)
    {
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var names = new string[output.Columns.Count];
        for (var i = 0; i < names.Length; i++)
        {
            names[i] = output.Columns[i].Name;
            while (taken.Contains(names[i]) || (names[i] != output.Columns[i].Name && output.Columns.Any(column => column.Name.Equals(names[i], StringComparison.OrdinalIgnoreCase)))) names[i] += "_";
            taken.Add(names[i]);
        }

        return names;
    }

    /// <summary>
    /// The kernel names folders after the values that it parts rows by, so it is given a digest of them: values may be longer than a folder's name, no text, or the text that the kernel
    /// writes for NULL.
    /// </summary>
    private static string PartitionKey(TaskOutput.WriteFiles output)
    {
        var parts = output.PartitionedBy.Select(column =>
        {
            var value = string.Create(CultureInfo.InvariantCulture, $"CAST(c{column} AS {output.Columns[column].KernelType})");
            var digested = output.Columns[column].KernelType == "BLOB" ? value : $"CAST({value} AS VARCHAR)";
            return $"CASE WHEN c{column.ToString(CultureInfo.InvariantCulture)} IS NULL THEN 'null' ELSE sha256({digested}) END";
        });
        return $"sha256(concat_ws(' ', {string.Join(", ", parts)}))";
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
        var value = $"CAST({name} AS {column.KernelType})";
        if (column.NullError is null) return value;
        var row = string.Join(", ", Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"coalesce(CAST(c{i} AS VARCHAR), 'null')")));
        return $"CASE WHEN {name} IS NULL THEN error({SqlText.Literal($"{SqlState.NotNullViolation}|{column.NullError}")} || chr(31) || 'Failing row contains (' || concat_ws(', ', {row}) || ').') ELSE {value} END";
    }

    /// <summary>The files, on disk before anybody is told of them.</summary>
    public EquatableArray<WrittenFile> Finish()
    {
        try
        {
            var files = new List<WrittenFile>();
            foreach (var path in Directory.EnumerateFiles(_folder, "*.parquet", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
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

    public void Dispose()
    {
        if (_isFinished) return;
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // No metadata names the files: they cost space until maintenance finds them.
        }
    }

    private SqlException Failure(Exception error) => new(SqlState.IoError, $"could not write data files in \"{_folder}\": {error.Message}", error);
}
