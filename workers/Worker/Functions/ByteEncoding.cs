using System.Buffers.Text;
using System.Text;
using Federation.Core.Errors;
using Federation.Core.Execution;
using Federation.Core.Values;

namespace Federation.Worker.Functions;

/// <summary>
/// encode() and decode(): hex, base64 (lines of 76 characters) and escape, from bytes to bytes, so that a large value costs its result and
/// no more.
/// </summary>
internal static class ByteEncoding
{
    private const int Base64LineLength = 76;
    private const int Base64LineBytes = Base64LineLength / 4 * 3;

    private delegate byte[] Encoder(ReadOnlySpan<byte> bytes, int length);

    private delegate ReadOnlySpan<byte> Decoder(ReadOnlySpan<byte> text);

    /// <summary>The text of a bytea in UTF-8.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> bytes, string format)
    {
        var name = Name(format);
        var length = name switch
        {
            "hex" => bytes.Length * 2L,
            "base64" => ((bytes.Length + 2L) / 3 * 4) + (bytes.Length / Base64LineBytes),
            _ => EscapedLength(bytes),
        };
        if (length > ValueLimits.MostBytes)
            throw new SqlException(SqlState.ProgramLimitExceeded, "result of encoding conversion is too large");
        ValueMemory.Reserve(length);
        Encoder encode = name switch { "hex" => EncodeHex, "base64" => EncodeBase64, _ => EncodeEscape };
        return encode(bytes, (int)length);
    }

    /// <summary>The bytea that a text in UTF-8 stands for.</summary>
    public static ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> text, string format)
    {
        Decoder decode = Name(format) switch { "hex" => DecodeHex, "base64" => DecodeBase64, _ => DecodeEscape };
        ValueMemory.Reserve(text.Length);
        return decode(text);
    }

    private static string Name(string format) => format.ToLowerInvariant() switch
    {
        "hex" => "hex",
        "base64" => "base64",
        "escape" => "escape",
        _ => throw Invalid($"unrecognized encoding: \"{format}\""),
    };

    private static byte[] EncodeHex(ReadOnlySpan<byte> bytes, int length)
    {
        var text = new byte[length];
        Convert.TryToHexStringLower(bytes, text, out _);
        return text;
    }

    /// <summary>Each full line is ended, a last one too.</summary>
    private static byte[] EncodeBase64(ReadOnlySpan<byte> bytes, int length)
    {
        var text = new byte[length];
        var rest = text.AsSpan();
        while (bytes.Length >= Base64LineBytes)
        {
            Base64.EncodeToUtf8(bytes[..Base64LineBytes], rest, out _, out _);
            rest[Base64LineLength] = (byte)'\n';
            bytes = bytes[Base64LineBytes..];
            rest = rest[(Base64LineLength + 1)..];
        }

        Base64.EncodeToUtf8(bytes, rest, out _, out _);
        return text;
    }

    private static bool IsEscaped(byte value) => value is 0 or >= 0x80;

    private static long EscapedLength(ReadOnlySpan<byte> bytes)
    {
        var length = (long)bytes.Length;
        foreach (var value in bytes) length += IsEscaped(value) ? 3 : value == '\\' ? 1 : 0;
        return length;
    }

    private static byte[] EncodeEscape(ReadOnlySpan<byte> bytes, int length)
    {
        var text = new byte[length];
        var i = 0;
        foreach (var value in bytes)
        {
            if (IsEscaped(value))
            {
                text[i++] = (byte)'\\';
                text[i++] = (byte)('0' + (value >> 6));
                text[i++] = (byte)('0' + (value >> 3 & 7));
                text[i++] = (byte)('0' + (value & 7));
                continue;
            }

            if (value == '\\') text[i++] = value;
            text[i++] = value;
        }

        return text;
    }

    private static ReadOnlySpan<byte> DecodeHex(ReadOnlySpan<byte> text)
    {
        var bytes = new byte[text.Length / 2];
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is (byte)' ' or (byte)'\n' or (byte)'\t' or (byte)'\r') continue;
            var high = Digit(text, i);
            if (++i >= text.Length) throw Invalid("invalid hexadecimal data: odd number of digits");
            bytes[count++] = (byte)((high << 4) | Digit(text, i));
        }

        return bytes.AsSpan(0, count);

        static int Digit(ReadOnlySpan<byte> text, int index) => char.IsAsciiHexDigit((char)text[index])
            ? text[index] <= '9' ? text[index] - '0' : (text[index] | 0x20) - 'a' + 10
            : throw Invalid($"invalid hexadecimal digit: \"{Character(text, index)}\"");
    }

    private static ReadOnlySpan<byte> DecodeBase64(ReadOnlySpan<byte> text)
    {
        var bytes = new byte[(text.Length + 3L) / 4 * 3];
        int length = 0, bits = 0, count = 0, end = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r') continue;
            int value;
            if (text[i] == '=')
            {
                if (end == 0) end = count == 2 ? 1 : count == 3 ? 2 : throw Invalid("unexpected \"=\" while decoding base64 sequence");
                value = 0;
            }
            else
            {
                value = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"u8.IndexOf(text[i]);
                if (value < 0) throw Invalid($"invalid symbol \"{Character(text, i)}\" found while decoding base64 sequence");
            }

            bits = (bits << 6) | value;
            if (++count < 4) continue;
            bytes[length++] = (byte)(bits >> 16);
            if (end is 0 or 2) bytes[length++] = (byte)(bits >> 8);
            if (end == 0) bytes[length++] = (byte)bits;
            (bits, count) = (0, 0);
        }

        return count == 0
            ? bytes.AsSpan(0, length)
            : throw Invalid("invalid base64 end sequence")
                .WithHint("Input data is missing padding, is truncated, or is otherwise corrupted.");
    }

    private static ReadOnlySpan<byte> DecodeEscape(ReadOnlySpan<byte> text)
    {
        var bytes = new byte[text.Length];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                bytes[length++] = text[i];
                continue;
            }

            if (i + 1 < text.Length && text[i + 1] == '\\')
            {
                bytes[length++] = (byte)'\\';
                i++;
            }
            else if (i + 3 < text.Length && text[i + 1] is >= (byte)'0' and <= (byte)'3' && text[i + 2] is >= (byte)'0' and <= (byte)'7'
                && text[i + 3] is >= (byte)'0' and <= (byte)'7')
            {
                bytes[length++] = (byte)(((text[i + 1] - '0') << 6) | ((text[i + 2] - '0') << 3) | (text[i + 3] - '0'));
                i += 3;
            }
            else throw new SqlException(SqlState.InvalidTextRepresentation, "invalid input syntax for type bytea");
        }

        return bytes.AsSpan(0, length);
    }

    /// <summary>The character that begins at an index.</summary>
    private static string Character(ReadOnlySpan<byte> text, int index)
    {
        Rune.DecodeFromUtf8(text[index..], out var rune, out _);
        return rune.ToString();
    }

    private static SqlException Invalid(string message) => new(SqlState.InvalidParameterValue, message);
}
