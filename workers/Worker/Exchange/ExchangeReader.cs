using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Federation.Arrow;
using Federation.Arrow.Ipc;
using Federation.Connectors.Spi;
using Federation.Core.Errors;
using Federation.Core.Tasks;

namespace Federation.Worker.Exchange;

/// <summary>Reads pages from other workers. Thread-safe.</summary>
public interface IExchangeClient
{
    /// <summary>
    /// The batches of a partition of a task's output on another worker. Rules as for <see cref="IPageSource"/>; when the worker cannot be
    /// reached or has lost the output, the error's <c>LostWorker</c> is its address.
    /// </summary>
    IAsyncEnumerable<Batch> ReadAsync(ExchangeSource source, CancellationToken cancellationToken);
}

/// <summary>
/// Reads the pages of <see cref="ExchangeInput"/>s: from this worker's spool, and from others over the network. Thread-safe.
/// </summary>
public sealed class ExchangeReader(Spool spool, IExchangeClient? client, string address)
{
    /// <summary>Workers read from at a time; more only make more pages wait.</summary>
    private const int Concurrency = 4;

    /// <summary>Rules as for <see cref="IPageSource"/>. The batches of several sources come as they arrive.</summary>
    public IAsyncEnumerable<Batch> ReadAsync(ExchangeInput input, CancellationToken cancellationToken) => input.Sources.Count == 1
        ? ReadAsync(input.Sources[0], cancellationToken)
        : MergeAsync(input, cancellationToken);

    private IAsyncEnumerable<Batch> ReadAsync(ExchangeSource source, CancellationToken cancellationToken)
    {
        if (source.Worker == address || source.Worker.Length == 0) return ReadHere(source.Task, source.Partition).ToAsyncEnumerable();
        if (client is null) throw new SqlException(SqlState.InternalError, "this worker reads no exchanges of others");
        return client.ReadAsync(source, cancellationToken);
    }

    private IEnumerable<Batch> ReadHere(TaskId task, int partition)
    {
        SpooledOutput output;
        try
        {
            output = spool.Find(task);
        }
        catch (SqlException error)
        {
            throw new SqlException(error.State, error.Message, error) { LostWorker = address };
        }

        using var decoder = new IpcBatchReader(output.Schema, trustsValues: true);
        for (var i = 0; i < output.PageCount(partition); i++)
        {
            var page = output.Read(partition, i);
            yield return decoder.Read(page.Header.Span, page.Body)!;
        }
    }

    /// <summary>Of the failures of several sources the one that began it: the others were cancelled because of it.</summary>
    private static Exception? Cause(AggregateException? failures) => failures?.Flatten().InnerExceptions
        .OrderByDescending(failure => failure is SqlException { LostWorker: not null } ? 2 : failure is SqlException ? 1 : 0).First();

    private async IAsyncEnumerable<Batch> MergeAsync(ExchangeInput input, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var merged = Channel.CreateBounded<Batch>(new BoundedChannelOptions(Concurrency) { SingleReader = true });
        var pumping = Parallel.ForEachAsync(input.Sources,
            new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = stop.Token }, PumpAsync);
        var ended = pumping.ContinueWith(task => merged.Writer.Complete(Cause(task.Exception)), CancellationToken.None,
            TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            await foreach (var batch in merged.Reader.ReadAllAsync(CancellationToken.None)) yield return batch;
            cancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            await stop.CancelAsync();
            await ended;
            while (merged.Reader.TryRead(out var left)) left.Dispose();
        }

        async ValueTask PumpAsync(ExchangeSource source, CancellationToken token)
        {
            await foreach (var batch in ReadAsync(source, token))
            {
                try
                {
                    await merged.Writer.WriteAsync(batch, token);
                }
                catch (OperationCanceledException)
                {
                    batch.Dispose();
                    throw;
                }
            }
        }
    }
}
