using System.Buffers.Binary;

namespace Federation.Connectors.Formats.Compression;

/// <summary>
/// Decoder of the raw Snappy format (google/snappy format_description.txt).
/// <code>
/// varint    length of the output (up to 2^32 - 1)
/// elements  low two bits of the tag byte:
///   00 literal: length - 1 in the upper six bits; 60..63 mean 1..4 following little-endian bytes hold length - 1
///   01 copy:    length 4..11 in bits 2-4, offset = bits 5-7 as the high bits of an 11-bit number, low 8 bits follow
///   10 copy:    length 1..64 in the upper six bits (+1), 16-bit little-endian offset follows
///   11 copy:    as 10 with a 32-bit offset
/// </code>
/// A copy may overlap its own output. Input is hostile: every length and offset is checked.
/// </summary>
public static class Snappy
{
    /// <summary>The output, or null when the input is no valid Snappy block or would exceed <paramref name="maxLength"/> bytes.</summary>
    public static byte[]? TryDecode(ReadOnlySpan<byte> input, int maxLength)
    {
        if (!TryReadLength(ref input, out var length) || length > (uint)maxLength) return null;
        // No element expands more than 64 bytes out of 2, so a short input cannot ask for a large buffer.
        if (length > (ulong)input.Length * 32 + 64) return null;
        var output = new byte[length];
        var written = 0;
        while (!input.IsEmpty)
        {
            var tag = input[0];
            input = input[1..];
            var done = (tag & 3) == 0 ? TryLiteral(tag, ref input, output, ref written) : TryCopy(tag, ref input, output, ref written);
            if (!done) return null;
        }

        return written == output.Length ? output : null;
    }

    private static bool TryReadLength(ref ReadOnlySpan<byte> input, out uint length)
    {
        ulong value = 0;
        length = 0;
        for (var i = 0; i < 5 && i < input.Length; i++)
        {
            value |= (ulong)(input[i] & 0x7f) << (7 * i);
            if ((input[i] & 0x80) != 0) continue;
            input = input[(i + 1)..];
            length = (uint)value;
            return value <= uint.MaxValue;
        }

        return false;
    }

    private static bool TryLiteral(byte tag, ref ReadOnlySpan<byte> input, byte[] output, ref int written)
    {
        long length = tag >> 2;
        if (length >= 60)
        {
            var bytes = (int)length - 59;
            if (input.Length < bytes) return false;
            length = 0;
            for (var i = 0; i < bytes; i++) length |= (long)input[i] << (8 * i);
            input = input[bytes..];
        }

        length++;
        if (length > input.Length || length > output.Length - written) return false;
        input[..(int)length].CopyTo(output.AsSpan(written));
        input = input[(int)length..];
        written += (int)length;
        return true;
    }

    private static bool TryCopy(byte tag, ref ReadOnlySpan<byte> input, byte[] output, ref int written)
    {
        int length, offsetBytes;
        long offset = 0;
        if ((tag & 3) == 1)
        {
            length = ((tag >> 2) & 7) + 4;
            offset = (long)(tag >> 5) << 8;
            offsetBytes = 1;
        }
        else
        {
            length = (tag >> 2) + 1;
            offsetBytes = (tag & 3) == 2 ? 2 : 4;
        }

        if (input.Length < offsetBytes) return false;
        offset |= offsetBytes switch
        {
            1 => input[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(input),
            _ => BinaryPrimitives.ReadUInt32LittleEndian(input),
        };
        input = input[offsetBytes..];
        if (offset == 0 || offset > written || length > output.Length - written) return false;
        // Byte by byte where source and target overlap: the copy then repeats what it has just written.
        var source = written - (int)offset;
        if (offset >= length) output.AsSpan(source, length).CopyTo(output.AsSpan(written));
        else
            for (var i = 0; i < length; i++)
                output[written + i] = output[source + i];
        written += length;
        return true;
    }
}
