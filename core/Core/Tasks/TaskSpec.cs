using System.Text.Json.Serialization;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Core.Tasks;

/// <summary>Names one run of one fragment of one query on one worker; unique in the cluster.</summary>
public readonly record struct TaskId(Guid QueryId, int Fragment, int Part, int Attempt)
{
    public override string ToString() => $"{QueryId:N}.{Fragment}.{Part}.{Attempt}";
}

/// <summary>
/// The unit shipped to a worker: kernel SQL over named inputs. The statement is complete text but for large values; every literal in it was
/// written by the planner. Serialisable: it holds no live object.
/// </summary>
/// <param name="Sql">
/// A SELECT that names each input of <paramref name="Inputs"/> as if it were a table. Each output column is cast to its type in
/// <paramref name="Columns"/>.
/// </param>
/// <param name="Columns">The output columns in order; names may repeat.</param>
public sealed record TaskSpec(
    TaskId Id,
    string Sql,
    EquatableArray<TaskInput> Inputs,
    EquatableArray<RecordField> Columns,
    TaskOutput Output,
    TaskSettings Settings)
{
    /// <summary>$2, $3, … of <see cref="Sql"/>: values too large to be written into it.</summary>
    public EquatableArray<LargeValue> Values { get; init; }
}

/// <summary>What of the session changes what kernel SQL means.</summary>
/// <param name="TimeZone">An IANA name the kernel knows, or a fixed offset in the form <c>Etc/GMT-2</c>.</param>
/// <param name="DisabledOptimizers">Kernel optimiser passes to turn off for this task, comma separated; empty for none.</param>
public sealed record TaskSettings(string TimeZone, string DisabledOptimizers = "");

/// <summary>A relation that a task's SQL reads by <paramref name="Name"/>, with exactly these columns in this order.</summary>
[JsonDerivedType(typeof(FileScan), "files")]
[JsonDerivedType(typeof(ConnectorSplit), "connector")]
[JsonDerivedType(typeof(InlineRows), "inline")]
[JsonDerivedType(typeof(ExchangeInput), "exchange")]
public abstract record TaskInput(string Name, EquatableArray<RecordField> Columns)
{
    /// <summary>Rows expected; negative when unknown. Feeds the kernel's join order.</summary>
    public long EstimatedRows { get; init; } = -1;

    /// <summary>The SQL names the input more than once. Page inputs can be read once, so the worker materialises them.</summary>
    public bool IsReadTwice { get; init; }
}

/// <summary>Data files that the kernel reads itself. Rows of all groups are united.</summary>
public sealed record FileScan(string Name, EquatableArray<RecordField> Columns, EquatableArray<FileGroup> Groups) : TaskInput(Name, Columns)
{
    /// <summary>The attached server whose store holds the files; null for the store of the process.</summary>
    public string? Server { get; init; }
}

public enum FileFormat
{
    Parquet,
    Csv,
    JsonLines,
}

/// <summary>Files of one physical schema that are read by one kernel scan.</summary>
/// <param name="Expressions">
/// For each input column the kernel expression over the columns of the raw scan <c>d</c> that makes it, written by the connector from
/// quoted identifiers and literals only; it is cast to the column's type by the worker.
/// </param>
public sealed record FileGroup(FileFormat Format, EquatableArray<ScanFile> Files, EquatableArray<string> Expressions)
{
    /// <summary>Further named arguments of the kernel's reader, as <c>name = literal</c> written by the connector.</summary>
    public EquatableArray<string> ReaderOptions { get; init; }

    /// <summary>A predicate over the raw scan that the connector adds, or null.</summary>
    public string? Filter { get; init; }

    /// <summary>Only these rows of the group's one file, by position; null for all. Parquet only.</summary>
    public RowRange? Rows { get; init; }

    public EquatableArray<PositionDeletes> PositionDeletes { get; init; }

    public EquatableArray<EqualityDeletes> EqualityDeletes { get; init; }

    /// <summary>Deleted rows that the connector decoded itself: Iceberg's and Delta's deletion vectors.</summary>
    public EquatableArray<DeletedRows> DeletedRows { get; init; }

    /// <summary>
    /// The expressions may name <c>f.recorded</c>, the <see cref="ScanFile.RecordedPath"/> of a row's file, and <c>d.file_row_number</c>,
    /// its position there. Parquet only.
    /// </summary>
    public bool NamesRows { get; init; }
}

/// <param name="Path">Where the file is now.</param>
/// <param name="RecordedPath">What position delete files call it; differs from <paramref name="Path"/> when the table's folder
/// moved.</param>
public sealed record ScanFile(string Path, string RecordedPath, long SizeBytes, long RowCount)
{
    /// <summary>The version of a remote file that was planned for; null when the file never changes.</summary>
    public string? Version { get; init; }

    /// <summary>The parts of a remote file that the scan reads, ascending; empty for all of it.</summary>
    public EquatableArray<NeededBytes> Needed { get; init; }
}

/// <summary>A part of a file that a scan reads.</summary>
/// <param name="Rows">The rows that it holds values of; null when every scan reads it.</param>
public readonly record struct NeededBytes(long Offset, long Length, RowRange? Rows);

/// <summary>Iceberg position delete files (columns file_path and pos) that apply to the group's files.</summary>
public sealed record PositionDeletes(EquatableArray<string> Paths);

/// <summary>Rows of one of the group's files that are gone.</summary>
/// <param name="Path">The file's <see cref="ScanFile.Path"/>.</param>
/// <param name="Ranges">Ascending and apart from each other.</param>
public sealed record DeletedRows(string Path, EquatableArray<RowRange> Ranges);

