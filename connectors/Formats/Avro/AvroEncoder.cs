using System.Text;

namespace Federation.Connectors.Formats.Avro;

/// <summary>Writes Avro's binary encoding (Avro 1.11 specification, "Binary Encoding") into a growing buffer. Not thread-safe.</summary>
public sealed class AvroEncoder
{
    private readonly MemoryStream _bytes = new();

    public int Length => (int)_bytes.Length;

    public ReadOnlySpan<byte> Written => _bytes.GetBuffer().AsSpan(0, Length);

    public void Clear() => _bytes.SetLength(0);

    public void Boolean(bool value) => _bytes.WriteByte(value ? (byte)1 : (byte)0);

    /// <summary>An int or a long: zigzag, seven bits a byte.</summary>
    public void Long(long value)
    {
        var rest = ((ulong)value << 1) ^ (ulong)(value >> 63);
        for (; rest >= 0x80; rest >>= 7) _bytes.WriteByte((byte)(rest | 0x80));
        _bytes.WriteByte((byte)rest);
    }

    public void Float(float value) => Fixed(BitConverter.GetBytes(value));

    public void Double(double value) => Fixed(BitConverter.GetBytes(value));

    public void Bytes(ReadOnlySpan<byte> value)
    {
        Long(value.Length);
        Fixed(value);
    }

    public void String(string value) => Bytes(Encoding.UTF8.GetBytes(value));

    /// <summary>Bytes without a length: a fixed, or what has been encoded already.</summary>
    public void Fixed(ReadOnlySpan<byte> value) => _bytes.Write(value);

    /// <summary>The branch of a union of null and one other type; true when a value follows.</summary>
    public bool Optional(bool isPresent)
    {
        Long(isPresent ? 1 : 0);
        return isPresent;
    }

    /// <summary>The items of an array or a map, in one block.</summary>
    public void Items<T>(IReadOnlyCollection<T> items, Action<T> write)
    {
        if (items.Count > 0)
        {
            Long(items.Count);
            foreach (var item in items) write(item);
        }

        Long(0);
    }
}
