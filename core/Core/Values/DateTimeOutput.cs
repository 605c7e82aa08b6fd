using System.Text;

namespace Federation.Core.Values;

/// <summary>
/// Text of dates and times in every DateStyle (PostgreSQL's datetime.c, EncodeDateOnly, EncodeTimeOnly and EncodeDateTime).
/// </summary>
public static class DateTimeOutput
{
    /// <summary>The longest text of any of these types.</summary>
    public const int MaxLength = 128;

    private static readonly string[] s_days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    private static readonly string[] s_months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

    public static int Write(Span<byte> destination, PgDate value, TextFormat format)
    {
        var cursor = new Utf8Cursor(destination);
        if (!value.IsFinite) return WriteInfinity(ref cursor, value.Days > 0);
        Calendar.Check(value);
        var (year, month, day) = Calendar.CivilFromDays(value.Days);
        var isBeforeChrist = year <= 0;
        if (isBeforeChrist) year = 1 - year;
        if (format.DateFormat == DateFormat.Postgres)
        {
            var dayFirst = format.DateOrder == DateOrder.Dmy;
            cursor.PutPadded(dayFirst ? day : month, 2);
            cursor.Put('-');
            cursor.PutPadded(dayFirst ? month : day, 2);
            cursor.Put('-');
            cursor.PutPadded(year, 4);
        }
        else
        {
            PutDate(ref cursor, year, month, day, format);
        }

        if (isBeforeChrist) cursor.Put(" BC"u8);
        return cursor.Position;
    }

    public static int Write(Span<byte> destination, PgTime value)
    {
        var cursor = new Utf8Cursor(destination);
        PutTime(ref cursor, value.Microseconds);
        return cursor.Position;
    }

    public static int Write(Span<byte> destination, PgTimeTz value)
    {
        var cursor = new Utf8Cursor(destination);
        PutTime(ref cursor, value.Microseconds);
        PutOffset(ref cursor, value.OffsetSeconds);
        return cursor.Position;
    }

    /// <summary><paramref name="withZone"/>: the value is a timestamptz and is shown in the session's zone with its offset.</summary>
    public static int Write(Span<byte> destination, PgTimestamp value, bool withZone, TextFormat format)
    {
        var cursor = new Utf8Cursor(destination);
        if (!value.IsFinite) return WriteInfinity(ref cursor, value.Microseconds > 0);
        Calendar.Check(value);
        var offset = 0;
        if (withZone)
            offset = ZoneRules.For(format.TimeZone).OffsetAtUtc(Calendar.FloorDivide(value.Microseconds, Calendar.MicrosecondsPerSecond));
        var days = Calendar.FloorDivide(value.Microseconds, Calendar.MicrosecondsPerDay);
        var time = value.Microseconds - (days * Calendar.MicrosecondsPerDay) + (offset * Calendar.MicrosecondsPerSecond);
        if (time < 0 || time >= Calendar.MicrosecondsPerDay)
        {
            var shift = Calendar.FloorDivide(time, Calendar.MicrosecondsPerDay);
            days += shift;
            time -= shift * Calendar.MicrosecondsPerDay;
        }

        var (year, month, day) = Calendar.CivilFromDays(days);
        var isBeforeChrist = year <= 0;
        if (isBeforeChrist) year = 1 - year;
        if (format.DateFormat == DateFormat.Postgres)
        {
            cursor.PutAscii(s_days[Calendar.DayOfWeek(days)]);
            cursor.Put(' ');
            if (format.DateOrder == DateOrder.Dmy)
            {
                cursor.PutPadded(day, 2);
                cursor.Put(' ');
                cursor.PutAscii(s_months[month - 1]);
            }
            else
            {
                cursor.PutAscii(s_months[month - 1]);
                cursor.Put(' ');
                cursor.PutPadded(day, 2);
            }

            cursor.Put(' ');
            PutTime(ref cursor, time);
            cursor.Put(' ');
            cursor.PutPadded(year, 4);
        }
        else
        {
            PutDate(ref cursor, year, month, day, format);
            cursor.Put(' ');
            PutTime(ref cursor, time);
        }

        if (withZone)
        {
            if (format.DateFormat == DateFormat.Iso) PutOffset(ref cursor, offset);
            else PutZoneName(ref cursor, value, offset, format);
        }

        if (isBeforeChrist) cursor.Put(" BC"u8);
        return cursor.Position;
    }

    private static int WriteInfinity(ref Utf8Cursor cursor, bool isPositive)
    {
        cursor.Put(isPositive ? "infinity"u8 : "-infinity"u8);
        return cursor.Position;
    }

    private static void PutDate(ref Utf8Cursor cursor, int year, int month, int day, TextFormat format)
    {
        var (first, second, separator) = format.DateFormat switch
        {
            DateFormat.German => (day, month, '.'),
            DateFormat.Sql when format.DateOrder == DateOrder.Dmy => (day, month, '/'),
            DateFormat.Sql => (month, day, '/'),
            _ => (0, 0, '-'),
        };
        if (separator == '-')
        {
            cursor.PutPadded(year, 4);
            cursor.Put('-');
            cursor.PutPadded(month, 2);
            cursor.Put('-');
            cursor.PutPadded(day, 2);
            return;
        }

        cursor.PutPadded(first, 2);
        cursor.Put(separator);
        cursor.PutPadded(second, 2);
        cursor.Put(separator);
        cursor.PutPadded(year, 4);
    }

    private static void PutTime(ref Utf8Cursor cursor, long microseconds)
    {
        cursor.PutPadded(microseconds / Calendar.MicrosecondsPerHour, 2);
        cursor.Put(':');
        cursor.PutPadded(microseconds / Calendar.MicrosecondsPerMinute % 60, 2);
        cursor.Put(':');
        cursor.PutSeconds(microseconds / Calendar.MicrosecondsPerSecond % 60, microseconds % Calendar.MicrosecondsPerSecond, pad: true);
    }

    private static void PutOffset(ref Utf8Cursor cursor, int offsetSeconds)
    {
        cursor.Put(offsetSeconds < 0 ? '-' : '+');
        var magnitude = Math.Abs(offsetSeconds);
        cursor.PutPadded(magnitude / 3600, 2);
        if (magnitude % 3600 == 0) return;
        cursor.Put(':');
        cursor.PutPadded(magnitude / 60 % 60, 2);
        if (magnitude % 60 == 0) return;
        cursor.Put(':');
        cursor.PutPadded(magnitude % 60, 2);
    }

    private static void PutZoneName(ref Utf8Cursor cursor, PgTimestamp value, int offset, TextFormat format)
    {
        var name = ZoneRules.For(format.TimeZone).AbbreviationAtUtc(
            Calendar.FloorDivide(value.Microseconds, Calendar.MicrosecondsPerSecond));
        if (name is not null)
        {
            cursor.Put(' ');
            cursor.PutAscii(name);
            return;
        }

        // A separator keeps the year of the Postgres style and the offset apart; the other styles put the offset right behind the time.
        if (format.DateFormat == DateFormat.Postgres) cursor.Put(' ');
        PutOffset(ref cursor, offset);
    }
}
