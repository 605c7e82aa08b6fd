using System.Buffers;
using System.Text;
using Federation.Core.Errors;

namespace Federation.Core.Values;

/// <summary>Text of bytea: <c>\x</c> and hex digits, or the older escape form; both are read.</summary>
public static class ByteaText
{
    private static ReadOnlySpan<byte> HexDigits => "0123456789abcdef"u8;

    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> value, ByteaOutput format)
    {
        if (format == ByteaOutput.Hex)
        {
            output.Write("\\x"u8);
            while (!value.IsEmpty)
            {
                // Chunks keep the writer's spans small for values of many megabytes.
                var chunk = value[..Math.Min(value.Length, 4096)];
                var target = output.GetSpan(chunk.Length * 2);
                for (var i = 0; i < chunk.Length; i++)
                {
                    target[i * 2] = HexDigits[chunk[i] >> 4];
                    target[(i * 2) + 1] = HexDigits[chunk[i] & 15];
                }

                output.Advance(chunk.Length * 2);
                value = value[chunk.Length..];
            }

            return;
        }

        foreach (var item in value)
        {
            var target = output.GetSpan(4);
            switch (item)
            {
                case (byte)'\\':
                    target[0] = target[1] = (byte)'\\';
                    output.Advance(2);
                    break;
                case < 0x20 or > 0x7e:
                    target[0] = (byte)'\\';
                    target[1] = (byte)('0' + (item >> 6));
                    target[2] = (byte)('0' + ((item >> 3) & 7));
                    target[3] = (byte)('0' + (item & 7));
                    output.Advance(4);
                    break;
                default:
                    target[0] = item;
                    output.Advance(1);
                    break;
            }
        }
    }

    public static byte[] Parse(string text) => Parse(Encoding.UTF8.GetBytes(text));

    /// <param name="text">UTF-8.</param>
    public static byte[] Parse(ReadOnlySpan<byte> text)
    {
        var isHex = text.StartsWith("\\x"u8);
        var result = new byte[isHex ? (text.Length - 2) / 2 : EscapedLength(text)];
        var count = 0;
        for (var i = isHex ? 2 : 0; i < text.Length; i++)
        {
            if (isHex)
            {
                // White space is allowed between pairs of digits.
                if (text[i] is (byte)' ' or (byte)'\n' or (byte)'\t' or (byte)'\r') continue;
                var high = HexValue(text, i++);
                if (i >= text.Length)
                    throw new SqlException(SqlState.InvalidParameterValue, "invalid hexadecimal data: odd number of digits");
                result[count++] = (byte)((high << 4) | HexValue(text, i));
                continue;
            }

            if (text[i] != '\\')
            {
                result[count++] = text[i];
                continue;
            }

            var escape = EscapeLength(text[i..]);
            result[count++] = escape == 2 ? (byte)'\\'
                : (byte)(((text[i + 1] - '0') << 6) | ((text[i + 2] - '0') << 3) | (text[i + 3] - '0'));
            i += escape - 1;
        }

        return count == result.Length ? result : result[..count];
    }

    /// <summary>How many bytes a text in the escape form stands for.</summary>
    private static int EscapedLength(ReadOnlySpan<byte> text)
    {
        var length = text.Length;
        for (var i = text.IndexOf((byte)'\\'); i >= 0 && i < text.Length; i++)
        {
            if (text[i] != '\\') continue;
            var escape = EscapeLength(text[i..]) - 1;
            (i, length) = (i + escape, length - escape);
        }

        return length;
    }

    /// <summary>The length of the escape sequence at the beginning.</summary>
    private static int EscapeLength(ReadOnlySpan<byte> text) => text switch
    {
        [_, (byte)'\\', ..] => 2,
        [_, >= (byte)'0' and <= (byte)'3', >= (byte)'0' and <= (byte)'7', >= (byte)'0' and <= (byte)'7', ..] => 4,
        _ => throw new SqlException(SqlState.InvalidTextRepresentation, "invalid input syntax for type bytea"),
    };

    private static int HexValue(ReadOnlySpan<byte> text, int index)
    {
        var digit = text[index];
        if (char.IsAsciiHexDigit((char)digit)) return digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
        Rune.DecodeFromUtf8(text[index..], out var character, out _);
        throw new SqlException(SqlState.InvalidParameterValue, $"invalid hexadecimal digit: \"{character}\"");
    }
}
