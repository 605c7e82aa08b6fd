using System.Globalization;
using System.Numerics;
using Federation.Core.Errors;

namespace Federation.Core.Values;

// The four operations and what is built on them, with PostgreSQL 15's result scales (numeric.c). PostgreSQL keeps numbers in digits of base
// 10,000; where that shows in a result scale, Weight and FirstDigit give the position and value of the first such digit.
public readonly partial record struct PgNumeric
{
    private const int BaseDigits = 4;
    private const int MinSignificantDigits = 16;
    private const int MaxDisplayScale = 1000;
    private const int MaxResultScale = 2000;

    public int Sign => Kind switch
    {
        NumericKind.Infinity => 1,
        NumericKind.NegativeInfinity => -1,
        _ => Unscaled.Sign,
    };

    public static PgNumeric operator -(PgNumeric value) => value.Kind switch
    {
        NumericKind.Finite => new PgNumeric(-value.Unscaled, value.Scale),
        NumericKind.Infinity => NegativeInfinity,
        NumericKind.NegativeInfinity => Infinity,
        _ => NaN,
    };

    public static PgNumeric operator +(PgNumeric left, PgNumeric right)
    {
        if (left.IsFinite && right.IsFinite)
        {
            if (left.Scale == right.Scale) return Check(new PgNumeric(left.Unscaled + right.Unscaled, left.Scale));
            var scale = Math.Max(left.Scale, right.Scale);
            return Check(new PgNumeric(left.At(scale) + right.At(scale), scale));
        }

        if (left.Kind == NumericKind.NaN || right.Kind == NumericKind.NaN) return NaN;
        if (left.IsFinite) return right;
        return right.IsFinite || left.Kind == right.Kind ? left : NaN;
    }

    public static PgNumeric operator -(PgNumeric left, PgNumeric right) => left + -right;

    public static PgNumeric operator *(PgNumeric left, PgNumeric right)
    {
        if (left.IsFinite && right.IsFinite)
        {
            var scale = left.Scale + right.Scale;
            if (left.Unscaled.GetBitLength() + right.Unscaled.GetBitLength() > ((MaxIntegerDigits + (long)scale) * 3.3220) + 2)
                throw FormatOverflow();
            var product = new PgNumeric(left.Unscaled * right.Unscaled, scale);
            return Check(scale > MaxFractionDigits ? product.Round(MaxFractionDigits) : product);
        }

        if (left.Kind == NumericKind.NaN || right.Kind == NumericKind.NaN) return NaN;
        return (left.Sign * right.Sign) switch { 0 => NaN, > 0 => Infinity, _ => NegativeInfinity };
    }

    /// <summary>The quotient with at least 16 significant digits and no fewer after the point than either operand.</summary>
    public static PgNumeric operator /(PgNumeric left, PgNumeric right) =>
        DivideSpecial(left, right) is { } special ? special : DivideAt(left, right, DivisionScale(left, right));

    /// <summary>The remainder of the truncated division; its sign is that of the dividend.</summary>
    public static PgNumeric operator %(PgNumeric left, PgNumeric right)
    {
        if (left.Kind == NumericKind.NaN || right.Kind == NumericKind.NaN) return NaN;
        if (!left.IsFinite) return right.Sign == 0 ? throw DivisionByZero() : NaN;
        if (!right.IsFinite) return left;
        if (right.Unscaled.IsZero) throw DivisionByZero();
        var scale = Math.Max(left.Scale, right.Scale);
        return new PgNumeric(BigInteger.Remainder(left.At(scale), right.At(scale)), scale);
    }

    /// <summary>div(): the quotient cut to an integer.</summary>
    public static PgNumeric Quotient(PgNumeric left, PgNumeric right)
    {
        if (DivideSpecial(left, right) is { } special) return special;
        var scale = Math.Max(left.Scale, right.Scale);
        return new PgNumeric(BigInteger.Divide(left.At(scale), right.At(scale)), 0);
    }

    /// <summary>gcd(): never negative, at the larger scale; NaN unless both are finite.</summary>
    public static PgNumeric GreatestCommonDivisor(PgNumeric left, PgNumeric right)
    {
        if (!left.IsFinite || !right.IsFinite) return NaN;
        var scale = Math.Max(left.Scale, right.Scale);
        return new PgNumeric(BigInteger.GreatestCommonDivisor(left.At(scale), right.At(scale)), scale);
    }

    /// <summary>lcm(): never negative, at the larger scale, 0 when one of them is; NaN unless both are finite.</summary>
    public static PgNumeric LeastCommonMultiple(PgNumeric left, PgNumeric right)
    {
        if (!left.IsFinite || !right.IsFinite) return NaN;
        var scale = Math.Max(left.Scale, right.Scale);
        var (first, second) = (left.At(scale), right.At(scale));
        if (first.IsZero || second.IsZero) return new PgNumeric(0, scale);
        return Check(new PgNumeric(BigInteger.Abs(first / BigInteger.GreatestCommonDivisor(first, second) * second), scale));
    }

    public PgNumeric Abs() => Sign < 0 ? -this : this;

    /// <summary>sign(): -1, 0, 1 or NaN.</summary>
    public PgNumeric SignValue() => Kind == NumericKind.NaN ? NaN : new PgNumeric(Sign, 0);

    /// <summary>Rounds half away from zero; a negative scale rounds before the point.</summary>
    public PgNumeric Round(int scale) => Shorten(scale, DivideRounded);

    public PgNumeric Truncate(int scale) => Shorten(scale, BigInteger.Divide);

    public PgNumeric Ceiling(int scale = 0) => Shorten(scale, static (value, unit) => -FloorDivide(-value, unit));

    public PgNumeric Floor(int scale = 0) => Shorten(scale, FloorDivide);

    /// <summary>The digits after the point that are not zeros at the end (min_scale).</summary>
    public int MinScale()
    {
        const int many = 40;
        var (unscaled, scale) = (Unscaled, Scale);
        if (scale > many)
        {
            var digits = DigitsOf(BigInteger.Abs(unscaled));
            return unscaled.IsZero ? 0 : Math.Max(0, scale - (digits.Length - digits.AsSpan().TrimEnd('0').Length));
        }

        while (scale > 0 && BigInteger.DivRem(unscaled, 10, out var last) is var shorter && last.IsZero)
            (unscaled, scale) = (shorter, scale - 1);
        return scale;
    }

    /// <summary>PostgreSQL's scale of a quotient (select_div_scale).</summary>
    public static int DivisionScale(PgNumeric left, PgNumeric right)
    {
        var quotientWeight = left.Weight - right.Weight - (left.FirstDigit <= right.FirstDigit ? 1 : 0);
        return ClampScale(MinSignificantDigits - (quotientWeight * BaseDigits), left.Scale, right.Scale);
    }

    /// <summary>The quotient of finite numbers rounded to a scale.</summary>
    public static PgNumeric DivideAt(PgNumeric left, PgNumeric right, int scale)
    {
        var shift = scale + right.Scale - left.Scale;
        var quotient = shift >= 0
            ? DivideRounded(left.Unscaled * PowerOfTen(shift), right.Unscaled)
            : DivideRounded(left.Unscaled, right.Unscaled * PowerOfTen(-shift));
        return Check(new PgNumeric(quotient, scale));
    }

    internal static BigInteger DivideRounded(BigInteger value, BigInteger divisor)
    {
        var quotient = BigInteger.DivRem(value, divisor, out var remainder);
        return BigInteger.Abs(remainder) * 2 >= BigInteger.Abs(divisor) ? quotient + (value.Sign * divisor.Sign) : quotient;
    }

    internal static int ClampScale(int scale, int atLeast, int orAtLeast = 0) =>
        Math.Min(Math.Max(Math.Max(Math.Max(scale, atLeast), orAtLeast), 0), MaxDisplayScale);

    internal static SqlException DivisionByZero() => new(SqlState.DivisionByZero, "division by zero");

    /// <summary>Decimal digits of the absolute value before the point, negative when zeros follow the point; floor(log10) + 1.</summary>
    private int IntegerDigits => DecimalDigits(Unscaled) - Scale;

    /// <summary>The power of 10,000 of the first non-zero digit of that base; 0 for zero.</summary>
    private int Weight => Unscaled.IsZero ? 0 : FloorDivide(IntegerDigits - 1, BaseDigits);

    /// <summary>The first digit of base 10,000 that is not zero; 0 for zero.</summary>
    private int FirstDigit
    {
        get
        {
            if (Unscaled.IsZero) return 0;
            var digits = DecimalDigits(Unscaled);
            var first = digits - Scale - (Weight * BaseDigits); // decimal digits that it has
            var value = BigInteger.Abs(Unscaled);
            return (int)(first >= digits ? value * PowerOfTen(first - digits) : value / PowerOfTen(digits - first));
        }
    }

    private BigInteger At(int scale) => scale == Scale ? Unscaled : Unscaled * PowerOfTen(scale - Scale);

    /// <summary>Digits that a numeric can have before and after the point.</summary>
    private const int MostWholeDigits = 131_072;
    private const int MostFractionDigits = 16_383;

    private PgNumeric Shorten(int scale, Func<BigInteger, BigInteger, BigInteger> divide)
    {
        if (!IsFinite) return this;
        // Nothing is left of a number of so few digits; one more may come of rounding up.
        if (scale < -MostWholeDigits) return new PgNumeric(0, 0);
        scale = Math.Min(scale, MostFractionDigits);
        if (scale >= Scale) return new PgNumeric(Unscaled * PowerOfTen(scale - Scale), scale);
        var shorter = divide(Unscaled, PowerOfTen(Scale - scale));
        return scale >= 0 ? new PgNumeric(shorter, scale) : Check(new PgNumeric(shorter * PowerOfTen(-scale), 0));
    }

    private static PgNumeric? DivideSpecial(PgNumeric left, PgNumeric right)
    {
        if (left.Kind == NumericKind.NaN || right.Kind == NumericKind.NaN) return NaN;
        if (right.Sign == 0) throw DivisionByZero();
        if (!right.IsFinite) return left.IsFinite ? new PgNumeric(0, 0) : NaN;
        if (!left.IsFinite) return left.Sign * right.Sign > 0 ? Infinity : NegativeInfinity;
        return null;
    }

    private static int DecimalDigits(BigInteger value)
    {
        value = BigInteger.Abs(value);
        if (value.IsZero) return 1;
        // The bit length gives the number of digits or one too few.
        var estimate = (int)((value.GetBitLength() - 1) * 0.30102999566398120);
        return value >= PowerOfTen(estimate + 1) ? estimate + 2 : value >= PowerOfTen(estimate) ? estimate + 1 : estimate;
    }

    private static BigInteger FloorDivide(BigInteger value, BigInteger divisor)
    {
        var quotient = BigInteger.DivRem(value, divisor, out var remainder);
        return remainder.Sign < 0 ? quotient - 1 : quotient;
    }

    private static int FloorDivide(int value, int divisor) => (value / divisor) - (value % divisor < 0 ? 1 : 0);
}
