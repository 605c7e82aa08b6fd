using System.Buffers;
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

    public static byte[] Parse(string text)
    {
        if (text.StartsWith("\\x", StringComparison.Ordinal)) return ParseHex(text);
        var source = System.Text.Encoding.UTF8.GetBytes(text);
        var result = new byte[source.Length];
        var count = 0;
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] != '\\')
            {
                result[count++] = source[i];
            }
            else if (i + 1 < source.Length && source[i + 1] == '\\')
            {
                result[count++] = (byte)'\\';
                i++;
            }
            else if (
                i + 3 < source.Length && source[i + 1] is >= (byte)'0' and <= (byte)'3' && IsOctal(source[i + 2]) && IsOctal(source[i + 3]))
            {
                result[count++] = (byte)(((source[i + 1] - '0') << 6) | ((source[i + 2] - '0') << 3) | (source[i + 3] - '0'));
                i += 3;
            }
            else
            {
                throw new SqlException(SqlState.InvalidTextRepresentation, "invalid input syntax for type bytea");
            }
        }

        return result[..count];
    }

    private static bool IsOctal(byte digit) => digit is >= (byte)'0' and <= (byte)'7';

    private static byte[] ParseHex(string text)
    {
        var result = new byte[(text.Length - 2) / 2];
        var count = 0;
        for (var i = 2; i < text.Length; i++)
        {
            // White space is allowed between pairs of digits.
            if (text[i] is ' ' or '\n' or '\t' or '\r') continue;
            var high = HexValue(text, i++);
            if (i >= text.Length) throw new SqlException(SqlState.InvalidParameterValue, "invalid hexadecimal data: odd number of digits");
            result[count++] = (byte)((high << 4) | HexValue(text, i));
        }

        return count == result.Length ? result : result[..count];
    }

    private static int HexValue(string text, int index)
    {
        if (char.IsAsciiHexDigit(text[index])) return Convert.ToInt32(text.Substring(index, 1), 16);
        var length = char.IsHighSurrogate(text[index]) && index + 1 < text.Length ? 2 : 1;
        throw new SqlException(SqlState.InvalidParameterValue, $"invalid hexadecimal digit: \"{text.Substring(index, length)}\"");
    }
}
