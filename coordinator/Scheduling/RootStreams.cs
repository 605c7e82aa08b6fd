using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Federation.Arrow;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Planner;

namespace Federation.Scheduling;

/// <summary>
/// Runs the tasks of a root side by side and gives their rows as one stream: merged by their order when the root has one, else as they
/// come. A few batches of each task wait at most; a task whose batches nobody takes waits itself. The first failure stops the others.
/// </summary>
/// <param name="tasks">How many tasks there are.</param>
/// <param name="open">Runs a task by its number.</param>
internal sealed class RootStreams(int tasks, Func<int, CancellationToken, IAsyncEnumerable<Batch>> open)
{
    private const int WaitingBatches = 2;

    private readonly List<SqlException> _failures = [];

    /// <summary>The batches of all tasks in any order.</summary>
    public async IAsyncEnumerable<Batch> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var united = Open(tasks * WaitingBatches);
        var ended = EndAsync(united.Writer, [.. Enumerable.Range(0, tasks).Select(i => PumpAsync(i, united.Writer, stop))]);
        try
        {
            await foreach (var batch in united.Reader.ReadAllAsync(CancellationToken.None)) yield return batch;
        }
        finally
        {
            await stop.CancelAsync();
            await ended;
            Drain(united.Reader);
        }
    }

    /// <summary>
    /// The rows of tasks that each give theirs sorted. A task that fails ends the whole: rows after its last one cannot be known.
    /// </summary>
    /// <param name="schema">The columns to give: those of the tasks without the last.</param>
    public async IAsyncEnumerable<Batch> MergeAsync(BatchSchema schema, RowMerge merge, [EnumeratorCancellation]
        CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var channels = Enumerable.Range(0, tasks).Select(_ => Open(WaitingBatches)).ToArray();
        var ended = Task.WhenAll(channels.Select((channel, i) => EndAsync(channel.Writer, PumpAsync(i, channel.Writer, stop))));
        var streams =
            channels.Select(channel => channel.Reader.ReadAllAsync(CancellationToken.None).GetAsyncEnumerator(CancellationToken.None))
                .ToArray();
        var merged = SortedMerge.MergeAsync(schema, streams, merge.Skip, merge.Take ?? long.MaxValue)
            .GetAsyncEnumerator(CancellationToken.None);
        try
        {
            while (true)
            {
                try
                {
                    if (!await merged.MoveNextAsync()) yield break;
                }
                catch (SqlException)
                {
                    // A stream may have ended because another one failed; that one's error is the query's.
                    await stop.CancelAsync();
                    await ended;
                    cancellationToken.ThrowIfCancellationRequested();
                    ThrowFailure();
                    throw;
                }

                yield return merged.Current;
            }
        }
        finally
        {
            await stop.CancelAsync();
            await merged.DisposeAsync();
            await ended;
            foreach (var stream in streams) await stream.DisposeAsync();
            foreach (var channel in channels) Drain(channel.Reader);
        }
    }

    private void ThrowFailure()
    {
        lock (_failures)
            if (_failures.Count > 0)
                throw TaskFailures.Worst(_failures);
    }

    private static Channel<Batch> Open(int capacity) =>
        Channel.CreateBounded<Batch>(new BoundedChannelOptions(capacity) { SingleReader = true });

    private static void Drain(ChannelReader<Batch> reader)
    {
        while (reader.TryRead(out var left)) left.Dispose();
    }

    /// <summary>
    /// Ends a stream with the tasks that write it: with what is wrong when one failed, because a reader must not take that for the end.
    /// </summary>
    private static async Task EndAsync(ChannelWriter<Batch> writer, params Task<SqlException?>[] pumps)
    {
        var failures = (await Task.WhenAll(pumps)).OfType<SqlException>().ToList();
        writer.Complete(failures.Count == 0 ? null : TaskFailures.Worst(failures));
    }

    /// <summary>Never fails; gives what the task failed with.</summary>
    private async Task<SqlException?> PumpAsync(int task, ChannelWriter<Batch> writer, CancellationTokenSource stop)
    {
        try
        {
            await foreach (var batch in open(task, stop.Token)) await WriteAsync(writer, batch, stop.Token);
            return null;
        }
        catch (Exception error)
        {
            var failure = error is SqlException or OperationCanceledException
                ? TaskFailures.Canceled(error)
                : new SqlException(SqlState.InternalError, error.Message, error);
            lock (_failures) _failures.Add(failure);
            await stop.CancelAsync();
            return failure;
        }
    }

    private static async ValueTask WriteAsync(ChannelWriter<Batch> writer, Batch batch, CancellationToken cancellationToken)
    {
        try
        {
            await writer.WriteAsync(batch, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            batch.Dispose();
            throw;
        }
    }
}
