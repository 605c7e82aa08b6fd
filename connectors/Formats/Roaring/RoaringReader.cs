using System.Buffers.Binary;
using System.Numerics;
using Federation.Core.Tasks;

namespace Federation.Connectors.Formats.Roaring;

/// <summary>
/// Reads Roaring bitmaps in their portable form (RoaringFormatSpec) as ranges.
/// <code>
/// 64-bit  u64 LE number of keys, then per key, ascending: u32 LE upper half, a 32-bit bitmap
/// 32-bit  u32 LE cookie: 12346, u32 LE container count; or 12347 in the low half, count - 1 in the high half, and a bit per container: is
/// it runs
///         per container: u16 LE key (upper 16 bits), u16 LE cardinality - 1
///         offsets, u32 LE per container, unless the cookie is 12347 and there are fewer than 4
///         containers: runs (u16 count, then u16 first and u16 length - 1 each), up to 4096 values (u16 each), else 1024 words of 64 bits
/// </code>
/// Input is hostile: memory stays within a small multiple of the input because full containers become ranges.
/// </summary>
public ref struct RoaringReader(ReadOnlySpan<byte> input, string path)
{
    private const int CookieWithoutRuns = 12346, CookieWithRuns = 12347, NoOffsetsBelow = 4, ArrayMaximum = 4096, BitmapWords = 1024;
    private ReadOnlySpan<byte> _rest = input;
    private readonly List<RowRange> _ranges = [];

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public IReadOnlyList<RowRange> Read64()
    {
        var count = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
        if (count > (ulong)_rest.Length) throw Broken();
        long last = -1;
        for (ulong i = 0; i < count; i++)
        {
            var key = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
            // Positions are signed; and keys ascend.
            if (key > int.MaxValue || key <= last) throw Broken();
            last = key;
            ReadBitmap((long)key << 32);
        }

        return _ranges;
    }

    public IReadOnlyList<RowRange> Read32()
    {
        ReadBitmap(0);
        return _ranges;
    }

    private void ReadBitmap(long high)
    {
        var cookie = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
        var hasRuns = (cookie & 0xffff) == CookieWithRuns;
        if (!hasRuns && cookie != CookieWithoutRuns) throw Broken();
        var count = hasRuns ? (cookie >> 16) + 1 : BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
        if (count > 1 << 16) throw Broken();
        var runs = hasRuns ? Take(((int)count + 7) / 8) : default;
        var header = Take((int)count * 4);
        if (!hasRuns || count >= NoOffsetsBelow) Take((int)count * 4);
        var last = -1;
        for (var i = 0; i < count; i++)
        {
            var key = BinaryPrimitives.ReadUInt16LittleEndian(header[(i * 4)..]);
            var cardinality = BinaryPrimitives.ReadUInt16LittleEndian(header[((i * 4) + 2)..]) + 1;
            if (key <= last) throw Broken();
            last = key;
            var first = high | ((long)key << 16);
            if (hasRuns && (runs[i / 8] >> (i % 8) & 1) != 0) ReadRuns(first);
            else if (cardinality <= ArrayMaximum) ReadArray(first, cardinality);
            else ReadWords(first);
        }
    }

    private void ReadRuns(long first)
    {
        var count = BinaryPrimitives.ReadUInt16LittleEndian(Take(2));
        for (var i = 0; i < count; i++)
        {
            var run = Take(4);
            var start = BinaryPrimitives.ReadUInt16LittleEndian(run);
            var length = BinaryPrimitives.ReadUInt16LittleEndian(run[2..]) + 1;
            if (start + length > 1 << 16) throw Broken();
            Add(first + start, length);
        }
    }

    private void ReadArray(long first, int cardinality)
    {
        var values = Take(cardinality * 2);
        for (var i = 0; i < cardinality; i++) Add(first + BinaryPrimitives.ReadUInt16LittleEndian(values[(i * 2)..]), 1);
    }

    private void ReadWords(long first)
    {
        var words = Take(BitmapWords * 8);
        for (var i = 0; i < BitmapWords; i++)
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(words[(i * 8)..]);
            for (var bit = 0; word != 0;)
            {
                var zeros = BitOperations.TrailingZeroCount(word);
                bit += zeros;
                word >>= zeros;
                var ones = BitOperations.TrailingZeroCount(~word);
                Add(first + (i * 64) + bit, ones);
                bit += ones;
                word = ones == 64 ? 0 : word >> ones;
            }
        }
    }

    private readonly void Add(long first, long count)
    {
        if (_ranges.Count > 0)
        {
            var last = _ranges[^1];
            var end = last.First + last.Count;
            if (first < end) throw Broken();
            if (first == end)
            {
                _ranges[^1] = last with { Count = last.Count + count };
                return;
            }
        }

        _ranges.Add(new RowRange(first, count));
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _rest.Length) throw Broken();
        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }

    private readonly Exception Broken() => FormatErrors.Corrupt(path, "its bitmap of deleted rows is malformed");
}
