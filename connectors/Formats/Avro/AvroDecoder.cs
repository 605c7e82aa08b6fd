using System.Buffers.Binary;
using System.Text;

namespace Federation.Connectors.Formats.Avro;

/// <summary>
/// Decodes values of the binary encoding: zigzag varints, little-endian floats, length-prefixed bytes, arrays and maps as blocks
/// of (count, items) ended by a zero count, a negative count being followed by the block's size in bytes. Input is hostile: no length
/// is believed beyond the bytes that are there, and nesting is bounded.
/// </summary>
internal ref struct AvroDecoder(ReadOnlySpan<byte> input, string path)
{
    private const int MaxDepth = 64;

    /// <summary>Values per block; fields of type null cost memory without costing bytes.</summary>
    private const int MaxValues = 32 << 20;
    private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);
    private ReadOnlySpan<byte> _rest = input;
    private long _values;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public readonly int Remaining => _rest.Length;

    public object? Read(AvroSchema schema, int depth = 0)
    {
        if (depth > MaxDepth) throw FormatErrors.Corrupt(path, "an Avro value is nested too deeply");
        if (++_values > MaxValues) throw FormatErrors.TooLarge(path, "an Avro block holds too many values");
        return schema switch
        {
            AvroSchema.Primitive primitive => ReadPrimitive(primitive.Kind),
            AvroSchema.Record record => ReadRecord(record, depth),
            AvroSchema.Union union => Read(union.Branches[ReadIndex(union.Branches.Count)], depth + 1),
            AvroSchema.Array array => ReadArray(array, depth),
            AvroSchema.Map map => ReadMap(map, depth),
            AvroSchema.Fixed fixedType => Take(fixedType.Size).ToArray(),
            AvroSchema.Enumeration enumeration => enumeration.Symbols[ReadIndex(enumeration.Symbols.Count)],
            _ => throw FormatErrors.Unsupported(path, $"Avro type {schema.GetType().Name}"),
        };
    }

    public long ReadLong()
    {
        ulong value = 0;
        for (var i = 0; i < 10 && i < _rest.Length; i++)
        {
            value |= (ulong)(_rest[i] & 0x7f) << (7 * i);
            if ((_rest[i] & 0x80) != 0) continue;
            _rest = _rest[(i + 1)..];
            return (long)(value >> 1) ^ -(long)(value & 1);
        }

        throw FormatErrors.Corrupt(path, "an Avro number is cut off");
    }

    public ReadOnlySpan<byte> ReadBytes() => Take(ReadLong());

    public ReadOnlySpan<byte> Take(long length)
    {
        if (length < 0 || length > _rest.Length) throw FormatErrors.Corrupt(path, "an Avro value reaches beyond its block");
        var taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }

    public string ReadString()
    {
        try
        {
            return s_utf8.GetString(ReadBytes());
        }
        catch (DecoderFallbackException error)
        {
            throw FormatErrors.Corrupt(path, "an Avro string is no UTF-8", error);
        }
    }

    private object? ReadPrimitive(AvroPrimitive kind) => kind switch
    {
        AvroPrimitive.Null => null,
        AvroPrimitive.Boolean => Take(1)[0] != 0,
        AvroPrimitive.Int => ReadInt(),
        AvroPrimitive.Long => ReadLong(),
        AvroPrimitive.Float => BinaryPrimitives.ReadSingleLittleEndian(Take(4)),
        AvroPrimitive.Double => BinaryPrimitives.ReadDoubleLittleEndian(Take(8)),
        AvroPrimitive.Bytes => ReadBytes().ToArray(),
        _ => ReadString(),
    };

    private int ReadInt()
    {
        var value = ReadLong();
        return value is >= int.MinValue and <= int.MaxValue ? (int)value : throw FormatErrors.Corrupt(path, "an Avro int is out of range");
    }

    private int ReadIndex(int count)
    {
        var index = ReadLong();
        return index >= 0 && index < count ? (int)index : throw FormatErrors.Corrupt(path, "an Avro union or enum index is out of range");
    }

    private AvroRecord ReadRecord(AvroSchema.Record record, int depth)
    {
        if (record.Fields.Count > MaxValues - _values) throw FormatErrors.TooLarge(path, "an Avro block holds too many values");
        var values = new object?[record.Fields.Count];
        for (var i = 0; i < values.Length; i++) values[i] = Read(record.Fields[i].Type, depth + 1);
        return new AvroRecord(record, values);
    }

    private object?[] ReadArray(AvroSchema.Array array, int depth)
    {
        var items = new List<object?>();
        while (ReadBlockCount() is var count and > 0)
            for (long i = 0; i < count; i++)
                items.Add(Read(array.Items, depth + 1));
        return [.. items];
    }

    private Dictionary<string, object?> ReadMap(AvroSchema.Map map, int depth)
    {
        var items = new Dictionary<string, object?>(StringComparer.Ordinal);
        while (ReadBlockCount() is var count and > 0)
            for (long i = 0; i < count; i++)
                items[ReadString()] = Read(map.Values, depth + 1);
        return items;
    }

    private long ReadBlockCount()
    {
        var count = ReadLong();
        if (count < 0)
        {
            if (count == long.MinValue) throw FormatErrors.Corrupt(path, "an Avro array has a senseless length");
            count = -count;
            ReadLong();
        }

        // Items without bytes (nulls, empty records) do not occur in data worth reading; a count beyond the bytes is an attack on memory.
        return count <= _rest.Length ? count : throw FormatErrors.Corrupt(path, "an Avro array is longer than its block");
    }
}
