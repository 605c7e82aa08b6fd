using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Arrow.Ipc;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Flight.Protocol;
using Federation.Flight.Server;
using Google.Protobuf;

namespace Federation.Flight.Tests;

/// <summary>A service that answers each method in a way that tests can tell, and remembers what became of its calls.</summary>
internal sealed class TestService : FlightService
{
    public static readonly IpcSchema Schema =
        IpcSchema.Encode(new BatchSchema([new Field("number", SqlType.Int8), new Field("text", SqlType.Text)]));

    private int _sent;

    /// <summary>Messages that the endless stream was asked for.</summary>
    public int Sent => _sent;

    /// <summary>Completes when an endless call was cancelled.</summary>
    public TaskCompletionSource Cancelled { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FlightCallContext? LastContext { get; private set; }

    public void Reset()
    {
        Cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _sent = 0;
    }

    /// <summary>Rows first, first + 1, … of the test schema.</summary>
    public static Batch Rows(long first, int count)
    {
        using var builder = new BatchBuilder(Schema.Batch);
        for (var i = first; i < first + count; i++)
        {
            builder.Columns[0].AppendValue(i);
            builder.Columns[1].AppendValue(i % 7 == 0 ? null : $"row {i}");
            builder.EndRow();
        }

        return builder.Build();
    }

    public override async IAsyncEnumerable<HandshakeResponse> HandshakeAsync(IAsyncEnumerable<HandshakeRequest> requests,
        FlightCallContext context)
    {
        await foreach (var request in requests)
            yield return new HandshakeResponse { ProtocolVersion = request.ProtocolVersion + 1, Payload = request.Payload };
    }

    public override async IAsyncEnumerable<FlightInfo> ListFlightsAsync(Criteria criteria, FlightCallContext context)
    {
        await Task.Yield();
        for (var i = 0; i < 3; i++) yield return new FlightInfo { TotalRecords = i, AppMetadata = criteria.Expression };
    }

    public override ValueTask<FlightInfo> GetFlightInfoAsync(FlightDescriptor descriptor, FlightCallContext context)
    {
        LastContext = context;
        context.ResponseHeaders["x-answer"] = "yes";
        return ValueTask.FromResult(new FlightInfo { FlightDescriptor = descriptor, TotalRecords = 7, TotalBytes = -1 });
    }

    public override ValueTask<SchemaResult> GetSchemaAsync(FlightDescriptor descriptor, FlightCallContext context) =>
        ValueTask.FromResult(new SchemaResult { Schema = ByteString.CopyFrom(Schema.Message.Span) });

    public override IAsyncEnumerable<FlightData> DoGetAsync(Ticket ticket, FlightCallContext context)
    {
        var words = ticket.Ticket_.ToStringUtf8().Split(' ');
        return words[0] switch
        {
            "rows" => RowsAsync(int.Parse(words[1]), int.Parse(words[2])),
            "endless" => EndlessAsync(int.Parse(words[1]), context.CancellationToken),
            "block" => BlockAsync(int.Parse(words[1])),
            "fail" => throw Error(),
            "fail-late" => FailLateAsync(),
            "defect" => throw new InvalidOperationException("a defect"),
            _ => throw new SqlException(SqlState.UndefinedObject, $"ticket \"{words[0]}\" does not exist"),
        };
    }

    public override async IAsyncEnumerable<PutResult> DoPutAsync(IAsyncEnumerable<FlightData> data, FlightCallContext context)
    {
        var rows = 0L;
        IpcBatchReader? reader = null;
        await foreach (var message in data)
        {
            using (message)
            {
                if (reader is null)
                {
                    if (FlightDescriptor.Parser.ParseFrom(message.Descriptor.Span).Path.Contains("refuse")) throw Error();
                    reader = new IpcBatchReader(IpcSchema.Decode(message.Header));
                    continue;
                }

                using var batch = reader.Read(message.Header.Span, message.TakeBody());
                rows += batch!.RowCount;
                yield return new PutResult { AppMetadata =
                    ByteString.CopyFromUtf8($"{rows} {System.Text.Encoding.UTF8.GetString(message.AppMetadata.Span)}") };
            }
        }

        reader?.Dispose();
    }

    public override async IAsyncEnumerable<FlightData> DoExchangeAsync(IAsyncEnumerable<FlightData> data, FlightCallContext context)
    {
        await foreach (var message in data) yield return message;
    }

    public override async IAsyncEnumerable<Result> DoActionAsync(Protocol.Action action, FlightCallContext context)
    {
        if (action.Type == "wait")
        {
            await WaitAsync(context.CancellationToken);
            yield break;
        }

        for (var i = 0; i < 3; i++)
        {
            await Task.Yield();
            yield return new Result { Body = ByteString.CopyFromUtf8($"{action.Type} {i} {action.Body.ToStringUtf8()}") };
        }
    }

    public override async IAsyncEnumerable<ActionType> ListActionsAsync(FlightCallContext context)
    {
        await Task.Yield();
        yield return new ActionType { Type = "echo", Description = "Says it again." };
    }

    public static SqlException Error() => new(SqlState.UndefinedColumn, "column \"l_retrunflag\" does not exist — 100 %")
    {
        Detail = "A detail.",
        Hint = "Perhaps you meant to reference the column \"lineitem.l_returnflag\".",
        Position = 8,
        Where = "fragment 1",
        TableName = "lineitem",
        Routine = "errorMissingColumn",
    };

    private static async IAsyncEnumerable<FlightData> RowsAsync(int batches, int rows)
    {
        await Task.Yield();
        yield return new FlightData(Schema);
        var writer = new IpcBatchWriter(Schema);
        for (var i = 0; i < batches; i++)
        {
            using var batch = Rows(i * (long)rows, rows);
            yield return new FlightData(writer.Encode(batch)) { AppMetadata = BitConverter.GetBytes(i) };
        }
    }

    private static async IAsyncEnumerable<FlightData> FailLateAsync()
    {
        await foreach (var data in RowsAsync(2, 10)) yield return data;
        throw Error();
    }

    private static async IAsyncEnumerable<FlightData> BlockAsync(int bytes)
    {
        await Task.Yield();
        var block = new NativeBlock(bytes);
        block.GetSpan().Fill(0x5a);
        yield return new FlightData(new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 }, block.Memory, block);
    }

    private async IAsyncEnumerable<FlightData> EndlessAsync(int bytes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var block = new NativeBlock(bytes);
                Interlocked.Increment(ref _sent);
                yield return new FlightData(new byte[8], block.Memory, block);
                await Task.Yield();
            }
        }
        finally
        {
            // The stream is left when its client is gone, whether the token or a failing write says so first.
            Cancelled.TrySetResult();
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.Register(() => Cancelled.TrySetResult());
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
    }
}
