using Federation.Core.Errors;

namespace Federation.Core.Values;

/// <summary>The proleptic Gregorian calendar over the whole range of PostgreSQL's date type. Year 0 is 1 BC.</summary>
public static class Calendar
{
    public const long MicrosecondsPerSecond = 1_000_000;
    public const long MicrosecondsPerMinute = 60 * MicrosecondsPerSecond;
    public const long MicrosecondsPerHour = 60 * MicrosecondsPerMinute;
    public const long MicrosecondsPerDay = 24 * MicrosecondsPerHour;

    /// <summary>Days from 1970-01-01 to 2000-01-01, the epoch of the binary forms.</summary>
    public const int PostgresEpochDays = 10_957;

    public const long PostgresEpochMicroseconds = PostgresEpochDays * MicrosecondsPerDay;

    /// <summary>4714-11-24 BC, Julian day 0: the first date.</summary>
    public const int FirstDay = -2_440_588;

    /// <summary>5874897-12-31, the last date.</summary>
    public const int LastDay = 2_145_042_905;

    /// <summary>22008 for a day that PostgreSQL does not know, as a file may hold.</summary>
    public static void Check(PgDate value)
    {
        if (value.Days is < FirstDay or > LastDay && value.IsFinite)
            throw new SqlException(SqlState.DatetimeValueOutOfRange, "date out of range");
    }

    /// <summary>22008 for a moment before all that PostgreSQL knows; none is after the last one of 64 bits here.</summary>
    public static void Check(PgTimestamp value)
    {
        if (value.Microseconds < FirstDay * MicrosecondsPerDay && value.IsFinite)
            throw new SqlException(SqlState.DatetimeValueOutOfRange, "timestamp out of range");
    }

    /// <summary>4714-11-24 00:00:00 BC, the first timestamp.</summary>
    public const long FirstMicrosecond = FirstDay * MicrosecondsPerDay;

    /// <summary>
    /// The last timestamp, 294247-01-10 04:00:54.775806. PostgreSQL counts from 2000 and so reaches 294276; counting from 1970, as the
    /// kernel does, ends 29 years earlier.
    /// </summary>
    public const long LastMicrosecond = long.MaxValue - 1;

    /// <summary>Days since 1970-01-01 of a civil date; the day may lie outside its month.</summary>
    public static long DaysFromCivil(long year, int month, int day)
    {
        year -= month <= 2 ? 1 : 0;
        var era = Math.DivRem(year, 400, out var yearOfEra);
        if (yearOfEra < 0)
        {
            era--;
            yearOfEra += 400;
        }

        var dayOfYear = (((153 * (month + (month > 2 ? -3 : 9))) + 2) / 5) + day - 1;
        var dayOfEra = (yearOfEra * 365) + (yearOfEra / 4) - (yearOfEra / 100) + dayOfYear;
        return (era * 146_097) + dayOfEra - 719_468;
    }

    public static (int Year, int Month, int Day) CivilFromDays(long days)
    {
        days += 719_468;
        var era = FloorDivide(days, 146_097);
        var dayOfEra = days - (era * 146_097);
        var yearOfEra = (dayOfEra - (dayOfEra / 1460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        var dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        var shifted = ((5 * dayOfYear) + 2) / 153;
        var day = dayOfYear - (((153 * shifted) + 2) / 5) + 1;
        var month = shifted < 10 ? shifted + 3 : shifted - 9;
        var year = yearOfEra + (era * 400) + (month <= 2 ? 1 : 0);
        return ((int)year, (int)month, (int)day);
    }

    public static bool IsLeapYear(long year) => year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    public static int DaysInMonth(long year, int month) => month switch
    {
        2 => IsLeapYear(year) ? 29 : 28,
        4 or 6 or 9 or 11 => 30,
        _ => 31,
    };

    /// <summary>0 is Sunday.</summary>
    public static int DayOfWeek(long days) => (int)FloorModulo(days + 4, 7);

    public static long FloorDivide(long value, long divisor)
    {
        var quotient = Math.DivRem(value, divisor, out var remainder);
        return remainder < 0 ? quotient - 1 : quotient;
    }

    public static long FloorModulo(long value, long divisor)
    {
        var remainder = value % divisor;
        return remainder < 0 ? remainder + divisor : remainder;
    }
}
