using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>Input, rounding and arithmetic of dates, times and intervals.</summary>
internal static class TemporalFunctions
{
    private static readonly SqlType s_text = SqlType.Text;

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_date_in", [s_text], SqlType.Date, static (ref FunctionRow row) =>
            row.Set(DateTimeInput.ParseDate(row.GetText(0), SessionFormats.ContextOf(row.Session!)).Days)) { UsesSession = true },
        new("pg_time_in", [s_text], SqlType.Time, static (ref FunctionRow row) =>
            row.Set(DateTimeInput.ParseTime(row.GetText(0), -1, SessionFormats.ContextOf(row.Session!)).Microseconds))
                { UsesSession = true },
        new("pg_timetz_in", [s_text], SqlType.Timetz, static (ref FunctionRow row) =>
            row.Set(Arrow.ValueAppender.ToTimeTz(DateTimeInput.ParseTimeTz(row.GetText(0), -1, SessionFormats.ContextOf(row.Session!)))))
                { UsesSession = true },
        // The kernel's cast leaves out the seconds of an offset without minutes.
        new("pg_timetz_out", [SqlType.Timetz], s_text, static (ref FunctionRow row) =>
            row.Set(ValueText.Format(TimeTzForm.Unpack(row.Get<long>(0)), SqlType.Timetz, TextFormat.Default))),
        new("pg_timestamp_in", [s_text], SqlType.Timestamp, static (ref FunctionRow row) =>
            row.Set(DateTimeInput.ParseTimestamp(row.GetText(0), false, -1, SessionFormats.ContextOf(row.Session!)).Microseconds))
                { UsesSession = true },
        new("pg_timestamptz_in", [s_text], SqlType.Timestamptz, static (ref FunctionRow row) =>
            row.Set(DateTimeInput.ParseTimestamp(row.GetText(0), true, -1, SessionFormats.ContextOf(row.Session!)).Microseconds))
                { UsesSession = true },
        new("pg_interval_in", [s_text], SqlType.Interval,
            static (ref FunctionRow row) => row.Set(IntervalInput.Parse(row.GetText(0), -1, IntervalStyle.Postgres))),
        new("pg_interval_in", [s_text, SqlType.Int4], SqlType.Interval,
            static (ref FunctionRow row) => row.Set(IntervalInput.Parse(row.GetText(0), row.GetInt32(1), IntervalStyle.Postgres))),
        new("pg_interval_typmod", [SqlType.Interval, SqlType.Int4], SqlType.Interval,
            static (ref FunctionRow row) => row.Set(IntervalInput.ApplyModifier(row.GetInterval(0), row.GetInt32(1)))),
        new("pg_make_date", [SqlType.Int4, SqlType.Int4, SqlType.Int4], SqlType.Date,
            static (ref FunctionRow row) => row.Set(MakeDate(row.GetInt32(0), row.GetInt32(1), row.GetInt32(2)))),
        new("pg_interval_out", [SqlType.Interval], s_text, static (ref FunctionRow row) =>
        {
            Span<byte> text = stackalloc byte[IntervalOutput.MaxLength];
            row.Set((ReadOnlySpan<byte>)text[..IntervalOutput.Write(text, row.GetInterval(0), IntervalStyle.Postgres)]);
        }),
        new("pg_timestamp_round", [SqlType.Timestamp, SqlType.Int4], SqlType.Timestamp,
            static (ref FunctionRow row) => row.Set(Round(row.Get<long>(0), row.GetInt32(1)))),
        new("pg_timestamp_round", [SqlType.Timestamptz, SqlType.Int4], SqlType.Timestamptz,
            static (ref FunctionRow row) => row.Set(Round(row.Get<long>(0), row.GetInt32(1)))),
        new("pg_time_round", [SqlType.Time, SqlType.Int4], SqlType.Time,
            static (ref FunctionRow row) => row.Set(DateTimeInput.Round(row.Get<long>(0), row.GetInt32(1)))),
        new("pg_timetz_round", [SqlType.Timetz, SqlType.Int4], SqlType.Timetz, static (ref FunctionRow row) =>
        {
            // The kernel holds the microseconds above 24 bits of the zone.
            const int ZoneBits = 24;
            var bits = row.Get<ulong>(0);
            row.Set(((ulong)DateTimeInput.Round((long)(bits >> ZoneBits), row.GetInt32(1)) << ZoneBits) | (bits & ((1UL << ZoneBits) - 1)));
        }),
        new("pg_date_trunc", [s_text, SqlType.Timestamp], SqlType.Timestamp, static (ref FunctionRow row) =>
            row.Set(Truncation.Truncate(row.GetChars(0), row.Get<long>(1), "timestamp without time zone"))),
        new("pg_date_trunc", [s_text, SqlType.Timestamptz], SqlType.Timestamptz, static (ref FunctionRow row) =>
            row.Set(Truncation.TruncateInZone(row.GetChars(0), row.Get<long>(1),
                ZoneRules.For(SessionFormats.ZoneOf(row.Session!.TimeZone)).Designation))) { UsesSession = true },
        new("pg_date_trunc", [s_text, SqlType.Timestamptz, s_text], SqlType.Timestamptz, static (ref FunctionRow row) =>
            row.Set(new PgTimestamp(row.Get<long>(1)).IsFinite
                ? Truncation.TruncateInZone(row.GetChars(0), row.Get<long>(1), ZoneFunctions.Zone(row.GetText(2)).WithoutAbbreviation)
                : row.Get<long>(1))),
        new("pg_date_bin", [SqlType.Interval, SqlType.Timestamp, SqlType.Timestamp], SqlType.Timestamp, static (ref FunctionRow row) =>
            row.Set(Truncation.Bin(row.GetInterval(0), row.Get<long>(1), row.Get<long>(2)))),
        new("pg_date_bin", [SqlType.Interval, SqlType.Timestamptz, SqlType.Timestamptz], SqlType.Timestamptz,
            static (ref FunctionRow row) =>
            row.Set(Truncation.Bin(row.GetInterval(0), row.Get<long>(1), row.Get<long>(2)))),
        new("pg_justify_days", [SqlType.Interval], SqlType.Interval,
            static (ref FunctionRow row) => row.Set(IntervalArithmetic.JustifyDays(row.GetInterval(0)))),
        new("pg_justify_hours", [SqlType.Interval], SqlType.Interval,
            static (ref FunctionRow row) => row.Set(IntervalArithmetic.JustifyHours(row.GetInterval(0)))),
        new("pg_justify_interval", [SqlType.Interval], SqlType.Interval,
            static (ref FunctionRow row) => row.Set(IntervalArithmetic.JustifyInterval(row.GetInterval(0)))),
        new("pg_interval_mul", [SqlType.Interval, SqlType.Float8], SqlType.Interval, static (ref FunctionRow row) =>
            row.Set(IntervalArithmetic.Multiply(row.GetInterval(0), row.Get<double>(1)))),
        new("pg_interval_div", [SqlType.Interval, SqlType.Float8], SqlType.Interval, static (ref FunctionRow row) =>
            row.Set(IntervalArithmetic.Divide(row.GetInterval(0), row.Get<double>(1)))),
    ];

    /// <summary>Negative years are those before Christ, of which the first is -1.</summary>
    private static int MakeDate(int year, int month, int day)
    {
        var astronomical = year < 0 ? year + 1L : year;
        if (year == 0 || month is < 1 or > 12 || day < 1 || day > Calendar.DaysInMonth(astronomical, month))
            throw new SqlException(SqlState.DatetimeFieldOverflow, $"date field value out of range: {year}-{month:00}-{day:00}");
        var days = Calendar.DaysFromCivil(astronomical, month, day);
        return days >= Calendar.FirstMicrosecond / Calendar.MicrosecondsPerDay && astronomical < 5_874_898 ? (int)days
            : throw new SqlException(SqlState.DatetimeFieldOverflow, $"date out of range: {astronomical}-{month:00}-{day:00}");
    }

    private static long Round(long timestamp, int digits) =>
        new PgTimestamp(timestamp).IsFinite ? DateTimeInput.Round(timestamp, digits) : timestamp;
}

