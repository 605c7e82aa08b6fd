using System.IO.Compression;
using ZstdSharp;

namespace Federation.Connectors.Formats.Compression;

/// <summary>
/// Unpacks bytes whose writer is not trusted: the output is bounded, and what cannot be unpacked is XX001 with the name of the file. Pure
/// and thread-safe.
/// </summary>
public static class Unpacking
{
    private static readonly byte[] s_gzip = [0x1f, 0x8b];
    private static readonly byte[] s_zstandard = [0x28, 0xb5, 0x2f, 0xfd];

    /// <summary>A file as it is, or unpacked if its first bytes are those of gzip or Zstandard.</summary>
    /// <param name="maxLength">Bytes that the result may have; more are 54000.</param>
    public static ReadOnlyMemory<byte> File(string path, byte[] bytes, long maxLength)
    {
        if (bytes.AsSpan().StartsWith(s_gzip))
            return Read(path, new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress), maxLength);
        return bytes.AsSpan().StartsWith(s_zstandard) ? Zstandard(path, bytes, maxLength) : bytes;
    }

    /// <summary>Zstandard frames (RFC 8878) in a row.</summary>
    public static ReadOnlyMemory<byte> Zstandard(string path, ReadOnlySpan<byte> packed, long maxLength) =>
        Read(path, new DecompressionStream(new MemoryStream(packed.ToArray())), maxLength);

    /// <summary>Raw deflate.</summary>
    public static ReadOnlyMemory<byte> Deflate(string path, ReadOnlySpan<byte> packed, long maxLength) =>
        Read(path, new DeflateStream(new MemoryStream(packed.ToArray()), CompressionMode.Decompress), maxLength);

    private static ReadOnlyMemory<byte> Read(string path, Stream packed, long maxLength)
    {
        try
        {
            using (packed)
            {
                using var plain = new MemoryStream();
                var buffer = new byte[64 << 10];
                while (packed.Read(buffer) is var read and > 0)
                {
                    if (plain.Length + read > maxLength) throw FormatErrors.TooLarge(path, "it is too large when unpacked");
                    plain.Write(buffer, 0, read);
                }

                return plain.GetBuffer().AsMemory(0, (int)plain.Length);
            }
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or ZstdException)
        {
            throw FormatErrors.Corrupt(path, "it cannot be unpacked", error);
        }
    }
}
