namespace Federation.Core.Tasks;

/// <summary>A worker as the coordinator sees it: in this process or behind the network, the same interface. Thread-safe.</summary>
/// <typeparam name="TBatch">The batch type; fixed to the Arrow batch by the assemblies above this one.</typeparam>
public interface ITaskRunner<TBatch>
{
    /// <summary>
    /// Runs a task with output <see cref="TaskOutput.Stream"/> and streams its rows. The caller owns each batch and disposes it before
    /// asking for the next. Ending the enumeration early or cancelling <paramref name="cancellationToken"/> stops the kernel and the
    /// sources at once. Failures are <c>SqlException</c>s with the fragment in their context; one with <c>LostWorker</c> tells that a
    /// worker is gone, not that the task is wrong.
    /// </summary>
    IAsyncEnumerable<TBatch> RunAsync(TaskSpec task, CancellationToken cancellationToken);

    /// <summary>
    /// Runs a task with any other output to its end and keeps its rows on the worker, to be read as <see cref="ExchangeInput"/> until the
    /// query is closed. What a failed or cancelled task had written is gone. A task that ran already is not run again.
    /// </summary>
    ValueTask<TaskReport> SpoolAsync(TaskSpec task, CancellationToken cancellationToken);

    /// <summary>
    /// Tells the worker that a query will bring tasks. Disposing the answer, or the death of the coordinator, cancels the query's tasks on
    /// the worker and frees what they spooled.
    /// </summary>
    ValueTask<IAsyncDisposable> OpenQueryAsync(Guid queryId, CancellationToken cancellationToken);
}

/// <summary>What a spooled task did.</summary>
/// <param name="Rows">Rows in all partitions.</param>
/// <param name="Bytes">Encoded bytes in all partitions.</param>
/// <param name="Elapsed">From when the worker had the task to its last page.</param>
/// <param name="Encoding">How much of it went into dealing out and encoding the pages.</param>
public sealed record TaskReport(long Rows, long Bytes, TimeSpan Elapsed, TimeSpan Encoding)
{
    /// <summary>The data files of a task that writes some.</summary>
    public EquatableArray<WrittenFile> Files { get; init; }
}
