using System.Buffers.Binary;
using System.Text;

namespace Federation.Arrow.Ipc;

/// <summary>
/// Writes a FlatBuffer from its end to its start, as references point forward: children first, the root last. Values are aligned to their
/// size counted from the end, and the whole to 8 bytes. One builder writes many buffers, one after the other; not thread-safe.
/// </summary>
internal sealed class FlatBuilder
{
    private const int MaxAlignment = 8;

    private byte[] _bytes = new byte[1024];
    private readonly int[] _fields = new int[16];
    private int _free = 1024;
    private int _fieldCount;
    private int _tableEnd;

    /// <summary>Bytes written so far; positions are counted from the end, so this is also the position of what was written last.</summary>
    private int Written => _bytes.Length - _free;

    public void Reset() => _free = _bytes.Length;

    public int AddString(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        Align(sizeof(uint), length + 1);
        Take(1)[0] = 0;
        Encoding.UTF8.GetBytes(value, Take(length));
        PutInt32(length);
        return Written;
    }

    /// <summary>A vector of references to what was written before.</summary>
    public int AddReferences(ReadOnlySpan<int> positions)
    {
        Align(sizeof(uint), positions.Length * sizeof(uint));
        for (var i = positions.Length - 1; i >= 0; i--) PutReference(positions[i]);
        PutInt32(positions.Length);
        return Written;
    }

    public int AddInt32s(ReadOnlySpan<int> values)
    {
        Align(sizeof(uint), values.Length * sizeof(int));
        for (var i = values.Length - 1; i >= 0; i--) PutInt32(values[i]);
        PutInt32(values.Length);
        return Written;
    }

    /// <summary>A vector of structs of two int64 each (FieldNode and Buffer).</summary>
    public int AddPairs(IReadOnlyList<(long First, long Second)> pairs)
    {
        Align(sizeof(uint), pairs.Count * 2 * sizeof(long));
        Align(sizeof(long), pairs.Count * 2 * sizeof(long));
        for (var i = pairs.Count - 1; i >= 0; i--)
        {
            BinaryPrimitives.WriteInt64LittleEndian(Take(sizeof(long)), pairs[i].Second);
            BinaryPrimitives.WriteInt64LittleEndian(Take(sizeof(long)), pairs[i].First);
        }

        PutInt32(pairs.Count);
        return Written;
    }

    public void StartTable()
    {
        Array.Clear(_fields);
        _fieldCount = 0;
        _tableEnd = Written;
    }

    public void SetByte(int field, byte value)
    {
        Align(1, 0);
        Take(1)[0] = value;
        Mark(field);
    }

    public void SetInt16(int field, short value)
    {
        Align(sizeof(short), 0);
        BinaryPrimitives.WriteInt16LittleEndian(Take(sizeof(short)), value);
        Mark(field);
    }

    public void SetInt32(int field, int value)
    {
        Align(sizeof(int), 0);
        PutInt32(value);
        Mark(field);
    }

    public void SetInt64(int field, long value)
    {
        Align(sizeof(long), 0);
        BinaryPrimitives.WriteInt64LittleEndian(Take(sizeof(long)), value);
        Mark(field);
    }

    public void SetReference(int field, int position)
    {
        Align(sizeof(uint), 0);
        PutReference(position);
        Mark(field);
    }

    public int EndTable()
    {
        Align(sizeof(int), 0);
        PutInt32(0); // the distance to the vtable, known below
        var table = Written;
        Align(sizeof(ushort), 0);
        for (var i = _fieldCount - 1; i >= 0; i--) PutUInt16(_fields[i] == 0 ? 0 : table - _fields[i]);
        PutUInt16(table - _tableEnd);
        PutUInt16((2 + _fieldCount) * sizeof(ushort));
        BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(_bytes.Length - table), Written - table);
        return table;
    }

    /// <summary>The finished buffer, a multiple of 8 bytes long.</summary>
    public byte[] Finish(int root)
    {
        Align(MaxAlignment, sizeof(uint));
        PutReference(root);
        return _bytes.AsSpan(_free).ToArray();
    }

    private void Mark(int field)
    {
        _fields[field] = Written;
        _fieldCount = Math.Max(_fieldCount, field + 1);
    }

    /// <summary>Pads so that after <paramref name="following"/> more bytes the position is a multiple of <paramref name="size"/>.</summary>
    private void Align(int size, int following)
    {
        var padding = -(Written + following) & (size - 1);
        Take(padding).Clear();
    }

    private void PutReference(int position) => PutInt32(Written + sizeof(uint) - position);

    private void PutInt32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Take(sizeof(int)), value);

    private void PutUInt16(int value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(sizeof(ushort)), checked((ushort)value));

    private Span<byte> Take(int count)
    {
        if (count > _free)
        {
            var grown = new byte[Math.Max(_bytes.Length * 2, Written + count)];
            _bytes.AsSpan(_free).CopyTo(grown.AsSpan(grown.Length - Written));
            _free = grown.Length - Written;
            _bytes = grown;
        }

        _free -= count;
        return _bytes.AsSpan(_free, count);
    }
}
