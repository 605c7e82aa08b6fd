using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Tasks.Json;
using Federation.Flight.Client;
using Federation.Flight.Protocol;
using Google.Protobuf;
using FlightAction = Federation.Flight.Protocol.Action;

namespace Federation.Membership;

/// <summary>A worker in another process, over Flight. Thread-safe.</summary>
public sealed class RemoteTaskRunner(FlightPeers peers, string address) : ITaskRunner<Batch>
{
    /// <summary>Ends when the worker has answered.</summary>
    public static async Task PingAsync(FlightPeers peers, string address, CancellationToken cancellationToken)
    {
        var action = new FlightAction { Type = WorkerProtocol.Ping };
        await foreach (var _ in peers.Get(address).DoActionAsync(action, cancellationToken)) return;
    }

    public async IAsyncEnumerable<Batch> RunAsync(TaskSpec task, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ticket = new Ticket { Ticket_ = UnsafeByteOperations.UnsafeWrap(TaskJson.Write(new WorkerTicket.Run(task))) };
        var batches = peers.Get(address).ReadBatchesAsync(ticket, trustsValues: true, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        await using (batches)
        {
            while (true)
            {
                try
                {
                    if (!await batches.MoveNextAsync()) yield break;
                }
                catch (SqlException error)
                {
                    throw Located(error);
                }

                yield return batches.Current;
            }
        }
    }

    public async ValueTask<TaskReport> SpoolAsync(TaskSpec task, CancellationToken cancellationToken)
    {
        try
        {
            var action = new FlightAction { Type = WorkerProtocol.SpoolTask, Body = UnsafeByteOperations.UnsafeWrap(TaskJson.Write(task)) };
            await foreach (var result in peers.Get(address).DoActionAsync(action, cancellationToken))
                return TaskJson.ReadReport(result.Body.Span);
        }
        catch (SqlException error)
        {
            throw Located(error);
        }

        throw Lost($"worker {address} ended task {task.Id} without a report", null);
    }

    public async ValueTask<IAsyncDisposable> OpenQueryAsync(Guid queryId, CancellationToken cancellationToken)
    {
        var closed = new CancellationTokenSource();
        try
        {
            var action = new FlightAction { Type = WorkerProtocol.OpenQuery, Body = ByteString.CopyFromUtf8(queryId.ToString("N")) };
            var results = peers.Get(address).DoActionAsync(action, closed.Token).GetAsyncEnumerator(CancellationToken.None);
            await using (cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), closed))
            {
                if (!await results.MoveNextAsync()) throw Lost($"worker {address} did not open query {queryId:N}", null);
            }

            return new Hold(results, closed);
        }
        catch (SqlException error)
        {
            closed.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw Located(error);
        }
        catch
        {
            closed.Dispose();
            throw;
        }
    }

    private SqlException Lost(string message, Exception? cause) => new(SqlState.ConnectionFailure, message, cause) { LostWorker = address };

    /// <summary>A connection that failed is a lost worker; what the worker itself reports is an error of the task.</summary>
    private SqlException Located(SqlException error) =>
        error.LostWorker is null && error.State.Class == "08" && error.InnerException is not null ? Lost(error.Message, error) : error;

    /// <summary>The call that keeps a query open. The worker sees its end whether it is ended here or the process dies.</summary>
    private sealed class Hold(IAsyncEnumerator<Result> results, CancellationTokenSource closed) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await closed.CancelAsync();
            try
            {
                await results.DisposeAsync();
            }
            finally
            {
                closed.Dispose();
            }
        }
    }
}
