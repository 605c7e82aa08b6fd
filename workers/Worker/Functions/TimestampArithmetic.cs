using Federation.Core.Errors;
using Federation.Core.Execution;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>
/// Timestamps and intervals (timestamp_pl_interval and timestamptz_pl_interval in timestamp.c): months are added first, a day beyond the
/// month's end becomes its last, then days, then time; with a zone each step but the last is taken by the local clock. The kernel adds time
/// first, and compares intervals without carrying between fields of different signs.
/// </summary>
internal static class TimestampArithmetic
{
    private static readonly SqlType s_timestamp = SqlType.Timestamp;
    private static readonly SqlType s_timestamptz = SqlType.Timestamptz;
    private static readonly SqlType s_interval = SqlType.Interval;

    /// <summary>Room for the longest interval in microseconds.</summary>
    private static readonly SqlType s_span = SqlType.Numeric with { Decimal = new DecimalShape(38, 0) };

    public static readonly ScalarFunction[] All =
    [
        Elementwise.Binary<Addition, long, PgInterval, long>("pg_timestamp_add", s_timestamp, s_interval, s_timestamp),
        Elementwise.Binary<Subtraction, long, PgInterval, long>("pg_timestamp_subtract", s_timestamp, s_interval, s_timestamp),
        new("pg_timestamp_add", [s_timestamptz, s_interval], s_timestamptz,
            static (ref FunctionRow row) => row.Set(Add(row.Get<long>(0), row.GetInterval(1), Zone(ref row)))) { UsesSession = true },
        new("pg_timestamp_subtract", [s_timestamptz, s_interval], s_timestamptz, static (ref FunctionRow row) =>
            row.Set(Add(row.Get<long>(0), Negate(row.GetInterval(1)), Zone(ref row)))) { UsesSession = true },
        new("pg_timestamptz_series", [s_timestamptz, s_timestamptz, s_interval], SqlType.Array(s_timestamptz),
            static (ref FunctionRow row) =>
            row.SetItems<long>(Series(row.Get<long>(0), row.Get<long>(1), row.GetInterval(2), Zone(ref row)).AsSpan()))
            { UsesSession = true },
        Elementwise.Binary<Difference, long, long, PgInterval>("pg_timestamp_difference", s_timestamp, s_timestamp, s_interval),
        Elementwise.Binary<Difference, long, long, PgInterval>("pg_timestamp_difference", s_timestamptz, s_timestamptz, s_interval),
        Elementwise.Binary<DaysLater, int, int, int>("pg_date_add", SqlType.Date, SqlType.Int4, SqlType.Date),
        Elementwise.Binary<DaysEarlier, int, int, int>("pg_date_subtract", SqlType.Date, SqlType.Int4, SqlType.Date),
        Elementwise.Binary<Days, int, int, int>("pg_date_difference", SqlType.Date, SqlType.Date, SqlType.Int4),
        Elementwise.Unary<Span, PgInterval, Int128>("pg_interval_span", s_interval, s_span),
        Elementwise.Unary<TimeInterval, long, PgInterval>("pg_time_interval", SqlType.Time, s_interval),
    ];

    private static ZoneRules Zone(ref FunctionRow row) => ZoneRules.For(SessionFormats.ZoneOf(row.Session!.TimeZone));

    private static long Add(long timestamp, PgInterval interval, ZoneRules? zone)
    {
        if (!new PgTimestamp(timestamp).IsFinite) return timestamp;
        if (interval.Months != 0)
            timestamp = ByLocalClock(timestamp, interval.Months, zone, static (local, months) => AddMonths(local, months));
        if (interval.Days != 0)
            timestamp = ByLocalClock(timestamp, interval.Days, zone,
                static (local, days) => local + ((Int128)days * Calendar.MicrosecondsPerDay));
        return InRange((Int128)timestamp + interval.Microseconds);
    }

    /// <summary>
    /// Each from the one before, so that an hour that the clock skips moves all that follow (generate_series_timestamptz).
    /// </summary>
    private static long[] Series(long start, long stop, PgInterval step, ZoneRules zone)
    {
        const int counted = 1 << 20;
        var isUpwards = Span.Compute(step) > 0;
        var values = new List<long>();
        for (var value = start; isUpwards ? value <= stop : value >= stop; value = Add(value, step, zone))
        {
            values.Add(value);
            if (values.Count % counted != 0) continue;
            StatementGuard.Check();
            // The list, which doubles, and the kernel's.
            ValueMemory.Reserve(counted * sizeof(long) * 3L);
        }

        return [.. values];
    }