/// <summary>Rows of a file by position, counted from 0.</summary>
public readonly record struct RowRange(long First, long Count);

/// <summary>
/// Iceberg equality delete files: a row of the group is gone when all <paramref name="Columns"/> equal those of a row in the files,
/// NULL being equal to NULL.
/// </summary>
public sealed record EqualityDeletes(EquatableArray<string> Paths, EquatableArray<EqualityColumn> Columns);

/// <param name="DataExpression">Kernel expression over the raw scan <c>d</c>.</param>
/// <param name="DeleteExpression">Kernel expression over the raw scan <c>x</c> of the delete file.</param>
public sealed record EqualityColumn(string DataExpression, string DeleteExpression, SqlType Type);

/// <summary>Rows that a connector produces as batches on the worker.</summary>
/// <param name="Server">The attached server whose connector reads the split.</param>
/// <param name="Payload">The connector's own description of the split, opaque to everyone else (JSON).</param>
public sealed record ConnectorSplit(string Name, EquatableArray<RecordField> Columns, string Server, string Payload)
    : TaskInput(Name, Columns);

/// <summary>Few rows carried in the task itself. Values have the CLR forms listed in Values.cs.</summary>
public sealed record InlineRows(string Name, EquatableArray<RecordField> Columns, EquatableArray<EquatableArray<object?>> Rows)
    : TaskInput(Name, Columns);

/// <summary>Spooled output of other tasks, pulled from the workers that hold it. Rows of all sources are united.</summary>
public sealed record ExchangeInput(string Name, EquatableArray<RecordField> Columns, EquatableArray<ExchangeSource> Sources)
    : TaskInput(Name, Columns);

/// <summary>One partition of the spooled output of a task, and where it lies.</summary>
/// <param name="Worker">The address of the worker that ran the task, as <c>host:port</c>; empty for the worker in the coordinator's
/// process.</param>
/// <param name="Partition">From 0; what is not hashed has one partition.</param>
public sealed record ExchangeSource(TaskId Task, string Worker, int Partition = 0);

/// <summary>Where a task's rows go.</summary>
[JsonDerivedType(typeof(Stream), "stream")]
[JsonDerivedType(typeof(Gather), "gather")]
[JsonDerivedType(typeof(Hash), "hash")]
[JsonDerivedType(typeof(Broadcast), "broadcast")]
[JsonDerivedType(typeof(WriteFiles), "write")]
public abstract record TaskOutput
{
    private TaskOutput() { }

    /// <summary>To the coordinator as they come; the last stage of a query.</summary>
    public sealed record Stream : TaskOutput;

    /// <summary>Spooled whole, in one partition, for one reader.</summary>
    public sealed record Gather : TaskOutput;

    /// <summary>
    /// Spooled in <paramref name="Partitions"/> parts by the kernel's hash of the key columns: rows with equal keys of equal types lie in
    /// the same part, whatever task made them.
    /// </summary>
    public sealed record Hash(EquatableArray<int> KeyColumns, int Partitions) : TaskOutput;

    /// <summary>Spooled once, in one partition, read by every task of the next stage.</summary>
    public sealed record Broadcast : TaskOutput;

    /// <summary>Into Parquet files of a table, in a folder of the task's attempt alone. The report names the files.</summary>
    /// <param name="Folder">The parent of those folders, absolute.</param>
    /// <param name="Columns">One for each column of the task, in order.</param>
    /// <param name="PartitionedBy">What each file has one value of, or NULL.</param>
    public sealed record WriteFiles(string Folder, EquatableArray<FileColumn> Columns, EquatableArray<FilePartition> PartitionedBy)
        : TaskOutput
    {
        /// <summary>
        /// The order of the rows in each file, as terms of the kernel's ORDER BY over <c>c0</c>, <c>c1</c>, …, written by the format.
        /// </summary>
        public EquatableArray<string> SortedBy { get; init; }

        /// <summary>Rows may lie in another order than they came in.</summary>
        public bool Reorders => PartitionedBy.Count > 0 || SortedBy.Count > 0;

        /// <summary>Further options of the kernel's COPY, as <c>NAME literal</c> written by the format.</summary>
        public EquatableArray<string> WriterOptions { get; init; }

        /// <summary>The folder of an attempt.</summary>
        public string FolderOf(TaskId task) => Path.Combine(Folder, task.ToString());
    }
}

/// <summary>How a column is written into a file.</summary>
/// <param name="KernelType">The kernel's type that makes the file's type.</param>
/// <param name="FieldIds">The ids of the column and of what is nested in it, in the form of the kernel's FIELD_IDS.</param>
public sealed record FileColumn(string Name, string KernelType, string FieldIds)
{
    /// <summary>The message of the error for a NULL; null for a column that takes them.</summary>
    public string? NullError { get; init; }

    /// <summary>Kernel expression, with {0} for the column, whose value is cast to the kernel's type; written by the format.</summary>
    public string Converted { get; init; } = "{0}";
}

/// <summary>What rows are dealt out to files by.</summary>
/// <param name="Expression">
/// Kernel expression over the task's columns <c>c0</c>, <c>c1</c>, … that gives a text or bytes, or NULL; written by the format.
/// </param>
/// <param name="Column">The position of the column that it is made of.</param>
/// <param name="IsInPath">
/// The text is short and of digits, and stands, or "null" does, behind a hyphen in the name of the folder of the rows' files.
/// </param>
public sealed record FilePartition(string Expression, int Column, bool IsInPath = false);

/// <summary>A data file that a task has written.</summary>
/// <param name="Path">Absolute.</param>
public sealed record WrittenFile(string Path, long SizeBytes);
