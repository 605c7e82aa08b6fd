using System.Buffers.Binary;
using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Compression;
using Federation.Connectors.Formats.Roaring;
using Federation.Core;
using Federation.Core.Tasks;

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

    public static EquatableArray<RowRange> Read(TableFile vector)
    {
        var entry = vector.Entry;
        if (entry.ContentOffset is not { } offset || entry.ContentLength is not { } length || offset < 0 || length < 12)
            throw FormatErrors.Corrupt(vector.Path, "its manifest does not say where the deletion vector lies");
        if (length > MaxLength) throw FormatErrors.TooLarge(vector.Path, $"a deletion vector is longer than {MaxLength} bytes");
        try
        {
            using var file = File.OpenHandle(vector.Path);
            Span<byte> magic = stackalloc byte[4];
            if (RandomAccess.Read(file, magic, 0) < 4 || !magic.SequenceEqual("PFA1"u8))
                throw FormatErrors.Unsupported(
                    vector.Path, "it is no Puffin file; deletion vectors without that envelope are not supported");
            if (offset + length > RandomAccess.GetLength(file))
                throw FormatErrors.Corrupt(vector.Path, "a deletion vector reaches beyond its end");
            var blob = new byte[length];
            for (var filled = 0; filled < blob.Length;)
            {
                var read = RandomAccess.Read(file, blob.AsSpan(filled), offset + filled);
                if (read == 0) throw FormatErrors.Corrupt(vector.Path, "it was cut off while it was read");
                filled += read;
            }

            var ranges = Decode(blob, vector.Path);
            // The manifest counts the rows that are gone; another count means another vector.
            return ranges.Sum(range => range.Count) == entry.RecordCount
                ? ranges
                : throw FormatErrors.Corrupt(vector.Path, "a deletion vector does not hold as many rows as its manifest says");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FormatErrors.Io(vector.Path, error);
        }
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