/// <summary>From the kernel's session to what the value codecs need.</summary>
internal static class SessionFormats
{
    [ThreadStatic]
    private static (FunctionSession Session, ValueContext Context) t_last;

    public static ValueContext ContextOf(FunctionSession session)
    {
        if (ReferenceEquals(t_last.Session, session)) return t_last.Context;
        var context = new ValueContext(new TextFormat(ZoneOf(session.TimeZone)),
            new PgTimestamp(session.BoundAt.ToUnixTimeMilliseconds() * 1000));
        t_last = (session, context);
        return context;
    }

    public static TimeZoneInfo ZoneOf(string name) => TimeZones.Find(name)
        ?? throw new SqlException(SqlState.InvalidParameterValue, $"time zone \"{name}\" not recognized");
}

/// <summary>date_trunc and date_bin.</summary>
internal static class Truncation
{
    private enum Unit
    {
        Microsecond,
        Millisecond,
        Second,
        Minute,
        Hour,
        Day,
        Week,
        Month,
        Quarter,
        Year,
        Decade,
        Century,
        Millennium,
    }

    public static long Truncate(ReadOnlySpan<char> unit, long timestamp, string type)
    {
        // Of what is infinite PostgreSQL does not look at the unit.
        return new PgTimestamp(timestamp).IsFinite ? Truncate(ParseUnit(unit, type), timestamp) : timestamp;
    }

