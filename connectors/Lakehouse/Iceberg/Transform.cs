using System.Globalization;
using System.Text;
using Federation.Core.Hashing;
using Federation.Core.Values;
using Calendar = Federation.Core.Values.Calendar;

namespace Federation.Connectors.Lakehouse.Iceberg;

internal enum TransformKind
{
    Identity,
    Bucket,
    Truncate,
    Year,
    Month,
    Day,
    Hour,
    Void,

    /// <summary>Not known here: its values scope deletes but never prune (spec, "Partition Transforms").</summary>
    Unknown,
}

/// <summary>A partition transform. NULL gives NULL.</summary>
/// <param name="Width">Buckets of bucket[N], width of truncate[W].</param>
internal sealed record Transform(TransformKind Kind, int Width = 0)
{
    /// <summary>a &lt;= b implies transform(a) &lt;= transform(b).</summary>
    public bool IsMonotone => Kind is not (TransformKind.Bucket or TransformKind.Void or TransformKind.Unknown);

    public static Transform Parse(string text) => text switch
    {
        "identity" => new Transform(TransformKind.Identity),
        "year" => new Transform(TransformKind.Year),
        "month" => new Transform(TransformKind.Month),
        "day" => new Transform(TransformKind.Day),
        "hour" => new Transform(TransformKind.Hour),
        "void" => new Transform(TransformKind.Void),
        _ when Argument(text, "bucket") is { } count => new Transform(TransformKind.Bucket, count),
        _ when Argument(text, "truncate") is { } width => new Transform(TransformKind.Truncate, width),
        _ => new Transform(TransformKind.Unknown),
    };

    /// <summary>The type of the results, null where it cannot be said.</summary>
    public IcebergType.Primitive? ResultOf(IcebergType.Primitive? source) => Kind switch
    {
        TransformKind.Identity or TransformKind.Truncate or TransformKind.Void => source,
        TransformKind.Unknown => null,
        // Days are dates in some writers' manifests; the number is the same.
        _ => new IcebergType.Primitive(IcebergKind.Int),
    };

    /// <summary>The result for a value in its source type's CLR form; null when it is not defined for the value.</summary>
    public object? Apply(object value) => Kind switch
    {
        TransformKind.Identity => value,
        TransformKind.Bucket => Hash(value) is { } hash ? Murmur3.Bucket(hash, Width) : null,
        TransformKind.Truncate => Truncate(value),
        TransformKind.Year => Civil(value) is { } date ? date.Year - 1970 : null,
        TransformKind.Month => Civil(value) is { } date ? ((date.Year - 1970) * 12) + date.Month - 1 : null,
        TransformKind.Day => Days(value) is { } days ? (int)days : null,
        // Infinite times are stored as the largest and smallest numbers, whose hours no int holds.
        TransformKind.Hour => value is PgTimestamp timestamp
            ? (int)Math.Clamp(Calendar.FloorDivide(timestamp.Microseconds, Calendar.MicrosecondsPerHour), int.MinValue, int.MaxValue)
            : null,
        _ => null,
    };

    private static int? Argument(string text, string name) =>
        text.StartsWith(name + "[", StringComparison.Ordinal) && text.EndsWith(']')
        && int.TryParse(text.AsSpan(name.Length + 1, text.Length - name.Length - 2), CultureInfo.InvariantCulture, out var value)
            && value > 0
            ? value
            : null;

    private static int? Hash(object value) => value switch
    {
        int number => Murmur3.Hash((long)number),
        long number => Murmur3.Hash(number),
        PgNumeric number => Murmur3.Hash(number.Unscaled),
        PgDate date => Murmur3.Hash((long)date.Days),
        PgTime time => Murmur3.Hash(time.Microseconds),
        PgTimestamp timestamp => Murmur3.Hash(timestamp.Microseconds),
        string text => Murmur3.Hash(text),
        Guid uuid => Murmur3.Hash(uuid),
        byte[] bytes => Murmur3.Hash(bytes),
        _ => null,
    };

    private object? Truncate(object value) => value switch
    {
        int number => (int)(number - Calendar.FloorModulo(number, Width)) is var result && result > number ? null : result,
        long number => number - Calendar.FloorModulo(number, Width) is var result && result > number ? null : result,
        PgNumeric number => number with { Unscaled = number.Unscaled - (((number.Unscaled % Width) + Width) % Width) },
        string text => TruncateText(text),
        byte[] bytes => bytes.Length <= Width ? bytes : bytes[..Width],
        _ => null,
    };

    // By code point: a surrogate pair is one character.
    private string TruncateText(string text)
    {
        var index = 0;
        for (var count = 0; count < Width && index < text.Length; count++)
            index += Rune.TryGetRuneAt(text, index, out var rune) ? rune.Utf16SequenceLength : 1;
        return text[..index];
    }

    private static long? Days(object value) => value switch
    {
        PgDate date => date.Days,
        PgTimestamp timestamp => Calendar.FloorDivide(timestamp.Microseconds, Calendar.MicrosecondsPerDay),
        _ => null,
    };

    private static (int Year, int Month, int Day)? Civil(object value) => Days(value) is { } days ? Calendar.CivilFromDays(days) : null;
}
