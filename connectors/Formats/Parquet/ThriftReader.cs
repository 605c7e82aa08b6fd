using System.Buffers.Binary;
using System.Text;

namespace Federation.Connectors.Formats.Parquet;

/// <summary>
/// The part of Thrift's compact protocol that Parquet footers use (thrift-compact-protocol.md).
/// <code>
/// struct   fields until a zero byte; field header: high nibble = id delta (0: a zigzag varint id follows), low nibble = type
/// types    1 true, 2 false, 3 byte, 4 i16, 5 i32, 6 i64, 7 double, 8 binary, 9 list, 10 set, 11 map, 12 struct
/// list     header: high nibble = size (15: a varint size follows), low nibble = item type
/// integers zigzag varints; binary: varint length, bytes
/// </code>
/// Input is hostile: no length is believed beyond the bytes that are there, and nesting is bounded.
/// </summary>
internal ref struct ThriftReader(ReadOnlySpan<byte> input, string path)
{
    public const int True = 1, False = 2, Byte = 3, I16 = 4, I32 = 5, I64 = 6, Double = 7, Binary = 8, List = 9, Set = 10, Map = 11,
        Struct = 12;
    private const int MaxDepth = 64;
    private ReadOnlySpan<byte> _rest = input;

    /// <summary>The next field of the current struct, or false at its end. <paramref name="id"/> carries the last id over.</summary>
    public bool NextField(ref int id, out int type)
    {
        var header = ReadByte();
        type = header & 0x0f;
        if (header == 0) return false;
        id = header >> 4 == 0 ? (int)ReadInteger() : id + (header >> 4);
        return true;
    }

    public byte ReadByte()
    {
        if (_rest.IsEmpty) throw CutOff();
        var value = _rest[0];
        _rest = _rest[1..];
        return value;
    }

    /// <summary>A field of type bool carries its value in the type.</summary>
    public static bool Boolean(int type) => type == True;

    public long ReadInteger()
    {
        var value = ReadVarint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public int ReadInt32()
    {
        var value = ReadInteger();
        return value is >= int.MinValue and <= int.MaxValue
            ? (int)value
            : throw FormatErrors.Corrupt(path, "a number in the Parquet footer is out of range");
    }

    public ReadOnlySpan<byte> ReadBinary()
    {
        var length = ReadVarint();
        if (length > (ulong)_rest.Length) throw CutOff();
        var value = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return value;
    }

    public string ReadString() => Encoding.UTF8.GetString(ReadBinary());

    /// <summary>The header of a list; every item takes a byte at least.</summary>
    public int ReadList(out int itemType)
    {
        var header = ReadByte();
        itemType = header & 0x0f;
        var count = header >> 4 == 15 ? ReadVarint() : (ulong)(header >> 4);
        return count <= (ulong)_rest.Length ? (int)count : throw CutOff();
    }

    public void Skip(int type, int depth = 0)
    {
        if (depth > MaxDepth) throw FormatErrors.Corrupt(path, "the Parquet footer is nested too deeply");
        switch (type)
        {
            case True or False: return;
            case Byte:
                ReadByte();
                return;
            case I16 or I32 or I64:
                ReadVarint();
                return;
            case Double:
                if (_rest.Length < 8) throw CutOff();
                _rest = _rest[8..];
                return;
            case Binary:
                ReadBinary();
                return;
            case List or Set:
                var count = ReadList(out var itemType);
                for (var i = 0; i < count; i++) SkipItem(itemType, depth);
                return;
            case Map:
                SkipMap(depth);
                return;
            case Struct:
                var id = 0;
                while (NextField(ref id, out var fieldType)) Skip(fieldType, depth + 1);
                return;
            default: throw FormatErrors.Corrupt(path, "the Parquet footer has a field of unknown type");
        }
    }

    public double ReadDouble()
    {
        if (_rest.Length < 8) throw CutOff();
        var value = BinaryPrimitives.ReadDoubleLittleEndian(_rest);
        _rest = _rest[8..];
        return value;
    }

    private void SkipMap(int depth)
    {
        var count = ReadVarint();
        if (count > (ulong)_rest.Length) throw CutOff();
        if (count == 0) return;
        var types = ReadByte();
        for (ulong i = 0; i < count; i++)
        {
            SkipItem(types >> 4, depth);
            SkipItem(types & 0x0f, depth);
        }
    }

    // Booleans in collections are bytes; only as fields do they live in the header.
    private void SkipItem(int type, int depth)
    {
        if (type is True or False) ReadByte();
        else Skip(type, depth + 1);
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (var i = 0; i < 10 && i < _rest.Length; i++)
        {
            value |= (ulong)(_rest[i] & 0x7f) << (7 * i);
            if ((_rest[i] & 0x80) != 0) continue;
            _rest = _rest[(i + 1)..];
            return value;
        }

        throw CutOff();
    }

    private readonly Exception CutOff() => FormatErrors.Corrupt(path, "the Parquet footer is cut off");
}
