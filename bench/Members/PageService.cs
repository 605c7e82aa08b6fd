using Federation.Arrow;
using Federation.Arrow.Ipc;
using Federation.Core.Types;
using Federation.Flight;
using Federation.Flight.Protocol;
using Federation.Flight.Server;

namespace Federation.Bench.Members;

/// <summary>Sends 1 GB of one batch of two 8-byte columns, again and again.</summary>
internal sealed class PageService : FlightService
{
    /// <summary>Ticket of pages that are encoded once.</summary>
    public const string Spooled = "spooled";

    /// <summary>Ticket of batches that are encoded each time.</summary>
    public const string Encoded = "encoded";

    public const int RowBytes = 16;
    public const long TotalBytes = 1L << 30;

    private const int Rows = 65_536;

    private static readonly IpcSchema s_schema =
        IpcSchema.Encode(new BatchSchema([new Field("a", SqlType.Int8), new Field("b", SqlType.Float8)]), IpcForm.Internal);

    public override async IAsyncEnumerable<FlightData> DoGetAsync(Ticket ticket, FlightCallContext context)
    {
        await Task.Yield();
        yield return new FlightData(s_schema);
        using var builder = new BatchBuilder(s_schema.Batch);
        for (var i = 0; i < Rows; i++)
        {
            builder.Columns[0].Append((long)i);
            builder.Columns[1].Append((double)i);
            builder.EndRow();
        }

        using var batch = builder.Build();
        var writer = new IpcBatchWriter(s_schema);
        using var page = writer.Encode(batch);
        var isEncoded = ticket.Ticket_.ToStringUtf8() == Encoded;
        for (var sent = 0L; sent < TotalBytes; sent += Rows * RowBytes)
            yield return isEncoded ? new FlightData(writer.Encode(batch)) : new FlightData(page.Header, page.Body);
    }
}
