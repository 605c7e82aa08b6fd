using System.Buffers.Binary;
using Federation.Arrow.Ipc;
using Google.Protobuf;

namespace Federation.FlightSql;

/// <summary>
/// Schemas as fields of messages hold them: in the stream format, the marker 0xFFFFFFFF and the length in front of the message.
/// </summary>
internal static class Frames
{
    public static ByteString Encapsulate(IpcSchema schema) => ByteString.CopyFrom(ToArray(schema));

    public static byte[] ToArray(IpcSchema schema)
    {
        var bytes = new byte[(2 * sizeof(int)) + schema.Message.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, -1);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(sizeof(int)), schema.Message.Length);
        schema.Message.Span.CopyTo(bytes.AsSpan(2 * sizeof(int)));
        return bytes;
    }
}
