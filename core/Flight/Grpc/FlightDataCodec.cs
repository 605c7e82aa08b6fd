using System.Buffers;
using System.Buffers.Binary;
using Federation.Arrow;
using Federation.Core.Errors;

namespace Federation.Flight.Grpc;

/// <summary>
/// FlightData by hand: flight_descriptor = 1, data_header = 2, app_metadata = 3, data_body = 1000, all length-delimited. The body goes to
/// and from its own memory without passing through a message object.
/// </summary>
internal static class FlightDataCodec
{
    private const int DescriptorTag = (1 << 3) | 2;
    private const int HeaderTag = (2 << 3) | 2;
    private const int AppMetadataTag = (3 << 3) | 2;
    private const int BodyTag = (1000 << 3) | 2;
    private const int LengthDelimited = 2;

    /// <summary>The next message; null at the end of the stream. The caller disposes it.</summary>
    public static async ValueTask<FlightData?> ReadAsync(GrpcInput input, CancellationToken cancellationToken)
    {
        if (!await input.NextAsync(cancellationToken)) return null;
        byte[] descriptor = [], header = [], appMetadata = [];
        NativeBlock? body = null;
        try
        {
            while (input.Remaining > 0)
            {
                var tag = await input.ReadVarintAsync(cancellationToken);
                var length = (tag & 7) switch
                {
                    0 => -1, // a varint is its own length
                    1 => 8,
                    LengthDelimited => (long)Math.Min(await input.ReadVarintAsync(cancellationToken), int.MaxValue + 1UL),
                    5 => 4,
                    _ => throw new SqlException(SqlState.ProtocolViolation, $"unknown wire type {tag & 7} in FlightData"),
                };
                switch (tag)
                {
                    case DescriptorTag: descriptor = await input.ReadBytesAsync(length, cancellationToken); break;
                    case HeaderTag: header = await input.ReadBytesAsync(length, cancellationToken); break;
                    case AppMetadataTag: appMetadata = await input.ReadBytesAsync(length, cancellationToken); break;
                    case BodyTag:
                        body?.Dispose();
                        body = null; // of two bodies the last one counts
                        if (length > 0) body = await input.ReadBlockAsync(length, cancellationToken);
                        break;
                    default:
                        if (length < 0) await input.ReadVarintAsync(cancellationToken);
                        else await input.SkipAsync(length, cancellationToken);
                        break;
                }
            }
        }
        catch
        {
            body?.Dispose();
            throw;
        }

        return new FlightData(header, body?.Memory ?? default, body) { Descriptor = descriptor, AppMetadata = appMetadata };
    }

    /// <summary>Writes the gRPC prefix and everything in front of the body's bytes, which are to follow.</summary>
    public static void WriteHead(IBufferWriter<byte> output, FlightData data)
    {
        var length = SizeOf(DescriptorTag, data.Descriptor.Length) + SizeOf(HeaderTag, data.Header.Length)
            + SizeOf(AppMetadataTag, data.AppMetadata.Length) + SizeOf(BodyTag, data.Body.Length);
        if (length > uint.MaxValue) throw new SqlException(SqlState.ProgramLimitExceeded, "a Flight message is longer than 4 GB");
        var prefix = output.GetSpan(5);
        prefix[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(prefix[1..], (uint)length);
        output.Advance(5);
        WriteField(output, DescriptorTag, data.Descriptor.Span);
        WriteField(output, HeaderTag, data.Header.Span);
        WriteField(output, AppMetadataTag, data.AppMetadata.Span);
        if (data.Body.Length > 0) WriteTag(output, BodyTag, data.Body.Length);
    }

    private static void WriteField(IBufferWriter<byte> output, int tag, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        WriteTag(output, tag, bytes.Length);
        output.Write(bytes);
    }

    private static void WriteTag(IBufferWriter<byte> output, int tag, int length)
    {
        var span = output.GetSpan(10);
        var written = WriteVarint(span, (uint)tag);
        written += WriteVarint(span[written..], (uint)length);
        output.Advance(written);
    }

    private static long SizeOf(int tag, long length) => length == 0 ? 0 : VarintSize((uint)tag) + VarintSize((uint)length) + length;

    private static int VarintSize(uint value) => value switch { < 1 << 7 => 1, < 1 << 14 => 2, < 1 << 21 => 3, < 1 << 28 => 4, _ => 5 };

    private static int WriteVarint(Span<byte> target, uint value)
    {
        var written = 0;
        for (; value >= 0x80; value >>= 7) target[written++] = (byte)(value | 0x80);
        target[written++] = (byte)value;
        return written;
    }
}
