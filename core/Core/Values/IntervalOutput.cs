namespace Federation.Core.Values;

/// <summary>Text of intervals in the four IntervalStyles (PostgreSQL's datetime.c, EncodeInterval).</summary>
public static class IntervalOutput
{
    public const int MaxLength = 160;

    public static int Write(Span<byte> destination, PgInterval value, IntervalStyle style)
    {
        var cursor = new Utf8Cursor(destination);
        var parts = new Parts(value);
        switch (style)
        {
            case IntervalStyle.PostgresVerbose: PutVerbose(ref cursor, parts); break;
            case IntervalStyle.SqlStandard: PutSqlStandard(ref cursor, parts); break;
            case IntervalStyle.Iso8601: PutIso(ref cursor, parts); break;
            default: PutPostgres(ref cursor, parts); break;
        }

        return cursor.Position;
    }

    private static void PutPostgres(ref Utf8Cursor cursor, in Parts parts)
    {
        var isBefore = false;
        PutUnit(ref cursor, parts.Years, "year", ref isBefore);
        PutUnit(ref cursor, parts.Months, "mon", ref isBefore);
        PutUnit(ref cursor, parts.Days, "day", ref isBefore);
        if (cursor.Position > 0 && !parts.HasTime) return;
        if (cursor.Position > 0) cursor.Put(' ');
        if (parts.TimeIsNegative) cursor.Put('-');
        else if (isBefore) cursor.Put('+');
        PutClock(ref cursor, parts, padHours: true);
    }

    private static void PutUnit(ref Utf8Cursor cursor, long value, string unit, ref bool isBefore)
    {
        if (value == 0) return;
        if (cursor.Position > 0) cursor.Put(' ');
        // A positive part behind a negative one needs its sign to be read back.
        if (isBefore && value > 0) cursor.Put('+');
        cursor.Put(value);
        cursor.Put(' ');
        cursor.PutAscii(unit);
        if (value != 1) cursor.Put('s');
        isBefore = value < 0;
    }

    private static void PutClock(ref Utf8Cursor cursor, in Parts parts, bool padHours)
    {
        if (padHours) cursor.PutPadded(Math.Abs(parts.Hours), 2);
        else cursor.Put(Math.Abs(parts.Hours));
        cursor.Put(':');
        cursor.PutPadded(Math.Abs(parts.Minutes), 2);
        cursor.Put(':');
        cursor.PutSeconds(Math.Abs(parts.Seconds), Math.Abs(parts.Microseconds), pad: true);
    }

    private static void PutVerbose(ref Utf8Cursor cursor, in Parts parts)
    {
        cursor.Put('@');
        var isEmpty = true;
        var isBefore = false;
        PutVerboseUnit(ref cursor, parts.Years, "year", ref isEmpty, ref isBefore);
        PutVerboseUnit(ref cursor, parts.Months, "mon", ref isEmpty, ref isBefore);
        PutVerboseUnit(ref cursor, parts.Days, "day", ref isEmpty, ref isBefore);
        PutVerboseUnit(ref cursor, parts.Hours, "hour", ref isEmpty, ref isBefore);
        PutVerboseUnit(ref cursor, parts.Minutes, "min", ref isEmpty, ref isBefore);
        if (parts.Seconds != 0 || parts.Microseconds != 0)
        {
            cursor.Put(' ');
            if (parts.Seconds < 0 || parts.Microseconds < 0)
            {
                if (isEmpty) isBefore = true;
                else if (!isBefore) cursor.Put('-');
            }
            else if (isBefore)
            {
                cursor.Put('-');
            }

            cursor.PutSeconds(Math.Abs(parts.Seconds), Math.Abs(parts.Microseconds), pad: false);
            cursor.Put(Math.Abs(parts.Seconds) != 1 || parts.Microseconds != 0 ? " secs"u8 : " sec"u8);
            isEmpty = false;
        }

        if (isEmpty) cursor.Put(" 0"u8);
        if (isBefore) cursor.Put(" ago"u8);
    }

