using System.Globalization;
using System.Numerics;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Core.Values;

/// <summary>Input of integers, OIDs, numerics and booleans.</summary>
public static class NumberText
{
    private const int MaxDigitsBeforePoint = 131_072;
    private const int MaxDigitsAfterPoint = 16_383;

    private static ReadOnlySpan<char> Space => " \t\n\r\v\f";

    public static bool ParseBoolean(string text)
    {
        var word = text.AsSpan().Trim(Space);
        if (IsPrefix(word, "true", 1) || IsPrefix(word, "yes", 1) || IsPrefix(word, "on", 2) || word is "1") return true;
        if (IsPrefix(word, "false", 1) || IsPrefix(word, "no", 1) || IsPrefix(word, "off", 2) || word is "0") return false;
        throw ValueErrors.InvalidSyntax("boolean", text);
    }

    /// <summary>An integer of the named type between the bounds.</summary>
    public static long ParseInteger(string text, string typeName, long min, long max)
    {
        var digits = text.AsSpan().TrimStart(Space);
        var isNegative = digits.StartsWith('-');
        if (isNegative || digits.StartsWith('+')) digits = digits[1..];
        Int128 value = 0;
        var count = 0;
        while (count < digits.Length && char.IsAsciiDigit(digits[count]))
        {
            value = (value * 10) + (digits[count++] - '0');
            // The range is checked before what follows the digits is looked at.
            if ((isNegative ? -value : value) < min || (isNegative ? -value : value) > max) throw ValueErrors.OutOfRange(typeName, text);
        }

        if (count == 0 || !digits[count..].Trim(Space).IsEmpty) throw ValueErrors.InvalidSyntax(typeName, text);
        return (long)(isNegative ? -value : value);
    }

    /// <summary>An unsigned 32-bit number; negative input wraps, as in PostgreSQL.</summary>
    public static long ParseOid(string text, string typeName) =>
        (uint)ParseInteger(text, typeName, int.MinValue, uint.MaxValue);

    /// <summary>An unsigned 64-bit number in the bits of a signed one.</summary>
    public static long ParseUnsigned(string text, string typeName) =>
        ulong.TryParse(text.AsSpan().Trim(Space), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? (long)value
            : throw ValueErrors.InvalidSyntax(typeName, text);

    /// <summary>Any numeric text; the digits after the point become the display scale.</summary>
    public static PgNumeric ParseNumeric(string text)
    {
        var source = text.AsSpan().Trim(Space);
        var isNegative = source.StartsWith('-');
        var unsigned = isNegative || source.StartsWith('+') ? source[1..] : source;
        if (source.Equals("NaN", StringComparison.OrdinalIgnoreCase)) return PgNumeric.NaN;
        if (unsigned.Equals("infinity", StringComparison.OrdinalIgnoreCase) || unsigned.Equals("inf", StringComparison.OrdinalIgnoreCase))
            return isNegative ? PgNumeric.NegativeInfinity : PgNumeric.Infinity;

        var length = 0;
        var point = -1;
        while (length < unsigned.Length && (char.IsAsciiDigit(unsigned[length]) || (unsigned[length] == '.' && point < 0)))
        {
            if (unsigned[length] == '.') point = length;
            length++;
        }

        var digitCount = length - (point < 0 ? 0 : 1);
        if (digitCount == 0) throw ValueErrors.InvalidSyntax("numeric", text);
        var exponent = 0L;
        var rest = unsigned[length..];
        if (!rest.IsEmpty)
        {
            if (rest[0] is not ('e' or 'E') || rest.Length == 1 || !IsExponent(rest[1..])) throw ValueErrors.InvalidSyntax("numeric", text);
            if (!long.TryParse(rest[1..], CultureInfo.InvariantCulture, out exponent) || Math.Abs(exponent) > int.MaxValue / 2)
                throw Overflow();
        }

        var fraction = point < 0 ? 0 : length - point - 1;
        if (digitCount - fraction + exponent > MaxDigitsBeforePoint || fraction - exponent > MaxDigitsAfterPoint) throw Overflow();
        var digits = point < 0 ? unsigned[..length].ToString() : string.Concat(unsigned[..point], unsigned[(point + 1)..length]);
        var unscaled = BigInteger.Parse(digits, CultureInfo.InvariantCulture);
        var scale = fraction - exponent;
        if (scale < 0)
        {
            unscaled *= BigInteger.Pow(10, (int)-scale);
            scale = 0;
        }

        return new PgNumeric(isNegative ? -unscaled : unscaled, (int)scale);
    }

    /// <summary>Rounds to the declared scale (half away from zero) and checks the declared precision.</summary>
    public static PgNumeric ApplyModifier(PgNumeric value, SqlType type)
    {
        int precision, scale;
        if (type.Modifier >= 4)
        {
            precision = ((type.Modifier - 4) >> 16) & 0xffff;
            scale = (((type.Modifier - 4) & 0x7ff) ^ 1024) - 1024;
        }
        else if (type.Decimal is { } shape)
        {
            (precision, scale) = (shape.Precision, shape.Scale);
        }
        else
        {
            return value;
        }

        if (value.Kind == NumericKind.NaN) return value;
        if (!value.IsFinite)
            throw FieldOverflow($"A field with precision {precision}, scale {scale} cannot hold an infinite value.");
        var rounded = Rescale(value, scale);
        if (BigInteger.Abs(rounded.Unscaled) >= BigInteger.Pow(10, precision) * BigInteger.Pow(10, Math.Max(0, -scale)))
        {
            var limit = precision == scale ? "1" : $"10^{precision - scale}";
            throw FieldOverflow($"A field with precision {precision}, scale {scale} must round to an absolute value less than {limit}.");
        }

        return rounded;
    }

    /// <summary>The value with this scale, rounded half away from zero. A negative scale rounds left of the point.</summary>
    public static PgNumeric Rescale(PgNumeric value, int scale)
    {
        if (scale >= value.Scale) return new PgNumeric(value.Unscaled * BigInteger.Pow(10, scale - value.Scale), scale);
        var divisor = BigInteger.Pow(10, value.Scale - scale);
        var quotient = BigInteger.DivRem(value.Unscaled, divisor, out var remainder);
        if (BigInteger.Abs(remainder) * 2 >= divisor) quotient += value.Unscaled.Sign;
        return scale >= 0 ? new PgNumeric(quotient, scale) : new PgNumeric(quotient * BigInteger.Pow(10, -scale), 0);
    }

    private static SqlException Overflow() => new(SqlState.NumericValueOutOfRange, "value overflows numeric format");

    private static SqlException FieldOverflow(string detail) =>
        new(SqlState.NumericValueOutOfRange, "numeric field overflow") { Detail = detail, NeedsWideNumerics = true };

    private static bool IsExponent(ReadOnlySpan<char> text)
    {
        var digits = text[0] is '+' or '-' ? text[1..] : text;
        return !digits.IsEmpty && !digits.ContainsAnyExceptInRange('0', '9');
    }

    private static bool IsPrefix(ReadOnlySpan<char> word, string whole, int minimum) =>
        word.Length >= minimum && whole.AsSpan().StartsWith(word, StringComparison.OrdinalIgnoreCase);
}
