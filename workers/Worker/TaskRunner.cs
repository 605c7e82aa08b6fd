using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Federation.Arrow;
using Federation.Arrow.Ipc;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.DuckDb;
using Federation.Worker.Exchange;
using Federation.ObjectStorage;
using Federation.Worker.Functions;
using Federation.Worker.RemoteFiles;

namespace Federation.Worker;

/// <summary>
/// Runs tasks in the kernel of this process. Each task has a kernel connection, a thread that works on its statement, and one pump for each
/// input that arrives as pages.
/// </summary>
public sealed class TaskRunner : ITaskRunner<Batch>, IDisposable
{
    /// <summary>How long the kernel may take to end a cancelled task. Some of its work asks for no interrupt.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(500);

    /// <summary>How often a statement is run again whose own error the kernel has lost.</summary>
    private const int MostRepeats = 10;

    private readonly WorkerOptions _options;
    private readonly IConnectorResolver _connectors;
    private readonly ExchangeReader _exchange;
    private readonly OpenQueries _queries;
    private readonly KernelThreads _threads = new();
    private readonly ResourceWatch _memory;
    private readonly RangeCache _cache;

    /// <param name="client">Reads from other workers; null where there are none.</param>
    /// <param name="address">How other workers reach this one's spool; empty for one that no other reads from.</param>
    public TaskRunner(WorkerOptions options, IConnectorResolver connectors, IExchangeClient? client = null, string address = "")
    {
        _options = options;
        _memory = new ResourceWatch(options.MemoryLimitBytes, options.SpillDirectory);
        _connectors = connectors;
        Spool = new Spool(options.SpillDirectory, options.ExchangeMemoryBytes);
        _exchange = new ExchangeReader(Spool, client, address);
        _queries = new OpenQueries(Spool);
        _cache = new RangeCache(Path.Combine(options.SpillDirectory, "cache"), options.CacheBytes);
        Kernels = new KernelPool(options with { DataDirectories = [.. options.DataDirectories, _cache.Folder] }, FunctionCatalog.Scalars,
            FunctionCatalog.Aggregates);
    }

    public KernelPool Kernels { get; }

    /// <summary>What the tasks of this worker have spooled.</summary>
    public Spool Spool { get; }

    /// <summary>Queries that coordinators hold open here.</summary>
    public int OpenQueryCount => _queries.Count;

    public ValueTask<IAsyncDisposable> OpenQueryAsync(Guid queryId, CancellationToken cancellationToken) =>
        ValueTask.FromResult(_queries.Open(queryId));

