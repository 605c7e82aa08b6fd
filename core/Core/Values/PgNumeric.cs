using System.Numerics;

namespace Federation.Core.Values;

public enum NumericKind
{
    Finite,
    NaN,
    Infinity,
    NegativeInfinity,
}

/// <summary>
/// An exact decimal of any length: <c>Unscaled * 10^-Scale</c>, shown with <paramref name="Scale"/> digits after the point. The display
/// scale is part of the value, as in PostgreSQL (1.50 is shown as 1.50), but not of equality in SQL: compare with <see cref="CompareTo"/>.
/// </summary>
public readonly partial record struct PgNumeric(BigInteger Unscaled, int Scale, NumericKind Kind = NumericKind.Finite)
    : IComparable<PgNumeric>
{
    public static readonly PgNumeric NaN = new(0, 0, NumericKind.NaN);
    public static readonly PgNumeric Infinity = new(0, 0, NumericKind.Infinity);
    public static readonly PgNumeric NegativeInfinity = new(0, 0, NumericKind.NegativeInfinity);

    public bool IsFinite => Kind == NumericKind.Finite;

    /// <summary>PostgreSQL's order: -Infinity, numbers, Infinity, NaN; NaN equals NaN.</summary>
    public int CompareTo(PgNumeric other)
    {
        if (!IsFinite || !other.IsFinite) return Rank(Kind).CompareTo(Rank(other.Kind));
        var difference = Scale - other.Scale;
        return difference == 0 ? Unscaled.CompareTo(other.Unscaled)
            : difference > 0 ? Unscaled.CompareTo(other.Unscaled * BigInteger.Pow(10, difference))
            : (Unscaled * BigInteger.Pow(10, -difference)).CompareTo(other.Unscaled);

        static int Rank(NumericKind kind) => kind switch
        {
            NumericKind.NegativeInfinity => 0,
            NumericKind.Finite => 1,
            NumericKind.Infinity => 2,
            _ => 3,
        };
    }

    /// <summary>PostgreSQL's text form: no exponent, all digits of the display scale.</summary>
    public override string ToString()
    {
        switch (Kind)
        {
            case NumericKind.NaN: return "NaN";
            case NumericKind.Infinity: return "Infinity";
            case NumericKind.NegativeInfinity: return "-Infinity";
        }

        var sign = Unscaled.Sign < 0 ? "-" : "";
        var digits = DigitsOf(BigInteger.Abs(Unscaled));
        if (Scale == 0) return sign.Length == 0 ? digits : sign + digits;
        digits = digits.PadLeft(Scale + 1, '0');
        return $"{sign}{digits[..^Scale]}.{digits[^Scale..]}";
    }
}
