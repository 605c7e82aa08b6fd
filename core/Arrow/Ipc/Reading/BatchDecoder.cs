using Federation.Core.Types;

namespace Federation.Arrow.Ipc;

/// <summary>
/// Decodes the columns of one record batch, depth first as the format orders nodes and buffers. Columns view the body wherever the layout
/// is one that <see cref="Column"/> knows; the rest is converted. Every length and offset is checked before memory is read: what breaks the
/// format raises 08P01.
/// </summary>
internal unsafe ref partial struct BatchDecoder
{
    private const byte NoCompression = byte.MaxValue;
    private const byte Lz4Compression = 0;
    private const int PairBytes = 2 * sizeof(long);

    private readonly BatchMemory _memory;
    private readonly IReadOnlyDictionary<long, DictionaryValues> _dictionaries;
    private readonly bool _trustsValues;
    private readonly FlatVector _nodes;
    private readonly FlatVector _buffers;
    private readonly FlatVector _variadicCounts;
    private readonly byte _compression;
    private int _node;
    private int _buffer;
    private int _variadicCount;

    public BatchDecoder(FlatTable recordBatch, BatchMemory memory, IReadOnlyDictionary<long, DictionaryValues> dictionaries,
        bool trustsValues)
    {
        _memory = memory;
        _dictionaries = dictionaries;
        _trustsValues = trustsValues;
        _nodes = recordBatch.GetVector(1, PairBytes);
        _buffers = recordBatch.GetVector(2, PairBytes);
        _variadicCounts = recordBatch.GetVector(4, sizeof(long));
        _compression = recordBatch.TryGetTable(3, out var compression) ? compression.GetByte(0) : NoCompression;
        if (_compression is not (NoCompression or Lz4Compression)) throw IpcErrors.Unsupported("compression by ZSTD");
    }

    public Column Read(IpcField field)
    {
        if (field.Dictionary is { } dictionary) return ReadDictionary(field, dictionary);
        var (length, nulls) = NextNode();
        switch (field.Physical.Kind)
        {
            case ArrowKind.Null: return AllNull(field.Type, length);
            case ArrowKind.RunEndEncoded: return ReadRunEndEncoded(field, length);
        }

        var column = new Column(field.Type) { Length = length, Validity = NextValidity(length, nulls) };
        switch (field.Physical.Kind)
        {
            case ArrowKind.Bool:
                column.Values = Next(Bitmap.BytesFor(length));
                column.BooleansAreBits = true;
                break;
            case ArrowKind.Utf8 or ArrowKind.Binary or ArrowKind.LargeUtf8 or ArrowKind.LargeBinary: ReadBytes(column, field.Physical.Kind);
            break;
            case ArrowKind.Utf8View or ArrowKind.BinaryView: ReadViews(column, field.Physical.Kind); break;
            case ArrowKind.FixedSizeBinary: ReadFixedSizeBinary(column, field.Physical.Width); break;
            case ArrowKind.Decimal: ReadDecimals(column, field.Physical); break;
            case ArrowKind.Struct: ReadStruct(column, field); break;
            case ArrowKind.List or ArrowKind.Map or ArrowKind.LargeList: ReadList(column, field); break;
            case ArrowKind.ListView or ArrowKind.LargeListView: ReadListView(column, field); break;
            case ArrowKind.FixedSizeList: ReadFixedSizeList(column, field); break;
            default: ReadFixed(column, field.Physical); break;
        }

        return column;
    }

    /// <summary>Rows and NULLs of the next field.</summary>
    private (int Length, long Nulls) NextNode()
    {
        if (_node >= _nodes.Count) throw IpcErrors.Malformed("fewer nodes than fields");
        var length = _nodes.Int64(_node);
        var nulls = _nodes.Int64(_node, sizeof(long));
        _node++;
        if (length < 0 || nulls > length) throw IpcErrors.Malformed($"a node of {length} rows with {nulls} nulls");
        if (length > int.MaxValue - 64) throw IpcErrors.TooLarge("batch");
        return ((int)length, nulls);
    }

    /// <summary>The next buffer, which must hold at least <paramref name="bytes"/>; aligned to 8 bytes.</summary>
    private byte* Next(long bytes)
    {
        var buffer = NextAny(out var length);
        if (length < bytes) throw IpcErrors.Malformed($"a buffer of {length} bytes instead of {bytes}");
        return bytes == 0 ? BatchMemory.Zeros : buffer;
    }

    private byte* NextAny(out long length)
    {
        if (_buffer >= _buffers.Count) throw IpcErrors.Malformed("fewer buffers than fields need");
        var offset = _buffers.Int64(_buffer);
        length = _buffers.Int64(_buffer, sizeof(long));
        _buffer++;
        var bodyLength = _memory.Body?.Length ?? 0;
        if (offset < 0 || length < 0 || offset > bodyLength - length) throw IpcErrors.Malformed("a buffer lies outside of the body");
        if (length == 0) return BatchMemory.Zeros;
        var pointer = _memory.Body!.Pointer + offset;
        if (_compression == Lz4Compression) return Decompress(pointer, ref length);
        if (((nuint)pointer & 7) == 0) return pointer;
        var aligned = _memory.Allocate(length);
        System.Buffer.MemoryCopy(pointer, aligned, length, length);
        return aligned;
    }

    /// <summary>A compressed buffer begins with the int64 length of its contents; -1 says that they follow as they are.</summary>
    private readonly byte* Decompress(byte* pointer, ref long length)
    {
        if (length < sizeof(long)) throw IpcErrors.Malformed("a compressed buffer without its length");
        var source = new ReadOnlySpan<byte>(pointer + sizeof(long), (int)length - sizeof(long));
        var declared = System.Buffers.Binary.BinaryPrimitives.ReadInt64LittleEndian(new ReadOnlySpan<byte>(pointer, sizeof(long)));
        length = declared == -1 ? source.Length : declared;
        if (length < 0) throw IpcErrors.Malformed("a compressed buffer of negative length");
        if (length == 0) return BatchMemory.Zeros;
        var target = _memory.Allocate(length);
        var contents = new Span<byte>(target, (int)length);
        if (declared == -1) source.CopyTo(contents);
        else Lz4Frame.Decode(source, contents);
        return target;
    }

    private ulong* NextValidity(int length, long nulls)
    {
        var buffer = NextAny(out var bytes);
        if (nulls == 0 || length == 0 || (nulls < 0 && bytes == 0)) return null;
        if (bytes < Bitmap.BytesFor(length)) throw IpcErrors.Malformed($"a validity bitmap of {bytes} bytes for {length} rows");
        return (ulong*)buffer;
    }

    private readonly Column AllNull(SqlType type, int length)
    {
        var column = new Column(type)
            { Length = length, Values = BatchMemory.Zeros, Data = BatchMemory.Zeros, Bytes = BytesLayout.Offsets32 };
        if (length == 0) return column;
        column.Validity = (ulong*)_memory.AllocateCleared(Bitmap.BytesFor(length));
        column.Values = _memory.AllocateCleared(((long)length + 1) * sizeof(int));
        return column;
    }
}
