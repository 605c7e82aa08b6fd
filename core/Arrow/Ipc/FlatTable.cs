using System.Buffers.Binary;
using System.Text;

namespace Federation.Arrow.Ipc;

// FlatBuffers (flatbuffers.dev, internals): little-endian; a table begins with the signed distance back to its vtable; a vtable is uint16
// bytes of the vtable, uint16 bytes of the table, then for each field the uint16 distance from the table's start, 0 for absent; tables,
// strings and vectors are referred to by the uint32 distance forward from the reference; a vector is a uint32 count and its items, a string
// a vector of UTF-8 bytes.

/// <summary>
/// A table of a FlatBuffer that somebody else wrote: every distance is checked against the buffer, and what does not fit raises 08P01.
/// </summary>
internal readonly ref struct FlatTable
{
    private readonly ReadOnlySpan<byte> _buffer;
    private readonly int _table;
    private readonly int _vtable;
    private readonly int _vtableLength;
    private readonly int _tableLength;

    private FlatTable(ReadOnlySpan<byte> buffer, long position)
    {
        _buffer = buffer;
        _table = Demand(buffer, position, sizeof(int));
        _vtable = Demand(buffer, position - ReadInt32(buffer, _table), 2 * sizeof(ushort));
        _vtableLength = ReadUInt16(buffer, _vtable);
        _tableLength = ReadUInt16(buffer, _vtable + sizeof(ushort));
        if (_vtableLength < 2 * sizeof(ushort)) IpcErrors.ThrowMalformed("short vtable");
        Demand(buffer, _vtable, _vtableLength);
        Demand(buffer, _table, _tableLength);
    }

    public static FlatTable Root(ReadOnlySpan<byte> buffer)
    {
        Demand(buffer, 0, sizeof(uint));
        return new FlatTable(buffer, BinaryPrimitives.ReadUInt32LittleEndian(buffer));
    }

    public bool Has(int field) => Position(field, 1) != 0;

    public byte GetByte(int field, byte absent = 0) => Position(field, 1) is var at and not 0 ? _buffer[at] : absent;

    public bool GetBoolean(int field, bool absent = false) => Position(field, 1) is var at and not 0 ? _buffer[at] != 0 : absent;

    public short GetInt16(int field, short absent = 0) =>
        Position(field, sizeof(short)) is var at and not 0 ? BinaryPrimitives.ReadInt16LittleEndian(_buffer[at..]) : absent;

    public int GetInt32(int field, int absent = 0) => Position(field, sizeof(int)) is var at and not 0 ? ReadInt32(_buffer, at) : absent;

    public long GetInt64(int field, long absent = 0) =>
        Position(field, sizeof(long)) is var at and not 0 ? BinaryPrimitives.ReadInt64LittleEndian(_buffer[at..]) : absent;

    public bool TryGetTable(int field, out FlatTable table)
    {
        var at = Position(field, sizeof(uint));
        table = at == 0 ? default : new FlatTable(_buffer, Follow(_buffer, at));
        return at != 0;
    }

    public FlatTable GetTable(int field, string name) =>
        TryGetTable(field, out var table) ? table : throw IpcErrors.Malformed($"no {name}");

    public string? GetString(int field) => Position(field, sizeof(uint)) is var at and not 0 ? ReadString(_buffer, at) : null;

    /// <summary>A vector of items of <paramref name="itemSize"/> bytes; absent is empty.</summary>
    public FlatVector GetVector(int field, int itemSize)
    {
        var at = Position(field, sizeof(uint));
        return at == 0 ? default : new FlatVector(_buffer, Follow(_buffer, at), itemSize);
    }

    internal static FlatTable At(ReadOnlySpan<byte> buffer, int reference) => new(buffer, Follow(buffer, reference));

    internal static int Demand(ReadOnlySpan<byte> buffer, long position, long length)
    {
        if (position < 0 || length < 0 || position > buffer.Length - length)
            IpcErrors.ThrowMalformed("an offset points outside of the metadata");
        return (int)position;
    }

    internal static int ReadInt32(ReadOnlySpan<byte> buffer, int at) => BinaryPrimitives.ReadInt32LittleEndian(buffer[at..]);

    private static ushort ReadUInt16(ReadOnlySpan<byte> buffer, int at) => BinaryPrimitives.ReadUInt16LittleEndian(buffer[at..]);

    private static long Follow(ReadOnlySpan<byte> buffer, int reference) =>
        reference + (long)BinaryPrimitives.ReadUInt32LittleEndian(buffer[reference..]);

    private static string ReadString(ReadOnlySpan<byte> buffer, int reference)
    {
        var vector = new FlatVector(buffer, Follow(buffer, reference), 1);
        try
        {
            return s_strictUtf8.GetString(vector.Items);
        }
        catch (DecoderFallbackException)
        {
            throw IpcErrors.Malformed("a string is not valid UTF-8");
        }
    }

    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Where a field of <paramref name="size"/> bytes lies; 0 when it is absent.</summary>
    private int Position(int field, int size)
    {
        var slot = (2 + field) * sizeof(ushort);
        if (slot + sizeof(ushort) > _vtableLength) return 0;
        var distance = ReadUInt16(_buffer, _vtable + slot);
        if (distance == 0) return 0;
        if (distance + size > _tableLength) IpcErrors.ThrowMalformed("a field lies outside of its table");
        return _table + distance;
    }
}

/// <summary>A vector of a FlatBuffer; its items lie within the buffer.</summary>
internal readonly ref struct FlatVector
{
    private readonly ReadOnlySpan<byte> _buffer;
    private readonly int _start;
    private readonly int _itemSize;

    internal FlatVector(ReadOnlySpan<byte> buffer, long position, int itemSize)
    {
        _buffer = buffer;
        _itemSize = itemSize;
        var count = BinaryPrimitives.ReadUInt32LittleEndian(buffer[FlatTable.Demand(buffer, position, sizeof(uint))..]);
        _start = FlatTable.Demand(buffer, position + sizeof(uint), count * (long)itemSize);
        Count = (int)count;
    }

    public int Count { get; }

    /// <summary>The bytes of all items.</summary>
    public ReadOnlySpan<byte> Items => _buffer.Slice(_start, Count * _itemSize);

    public FlatTable Table(int index) => FlatTable.At(_buffer, _start + (index * _itemSize));

    /// <summary>The int64 at <paramref name="offset"/> bytes within item <paramref name="index"/>.</summary>
    public long Int64(int index, int offset = 0) =>
        BinaryPrimitives.ReadInt64LittleEndian(_buffer[(_start + (index * _itemSize) + offset)..]);
}
