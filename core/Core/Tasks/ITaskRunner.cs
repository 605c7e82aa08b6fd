namespace Federation.Core.Tasks;

/// <summary>A worker as the coordinator sees it: in this process or behind the network, the same interface.</summary>
/// <typeparam name="TBatch">The batch type; fixed to the Arrow batch by the assemblies above this one.</typeparam>
public interface ITaskRunner<TBatch>
{
    /// <summary>
    /// Runs a task and streams its rows. The caller owns each batch and disposes it before asking for the next. Ending the enumeration early or
    /// cancelling <paramref name="cancellationToken"/> stops the kernel and the sources at once. Failures are <c>SqlException</c>s
    /// with the fragment in their context.
    /// </summary>
    IAsyncEnumerable<TBatch> RunAsync(TaskSpec task, CancellationToken cancellationToken);
}