    public static long TruncateInZone(ReadOnlySpan<char> unit, long timestamp, ZoneDesignation zone)
    {
        if (!new PgTimestamp(timestamp).IsFinite) return timestamp;
        var parsed = ParseUnit(unit, "timestamp with time zone");
        var offset = zone.OffsetAtUtc(Calendar.FloorDivide(timestamp, Calendar.MicrosecondsPerSecond));
        var local = Truncate(parsed, timestamp + (offset * Calendar.MicrosecondsPerSecond));
        // Larger units may cross a change of the clock; within an hour the offset is that of the value.
        if (parsed >= Unit.Day) offset = zone.OffsetAtLocal(Calendar.FloorDivide(local, Calendar.MicrosecondsPerSecond));
        return local - (offset * Calendar.MicrosecondsPerSecond);
    }

    public static long Bin(PgInterval stride, long timestamp, long origin)
    {
        if (!new PgTimestamp(timestamp).IsFinite) return timestamp;
        if (!new PgTimestamp(origin).IsFinite) throw new SqlException(SqlState.DatetimeValueOutOfRange, "origin out of range");
        if (stride.Months != 0)
            throw new SqlException(SqlState.FeatureNotSupported, "timestamps cannot be binned into intervals containing months or years");
        var width = ((Int128)stride.Days * Calendar.MicrosecondsPerDay) + stride.Microseconds;
        if (width > long.MaxValue || width < long.MinValue)
            throw new SqlException(SqlState.DatetimeValueOutOfRange, "interval out of range");
        if (width <= 0) throw new SqlException(SqlState.DatetimeValueOutOfRange, "stride must be greater than zero");
        var distance = (Int128)timestamp - origin;
        var rest = distance % width;
        var start = origin + distance - rest - (rest < 0 ? width : 0);
        return start >= Calendar.FirstMicrosecond && start <= Calendar.LastMicrosecond ? (long)start
            : throw new SqlException(SqlState.DatetimeValueOutOfRange, "timestamp out of range");
    }

