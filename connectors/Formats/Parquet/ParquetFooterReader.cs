using System.Buffers.Binary;
using Federation.ObjectStorage;

namespace Federation.Connectors.Formats.Parquet;

/// <summary>
/// Reads footers. A Parquet file (parquet-format README) ends with
/// <code>
/// FileMetaData   Thrift compact struct
/// u32 LE         its length
/// 'PAR1'         magic; 'PARE' when the footer itself is encrypted
/// </code>
/// FileMetaData: 1 version, 2 schema (list of SchemaElement in depth-first order), 3 num_rows, 4 row_groups, 5 key_value_metadata,
/// 6 created_by, 7 column_orders, 8 encryption_algorithm, 9 footer_signing_key_metadata.
/// </summary>
public static class ParquetFooterReader
{
    /// <summary>Footers of files with thousands of columns and row groups reach tens of megabytes.</summary>
    private const int MaxLength = 256 << 20;
    private const int Guess = 64 << 10;
    private const int TailLength = 8;

    public static ParquetFooter Read(IObjectStore store, string path)
    {
        // One read gets most footers whole, and says how long the file is.
        var tail = new byte[Guess];
        var part = store.Read(path, -Guess, tail);
        var status = part.Status;
        return Read(path, status.SizeBytes, tail.AsSpan(0, part.Count),
            (buffer, offset) => store.Read(path, offset, buffer, status.Version).Count) with { Version = status.Version };
    }

    /// <summary>For bytes that are in memory.</summary>
    public static ParquetFooter Parse(string path, byte[] bytes) =>
        Read(path, bytes.Length, bytes.AsSpan(Math.Max(0, bytes.Length - Guess)), (buffer, offset) =>
    {
        var part = bytes.AsMemory((int)offset, Math.Min(buffer.Length, bytes.Length - (int)offset));
        part.CopyTo(buffer);
        return part.Length;
    });

    private static ParquetFooter Read(string path, long fileLength, ReadOnlySpan<byte> tail, ReadAt readAt)
    {
        if (fileLength < TailLength + 4) throw FormatErrors.Corrupt(path, "it is no Parquet file");
        var magic = tail[^4..];
        if (magic.SequenceEqual("PARE"u8)) throw FormatErrors.Unsupported(path, "its Parquet footer is encrypted");
        if (!magic.SequenceEqual("PAR1"u8)) throw FormatErrors.Corrupt(path, "it is no Parquet file");
        var length = BinaryPrimitives.ReadUInt32LittleEndian(tail[^TailLength..]);
        if (length > fileLength - TailLength - 4) throw FormatErrors.Corrupt(path, "the Parquet footer is longer than the file");
        if (length > MaxLength) throw FormatErrors.TooLarge(path, $"its Parquet footer is longer than {MaxLength} bytes");
        var footer = length + TailLength <= (uint)tail.Length
            ? tail.Slice(tail.Length - TailLength - (int)length, (int)length)
            : ReadExactly(path, readAt, fileLength - TailLength - length, (int)length);
        return new FileMetadataReader(path).Read(footer) with { Length = (int)length };
    }

    private static byte[] ReadExactly(string path, ReadAt readAt, long offset, int count)
    {
        var buffer = new byte[count];
        for (var filled = 0; filled < count;)
        {
            var read = readAt(buffer.AsMemory(filled), offset + filled);
            if (read == 0) throw FormatErrors.Corrupt(path, "it was cut off while it was read");
            filled += read;
        }

        return buffer;
    }

    private delegate int ReadAt(Memory<byte> buffer, long offset);
}
