using Federation.Core.Values;

namespace Federation.Core.Types;

/// <summary>
/// Between what a column's values lie, as its source has it written down. For estimates only: the range may be out of date, and no answer
/// may rest on it.
/// </summary>
/// <param name="Low">Where the smallest value lies; see <see cref="Position"/>.</param>
/// <param name="High">Where the largest value lies; not below <paramref name="Low"/>.</param>
public sealed record ColumnStatistics(double Low, double High)
{
    private const double MicrosecondsPerDay = Calendar.MicrosecondsPerDay;

    /// <summary>
    /// Where a value lies on a line: numbers as they are, dates and timestamps in microseconds since 1970. Null for values of other types
    /// and for those without an end.
    /// </summary>
    public static double? Position(object? value) => value switch
    {
        short number => number,
        int number => number,
        long number => number,
        float number when float.IsFinite(number) => number,
        double number when double.IsFinite(number) => number,
        PgNumeric { IsFinite: true } number =>
            (double)number.Unscaled * Math.Pow(10, -number.Scale) is var position && double.IsFinite(position) ? position : null,
        PgDate { IsFinite: true } date => date.Days * MicrosecondsPerDay,
        PgTimestamp { IsFinite: true } timestamp => timestamp.Microseconds,
        _ => null,
    };

    /// <summary>The range from one value to another; null when either has no position, or they are the wrong way round.</summary>
    public static ColumnStatistics? Of(object? low, object? high) =>
        Position(low) is { } from && Position(high) is { } to && from <= to ? new ColumnStatistics(from, to) : null;

    /// <summary>The range of two parts of a table; unknown when either is.</summary>
    public static ColumnStatistics? Union(ColumnStatistics? one, ColumnStatistics? other) =>
        one is null || other is null ? null : new ColumnStatistics(Math.Min(one.Low, other.Low), Math.Max(one.High, other.High));

    /// <summary>How many different values of a type there are in the range; infinite for types whose values lie densely.</summary>
    public double CountValues(SqlType type) => type.Base.Name switch
    {
        _ when type.IsArray => double.PositiveInfinity,
        "int2" or "int4" or "int8" => High - Low + 1,
        "date" => ((High - Low) / MicrosecondsPerDay) + 1,
        _ => double.PositiveInfinity,
    };
}
