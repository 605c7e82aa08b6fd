using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>Arithmetic of times with a zone.</summary>
internal static class ZonedTimeFunctions
{
    public static readonly ScalarFunction[] All =
    [
        // Days and months of the interval do not count; the zone stays.
        new("pg_timetz_add", [SqlType.Timetz, SqlType.Interval], SqlType.Timetz, static (ref FunctionRow row) =>
            row.Set(Moved(row.Get<long>(0), row.GetInterval(1).Microseconds))),
        new("pg_timetz_subtract", [SqlType.Timetz, SqlType.Interval], SqlType.Timetz, static (ref FunctionRow row) =>
            row.Set(Moved(row.Get<long>(0), -(Int128)row.GetInterval(1).Microseconds))),
        new("pg_date_timetz", [SqlType.Date, SqlType.Timetz], SqlType.Timestamptz, static (ref FunctionRow row) =>
            row.Set(Moment(new PgDate(row.GetInt32(0)), TimeTzForm.Unpack(row.Get<long>(1))))),
    ];

    private static long Moved(long packed, Int128 microseconds)
    {
        var time = TimeTzForm.Unpack(packed);
        var moved = (long)((time.Microseconds + microseconds) % Calendar.MicrosecondsPerDay);
        return TimeTzForm.Pack(time with { Microseconds = moved < 0 ? moved + Calendar.MicrosecondsPerDay : moved });
    }

    private static long Moment(PgDate date, PgTimeTz time)
    {
        if (!date.IsFinite) return date.Days > 0 ? long.MaxValue : -long.MaxValue;
        var moment = ((Int128)date.Days * Calendar.MicrosecondsPerDay) + time.Microseconds
            - ((Int128)time.OffsetSeconds * Calendar.MicrosecondsPerSecond);
        return moment >= Calendar.FirstMicrosecond && moment <= Calendar.LastMicrosecond
            ? (long)moment
            : throw new SqlException(SqlState.DatetimeValueOutOfRange, "date out of range for timestamp");
    }
}
