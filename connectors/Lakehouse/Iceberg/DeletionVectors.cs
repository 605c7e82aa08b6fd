using System.Buffers.Binary;
using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Compression;
using Federation.Connectors.Formats.Roaring;
using Federation.Core;
using Federation.Core.Tasks;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Reads deletion vectors (puffin-spec.md, blob type deletion-vector-v1). The manifest says where in the Puffin file the blob lies:
/// <code>
/// u32 BE   length of magic and bitmap
/// D1 D3 39 64
/// bitmap   64-bit Roaring, portable form
/// u32 BE   CRC-32 of magic and bitmap
/// </code>
/// A Puffin file begins with the magic PFA1. A blob without that envelope is refused: an old writer made such files, and no other reader
/// takes them.
/// </summary>
internal static class DeletionVectors
{
    /// <summary>A vector of a billion scattered rows has this size; larger ones are an attack on memory.</summary>
    private const long MaxLength = 256 << 20;

    public static EquatableArray<RowRange> Read(IObjectStore store, TableFile vector)
    {
        var entry = vector.Entry;
        if (entry.ContentOffset is not { } offset || entry.ContentLength is not { } length || offset < 0 || length < 12)
            throw FormatErrors.Corrupt(vector.Path, "its manifest does not say where the deletion vector lies");
        if (length > MaxLength) throw FormatErrors.TooLarge(vector.Path, $"a deletion vector is longer than {MaxLength} bytes");
        var magic = new byte[4];
        var (count, status) = store.Read(vector.Path, 0, magic);
        if (count < 4 || !magic.AsSpan().SequenceEqual("PFA1"u8))
            throw FormatErrors.Unsupported(vector.Path, "it is no Puffin file; deletion vectors without that envelope are not supported");
        if (offset + length > status.SizeBytes) throw FormatErrors.Corrupt(vector.Path, "a deletion vector reaches beyond its end");
        var blob = new byte[length];
        if (store.Read(vector.Path, offset, blob, status.Version).Count < length)
            throw FormatErrors.Corrupt(vector.Path, "it was cut off while it was read");
        var ranges = Decode(blob, vector.Path);
        // The manifest counts the rows that are gone; another count means another vector.
        return ranges.Sum(range => range.Count) == entry.RecordCount
            ? ranges
            : throw FormatErrors.Corrupt(vector.Path, "a deletion vector does not hold as many rows as its manifest says");
    }

    public static EquatableArray<RowRange> Decode(ReadOnlySpan<byte> blob, string path)
    {
        if (blob.Length < 12 || BinaryPrimitives.ReadUInt32BigEndian(blob) != blob.Length - 8)
            throw FormatErrors.Corrupt(path, "a deletion vector has a wrong length");
        var content = blob[4..^4];
        if (!content.StartsWith((ReadOnlySpan<byte>)[0xD1, 0xD3, 0x39, 0x64]))
            throw FormatErrors.Corrupt(path, "a deletion vector has a wrong magic");
        if (Crc32.Compute(content) != BinaryPrimitives.ReadUInt32BigEndian(blob[^4..]))
            throw FormatErrors.Corrupt(path, "a deletion vector has a wrong checksum");
        var reader = new RoaringReader(content[4..], path);
        var ranges = reader.Read64().ToEquatableArray();
        return reader.IsAtEnd ? ranges : throw FormatErrors.Corrupt(path, "a deletion vector has bytes behind its bitmap");
    }
}
