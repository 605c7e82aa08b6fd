using System.IO.Compression;
using System.Text;
using Federation.Connectors.Formats;
using Federation.Core.Errors;
using Federation.ObjectStorage;

namespace Federation.Connectors.Files;

/// <summary>Opens the beginning of a text file for sampling.</summary>
internal static class SampleReader
{
    /// <summary>What is looked at of one file at most.</summary>
    public const int MaxBytes = 512 << 10;

    /// <summary>The first bytes as text, cut at the end of a line when the file goes on; invalid UTF-8 is an error.</summary>
    public static string Read(IObjectStore store, string path)
    {
        return Guarded(path, () =>
        {
            using var plain = Open(store, path);
            var buffer = new byte[MaxBytes];
            var length = plain.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            var bytes = buffer.AsSpan(0, length);
            if (length == buffer.Length)
            {
                var end = bytes.LastIndexOf((byte)'\n');
                if (end < 0) throw FormatErrors.TooLarge(path, $"its first line is longer than {MaxBytes} bytes");
                bytes = bytes[..(end + 1)];
            }

            if (bytes.Contains((byte)0))
                throw new SqlException(SqlState.CharacterNotInRepertoire,
                    $"file \"{path}\" cannot be read: invalid byte sequence for encoding \"UTF8\": 0x00");
            if (bytes.StartsWith(ByteOrderMark)) bytes = bytes[3..];
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        });
    }

    /// <summary>What some writers put before UTF-8 text.</summary>
    public static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The file's text as it was before it was packed.</summary>
    public static Stream Open(IObjectStore store, string path)
    {
        var file = new StoredStream(store, path);
        return FileKinds.IsCompressed(path) ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    /// <summary>Reads a file; what is wrong with it becomes an error that names it.</summary>
    public static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (DecoderFallbackException error)
        {
            throw FormatErrors.Corrupt(path, "it is no UTF-8 text", error);
        }
        catch (InvalidDataException error)
        {
            throw FormatErrors.Corrupt(path, "it cannot be unpacked", error);
        }
    }
}