    private static long Truncate(Unit unit, long timestamp)
    {
        var width = unit switch
        {
            Unit.Microsecond => 1,
            Unit.Millisecond => 1000,
            Unit.Second => Calendar.MicrosecondsPerSecond,
            Unit.Minute => 60 * Calendar.MicrosecondsPerSecond,
            Unit.Hour => 3600 * Calendar.MicrosecondsPerSecond,
            Unit.Day => Calendar.MicrosecondsPerDay,
            _ => 0,
        };
        if (width > 0) return Calendar.FloorDivide(timestamp, width) * width;
        var days = Calendar.FloorDivide(timestamp, Calendar.MicrosecondsPerDay);
        if (unit == Unit.Week) return (days - Calendar.FloorModulo(days + 3, 7)) * Calendar.MicrosecondsPerDay; // 1970-01-01 was a Thursday
        var (year, month, _) = Calendar.CivilFromDays(days);
        (year, month) = unit switch
        {
            Unit.Month => (year, month),
            Unit.Quarter => (year, ((month - 1) / 3 * 3) + 1),
            Unit.Year => (year, 1),
            // Decades begin with years that end in 0; there is a year 0 (1 BC) here. Centuries and millennia begin with year 1.
            Unit.Decade => ((int)Calendar.FloorDivide(year, 10) * 10, 1),
            Unit.Century => (year > 0 ? ((year + 99) / 100 * 100) - 99 : -((99 - (year - 1)) / 100 * 100) + 1, 1),
            _ => (year > 0 ? ((year + 999) / 1000 * 1000) - 999 : -((999 - (year - 1)) / 1000 * 1000) + 1, 1),
        };
        var start = (Int128)Calendar.DaysFromCivil(year, month, 1) * Calendar.MicrosecondsPerDay;
        return start >= Calendar.FirstMicrosecond
            ? (long)start
            : throw new SqlException(SqlState.DatetimeValueOutOfRange, "timestamp out of range");
    }

    private static Unit ParseUnit(ReadOnlySpan<char> unit, string type)
    {
        Span<char> lower = stackalloc char[unit.Length <= 32 ? unit.Length : 0];
        if (lower.Length == unit.Length) unit.ToLowerInvariant(lower);
        return lower switch
        {
            "microsecond" or "microseconds" or "us" or "usec" or "usecond" or "useconds" or "usecs" or "microsecon" => Unit.Microsecond,
            "millisecond" or "milliseconds" or "ms" or "msec" or "msecond" or "mseconds" or "msecs" or "millisecon" => Unit.Millisecond,
            "second" or "seconds" or "s" or "sec" or "secs" => Unit.Second,
            "minute" or "minutes" or "m" or "min" or "mins" => Unit.Minute,
            "hour" or "hours" or "h" or "hr" or "hrs" => Unit.Hour,
            "day" or "days" or "d" => Unit.Day,
            "week" or "weeks" or "w" => Unit.Week,
            "month" or "months" or "mon" or "mons" => Unit.Month,
            "quarter" or "qtr" => Unit.Quarter,
            "year" or "years" or "y" or "yr" or "yrs" => Unit.Year,
            "decade" or "decades" or "dec" or "decs" => Unit.Decade,
            "century" or "centuries" or "c" or "cent" => Unit.Century,
            "millennium" or "millennia" or "mil" or "mils" => Unit.Millennium,
            _ => throw new SqlException(SqlState.InvalidParameterValue, $"unit \"{unit}\" not recognized for type {type}"),
        };
    }
}

/// <summary>PostgreSQL's arithmetic of intervals (timestamp.c).</summary>
internal static class IntervalArithmetic
{
    private const int DaysPerMonth = 30;
    private const double SecondsPerDay = 86400;

