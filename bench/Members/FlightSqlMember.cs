using Federation.Flight.Client;
using Federation.Flight.Protocol;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Federation.Bench.Members;

/// <summary>
/// B10, the third way: six million rows of lineitem over Flight SQL against the same rows over the wire protocol, from the same gateway.
/// </summary>
internal static class FlightSqlMember
{
    private const string Command = "type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery";

    public static IEnumerable<Measurement> Run(Context context)
    {
        using var gateway = context.StartOverParquet("--memory-mb", "1024");
        using var wire = gateway.Connect("files");
        var flight = gateway.ConnectFlight("files");
        try
        {
            double Cpu() => gateway.CpuSeconds();
            Measurement Against(string form, Func<Drained> peer) => Pairs.Compare(
                new Measurement("B10", $"lineitem over Flight SQL against {form}, rows/s", "none", _ => true) { Ratios = [] },
                context.Pairs,
                () => BulkMember.Drain(Cpu, () => Read(flight)),
                () => BulkMember.Drain(Cpu, peer));
            Measurement[] all = [Against("text rows", () => wire.Query(BulkMember.Sql)),
                Against("binary rows", () => wire.QueryBinary(BulkMember.Sql))];
            var peak = FormattableString.Invariant($"gateway at most {gateway.PeakBytes() >> 20} MiB");
            return all.Select(measurement => measurement with { Note = peak });
        }
        finally
        {
            flight.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static Drained Read(FlightClient client) => ReadAsync(client).GetAwaiter().GetResult();

    private static async Task<Drained> ReadAsync(FlightClient client)
    {
        var query = new Any { TypeUrl = Command, Value = Statement(BulkMember.Sql) };
        var info = await client.GetFlightInfoAsync(
            new FlightDescriptor { Type = FlightDescriptor.Types.DescriptorType.Cmd, Cmd = query.ToByteString() });
        var (rows, bytes) = (0L, 0L);
        foreach (var endpoint in info.Endpoint)
        {
            await foreach (var batch in client.ReadBatchesAsync(endpoint.Ticket))
            {
                using (batch) rows += batch.RowCount;
            }
        }

        return new Drained(rows, bytes);
    }

    /// <summary>The message CommandStatementQuery with its first field, the text.</summary>
    private static ByteString Statement(string sql)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
        {
            output.WriteTag(1, WireFormat.WireType.LengthDelimited);
            output.WriteString(sql);
        }

        return ByteString.CopyFrom(bytes.ToArray());
    }
}
