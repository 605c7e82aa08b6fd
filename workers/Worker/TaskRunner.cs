using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Federation.Arrow;
using Federation.Connectors.Spi;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.DuckDb;
using Federation.Worker.Functions;

namespace Federation.Worker;

/// <summary>Reads the pages of <see cref="ExchangeInput"/>s, from this worker or from others. Rules as for <see cref="IPageSource"/>.</summary>
public interface IExchangeReader
{
    IAsyncEnumerable<Batch> ReadAsync(ExchangeInput input, CancellationToken cancellationToken);
}

/// <summary>
/// Runs tasks in the kernel of this process. Each task has a kernel connection, a thread that works on its statement, and one pump for each
/// input that arrives as pages.
/// </summary>
public sealed class TaskRunner : ITaskRunner<Batch>, IDisposable
{
    private readonly WorkerOptions _options;
    private readonly IConnectorResolver _connectors;
    private readonly IExchangeReader? _exchange;
    private readonly KernelThreads _threads = new();

    /// <param name="exchange">Null where tasks never read exchanges.</param>
    public TaskRunner(WorkerOptions options, IConnectorResolver connectors, IExchangeReader? exchange = null)
    {
        _options = options;
        _connectors = connectors;
        _exchange = exchange;
        Kernels = new KernelPool(options, FunctionCatalog.Scalars, FunctionCatalog.Aggregates);
    }

    public KernelPool Kernels { get; }

    public async IAsyncEnumerable<Batch> RunAsync(TaskSpec task, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
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
                Execute(task, batches.Writer, ended.Token);
            }
            catch (Exception error)
            {
                failure = InContext(error, task);
            }

            batches.Writer.Complete(failure);
            finished.SetResult();
        });
        try
        {
            // The channel's own token is not used: a cancelled task ends with the kernel's answer, once everything is released.
            await foreach (var batch in batches.Reader.ReadAllAsync(CancellationToken.None)) yield return batch;
        }
        finally
        {
            await ended.CancelAsync();
            await finished.Task;
            while (batches.Reader.TryRead(out var batch)) batch.Dispose();
        }
    }

    public void Dispose() => Kernels.Dispose();

    /// <summary>Runs the task on the calling thread.</summary>
    private void Execute(TaskSpec task, ChannelWriter<Batch> output, CancellationToken cancellationToken)
    {
        using var lease = Kernels.Rent([.. task.Inputs.OfType<FileScan>().SelectMany(FileScanSql.Folders)], task.Settings.DisabledOptimizers);
        using var inputs = new TaskInputs(lease.Instance.Pages, _options.InputQueueBatches, cancellationToken);
        foreach (var input in task.Inputs) inputs.Add(input, SourceOf(input));
        using var connection = lease.Instance.Connect();
        // Each SET costs as much as a short statement.
        if (task.Settings.TimeZone != KernelInstance.DefaultTimeZone) connection.Execute($"SET SESSION TimeZone = {SqlText.Literal(task.Settings.TimeZone)}");
        try
        {
            using var reader = connection.Query(KernelStatement.Build(task, inputs.Handles), task.Columns, cancellationToken);
            while (reader.Read(cancellationToken) is { } batch) Write(output, batch, cancellationToken);
        }
        catch (SqlException error) when (!cancellationToken.IsCancellationRequested && inputs.Failure is { } failure)
        {
            // The source's error, whole; the kernel carried only its text.
            throw failure is SqlException ? failure : new SqlException(error.State, error.Message, failure);
        }
    }

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
        ConnectorSplit split => token => PageSourceOf(split).ReadAsync(split, token),
        InlineRows rows => _ => InlineSource.ReadAsync(rows),
        ExchangeInput exchange => token => (_exchange
            ?? throw new SqlException(SqlState.InternalError, "this worker reads no exchanges")).ReadAsync(exchange, token),
        _ => throw new SqlException(SqlState.InternalError, $"a task input of kind {input.GetType().Name} cannot be read"),
    };

    private IPageSource PageSourceOf(ConnectorSplit split) => _connectors.Resolve(split.Server) as IPageSource
        ?? throw new SqlException(SqlState.InternalError, $"server \"{split.Server}\" has no page source");

    private static SqlException InContext(Exception error, TaskSpec task)
    {
        var where = $"fragment {task.Id.Fragment}, task {task.Id}";
        return error switch
        {
            // PostgreSQL sends no context with a user's mistake, so neither do we.
            SqlException sql when sql.Blame == Blame.User || sql.State == SqlState.QueryCanceled => sql,
            SqlException sql => sql.In(where),
            OperationCanceledException => new SqlException(SqlState.QueryCanceled, "canceling statement due to user request", error),
            _ => new SqlException(SqlState.InternalError, error.Message, error).In(where),
        };
    }
}
