using System.Buffers.Binary;

namespace Federation.Core.Values;

/// <summary>Uuids: their text forms and the kernel's 16-byte form.</summary>
public static class UuidText
{
    public const int Length = 36;

    private const ulong TopBit = 1UL << 63;

    /// <summary>
    /// Upper and lower case, with or without braces, hyphens after any group of four digits.
    /// </summary>
    public static Guid Parse(string text)
    {
        Span<char> digits = stackalloc char[32];
        var source = text.AsSpan();
        if (source.Length >= 2 && source[0] == '{' && source[^1] == '}') source = source[1..^1];
        var count = 0;
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] == '-' && count > 0 && count % 4 == 0 && count < 32 && source[i - 1] != '-') continue;
            if (count == 32 || !char.IsAsciiHexDigit(source[i])) throw ValueErrors.InvalidSyntax("uuid", text);
            digits[count++] = source[i];
        }

        return count == 32 ? Guid.ParseExact(digits, "N") : throw ValueErrors.InvalidSyntax("uuid", text);
    }

    /// <summary>From the kernel's form: the uuid as a little-endian 128-bit integer with its top bit flipped.</summary>
    public static Guid FromKernelForm(UInt128 value)
    {
        Span<byte> bytes = stackalloc byte[16];
        WriteNetworkOrder(bytes, value);
        return new Guid(bytes, bigEndian: true);
    }

    public static void WriteNetworkOrder(Span<byte> destination, UInt128 kernelForm)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, (ulong)(kernelForm >> 64) ^ TopBit);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], (ulong)kernelForm);
    }

    public static UInt128 ToKernelForm(Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        return new UInt128(BinaryPrimitives.ReadUInt64BigEndian(bytes) ^ TopBit, BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
    }
}
