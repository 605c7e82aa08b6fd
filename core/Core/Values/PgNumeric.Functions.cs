using System.Globalization;
using System.Numerics;
using Federation.Core.Errors;

namespace Federation.Core.Values;

// sqrt, exp, ln, log and power. The result scales are those of PostgreSQL 15; the digits are computed in fixed point with spare digits.
public readonly partial record struct PgNumeric
{
    private const int SpareDigits = 12;

    private static readonly PgNumeric s_one = new(1, 0);

    public PgNumeric Sqrt()
    {
        if (Sign < 0) throw new SqlException(SqlState.InvalidArgumentForPowerFunction, "cannot take square root of a negative number");
        if (!IsFinite) return this;
        var weight = ((Weight + 1) * BaseDigits / 2) - 1;
        return SqrtAt(ClampScale(MinSignificantDigits - weight, Scale));
    }

    public PgNumeric Exp()
    {
        if (!IsFinite) return Kind == NumericKind.NegativeInfinity ? new PgNumeric(0, 0) : this;
        var weight = Math.Clamp(Approximate(this) * 0.434294481903252, -MaxResultScale, MaxResultScale);
        return ExpAt(this, ClampScale(MinSignificantDigits - (int)weight, Scale));
    }

    public PgNumeric Ln()
    {
        if (Kind == NumericKind.NaN) return NaN;
        CheckLogarithm(this);
        if (!IsFinite) return this;
        return LnAt(this, ClampScale(MinSignificantDigits - LogarithmWeight(this), Scale));
    }

    /// <summary>The logarithm of <paramref name="value"/> to a base.</summary>
    public static PgNumeric Log(PgNumeric @base, PgNumeric value)
    {
        if (@base.Kind == NumericKind.NaN || value.Kind == NumericKind.NaN) return NaN;
        CheckLogarithm(@base);
        CheckLogarithm(value);
        if (!@base.IsFinite) return value.IsFinite ? new PgNumeric(0, 0) : NaN;
        if (!value.IsFinite) return Infinity;
        int baseWeight = LogarithmWeight(@base), valueWeight = LogarithmWeight(value);
        var resultWeight = valueWeight - baseWeight;
        var scale = ClampScale(MinSignificantDigits - resultWeight, @base.Scale, value.Scale);
        var lnBase = LnAt(@base, Math.Max(scale + resultWeight - baseWeight + SpareDigits, 0));
        var lnValue = LnAt(value, Math.Max(scale + resultWeight - valueWeight + SpareDigits, 0));
        return lnBase.Unscaled.IsZero ? throw DivisionByZero() : DivideAt(lnValue, lnBase, scale);
    }

    public static PgNumeric Power(PgNumeric @base, PgNumeric exponent)
    {
        if (PowerSpecial(@base, exponent) is { } special) return special;
        if (@base.Sign == 0 && exponent.Sign < 0)
            throw new SqlException(SqlState.InvalidArgumentForPowerFunction, "zero raised to a negative power is undefined");
        var isInteger = exponent.MinScale() == 0;
        if (@base.Sign < 0 && !isInteger)
            throw new SqlException(
                SqlState.InvalidArgumentForPowerFunction, "a negative number raised to a non-integer power yields a complex result");
        var whole = isInteger ? Rescale(exponent.Unscaled, exponent.Scale, 0) : 0;
        if (isInteger && whole >= int.MinValue && whole <= int.MaxValue) return PowerOfInteger(@base, (int)whole);
        if (@base.Sign == 0) return new PgNumeric(0, MinSignificantDigits);
        var isNegative = @base.Sign < 0 && !whole.IsEven;
        @base = @base.Abs();

        var lnWeight = LogarithmWeight(@base);
        var roughScale = ClampScale(8 - lnWeight, 0);
        var approximate = Approximate((LnAt(@base, roughScale) * exponent).Round(roughScale));
        if (Math.Abs(approximate) > MaxResultScale * 3.01)
            return approximate > 0 ? throw FormatOverflow() : new PgNumeric(0, MaxDisplayScale);
        var weight = (int)(approximate * 0.434294481903252);
        var scale = ClampScale(MinSignificantDigits - weight, @base.Scale, exponent.Scale);
        var ln = LnAt(@base, Math.Max(scale + weight - lnWeight + SpareDigits + DecimalDigits(exponent.Unscaled), 0));
        var result = ExpAt(ln * exponent, scale);
        return isNegative ? -result : result;
    }

    /// <summary>The root of a finite number rounded to a scale.</summary>
    public PgNumeric SqrtAt(int scale)
    {
        // One digit more than wanted decides the rounding: the root is cut, so that 5 means half or more.
        var root = IntegerSqrt(Unscaled * PowerOfTen((2 * (scale + 1)) - Scale));
        return new PgNumeric((root + 5) / 10, scale);
    }

    private static PgNumeric PowerOfInteger(PgNumeric @base, int exponent)
    {
        var weight = @base.Sign == 0 ? 0 : exponent * Log10(@base.Abs());
        if (weight > (short.MaxValue + 1) * BaseDigits) throw FormatOverflow();
        // The scale does not depend on the size of the result here.
        var scale = ClampScale(MinSignificantDigits, @base.Scale);
        if (weight + 1 < -scale) return new PgNumeric(0, scale);
        if (exponent == 0) return new PgNumeric(PowerOfTen(scale), scale);
        if (@base.Sign == 0) return new PgNumeric(0, scale);
        if (exponent == -1) return DivideAt(s_one, @base, scale);
        // Exact while the digits stay few, else with enough of them for the scale.
        var wanted = (int)Math.Max(weight, 0) + scale + SpareDigits + 20;
        var (unscaled, power) = (BigInteger.One, 0L);
        var (square, squarePower) = (@base.Unscaled, -(long)@base.Scale);
        for (var rest = (uint)Math.Abs((long)exponent); rest > 0; rest >>= 1)
        {
            if ((rest & 1) != 0) (unscaled, power) = Cut(unscaled * square, power + squarePower, wanted);
            if (rest > 1) (square, squarePower) = Cut(square * square, squarePower * 2, wanted);
        }

        if (exponent > 0)
        {
            var shift = scale + power;
            return Check(
                new PgNumeric(shift >= 0 ? unscaled * PowerOfTen((int)shift) : DivideRounded(unscaled, PowerOfTen((int)-shift)), scale));
        }

        var inverseShift = scale - power;
        return Check(new PgNumeric(
            inverseShift >= 0 ? DivideRounded(PowerOfTen((int)inverseShift), unscaled)
                : DivideRounded(1, unscaled * PowerOfTen((int)-inverseShift)), scale));
    }

    private static (BigInteger Unscaled, long Power) Cut(BigInteger unscaled, long power, int digits)
    {
        var excess = DecimalDigits(unscaled) - digits;
        return excess <= 0 ? (unscaled, power) : (DivideRounded(unscaled, PowerOfTen(excess)), power + excess);
    }

    private static PgNumeric? PowerSpecial(PgNumeric @base, PgNumeric exponent)
    {
        if (@base.IsFinite && exponent.IsFinite) return null;
        var isOne = @base.IsFinite && @base.CompareTo(s_one) == 0;
        if (@base.Kind == NumericKind.NaN || exponent.Kind == NumericKind.NaN)
            return isOne || (exponent.IsFinite && exponent.Sign == 0) ? s_one : NaN;
        if (@base.Sign == 0 && exponent.Sign < 0)
            throw new SqlException(SqlState.InvalidArgumentForPowerFunction, "zero raised to a negative power is undefined");
        if (isOne || (exponent.IsFinite && exponent.Sign == 0)) return s_one;
        var zero = new PgNumeric(0, 0);
        if (!exponent.IsFinite)
        {
            if (@base.Sign == 0) return zero;
            var magnitude = @base.Abs().CompareTo(s_one);
            if (magnitude == 0) return s_one;
            return magnitude > 0 == exponent.Sign > 0 ? Infinity : zero;
        }

        if (@base.Kind == NumericKind.Infinity) return exponent.Sign > 0 ? Infinity : zero;
        if (exponent.MinScale() != 0)
            throw new SqlException(
                SqlState.InvalidArgumentForPowerFunction, "a negative number raised to a non-integer power yields a complex result");
        if (exponent.Sign < 0) return zero;
        return Rescale(exponent.Unscaled, exponent.Scale, 0).IsEven ? Infinity : NegativeInfinity;
    }

    private static void CheckLogarithm(PgNumeric value)
    {
        if (value.Sign < 0) throw new SqlException(SqlState.InvalidArgumentForLog, "cannot take logarithm of a negative number");
        if (value.Sign == 0) throw new SqlException(SqlState.InvalidArgumentForLog, "cannot take logarithm of zero");
    }

    /// <summary>The decimal weight of ln(value) as PostgreSQL estimates it (estimate_ln_dweight).</summary>
    private static int LogarithmWeight(PgNumeric value)
    {
        if (value.CompareTo(new PgNumeric(9, 1)) >= 0 && value.CompareTo(new PgNumeric(11, 1)) <= 0)
        {
            var difference = value - s_one;
            return difference.Sign == 0 ? 0 : (difference.Weight * BaseDigits) + (int)Math.Log10(difference.FirstDigit);
        }

        var (weight, digits) = (value.Weight * BaseDigits, (double)value.FirstDigit);
        // PostgreSQL takes a second digit where there is one.
        var second = value.SecondDigit();
        if (second is { } next) (digits, weight) = ((digits * 10000) + next, weight - BaseDigits);
        return (int)Math.Log10(Math.Abs(Math.Log(digits) + (weight * 2.302585092994046)));
    }

    /// <summary>The digit of base 10,000 after the first; null when only zeros follow the first.</summary>
    private int? SecondDigit()
    {
        var firstEnd = -Weight * BaseDigits; // the scale at which the first digit ends
        if (IsMultipleAt(firstEnd)) return null;
        var secondEnd = firstEnd + BaseDigits;
        var shortened = secondEnd >= Scale ? Unscaled * PowerOfTen(secondEnd - Scale) : Unscaled / PowerOfTen(Scale - secondEnd);
        return (int)(shortened % 10000);
    }

    /// <summary>No digit other than zero lies behind this scale.</summary>
    private bool IsMultipleAt(int scale) => scale >= Scale || (Unscaled % PowerOfTen(Scale - scale)).IsZero;

    private static double Approximate(PgNumeric value)
    {
        var digits = DecimalDigits(value.Unscaled);
        var (unscaled, power) = Cut(value.Unscaled, -(long)value.Scale, 20);
        return digits - value.Scale > 300 ? (value.Sign > 0 ? double.MaxValue : double.MinValue) : (double)unscaled * Math.Pow(10, power);
    }

    private static double Log10(PgNumeric value)
    {
        var (unscaled, power) = Cut(value.Unscaled, -(long)value.Scale, 20);
        return Math.Log10((double)unscaled) + power;
    }

    /// <summary>e^x: the argument is halved until it is small, its series summed, and the result squared back.</summary>
    private static PgNumeric ExpAt(PgNumeric x, int scale)
    {
        var approximate = Approximate(x);
        if (Math.Abs(approximate) >= MaxResultScale * 3) return approximate > 0 ? throw FormatOverflow() : new PgNumeric(0, scale);
        var integerDigits = (int)Math.Max(approximate * 0.4342944819, 0) + 1;
        var halvings = approximate == 0 ? 0 : Math.Max(0, (int)Math.Ceiling(Math.Log2(Math.Abs(approximate))) + 8);
        var working = scale + integerDigits + SpareDigits + (int)(halvings * 0.302) + 4;
        var one = PowerOfTen(working);
        var argument = Rescale(x.Unscaled, x.Scale, working) >> halvings;
        var (sum, term) = (one, one);
        for (var i = 1; !term.IsZero; i++)
        {
            term = term * argument / one / i;
            sum += term;
        }

        for (var i = 0; i < halvings; i++) sum = sum * sum / one;
        return Check(new PgNumeric(Rescale(sum, working, scale), scale));
    }

    /// <summary>ln x: square roots bring the argument near 1, then ln x = 2 artanh((x - 1) / (x + 1)).</summary>
    private static PgNumeric LnAt(PgNumeric x, int scale)
    {
        var magnitude = Math.Max(x.IntegerDigits, 0);
        var working = scale + SpareDigits + 10 + Math.Max(-x.IntegerDigits, 0) * 2;
        // x = m * 10^e with 0.1 <= m < 1 keeps the number of roots small for long numbers.
        var exponent = x.IntegerDigits is > 30 or < -30 ? x.IntegerDigits : 0;
        if (exponent != 0) working = scale + SpareDigits + 16 + DecimalDigits(exponent);
        else working += magnitude;
        var one = PowerOfTen(working);
        var value = Rescale(x.Unscaled, x.Scale + exponent, working);
        var roots = 0;
        while (value > one * 11 / 10 || value < one * 9 / 10)
        {
            value = IntegerSqrt(value * one);
            roots++;
        }

        var ln = ArtanhSeries(value, one) << (roots + 1);
        if (exponent != 0) ln += Ln10(working) * exponent;
        return new PgNumeric(Rescale(ln, working, scale), scale);
    }

    private static BigInteger ArtanhSeries(BigInteger value, BigInteger one)
    {
        var ratio = (value - one) * one / (value + one);
        var square = ratio * ratio / one;
        var sum = BigInteger.Zero;
        var power = ratio;
        for (var i = 1; !power.IsZero; i += 2)
        {
            sum += power / i;
            power = power * square / one;
        }

        return sum;
    }

    private static BigInteger Ln10(int working)
    {
        var spare = working + 10;
        return Rescale(LnAt(new PgNumeric(10, 0), spare).Unscaled, spare, working);
    }

    private static BigInteger IntegerSqrt(BigInteger value)
    {
        if (value.IsZero) return value;
        var root = BigInteger.One << (int)((value.GetBitLength() + 1) / 2);
        while (true)
        {
            var next = (root + (value / root)) >> 1;
            if (next >= root) return root;
            root = next;
        }
    }
}
