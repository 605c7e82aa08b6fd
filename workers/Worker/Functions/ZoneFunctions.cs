using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>AT TIME ZONE. The kernel knows other names than PostgreSQL, and takes minutes for a thousand nested ones.</summary>
internal static class ZoneFunctions
{
    private const string Name = "pg_at_time_zone";

    [ThreadStatic]
    private static (string Name, ZoneDesignation Zone) t_last;

    public static readonly ScalarFunction[] All =
    [
        new(Name, [SqlType.Text, SqlType.Timestamptz], SqlType.Timestamp, static (ref FunctionRow row) =>
        {
            var time = row.Get<long>(1);
            row.Set(IsFinite(time)
                ? Moved(time, Zone(row.GetText(0)).OffsetAtUtc(Calendar.FloorDivide(time, Calendar.MicrosecondsPerSecond)))
                : time);
        }),
        new(Name, [SqlType.Text, SqlType.Timestamp], SqlType.Timestamptz, static (ref FunctionRow row) =>
        {
            var time = row.Get<long>(1);
            row.Set(IsFinite(time)
                ? Moved(time, -Zone(row.GetText(0)).OffsetAtLocal(Calendar.FloorDivide(time, Calendar.MicrosecondsPerSecond)))
                : time);
        }),
        new(Name, [SqlType.Interval, SqlType.Timestamptz], SqlType.Timestamp, static (ref FunctionRow row) =>
            row.Set(IsFinite(row.Get<long>(1)) ? Moved(row.Get<long>(1), Seconds(row.GetInterval(0))) : row.Get<long>(1))),
        new(Name, [SqlType.Interval, SqlType.Timestamp], SqlType.Timestamptz, static (ref FunctionRow row) =>
            row.Set(IsFinite(row.Get<long>(1)) ? Moved(row.Get<long>(1), -Seconds(row.GetInterval(0))) : row.Get<long>(1))),
    ];

    private static bool IsFinite(long timestamp) => new PgTimestamp(timestamp).IsFinite;

    public static ZoneDesignation Zone(string name)
    {
        if (t_last.Name == name) return t_last.Zone;
        var zone = ZoneDesignation.Find(name)
            ?? throw new SqlException(SqlState.InvalidParameterValue, $"time zone \"{name}\" not recognized");
        t_last = (name, zone);
        return zone;
    }

    private static long Seconds(PgInterval zone)
    {
        if (zone.Months == 0 && zone.Days == 0) return zone.Microseconds / Calendar.MicrosecondsPerSecond;
        Span<byte> text = stackalloc byte[IntervalOutput.MaxLength];
        var length = IntervalOutput.Write(text, zone, IntervalStyle.Postgres);
        throw new SqlException(SqlState.InvalidParameterValue,
            $"interval time zone \"{System.Text.Encoding.ASCII.GetString(text[..length])}\" must not include months or days");
    }

    private static long Moved(long timestamp, long seconds)
    {
        var moved = (Int128)timestamp + ((Int128)seconds * Calendar.MicrosecondsPerSecond);
        return moved >= Calendar.FirstMicrosecond && moved <= Calendar.LastMicrosecond
            ? (long)moved
            : throw new SqlException(SqlState.DatetimeValueOutOfRange, "timestamp out of range");
    }
}
