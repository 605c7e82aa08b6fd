using System.Globalization;
using System.Numerics;
using System.Text;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Core.Values;

public readonly partial record struct PgNumeric
{
    /// <summary>Digits before the point that PostgreSQL can hold.</summary>
    private const int MaxIntegerDigits = 131072;

    /// <summary>Digits after the point that PostgreSQL can hold.</summary>
    private const int MaxFractionDigits = 16383;

    /// <summary>PostgreSQL's text input; throws 22P02 for anything else and 22003 for numbers that are too long.</summary>
    public static PgNumeric Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var value) ? value : throw InvalidSyntax(text.ToString());

    public static PgNumeric Parse(ReadOnlySpan<byte> utf8) =>
        TryParse(utf8, out var value) ? value : throw InvalidSyntax(Encoding.UTF8.GetString(utf8));

    public static bool TryParse(ReadOnlySpan<byte> utf8, out PgNumeric value)
    {
        if (utf8.Length <= 256)
        {
            Span<char> characters = stackalloc char[256];
            for (var i = 0; i < utf8.Length; i++) characters[i] = (char)utf8[i]; // beyond ASCII nothing is valid, whatever it becomes
            return TryParse(characters[..utf8.Length], out value);
        }

        return TryParse(Encoding.Latin1.GetString(utf8), out value);
    }

    /// <summary>False when the syntax is wrong; throws 22003 for numbers that are too long.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PgNumeric value)
    {
        value = default;
        text = text.Trim(" \t\n\r\v\f");
        var rest = text;
        var isNegative = rest.StartsWith("-");
        if (isNegative || rest.StartsWith("+")) rest = rest[1..];
        if (rest.Equals("NaN", StringComparison.OrdinalIgnoreCase))
        {
            value = NaN;
            return rest.Length == text.Length;
        }

        if (rest.Equals("Infinity", StringComparison.OrdinalIgnoreCase) || rest.Equals("inf", StringComparison.OrdinalIgnoreCase))
        {
            value = isNegative ? NegativeInfinity : Infinity;
            return true;
        }

        var integerDigits = CountDigits(rest);
        var integers = rest[..integerDigits];
        rest = rest[integerDigits..];
        var fractions = default(ReadOnlySpan<char>);
        if (rest.StartsWith("."))
        {
            fractions = rest[1..(1 + CountDigits(rest[1..]))];
            rest = rest[(1 + fractions.Length)..];
        }

        if (integers.Length + fractions.Length == 0) return false;
        var exponent = 0;
        if (rest.Length > 0 && (rest[0] is not ('e' or 'E') || !TryParseExponent(rest[1..], out exponent))) return false;
        value = FromDigits(integers, fractions, exponent, isNegative);
        return true;
    }

    /// <summary>The number 5.0 or 50 as a decimal of this shape, rounded half away from zero; 22003 when it does not fit.</summary>
    public Int128 ToDecimal(DecimalShape shape)
    {
        if (!IsFinite) throw Overflow(shape.Precision, shape.Scale, Kind != NumericKind.NaN);
        var unscaled = Rescale(Unscaled, Scale, shape.Scale);
        if (BigInteger.Abs(unscaled) >= PowerOfTen(shape.Precision)) throw Overflow(shape.Precision, shape.Scale, isInfinite: false);
        return (Int128)unscaled;
    }

    public static PgNumeric FromDecimal(Int128 unscaled, DecimalShape shape) => new(unscaled, shape.Scale);

    /// <summary>What a column of type numeric(precision, scale) keeps of the number; 22003 when it does not fit.</summary>
    public PgNumeric WithModifier(int precision, int scale)
    {
        if (Kind == NumericKind.NaN) return this;
        if (!IsFinite) throw Overflow(precision, scale, isInfinite: true);
        var rounded = Rescale(Unscaled, Scale, scale);
        if (BigInteger.Abs(rounded) >= PowerOfTen(precision)) throw Overflow(precision, scale, isInfinite: false);
        return scale >= 0 ? new PgNumeric(rounded, scale) : new PgNumeric(rounded * PowerOfTen(-scale), 0);
    }

    /// <summary>The nearest number with 15 significant digits, as PostgreSQL casts double precision.</summary>
    public static PgNumeric FromDouble(double value) => FromFloatingText(value, "E14");

    /// <summary>The nearest number with 6 significant digits, as PostgreSQL casts real.</summary>
    public static PgNumeric FromSingle(float value) => FromFloatingText(value, "E5");

    /// <summary>The nearest double; 22003 beyond its range.</summary>
    public double ToDouble()
    {
        switch (Kind)
        {
            case NumericKind.NaN: return double.NaN;
            case NumericKind.Infinity: return double.PositiveInfinity;
            case NumericKind.NegativeInfinity: return double.NegativeInfinity;
        }

        var value = double.Parse($"{Unscaled}E{-Scale}", CultureInfo.InvariantCulture);
        return double.IsFinite(value) && (value != 0 || Unscaled.IsZero) ? value
            : throw new SqlException(SqlState.NumericValueOutOfRange, $"\"{this}\" is out of range for type double precision");
    }

    /// <summary>Rounded half away from zero; 22003 with PostgreSQL's words when it does not fit.</summary>
    public long ToInt64() => (long)ToInteger(long.MinValue, long.MaxValue, "bigint");

    public int ToInt32() => (int)ToInteger(int.MinValue, int.MaxValue, "integer");

    public short ToInt16() => (short)ToInteger(short.MinValue, short.MaxValue, "smallint");

    /// <summary>
    /// Equal numbers give equal bytes whatever their display scale, and the order of the bytes is the order of the numbers.
    /// <code>
    /// 00            -Infinity
    /// 01 e e e d…FF negative: exponent and digits complemented
    /// 02            zero
    /// 03 e e e d…00 positive: decimal exponent + 2^23 (big-endian), then the digits (1 to A) without zeros at the end
    /// 04            Infinity
    /// 05            NaN
    /// </code>
    /// </summary>
    public byte[] ToSortKey()
    {
        switch (Kind)
        {
            case NumericKind.NegativeInfinity: return [0];
            case NumericKind.Infinity: return [4];
            case NumericKind.NaN: return [5];
        }

        if (Unscaled.IsZero) return [2];
        var digits = DigitsOf(BigInteger.Abs(Unscaled));
        var exponent = digits.Length - Scale + (1 << 23);
        var significant = digits.TrimEnd('0');
        var key = new byte[significant.Length + 5];
        var flip = (byte)(Unscaled.Sign < 0 ? 0xFF : 0);
        key[0] = (byte)(flip == 0 ? 3 : 1);
        key[1] = (byte)((exponent >> 16) ^ flip);
        key[2] = (byte)((exponent >> 8) ^ flip);
        key[3] = (byte)(exponent ^ flip);
        for (var i = 0; i < significant.Length; i++) key[i + 4] = (byte)((significant[i] - '0' + 1) ^ flip);
        key[^1] = flip;
        return key;
    }

    internal static BigInteger PowerOfTen(int exponent)
    {
        if (exponent < s_powers.Length) return s_powers[exponent];
        // Rows, and the steps of one operation, ask for the same one again.
        if (t_power.Exponent != exponent) t_power = (exponent, BigInteger.Pow(10, exponent));
        return t_power.Value;
    }

    [ThreadStatic]
    private static (int Exponent, BigInteger Value) t_power;

    /// <summary>
    /// The decimal digits of a number that is not negative. BigInteger's own form takes time with the square of the number of digits, so
    /// that long numbers are cut in halves down to this many.
    /// </summary>
    private static string DigitsOf(BigInteger value)
    {
        const int few = 1000;
        const double BitsPerDigit = 3.321928094887362;
        var most = (int)(value.GetBitLength() / BitsPerDigit) + 1;
        if (most <= few) return value.ToString(CultureInfo.InvariantCulture);
        var powers = new List<BigInteger> { BigInteger.Pow(10, few) };
        for (var length = few; length * 2 < most; length *= 2) powers.Add(powers[^1] * powers[^1]);
        var digits = new StringBuilder(most + few);
        Append(value, powers.Count - 1);
        return digits.ToString();

        void Append(BigInteger part, int level)
        {
            if (level < 0)
            {
                var text = part.ToString(CultureInfo.InvariantCulture);
                if (digits.Length == 0)
                {
                    if (!part.IsZero) digits.Append(text);
                }
                else
                {
                    digits.Append('0', few - text.Length).Append(text);
                }

                return;
            }

            var high = BigInteger.DivRem(part, powers[level], out var low);
            Append(high, level - 1);
            Append(low, level - 1);
        }
    }

    /// <summary>The unscaled value at another scale, which may be negative; rounds half away from zero.</summary>
    internal static BigInteger Rescale(BigInteger unscaled, int from, int to) =>
        to >= from ? unscaled * PowerOfTen(to - from) : DivideRounded(unscaled, PowerOfTen(from - to));

    private static readonly BigInteger[] s_powers = [.. Enumerable.Range(0, 128).Select(exponent => BigInteger.Pow(10, exponent))];

    private BigInteger ToInteger(long least, long most, string type)
    {
        if (!IsFinite)
            throw new SqlException(SqlState.FeatureNotSupported,
                $"cannot convert {(Kind == NumericKind.NaN ? "NaN" : "infinity")} to {type}");
        var integer = Rescale(Unscaled, Scale, 0);
        return integer >= least && integer <= most ? integer
            : throw new SqlException(SqlState.NumericValueOutOfRange, $"{type} out of range");
    }

    private static PgNumeric FromFloatingText(double value, string format)
    {
        if (double.IsNaN(value)) return NaN;
        if (double.IsInfinity(value)) return value > 0 ? Infinity : NegativeInfinity;
        // Like C's %g: no zeros at the end of the mantissa.
        var text = value.ToString(format, CultureInfo.InvariantCulture);
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        return Parse($"{text.AsSpan(0, mark).TrimEnd('0').TrimEnd('.')}{text.AsSpan(mark)}");
    }

    private static PgNumeric FromDigits(ReadOnlySpan<char> integers, ReadOnlySpan<char> fractions, int exponent, bool isNegative)
    {
        var unscaled = ParseDigits(integers) * PowerOfTen(fractions.Length) + ParseDigits(fractions);
        var scale = fractions.Length - exponent;
        if (isNegative) unscaled = -unscaled;
        if (scale > MaxFractionDigits)
        {
            unscaled = Rescale(unscaled, scale, MaxFractionDigits);
            scale = MaxFractionDigits;
        }

        if (scale >= 0) return Check(new PgNumeric(unscaled, scale));
        return unscaled.IsZero ? new PgNumeric(0, 0)
            : -scale > MaxIntegerDigits ? throw FormatOverflow()
            : Check(new PgNumeric(unscaled * PowerOfTen(-scale), 0));
    }

    private static BigInteger ParseDigits(ReadOnlySpan<char> digits) =>
        digits.IsEmpty ? BigInteger.Zero
        : digits.Length <= 18 ? long.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture)
        : BigInteger.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);

    private static int CountDigits(ReadOnlySpan<char> text)
    {
        var end = text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text.Length : end;
    }

    private static bool TryParseExponent(ReadOnlySpan<char> text, out int exponent)
    {
        exponent = 0;
        var digits = text.Length > 0 && text[0] is '+' or '-' ? text[1..] : text;
        if (digits.IsEmpty || CountDigits(digits) != digits.Length) return false;
        digits = digits.TrimStart('0');
        if (digits.Length > 9) throw FormatOverflow();
        exponent = digits.IsEmpty ? 0 : int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
        if (text[0] == '-') exponent = -exponent;
        return true;
    }

    // Only numbers with very many bits can be too long, and the bits nearly always tell; writing the digits to count them would take far
    // longer than the operation.
    private static PgNumeric Check(PgNumeric value)
    {
        const double BitsPerDigit = 3.321928094887362;
        var digits = MaxIntegerDigits + (long)value.Scale;
        var bits = value.Unscaled.GetBitLength();
        if (bits < (digits * BitsPerDigit) - 1) return value;
        return bits > (digits * BitsPerDigit) + 2 || BigInteger.Abs(value.Unscaled) >= BigInteger.Pow(10, (int)digits)
            ? throw FormatOverflow()
            : value;
    }

    private static SqlException InvalidSyntax(string text) =>
        new(SqlState.InvalidTextRepresentation, $"invalid input syntax for type numeric: \"{text}\"");

    private static SqlException FormatOverflow() => new(SqlState.NumericValueOutOfRange, "value overflows numeric format");

    private static SqlException Overflow(int precision, int scale, bool isInfinite) =>
        new(SqlState.NumericValueOutOfRange, "numeric field overflow")
        {
            NeedsWideNumerics = true,
            Detail = isInfinite
                ? $"A field with precision {precision}, scale {scale} cannot hold an infinite value."
                : $"A field with precision {precision}, scale {scale} must round to an absolute value less than "
                    + (precision == scale ? "1." : $"10^{precision - scale}."),
        };
}
