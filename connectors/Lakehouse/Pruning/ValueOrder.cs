using Federation.Core.Values;
using Calendar = Federation.Core.Values.Calendar;

namespace Federation.Connectors.Lakehouse.Pruning;

/// <summary>PostgreSQL's order of values in their CLR forms, across the numeric types and across date and timestamp.</summary>
internal static class ValueOrder
{
    /// <summary>Negative, zero or positive; null when the two cannot be compared.</summary>
    public static int? Compare(object left, object right) => (left, right) switch
    {
        (bool a, bool b) => a.CompareTo(b),
        // Bytes of UTF-8, which is not the order of UTF-16 units beyond the basic plane.
        (string a, string b) => CompareText(a, b),
        (byte[] a, byte[] b) => a.AsSpan().SequenceCompareTo(b),
        (Guid a, Guid b) => a.CompareTo(b),
        (PgTime a, PgTime b) => a.Microseconds.CompareTo(b.Microseconds),
        (PgDate or PgTimestamp, PgDate or PgTimestamp) => Compare(Microseconds(left), Microseconds(right)),
        _ => CompareNumbers(left, right),
    };

    public static bool IsNaN(object value) => value switch
    {
        float number => float.IsNaN(number),
        double number => double.IsNaN(number),
        PgNumeric number => number.Kind == NumericKind.NaN,
        _ => false,
    };

    public static int CompareText(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        var common = left.CommonPrefixLength(right);
        if (common == left.Length || common == right.Length) return left.Length.CompareTo(right.Length);
        char a = left[common], b = right[common];
        // Surrogates stand for code points above every other unit.
        return char.IsSurrogate(a) == char.IsSurrogate(b) ? a.CompareTo(b) : char.IsSurrogate(a) ? 1 : -1;
    }

    private static int? CompareNumbers(object left, object right)
    {
        if (Exact(left) is { } a && Exact(right) is { } b) return a.CompareTo(b);
        // PostgreSQL compares an exact number with a float as floats; the conversion keeps the order.
        return Floating(left) is { } x && Floating(right) is { } y && !double.IsNaN(x) && !double.IsNaN(y) ? Compare(x, y) : null;
    }

    private static int Compare<T>(T left, T right)
        where T : IComparable<T> => left.CompareTo(right);

    private static int Compare(double left, double right) => left < right ? -1 : left > right ? 1 : 0;

    private static PgNumeric? Exact(object value) => value switch
    {
        short number => new PgNumeric(number, 0),
        int number => new PgNumeric(number, 0),
        long number => new PgNumeric(number, 0),
        PgNumeric number => number,
        _ => null,
    };

    private static double? Floating(object value) => value switch
    {
        float number => number,
        double number => number,
        short number => number,
        int number => number,
        long number => number,
        PgNumeric number => number.ToDouble(),
        _ => null,
    };

    private static Int128 Microseconds(object value) => value switch
    {
        PgDate { IsFinite: true } date => (Int128)date.Days * Calendar.MicrosecondsPerDay,
        PgDate date => date.Days > 0 ? Int128.MaxValue : Int128.MinValue,
        PgTimestamp { IsFinite: true } timestamp => timestamp.Microseconds,
        PgTimestamp timestamp => timestamp.Microseconds > 0 ? Int128.MaxValue : Int128.MinValue,
        _ => 0,
    };
}
