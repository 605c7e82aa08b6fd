using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Federation.Core.Values;
using Calendar = Federation.Core.Values.Calendar;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Single values outside of data files: bounds (spec, appendix D, "Binary single-value serialization"), partition values in manifests, and
/// defaults ("JSON single-value serialization"). Results have the CLR forms of Values.cs. Bounds keep the width of the type that the file
/// was written with, so the length decides where a type was promoted since.
/// <code>
/// boolean 1 byte; int, date 4 LE; long, time, timestamp 8 LE; float 4, double 8 LE; string UTF-8; uuid 16 BE;
/// decimal shortest big-endian two's complement; fixed, binary as they are
/// </code>
/// </summary>
internal static class SingleValue
{
    /// <summary>A bound; null when its bytes cannot be one, which makes it unknown rather than wrong.</summary>
    public static object? FromBound(byte[] bytes, IcebergType.Primitive type) => (type.Kind, bytes.Length) switch
    {
        (IcebergKind.Boolean, 1) => bytes[0] != 0,
        (IcebergKind.Int, 4) => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        (IcebergKind.Long, 4) => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
        (IcebergKind.Long, 8) => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        (IcebergKind.Float, 4) => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        (IcebergKind.Double, 4) => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
        (IcebergKind.Double, 8) => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        (IcebergKind.Decimal, > 0 and <= 17) => new PgNumeric(new BigInteger(bytes, isUnsigned: false, isBigEndian: true), type.Scale),
        (IcebergKind.Date, 4) => new PgDate(BinaryPrimitives.ReadInt32LittleEndian(bytes)),
        (IcebergKind.Time, 8) => new PgTime(BinaryPrimitives.ReadInt64LittleEndian(bytes)),
        (IcebergKind.Timestamp or IcebergKind.TimestampNs, 4) => OfDays(BinaryPrimitives.ReadInt32LittleEndian(bytes)),
        (IcebergKind.Timestamp or IcebergKind.Timestamptz, 8) => new PgTimestamp(BinaryPrimitives.ReadInt64LittleEndian(bytes)),
        (IcebergKind.TimestampNs or IcebergKind.TimestamptzNs, 8) => OfNanoseconds(BinaryPrimitives.ReadInt64LittleEndian(bytes)),
        (IcebergKind.String, _) => Utf8(bytes),
        (IcebergKind.Uuid, 16) => new Guid(bytes, bigEndian: true),
        (IcebergKind.Fixed or IcebergKind.Binary, _) => bytes,
        _ => null,
    };

    /// <summary>A partition value as the manifest's Avro reader gives it; null when the writer's type does not fit.</summary>
    public static object? FromAvro(object? value, IcebergType.Primitive type) => (type.Kind, value) switch
    {
        (IcebergKind.Boolean, bool truth) => truth,
        (IcebergKind.Int, int number) => number,
        (IcebergKind.Long, int number) => (long)number,
        (IcebergKind.Long, long number) => number,
        (IcebergKind.Float, float number) => number,
        (IcebergKind.Double, float number) => (double)number,
        (IcebergKind.Double, double number) => number,
        (IcebergKind.Decimal, byte[] { Length: > 0 } bytes) =>
            new PgNumeric(new BigInteger(bytes, isUnsigned: false, isBigEndian: true), type.Scale),
        (IcebergKind.Date, int days) => new PgDate(days),
        (IcebergKind.Time, long micros) => new PgTime(micros),
        (IcebergKind.Timestamp or IcebergKind.TimestampNs, int days) => OfDays(days),
        (IcebergKind.Timestamp or IcebergKind.Timestamptz, long micros) => new PgTimestamp(micros),
        (IcebergKind.TimestampNs or IcebergKind.TimestamptzNs, long nanos) => OfNanoseconds(nanos),
        (IcebergKind.String, string text) => text,
        (IcebergKind.Uuid, byte[] { Length: 16 } bytes) => new Guid(bytes, bigEndian: true),
        (IcebergKind.Uuid, string text) => Guid.TryParse(text, out var uuid) ? uuid : null,
        (IcebergKind.Fixed or IcebergKind.Binary, byte[] bytes) => bytes,
        _ => null,
    };

