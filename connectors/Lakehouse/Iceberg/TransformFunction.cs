using Federation.Connectors.Lakehouse.Pruning;
using Federation.Core.Types;
using Federation.Core.Values;
using Calendar = Federation.Core.Values.Calendar;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// A partition transform applied to constants of other types than the source column's, where they have an equal of its type.
/// </summary>
internal sealed record TransformFunction(Transform Transform, IcebergType.Primitive Source) : IRangeFunction
{
    public bool IsMonotone => Transform.IsMonotone;

    public bool IsPrefix => Transform.Kind is TransformKind.Truncate or TransformKind.Identity;

    public object? Apply(object value, SqlType type) => Coerce(value) is { } coerced ? Transform.Apply(coerced) : null;

    /// <summary>
    /// Old writers rounded times before 1970 towards it, so that a year, month, day or hour below zero may stand one too high in metadata.
    /// </summary>
    public object? Misrecorded(object result) =>
        Transform.Kind is TransformKind.Year or TransformKind.Month or TransformKind.Day or TransformKind.Hour
            && result is int and < 0 and var before ? before + 1 : null;

    private object? Coerce(object value) => Source.Kind switch
    {
        IcebergKind.Int => Whole(value) is >= int.MinValue and <= int.MaxValue and var number ? (int)number : null,
        IcebergKind.Long => Whole(value),
        IcebergKind.Decimal => Decimal(value),
        IcebergKind.Date => value is PgDate { IsFinite: true } ? value : null,
        IcebergKind.Timestamp or IcebergKind.TimestampNs or IcebergKind.Timestamptz or IcebergKind.TimestamptzNs => value switch
        {
            PgTimestamp { IsFinite: true } => value,
            PgDate { IsFinite: true } date => new PgTimestamp(date.Days * Calendar.MicrosecondsPerDay),
            _ => null,
        },
        IcebergKind.Time => value as PgTime?,
        IcebergKind.String => value as string,
        IcebergKind.Uuid => value as Guid?,
        IcebergKind.Fixed or IcebergKind.Binary => value as byte[],
        IcebergKind.Boolean => value as bool?,
        _ => null,
    };

    private static long? Whole(object value) => value switch
    {
        short number => number,
        int number => number,
        long number => number,
        PgNumeric { IsFinite: true } number when number.Truncate(0).CompareTo(number) == 0
            && number.Truncate(0).Unscaled is var unscaled && unscaled >= long.MinValue && unscaled <= long.MaxValue => (long)unscaled,
        _ => null,
    };

    private PgNumeric? Decimal(object value)
    {
        var number = value switch
        {
            short small => new PgNumeric(small, 0),
            int small => new PgNumeric(small, 0),
            long small => new PgNumeric(small, 0),
            PgNumeric { IsFinite: true } given => given,
            _ => PgNumeric.NaN,
        };
        if (!number.IsFinite) return null;
        // Hash and truncation are of the unscaled value at the column's scale.
        if (number.Scale < Source.Scale)
            return new PgNumeric(number.Unscaled * System.Numerics.BigInteger.Pow(10, Source.Scale - number.Scale), Source.Scale);
        var cut = number.Truncate(Source.Scale);
        return cut.CompareTo(number) == 0 ? cut : null;
    }
}
