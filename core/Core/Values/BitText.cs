using System.Buffers;
using Federation.Core.Errors;

namespace Federation.Core.Values;

/// <summary>Text of bit strings: ones and zeros. Input also takes the prefixes b and x (hexadecimal).</summary>
public static class BitText
{
    /// <summary>From the kernel's blob: the first byte counts the padding bits at the front of the second.</summary>
    public static void WriteKernelForm(IBufferWriter<byte> output, ReadOnlySpan<byte> blob)
    {
        var length = KernelLength(blob);
        var target = output.GetSpan(Math.Max(length, 1));
        for (var i = 0; i < length; i++) target[i] = KernelBit(blob, i) ? (byte)'1' : (byte)'0';
        output.Advance(length);
    }

    public static int KernelLength(ReadOnlySpan<byte> blob) => blob.IsEmpty ? 0 : ((blob.Length - 1) * 8) - blob[0];

    public static bool KernelBit(ReadOnlySpan<byte> blob, int index)
    {
        var position = index + blob[0];
        return (blob[1 + (position >> 3)] >> (7 - (position & 7)) & 1) != 0;
    }

    public static PgBits FromKernelForm(ReadOnlySpan<byte> blob)
    {
        var length = KernelLength(blob);
        var bytes = new byte[(length + 7) / 8];
        for (var i = 0; i < length; i++)
            if (KernelBit(blob, i))
                bytes[i >> 3] |= (byte)(0x80 >> (i & 7));
        return new PgBits(length, new EquatableArray<byte>(bytes));
    }

    public static byte[] ToKernelForm(PgBits bits)
    {
        var padding = (8 - (bits.Length & 7)) & 7;
        var blob = new byte[1 + ((bits.Length + 7) / 8)];
        blob[0] = (byte)padding;
        for (var i = 0; i < padding; i++) blob[1] |= (byte)(0x80 >> i);
        for (var i = 0; i < bits.Length; i++)
        {
            var position = i + padding;
            if ((bits.Bytes[i >> 3] >> (7 - (i & 7)) & 1) != 0) blob[1 + (position >> 3)] |= (byte)(0x80 >> (position & 7));
        }

        return blob;
    }

    public static string Format(PgBits bits) =>
        string.Create(bits.Length, bits, static (span, value) =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = (value.Bytes[i >> 3] >> (7 - (i & 7)) & 1) != 0 ? '1' : '0';
        });

    /// <summary>Raises 22026 and 22001 for a bit string that a declared length, or -1 for any, does not allow.</summary>
    public static void RequireLength(int length, int modifier, bool isVarying)
    {
        if (!isVarying && modifier >= 0 && length != modifier)
            throw new SqlException(SqlState.StringDataLengthMismatch, $"bit string length {length} does not match type bit({modifier})");
        if (isVarying && modifier >= 0 && length > modifier)
            throw new SqlException(SqlState.StringDataRightTruncation, $"bit string too long for type bit varying({modifier})");
    }

    /// <summary><paramref name="modifier"/> is the declared length or -1; a fixed length must match exactly.</summary>
    public static PgBits Parse(string text, int modifier, bool isVarying)
    {
        var isHex = text.Length > 0 && text[0] is 'x' or 'X';
        var digits = isHex || (text.Length > 0 && text[0] is 'b' or 'B') ? text[1..] : text;
        var length = isHex ? digits.Length * 4 : digits.Length;
        RequireLength(length, modifier, isVarying);
        var bytes = new byte[(length + 7) / 8];
        for (var i = 0; i < digits.Length; i++)
        {
            if (isHex)
            {
                if (!char.IsAsciiHexDigit(digits[i]))
                    throw new SqlException(SqlState.InvalidTextRepresentation, $"\"{digits[i]}\" is not a valid hexadecimal digit");
                bytes[i >> 1] |= (byte)(Convert.ToByte(digits.Substring(i, 1), 16) << ((i & 1) == 0 ? 4 : 0));
                continue;
            }

            if (digits[i] is not ('0' or '1'))
                throw new SqlException(SqlState.InvalidTextRepresentation, $"\"{digits[i]}\" is not a valid binary digit");
            if (digits[i] == '1') bytes[i >> 3] |= (byte)(0x80 >> (i & 7));
        }

        return new PgBits(length, new EquatableArray<byte>(bytes));
    }
}
