using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Federation.Worker.Functions.Json;

/// <summary>
/// Bytes that compare as jsonb values do (<see cref="JsonOperations.Compare"/>), equal for equal values. One value after the other, no key
/// being the start of another:
/// <code>
/// 00            null
/// 01 s…00       string in UTF-8, which has no zero byte: jsonb has no \u0000
/// 02 n…         number, see PgNumeric.ToSortKey
/// 03 0 or 1     boolean
/// 04 c c c c i… array: count (big-endian), items
/// 05 c c c c m… object: count, members as key (s…00) and value, shorter keys first
/// </code> A whole value that is a scalar stands among the arrays as PostgreSQL keeps it, an array of one that comes before every other
/// array of one: 04 00000001 00 and the value, where arrays have 01 in the place of the 00.
/// </summary>
internal static class JsonSortKey
{
    private const byte NullMark = 0;
    private const byte TextMark = 1;
    private const byte NumberMark = 2;
    private const byte BoolMark = 3;
    private const byte ArrayMark = 4;
    private const byte ObjectMark = 5;

    public static byte[] Of(JsonTree tree)
    {
        var bytes = new ArrayBufferWriter<byte>();
        switch (tree)
        {
            case JsonTree.Object:
                Write(bytes, tree);
                break;
            case JsonTree.Array array:
                WriteHead(bytes, ArrayMark, array.Items.Count);
                bytes.Write<byte>([1]);
                foreach (var item in array.Items) Write(bytes, item);
                break;
            default:
                WriteHead(bytes, ArrayMark, 1);
                bytes.Write<byte>([0]);
                Write(bytes, tree);
                break;
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static void Write(ArrayBufferWriter<byte> bytes, JsonTree tree)
    {
        switch (tree)
        {
            case JsonTree.Null:
                bytes.Write([NullMark]);
                break;
            case JsonTree.Text text:
                bytes.Write([TextMark]);
                WriteText(bytes, text.Value);
                break;
            case JsonTree.Number number:
                bytes.Write([NumberMark]);
                bytes.Write(number.Value.ToSortKey());
                break;
            case JsonTree.Bool truth:
                bytes.Write([BoolMark, (byte)(truth.Value ? 1 : 0)]);
                break;
            case JsonTree.Array array:
                WriteHead(bytes, ArrayMark, array.Items.Count);
                foreach (var item in array.Items) Write(bytes, item);
                break;
            case JsonTree.Object members:
                WriteHead(bytes, ObjectMark, members.Members.Count);
                foreach (var (key, value) in members.Members)
                {
                    WriteText(bytes, key);
                    Write(bytes, value);
                }

                break;
        }
    }

    private static void WriteHead(ArrayBufferWriter<byte> bytes, byte mark, int count)
    {
        bytes.Write([mark]);
        BinaryPrimitives.WriteInt32BigEndian(bytes.GetSpan(sizeof(int)), count);
        bytes.Advance(sizeof(int));
    }

    private static void WriteText(ArrayBufferWriter<byte> bytes, string text)
    {
        Encoding.UTF8.GetBytes(text, bytes);
        bytes.Write<byte>([0]);
    }
}
