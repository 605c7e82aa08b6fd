using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Federation.ValueForms;

/// <summary>
/// Reads the fields of one message body. Bodies that are too short or too long are protocol violations that end the statement.
/// </summary>
public ref struct ByteReader(ReadOnlySpan<byte> body)
{
    private ReadOnlySpan<byte> _rest = body;

    public readonly int Remaining => _rest.Length;

    public byte ReadByte() => Take(1)[0];

    public short ReadInt16() => BinaryPrimitives.ReadInt16BigEndian(Take(sizeof(short)));

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(sizeof(ushort)));

    public int ReadInt32() => BinaryPrimitives.ReadInt32BigEndian(Take(sizeof(int)));

    public long ReadInt64() => BinaryPrimitives.ReadInt64BigEndian(Take(sizeof(long)));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(sizeof(uint)));

    public ReadOnlySpan<byte> ReadBytes(int count) => Take(count);

    public ReadOnlySpan<byte> ReadRest()
    {
        var rest = _rest;
        _rest = default;
        return rest;
    }

    /// <summary>Text up to a zero byte, in UTF-8.</summary>
    public string ReadCString()
    {
        var end = _rest.IndexOf((byte)0);
        if (end < 0) throw FormErrors.Malformed("invalid string in message");
        var text = _rest[..end];
        _rest = _rest[(end + 1)..];
        if (!Utf8.IsValid(text)) throw FormErrors.InvalidUtf8(text);
        return Encoding.UTF8.GetString(text);
    }

    public readonly void DemandEnd()
    {
        if (!_rest.IsEmpty) throw FormErrors.InvalidFormat();
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > _rest.Length) throw FormErrors.InsufficientData();
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