    public static PgInterval JustifyHours(PgInterval value)
    {
        var carried = value.Days + (value.Microseconds / Calendar.MicrosecondsPerDay);
        var (days, time) = (carried is >= int.MinValue and <= int.MaxValue ? (int)carried : throw OutOfRange(),
            value.Microseconds % Calendar.MicrosecondsPerDay);
        (days, time) = AlignTime(days, time);
        return new PgInterval(value.Months, days, time);
    }

    public static PgInterval JustifyDays(PgInterval value)
    {
        var (months, days) = ((long)value.Months + (value.Days / DaysPerMonth), value.Days % DaysPerMonth);
        if (months is < int.MinValue or > int.MaxValue) throw OutOfRange();
        if (months > 0 && days < 0) (months, days) = (months - 1, days + DaysPerMonth);
        else if (months < 0 && days > 0) (months, days) = (months + 1, days - DaysPerMonth);
        return new PgInterval((int)months, days, value.Microseconds);
    }

    public static PgInterval JustifyInterval(PgInterval value)
    {
        var days = value.Days + (value.Microseconds / Calendar.MicrosecondsPerDay);
        var time = value.Microseconds % Calendar.MicrosecondsPerDay;
        var months = value.Months + (days / DaysPerMonth);
        days %= DaysPerMonth;
        if (months > 0 && (days < 0 || (days == 0 && time < 0))) (months, days) = (months - 1, days + DaysPerMonth);
        else if (months < 0 && (days > 0 || (days == 0 && time > 0))) (months, days) = (months + 1, days - DaysPerMonth);
        if (months is < int.MinValue or > int.MaxValue) throw OutOfRange();
        (var alignedDays, time) = AlignTime((int)days, time);
        return new PgInterval((int)months, alignedDays, time);
    }

    public static PgInterval Multiply(PgInterval value, double factor) =>
        Scale(value, value.Months * factor, value.Days * factor, value.Microseconds * factor);

    public static PgInterval Divide(PgInterval value, double divisor) => divisor == 0
        ? throw new SqlException(SqlState.DivisionByZero, "division by zero")
        : Scale(value, value.Months / divisor, value.Days / divisor, value.Microseconds / divisor);

    // What is left of a month goes into days of which a month has 30, what is left of a day into time.
    private static PgInterval Scale(PgInterval value, double months, double days, double microseconds)
    {
        var wholeMonths = Whole(months);
        var wholeDays = Whole(days);
        var monthRestDays = RoundToMicro((months - wholeMonths) * DaysPerMonth);
        var seconds = RoundToMicro((days - wholeDays + monthRestDays - (int)monthRestDays) * SecondsPerDay);
        var moreDays = (long)wholeDays;
        if (Math.Abs(seconds) >= SecondsPerDay)
        {
            moreDays += (int)(seconds / SecondsPerDay);
            seconds -= (int)(seconds / SecondsPerDay) * SecondsPerDay;
        }

        moreDays += (int)monthRestDays;
        var time = Math.Round(microseconds + (seconds * Calendar.MicrosecondsPerSecond), MidpointRounding.ToEven);
        return moreDays is >= int.MinValue and <= int.MaxValue && Math.Abs(time) < 9.2233720368547e18
            ? new PgInterval(wholeMonths, (int)moreDays, (long)time)
            : throw OutOfRange();
    }

    private static (int Days, long Time) AlignTime(int days, long time) =>
        days > 0 && time < 0 ? (days - 1, time + Calendar.MicrosecondsPerDay)
        : days < 0 && time > 0 ? (days + 1, time - Calendar.MicrosecondsPerDay)
        : (days, time);

    private static int Whole(double value) =>
        double.IsFinite(value) && value is > int.MinValue - 1.0 and < int.MaxValue + 1.0 ? (int)value : throw OutOfRange();

    private static double RoundToMicro(double value) => Math.Round(value * 1_000_000, MidpointRounding.ToEven) / 1_000_000;

    private static SqlException OutOfRange() => new(SqlState.DatetimeValueOutOfRange, "interval out of range");
}
