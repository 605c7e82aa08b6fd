using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Tasks.Json;
using Federation.Flight.Client;
using Federation.Flight.Protocol;
using Federation.Worker.Exchange;
using Google.Protobuf;

namespace Federation.Worker.Remote;

/// <summary>Reads pages from other workers over Flight. Thread-safe.</summary>
public sealed class FlightExchangeClient(FlightPeers peers) : IExchangeClient
{
    public async IAsyncEnumerable<Batch> ReadAsync(ExchangeSource source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ticket =
            new Ticket { Ticket_ = UnsafeByteOperations.UnsafeWrap(TaskJson.Write(new WorkerTicket.Read(source.Task, source.Partition))) };
        var batches = peers.Get(source.Worker).ReadBatchesAsync(ticket, trustsValues: true, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        await using (batches)
        {
            while (true)
            {
                try
                {
                    if (!await batches.MoveNextAsync()) yield break;
                }
                catch (SqlException error) when (error.State.Class == "08")
                {
                    // Whether it is gone or has lost the output: the rows have to be made again.
                    throw new SqlException(error.State, error.Message, error) { LostWorker = source.Worker };
                }

                yield return batches.Current;
            }
        }
    }
}
