using System.Globalization;
using System.Numerics;

namespace Federation.Core.Values;

/// <summary>
/// .NET's shortest text may lie exactly halfway to a neighbour, because reading it rounds to even. PostgreSQL does not rely on how others
/// round and keeps strictly inside: 1e23 is printed as 9.999999999999999e+22. Only numbers so large that their neighbours are whole numbers
/// an even distance apart are concerned.
/// </summary>
internal static class FloatBoundaries
{
    /// <summary>The length of the text after it was replaced where needed.</summary>
    public static int Avoid<T>(Span<byte> text, int length, T value, int maxDigits)
        where T : struct, IBinaryFloatingPointIeee754<T>
    {
        var magnitude = T.Abs(value);
        if (!IsOnBoundary(text[..length], magnitude)) return length;
        Span<char> format = stackalloc char[3];
        format[0] = 'E';
        for (var digits = 1; digits <= maxDigits; digits++)
        {
            format[1] = (char)('0' + ((digits - 1) / 10));
            format[2] = (char)('0' + ((digits - 1) % 10));
            value.TryFormat(text, out length, format, CultureInfo.InvariantCulture);
            var isSame = T.TryParse(text[..length], NumberStyles.Float, CultureInfo.InvariantCulture, out var read) && read.Equals(value);
            if (isSame && !IsOnBoundary(text[..length], magnitude)) break;
        }

        return length;
    }

    private static bool IsOnBoundary<T>(ReadOnlySpan<byte> text, T magnitude)
        where T : struct, IBinaryFloatingPointIeee754<T>
    {
        Span<char> characters = stackalloc char[FloatText.MaxLength];
        var count = System.Text.Encoding.ASCII.GetChars(text.TrimStart((byte)'-'), characters);
        if (!BigInteger.TryParse(characters[..count], NumberStyles.Float, CultureInfo.InvariantCulture, out var written)) return false;
        var exact = BigInteger.CreateTruncating(magnitude);
        var twice = written * 2;
        return twice == exact + BigInteger.CreateTruncating(T.BitIncrement(magnitude))
            || twice == exact + BigInteger.CreateTruncating(T.BitDecrement(magnitude));
    }
}