    private static void PutVerboseUnit(ref Utf8Cursor cursor, long value, string unit, ref bool isEmpty, ref bool isBefore)
    {
        if (value == 0) return;
        // The first part decides whether the whole is "ago"; the others are shown relative to that.
        if (isEmpty)
        {
            isBefore = value < 0;
            value = Math.Abs(value);
        }
        else if (isBefore)
        {
            value = -value;
        }

        cursor.Put(' ');
        cursor.Put(value);
        cursor.Put(' ');
        cursor.PutAscii(unit);
        if (value != 1) cursor.Put('s');
        isEmpty = false;
    }

    private static void PutSqlStandard(ref Utf8Cursor cursor, in Parts parts)
    {
        var hasNegative = parts.Years < 0 || parts.Months < 0 || parts.Days < 0 || parts.TimeIsNegative;
        var hasPositive = parts.Years > 0 || parts.Months > 0 || parts.Days > 0 || (parts.HasTime && !parts.TimeIsNegative);
        var hasYearMonth = parts.Years != 0 || parts.Months != 0;
        var hasDayTime = parts.Days != 0 || parts.HasTime;
        if (!hasNegative && !hasPositive)
        {
            cursor.Put('0');
            return;
        }

        if ((hasNegative && hasPositive) || (hasYearMonth && hasDayTime))
        {
            // The standard has no such interval; signs on every part keep it readable.
            cursor.Put(parts.Years < 0 || parts.Months < 0 ? '-' : '+');
            PutYearMonth(ref cursor, parts);
            cursor.Put(' ');
            cursor.Put(parts.Days < 0 ? '-' : '+');
            cursor.Put(Math.Abs(parts.Days));
            cursor.Put(' ');
            cursor.Put(parts.TimeIsNegative ? '-' : '+');
            PutClock(ref cursor, parts, padHours: false);
            return;
        }

        if (hasNegative) cursor.Put('-');
        if (hasYearMonth)
        {
            PutYearMonth(ref cursor, parts);
            return;
        }

        if (parts.Days != 0)
        {
            cursor.Put(Math.Abs(parts.Days));
            cursor.Put(' ');
        }

        PutClock(ref cursor, parts, padHours: false);
    }

    private static void PutYearMonth(ref Utf8Cursor cursor, in Parts parts)
    {
        cursor.Put(Math.Abs(parts.Years));
        cursor.Put('-');
        cursor.Put(Math.Abs(parts.Months));
    }

    private static void PutIso(ref Utf8Cursor cursor, in Parts parts)
    {
        cursor.Put('P');
        PutIsoUnit(ref cursor, parts.Years, 'Y');
        PutIsoUnit(ref cursor, parts.Months, 'M');
        PutIsoUnit(ref cursor, parts.Days, 'D');
        if (!parts.HasTime)
        {
            if (cursor.Position == 1) cursor.Put("T0S"u8);
            return;
        }

        cursor.Put('T');
        PutIsoUnit(ref cursor, parts.Hours, 'H');
        PutIsoUnit(ref cursor, parts.Minutes, 'M');
        if (parts.Seconds == 0 && parts.Microseconds == 0) return;
        if (parts.Seconds < 0 || parts.Microseconds < 0) cursor.Put('-');
        cursor.PutSeconds(Math.Abs(parts.Seconds), Math.Abs(parts.Microseconds), pad: false);
        cursor.Put('S');
    }

    private static void PutIsoUnit(ref Utf8Cursor cursor, long value, char unit)
    {
        if (value == 0) return;
        cursor.Put(value);
        cursor.Put(unit);
    }

    private readonly struct Parts(PgInterval value)
    {
        public long Years { get; } = value.Months / 12;

        public long Months { get; } = value.Months % 12;

        public long Days { get; } = value.Days;

        public long Hours { get; } = value.Microseconds / Calendar.MicrosecondsPerHour;

        public long Minutes { get; } = value.Microseconds / Calendar.MicrosecondsPerMinute % 60;

        public long Seconds { get; } = value.Microseconds / Calendar.MicrosecondsPerSecond % 60;

        public long Microseconds { get; } = value.Microseconds % Calendar.MicrosecondsPerSecond;

        public bool HasTime { get; } = value.Microseconds != 0;

        public bool TimeIsNegative { get; } = value.Microseconds < 0;
    }
}
