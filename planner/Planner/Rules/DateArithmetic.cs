using Federation.Core.Values;

namespace Federation.Planner.Rules;

/// <summary>Dates plus intervals as PostgreSQL computes them: months with clamping to the month's last day, then days, then time.</summary>
internal static class DateArithmetic
{
    public const long MicrosecondsPerDay = 86_400_000_000;

    public static PgTimestamp? Add(PgDate date, PgInterval interval, int sign) =>
        date.IsFinite ? Add(new PgTimestamp(date.Days * MicrosecondsPerDay), interval, sign) : null;

    /// <summary>Null outside the years 1 to 9999, which are left to the kernel.</summary>
    public static PgTimestamp? Add(PgTimestamp timestamp, PgInterval interval, int sign)
    {
        if (timestamp.Microseconds is < -62135596800000000 or > 253402300799999999) return null;
        try
        {
            var time = DateTime.UnixEpoch.AddTicks(timestamp.Microseconds * 10);
            time = time.AddMonths(sign * interval.Months).AddDays(sign * interval.Days)
                .AddTicks(checked(sign * interval.Microseconds * 10));
            return new PgTimestamp((time - DateTime.UnixEpoch).Ticks / 10);
        }
        catch (Exception error) when (error is ArgumentOutOfRangeException or OverflowException)
        {
            return null;
        }
    }
}
