using System.Buffers.Text;
using System.Globalization;

namespace Federation.Core.Values;

/// <summary>
/// Text of float4 and float8. Above 0, extra_float_digits gives the shortest text that reads back to the same value, with an exponent when
/// it is below -4 or at least 15 (6 for float4); else printf's %g with 15 (6) + extra_float_digits significant digits.
/// </summary>
public static class FloatText
{
    /// <summary>The longest text: sign, 17 digits, point, zeros, exponent.</summary>
    public const int MaxLength = 32;

    // Outside these ranges no text of so few digits lies exactly halfway between two neighbours.
    private const double FirstDoubleToCheck = 9.0e15;
    private const double LastDoubleToCheck = 1.0e40;
    private const float FirstSingleToCheck = 1.6e7f;
    private const float LastSingleToCheck = 1.0e20f;
    private const int MaxDoubleDigits = 17;
    private const int MaxSingleDigits = 9;

    public static int Write(Span<byte> destination, double value, int extraFloatDigits)
    {
        if (!double.IsFinite(value)) return WriteSpecial(destination, value);
        Span<byte> text = stackalloc byte[MaxLength];
        if (extraFloatDigits > 0)
        {
            value.TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
            if (Math.Abs(value) is > FirstDoubleToCheck and < LastDoubleToCheck)
                length = FloatBoundaries.Avoid(text, length, value, MaxDoubleDigits);
            return Layout(destination, text[..length], 15);
        }

        return WriteRounded(destination, value, Math.Max(15 + extraFloatDigits, 1));
    }

    public static int Write(Span<byte> destination, float value, int extraFloatDigits)
    {
        if (!float.IsFinite(value)) return WriteSpecial(destination, value);
        Span<byte> text = stackalloc byte[MaxLength];
        if (extraFloatDigits > 0)
        {
            value.TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
            if (Math.Abs(value) is > FirstSingleToCheck and < LastSingleToCheck)
                length = FloatBoundaries.Avoid(text, length, value, MaxSingleDigits);
            return Layout(destination, text[..length], 6);
        }

        return WriteRounded(destination, value, Math.Max(6 + extraFloatDigits, 1));
    }

    public static double ParseDouble(string text)
    {
        if (!TryParse(text, out var value, out var digits)) throw ValueErrors.InvalidSyntax("double precision", text);
        // Overflow and underflow to zero are errors; "infinity" and "0e-400" are not.
        if ((double.IsInfinity(value) && digits) || (value == 0 && HasNonZeroMantissa(text)))
            throw ValueErrors.FloatOutOfRange(text.Trim(), "double precision");
        return value;
    }

    public static float ParseSingle(string text)
    {
        if (!TryParse(text, out var wide, out var digits)) throw ValueErrors.InvalidSyntax("real", text);
        if (!digits) return (float)wide;
        // Parsing twice avoids the double rounding of a cast.
        var value = float.TryParse(Trim(text), NumberStyles.Float, CultureInfo.InvariantCulture, out var exact) ? exact : (float)wide;
        if (float.IsInfinity(value) || (value == 0 && HasNonZeroMantissa(text))) throw ValueErrors.FloatOutOfRange(text.Trim(), "real");
        return value;
    }

    private static bool TryParse(string text, out double value, out bool digits)
    {
        var trimmed = Trim(text);
        digits = false;
        var unsigned = trimmed.TrimStart("+-");
        if (trimmed.Length - unsigned.Length <= 1)
        {
            var isNegative = trimmed.StartsWith('-');
            if (unsigned.Equals("NaN", StringComparison.OrdinalIgnoreCase))
            {
                value = double.NaN;
                return true;
            }

            if (unsigned.Equals("infinity", StringComparison.OrdinalIgnoreCase)
                || unsigned.Equals("inf", StringComparison.OrdinalIgnoreCase))
            {
                value = isNegative ? double.NegativeInfinity : double.PositiveInfinity;
                return true;
            }
        }

        digits = true;
        value = 0;
        return unsigned.Length > 0 && (char.IsAsciiDigit(unsigned[0]) || unsigned[0] == '.')
            && double.TryParse(
                trimmed, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
                CultureInfo.InvariantCulture, out value);
    }

    private static ReadOnlySpan<char> Trim(string text) => text.AsSpan().Trim(" \t\n\r\v\f");

    private static bool HasNonZeroMantissa(string text)
    {
        foreach (var c in Trim(text))
        {
            if (c is 'e' or 'E') return false;
            if (c is >= '1' and <= '9') return true;
        }

        return false;
    }

    private static int WriteSpecial(Span<byte> destination, double value)
    {
        var text = double.IsNaN(value) ? "NaN"u8 : value > 0 ? "Infinity"u8 : "-Infinity"u8;
        text.CopyTo(destination);
        return text.Length;
    }

    private static int WriteRounded(Span<byte> destination, double value, int digits)
    {
        Span<byte> text = stackalloc byte[MaxLength];
        Span<char> format = ['E', (char)('0' + ((digits - 1) / 10)), (char)('0' + ((digits - 1) % 10))];
        value.TryFormat(text, out var length, format, CultureInfo.InvariantCulture);
        return Layout(destination, text[..length], digits);
    }

    /// <summary>
    /// Rewrites .NET's text of a number: its significant digits and exponent are right, its choice between plain and exponent form is not
    /// PostgreSQL's. Plain form for exponents from -4 up to <paramref name="firstExponent"/>, exclusive.
    /// </summary>
    private static int Layout(Span<byte> destination, ReadOnlySpan<byte> text, int firstExponent)
    {
        Span<byte> digits = stackalloc byte[MaxLength];
        var count = 0;
        var exponent = -1;
        var seenPoint = false;
        var cursor = new Utf8Cursor(destination);
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case (byte)'-': cursor.Put('-'); break;
                case (byte)'.': seenPoint = true; break;
                case (byte)'E' or (byte)'e':
                    Utf8Parser.TryParse(text[(i + (text[i + 1] == '+' ? 2 : 1))..], out int written, out _);
                    exponent += written;
                    i = text.Length;
                    break;
                case (byte)'0' when count == 0:
                    // Leading zeros carry no digit; those behind the point lower the exponent.
                    if (seenPoint) exponent--;
                    break;
                default:
                    digits[count++] = text[i];
                    if (!seenPoint) exponent++;
                    break;
            }
        }

        while (count > 0 && digits[count - 1] == '0') count--;
        if (count == 0)
        {
            cursor.Put('0');
            return cursor.Position;
        }

        digits = digits[..count];
        if (exponent < -4 || exponent >= firstExponent)
        {
            cursor.Put(digits[..1]);
            if (count > 1)
            {
                cursor.Put('.');
                cursor.Put(digits[1..]);
            }

            cursor.Put('e');
            cursor.Put(exponent < 0 ? '-' : '+');
            cursor.PutPadded(Math.Abs(exponent), 2);
        }
        else if (exponent < 0)
        {
            cursor.Put("0."u8);
            for (var i = -1; i > exponent; i--) cursor.Put('0');
            cursor.Put(digits);
        }
        else
        {
            cursor.Put(digits[..Math.Min(count, exponent + 1)]);
            for (var i = count; i <= exponent; i++) cursor.Put('0');
            if (count > exponent + 1)
            {
                cursor.Put('.');
                cursor.Put(digits[(exponent + 1)..]);
            }
        }

        return cursor.Position;
    }
}