    public async ValueTask<TaskReport> SpoolAsync(TaskSpec task, CancellationToken cancellationToken)
    {
        using var entered = _queries.Enter(task.Id.QueryId, out var closed);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, closed);
        var start = Stopwatch.GetTimestamp();
        var finished = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskReport? report = null;
        _threads.Run(() =>
        {
            try
            {
                report = task.Output is TaskOutput.WriteFiles files
                    ? ExecuteToFiles(task, files, ended.Token)
                    : ExecuteToSpool(task, ended.Token);
                finished.SetResult();
            }
            catch (Exception error)
            {
                Spool.Remove(task.Id);
                finished.SetException(InContext(error, task));
            }
        });
        await WaitForEndAsync(finished.Task, ended.Token);
        await finished.Task;
        return report! with { Elapsed = Stopwatch.GetElapsedTime(start) };
    }

    public async IAsyncEnumerable<Batch> RunAsync(TaskSpec task, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var batches = Channel.CreateBounded<Batch>(new BoundedChannelOptions(_options.ReadAheadBatches)
        {
            SingleReader = true,
            SingleWriter = true,
        });
        var finished = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _threads.Run(() =>
        {
            Exception? failure = null;
            try
            {
                Execute(task, batch => Write(batches.Writer, batch, ended.Token), ended.Token);
            }
            catch (Exception error)
            {
                failure = InContext(error, task);
            }

            batches.Writer.TryComplete(failure);
            finished.SetResult();
        });
        try
        {
            using var watch = cancellationToken.UnsafeRegister(_ => _ = GiveUpAsync(batches.Writer, finished.Task), null);
            // The channel's own token is not used: a cancelled task ends with the kernel's answer, once everything is released, unless that
            // takes too long.
            await foreach (var batch in batches.Reader.ReadAllAsync(CancellationToken.None)) yield return batch;
        }
        finally
        {
            await ended.CancelAsync();
            // A cancelled task has been waited for already.
            if (!cancellationToken.IsCancellationRequested)
                await Task.WhenAny(finished.Task, Task.Delay(s_patience, CancellationToken.None));
            if (finished.Task.IsCompleted) Release();
            else _ = finished.Task.ContinueWith(_ => Release(), TaskScheduler.Default);
        }

        void Release()
        {
            while (batches.Reader.TryRead(out var batch)) batch.Dispose();
            ended.Dispose();
        }
    }

    /// <summary>
    /// The reader of a cancelled task goes its way; the kernel's thread, and all that it holds, follow when the kernel lets go.
    /// </summary>
    private static async Task GiveUpAsync(ChannelWriter<Batch> batches, Task finished)
    {
        await Task.WhenAny(finished, Task.Delay(s_patience));
        batches.TryComplete(new SqlException(SqlState.QueryCanceled, "canceling statement due to user request"));
    }

    private static async Task WaitForEndAsync(Task finished, CancellationToken cancellationToken)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (cancellationToken.UnsafeRegister(static source => ((TaskCompletionSource)source!).TrySetResult(), cancelled))
            if (await Task.WhenAny(finished, cancelled.Task) == cancelled.Task)
                await Task.WhenAny(finished, Task.Delay(s_patience, CancellationToken.None));
        if (!finished.IsCompleted) throw new SqlException(SqlState.QueryCanceled, "canceling statement due to user request");
    }

    public void Dispose()
    {
        _memory.Dispose();
        Kernels.Dispose();
        Spool.Dispose();
        _cache.Dispose();
    }

    /// <summary>The kernel writes the files itself; the rows that it gives are one number, that of the rows written.</summary>
    private TaskReport ExecuteToFiles(TaskSpec task, TaskOutput.WriteFiles output, CancellationToken cancellationToken)
    {
        using var files = new WrittenFiles(task, output, _options);
        var rows = Write(files.Task);
        foreach (var (sorting, unsorted) in files.UnsortedFiles(rows))
        {
            Write(sorting);
            File.Delete(unsorted);
        }

        // Whoever cancelled has not waited for the kernel: nobody will name the files.
        if (cancellationToken.IsCancellationRequested)
            throw new SqlException(SqlState.QueryCanceled, "canceling statement due to user request");
        var written = files.Finish(cancellationToken);
        return new TaskReport(rows, written.Sum(file => file.SizeBytes), default, default) { Files = written };

        long Write(TaskSpec each)
        {
            var count = 0L;
            Execute(
                each,
                batch =>
                {
                    using (batch)
                        if (batch.RowCount > 0) count = batch.Columns[0].Get<long>(0);
                },
                cancellationToken);
            return count;
        }
    }

    private TaskReport ExecuteToSpool(TaskSpec task, CancellationToken cancellationToken)
    {
        if (task.Output is TaskOutput.Hash hash
            && (hash.Partitions < 1 || hash.KeyColumns.Count == 0 || hash.KeyColumns.Any(key => key < 0 || key >= task.Columns.Count)))
            throw new SqlException(SqlState.ProtocolViolation, "a task's partitioning names columns that it does not have");
        var schema = new BatchSchema(task.Columns.Select(column => new Field(column.Name, column.Type)).ToEquatableArray());
        var output = Spool.Create(task.Id, IpcSchema.Encode(schema, IpcForm.Internal), SpoolWriter.Partitions(task.Output));
        using var writer = new SpoolWriter(output, schema);
        var spent = TimeSpan.Zero;
        Execute(SpoolWriter.Prepare(task), Add, cancellationToken);
        writer.Finish();
        return new TaskReport(output.Rows, output.Bytes, default, spent);

        void Add(Batch batch)
        {
            var start = Stopwatch.GetTimestamp();
            writer.Add(batch);
            spent += Stopwatch.GetElapsedTime(start);
        }
    }

    /// <summary>
    /// Runs the task on the calling thread. <paramref name="output"/> takes each batch over. When one thread of a statement fails the
    /// kernel interrupts the others, and now and then reports their interrupt instead of the error: nobody has cancelled, so the statement
    /// is run again for its error, without its rows once some have been given.
    /// </summary>
    private void Execute(TaskSpec task, Action<Batch> output, CancellationToken cancellationToken)
    {
        var hasOutput = false;
        var isSearching = false;
        SqlException? lost = null;
        using var watched = _memory.Enter(cancellationToken);
        for (var left = MostRepeats; ; left--)
        {
            try
            {
                ExecuteOnce(task, Take, watched.Token);
                if (isSearching) throw lost!;
                return;
            }
            catch (Exception error) when (watched.IsExceeded && !cancellationToken.IsCancellationRequested)
            {
                throw watched.Error(error);
            }
            catch (SqlException error) when (error.State == SqlState.QueryCanceled && !cancellationToken.IsCancellationRequested)
            {
                lost = new SqlException(SqlState.SystemError, "a part of the statement failed and the kernel lost the error", error)
                    { Hint = "Run the statement again." };
                if (left == 0) throw lost;
                isSearching = hasOutput;
            }
        }

        void Take(Batch batch)
        {
            if (isSearching)
            {
                batch.Dispose();
                return;
            }

            hasOutput = true;
            output(batch);
        }
    }

    private void ExecuteOnce(TaskSpec planned, Action<Batch> output, CancellationToken cancellationToken)
    {
        // This thread is the task's own; it waits for what the kernel will read.
        using var stored = StoredInputs.OpenAsync(planned, _cache, _options.Store, _connectors, cancellationToken).GetAwaiter().GetResult();
        var task = stored.Task;
        using var lease = Kernels.Rent(Folders(task), KernelStatement.DisabledOptimizers(task));
        using var inputs = new TaskInputs(lease.Instance.Pages, _options.InputQueueBatches, cancellationToken);
        foreach (var input in task.Inputs) inputs.Add(input, SourceOf(input));
        using var connection = lease.Instance.Connect();
        // Each SET costs as much as a short statement.
        if (task.Settings.TimeZone != KernelInstance.DefaultTimeZone)
            connection.Execute($"SET SESSION TimeZone = {SqlText.Literal(task.Settings.TimeZone)}");
        if (KernelStatement.IsRecursive(task)) connection.Execute("SET SESSION enable_caching_operators = false");
        try
        {
            using var reader = Query(connection, task, KernelStatement.Build(task, inputs.Handles), cancellationToken);
            while (reader.Read(cancellationToken) is { } batch) output(batch);
        }
        catch (SqlException error) when (error.State == SqlState.DataCorrupted && error.Detail is null
            && ParquetFilesOf(planned) is { Length: > 0 } files)
        {
            throw new SqlException(error.State, stored.Named(error).Message, error)
                { Detail = $"It is {(files.Length == 1 ? files[0] : $"one of {files.Length} files, of which the first is {files[0]}")}." };
        }
        catch (SqlException error) when (!cancellationToken.IsCancellationRequested && inputs.Failure is { } failure)
        {
            // The source's error, whole; the kernel carried only its text.
            throw failure is SqlException ? failure : new SqlException(error.State, error.Message, failure);
        }
        catch (SqlException error) when (stored.Knows(error))
        {
            throw stored.Named(error);
        }
    }

    private static IReadOnlyCollection<string> Folders(TaskSpec task)
    {
        var read = task.Inputs.OfType<FileScan>().SelectMany(FileScanSql.Folders);
        // The attempt's own folder lies in the table's, which stays when the attempt fails.
        return task.Output is TaskOutput.WriteFiles files ? [.. read, Path.GetDirectoryName(files.Folder)!] : [.. read];
    }

    private static KernelResultReader Query(KernelConnection connection, TaskSpec task, string statement,
        CancellationToken cancellationToken) => task.Output is TaskOutput.WriteFiles files
        ? connection.Query(WrittenFiles.Statement(statement, task.Columns, files), WrittenFiles.ResultColumns, cancellationToken,
            task.Values)
        : connection.Query(statement, task.Columns, cancellationToken, task.Values);

    private static void Write(ChannelWriter<Batch> output, Batch batch, CancellationToken cancellationToken)
    {
        while (!output.TryWrite(batch))
        {
            try
            {
                // This thread is the task's own; it waits for the reader.
                output.WaitToWriteAsync(cancellationToken).AsTask().GetAwaiter().GetResult();
            }
            catch (OperationCanceledException)
            {
                batch.Dispose();
                throw new SqlException(SqlState.QueryCanceled, "canceling statement due to user request");
            }
        }
    }

    private Func<CancellationToken, IAsyncEnumerable<Batch>>? SourceOf(TaskInput input) => input switch
    {
        FileScan => null,
        ConnectorSplit split => token => ReadAsync(split, token),
        InlineRows rows => _ => InlineSource.ReadAsync(rows),
        ExchangeInput exchange => token => _exchange.ReadAsync(exchange, token),
        _ => throw new SqlException(SqlState.InternalError, $"a task input of kind {input.GetType().Name} cannot be read"),
    };

    private async IAsyncEnumerable<Batch> ReadAsync(ConnectorSplit split, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var source = await _connectors.ResolveAsync(split.Server, cancellationToken) as IPageSource
            ?? throw new SqlException(SqlState.InternalError, $"server \"{split.Server}\" has no page source");
        await foreach (var batch in source.ReadAsync(split, cancellationToken)) yield return batch;
    }

    private static string[] ParquetFilesOf(TaskSpec task) =>
        [.. task.Inputs.OfType<FileScan>().SelectMany(scan => scan.Groups).Where(group => group.Format == FileFormat.Parquet)
            .SelectMany(group => group.Files).Select(file => file.Path)];

    private static SqlException InContext(Exception error, TaskSpec task)
    {
        var where = $"fragment {task.Id.Fragment}, task {task.Id}";
        return error switch
        {
            // PostgreSQL sends no context with such errors. Which task it was matters for a defect, and for a worker that is gone.
            SqlException sql => sql.Blame == Blame.Internal || sql.LostWorker is not null ? sql.In(where) : sql,
            OperationCanceledException => new SqlException(SqlState.QueryCanceled, "canceling statement due to user request", error),
            _ => new SqlException(SqlState.InternalError, error.Message, error).In(where),
        };
    }
}