    private static long ByLocalClock(long timestamp, int count, ZoneRules? zone, Func<long, int, Int128> move)
    {
        if (zone is null) return InRange(move(timestamp, count));
        var offset = zone.OffsetAtUtc(Calendar.FloorDivide(timestamp, Calendar.MicrosecondsPerSecond));
        var moved = InRange(move(timestamp + (offset * Calendar.MicrosecondsPerSecond), count));
        return InRange(
            (Int128)moved - ((Int128)zone.OffsetAtLocal(Calendar.FloorDivide(moved, Calendar.MicrosecondsPerSecond))
                * Calendar.MicrosecondsPerSecond));
    }

    private static Int128 AddMonths(long timestamp, int months)
    {
        var days = Calendar.FloorDivide(timestamp, Calendar.MicrosecondsPerDay);
        var (year, month, day) = Calendar.CivilFromDays(days);
        var count = (year * 12L) + month - 1 + months;
        var (newYear, newMonth) = (Calendar.FloorDivide(count, 12), (int)Calendar.FloorModulo(count, 12) + 1);
        if (Math.Abs(newYear) > 1_000_000) throw OutOfRange();
        var moved = Calendar.DaysFromCivil(newYear, newMonth, Math.Min(day, Calendar.DaysInMonth(newYear, newMonth)));
        return ((Int128)moved * Calendar.MicrosecondsPerDay) + (timestamp - (days * Calendar.MicrosecondsPerDay));
    }

    private static PgInterval Negate(PgInterval value) =>
        value.Months == int.MinValue || value.Days == int.MinValue || value.Microseconds == long.MinValue
        ? throw new SqlException(SqlState.DatetimeValueOutOfRange, "interval out of range")
        : new PgInterval(-value.Months, -value.Days, -value.Microseconds);

    private static long InRange(Int128 timestamp) =>
        timestamp >= Calendar.FirstMicrosecond && timestamp <= Calendar.LastMicrosecond ? (long)timestamp : throw OutOfRange();

    private static SqlException OutOfRange() => new(SqlState.DatetimeValueOutOfRange, "timestamp out of range");

    private readonly struct Addition : IBinary<long, PgInterval, long>
    {
        public static long Compute(long left, PgInterval right) => Add(left, right, null);
    }

    private readonly struct Subtraction : IBinary<long, PgInterval, long>
    {
        public static long Compute(long left, PgInterval right) => Add(left, Negate(right), null);
    }

    private readonly struct Days : IBinary<int, int, int>
    {
        public static int Compute(int left, int right) => IsInfinite(left) || IsInfinite(right)
            ? throw new SqlException(SqlState.DatetimeValueOutOfRange, "cannot subtract infinite dates")
            : left - right;
    }

    private readonly struct DaysLater : IBinary<int, int, int>
    {
        public static int Compute(int date, int days) => IsInfinite(date) ? date : InRange((long)date + days);
    }

    private readonly struct DaysEarlier : IBinary<int, int, int>
    {
        public static int Compute(int date, int days) => IsInfinite(date) ? date : InRange((long)date - days);
    }

    private static bool IsInfinite(int date) => date is int.MaxValue or -int.MaxValue;

    /// <summary>4714-11-24 BC and 5874897-12-31, in days since 1970.</summary>
    private static int InRange(long date) =>
        date is >= -2440588 and <= 2145042905 ? (int)date : throw new SqlException(SqlState.DatetimeValueOutOfRange, "date out of range");

    private readonly struct Difference : IBinary<long, long, PgInterval>
    {
        public static PgInterval Compute(long left, long right) => new PgTimestamp(left).IsFinite && new PgTimestamp(right).IsFinite
            ? IntervalArithmetic.JustifyHours(new PgInterval(0, 0, left - right))
            : throw new SqlException(SqlState.DatetimeValueOutOfRange, "cannot subtract infinite timestamps");
    }

    /// <summary>The length by which intervals are compared: a month has 30 days, a day 24 hours (interval_cmp_value).</summary>
    private readonly struct Span : IUnary<PgInterval, Int128>
    {
        public static Int128 Compute(PgInterval value) =>
            ((((Int128)value.Months * 30) + value.Days) * Calendar.MicrosecondsPerDay) + value.Microseconds;
    }

    private readonly struct TimeInterval : IUnary<long, PgInterval>
    {
        public static PgInterval Compute(long value) => new(0, 0, value);
    }
}