    /// <summary>A default from its JSON text; null when it is malformed.</summary>
    public static object? FromJson(string json, IcebergType.Primitive type)
    {
        using var document = JsonDocument.Parse(json);
        var element = document.RootElement;
        var text = Text(element);
        return type.Kind switch
        {
            IcebergKind.Boolean => element.ValueKind is JsonValueKind.True or JsonValueKind.False ? element.GetBoolean() : null,
            IcebergKind.Int => element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var number) ? number : null,
            IcebergKind.Long => element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var number) ? number : null,
            IcebergKind.Float => Floating(element) is { } number ? (float)number : null,
            IcebergKind.Double => Floating(element),
            IcebergKind.Decimal => text is not null && PgNumeric.TryParse(text, out var number) ? number : null,
            IcebergKind.String => text,
            IcebergKind.Uuid => Guid.TryParse(text, out var uuid) ? uuid : null,
            IcebergKind.Fixed or IcebergKind.Binary => FromHex(text),
            _ => text is null ? null : Temporal(text, type.Kind),
        };
    }

    /// <summary>A default as JSON; null for a value that JSON, or another reader, would take for another.</summary>
    public static JsonNode? ToJson(object value, IcebergType.Primitive type) => (type.Kind, value) switch
    {
        (IcebergKind.Boolean, bool truth) => truth,
        (IcebergKind.Int, int number) => number,
        (IcebergKind.Int, short number) => (int)number,
        (IcebergKind.Long, long number) => number,
        (IcebergKind.Float, float number) when float.IsFinite(number) => (double)number,
        (IcebergKind.Double, double number) when double.IsFinite(number) => number,
        (IcebergKind.Decimal, PgNumeric { IsFinite: true } number) => number.ToString(),
        (IcebergKind.String, string text) => text,
        (IcebergKind.Uuid, Guid uuid) => uuid.ToString(),
        (IcebergKind.Binary, byte[] bytes) => Convert.ToHexString(bytes),
        (IcebergKind.Date, PgDate date) => OfDay(date.Days) is { } day ? OfDate(day) : null,
        (IcebergKind.Time, PgTime { Microseconds: < Calendar.MicrosecondsPerDay } time) => OfTime(time.Microseconds),
        (IcebergKind.Timestamp or IcebergKind.Timestamptz, PgTimestamp instant) =>
            OfDay(Calendar.FloorDivide(instant.Microseconds, Calendar.MicrosecondsPerDay)) is { } day
                ? $"{OfDate(day)}T{OfTime(instant.Microseconds - (Days(day) * Calendar.MicrosecondsPerDay))}"
                    + (type.Kind == IcebergKind.Timestamptz ? "+00:00" : "")
                : null,
        _ => null,
    };

    private static DateOnly? OfDay(long days) =>
        days >= Days(DateOnly.MinValue) && days <= Days(DateOnly.MaxValue) ? new DateOnly(1970, 1, 1).AddDays((int)days) : null;

    private static string OfDate(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string OfTime(long microseconds) =>
        new TimeOnly(microseconds * TimeSpan.TicksPerMicrosecond).ToString("HH:mm:ss.ffffff", CultureInfo.InvariantCulture);

    private static string? Text(JsonElement element)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape: no text has it.
            return null;
        }
    }

    private static double? Floating(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number => element.GetDouble(),
        JsonValueKind.String => Text(element) switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            _ => null,
        },
        _ => null,
    };

    // Forms of the specification: 2017-11-16, 22:31:08.123456, 2017-11-16T22:31:08.123456789, and +00:00 behind instants.
    private static object? Temporal(string text, IcebergKind kind)
    {
        if (kind == IcebergKind.Date)
            return DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
                ? new PgDate(Days(date))
                : null;
        if (kind == IcebergKind.Time)
            return TimeOnly.TryParse(text, CultureInfo.InvariantCulture, out var time)
                ? new PgTime(time.Ticks / TimeSpan.TicksPerMicrosecond)
                : null;
        if (text.EndsWith("+00:00", StringComparison.Ordinal)) text = text[..^6];
        var parts = text.Split('T');
        // .NET reads seven digits of a second's fraction; PostgreSQL keeps six.
        if (parts.Length != 2
            || !DateOnly.TryParseExact(parts[0], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            || !TimeOnly.TryParse(parts[1].Length > 15 ? parts[1][..15] : parts[1], CultureInfo.InvariantCulture, out var clock))
        {
            return null;
        }

        return new PgTimestamp((Days(day) * Calendar.MicrosecondsPerDay) + (clock.Ticks / TimeSpan.TicksPerMicrosecond));
    }

    private static int Days(DateOnly date) => date.DayNumber - new DateOnly(1970, 1, 1).DayNumber;

    private static PgTimestamp OfDays(int days) => new(days * Calendar.MicrosecondsPerDay);

    private static PgTimestamp OfNanoseconds(long nanos) => new(Calendar.FloorDivide(nanos, 1000));

    private static byte[]? FromHex(string? text)
    {
        try
        {
            return text is null ? null : Convert.FromHexString(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static string? Utf8(byte[] bytes)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            // Writers may cut bounds within a character; such a bound cannot be compared as text.
            return null;
        }
    }
}
