namespace Federation.Core.Values;

/// <summary>Input of intervals: PostgreSQL's units, the SQL standard's forms and ISO 8601.</summary>
public static class IntervalInput
{
    private const int FullRange = 0x7fff;

    // Bits of the range half of a modifier, as in PostgreSQL's datetime.h.
    private const int Month = 1 << 1;
    private const int Year = 1 << 2;
    private const int Day = 1 << 3;
    private const int Hour = 1 << 10;
    private const int Minute = 1 << 11;
    private const int Second = 1 << 12;

    public static PgInterval Parse(string text, int modifier, IntervalStyle style)
    {
        var range = modifier < 0 ? FullRange : (modifier >> 16) & FullRange;
        var interval = text.AsSpan().TrimStart(" \t\n\r\v\f").StartsWith('P')
            && IntervalIsoReader.TryRead(text.Trim(' ', '\t', '\n', '\r', '\v', '\f'), out var iso)
            ? iso
            : new IntervalUnitReader(text, style, BareUnit(range), isMinutesFirst: range == (Minute | Second)).Read();
        return ApplyModifier(interval, modifier);
    }

    /// <summary>Drops the parts below the declared range and rounds the seconds to the declared digits.</summary>
    public static PgInterval ApplyModifier(PgInterval value, int modifier)
    {
        if (modifier < 0) return value;
        var range = (modifier >> 16) & FullRange;
        value = range switch
        {
            Year => new PgInterval(value.Months / 12 * 12, 0, 0),
            Month or (Year | Month) => new PgInterval(value.Months, 0, 0),
            Day => value with { Microseconds = 0 },
            Hour or (Day | Hour) =>
                value with { Microseconds = value.Microseconds / Calendar.MicrosecondsPerHour * Calendar.MicrosecondsPerHour },
            Minute or (Hour | Minute) or (Day | Hour | Minute) =>
                value with { Microseconds = value.Microseconds / Calendar.MicrosecondsPerMinute * Calendar.MicrosecondsPerMinute },
            _ => value,
        };
        return value with { Microseconds = DateTimeInput.Round(value.Microseconds, modifier & 0xffff) };
    }

    /// <summary>What a number without unit counts: the lowest field of the declared range.</summary>
    private static IntervalUnit BareUnit(int range) => range switch
    {
        Year => IntervalUnit.Year,
        Month or (Year | Month) => IntervalUnit.Month,
        Day => IntervalUnit.Day,
        Hour or (Day | Hour) => IntervalUnit.Hour,
        Minute or (Hour | Minute) or (Day | Hour | Minute) => IntervalUnit.Minute,
        _ => IntervalUnit.Second,
    };
}

internal enum IntervalUnit
{
    None,
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
    Decade,
    Century,
    Millennium,
}

/// <summary>Adds up the parts of an interval; fractions of a unit go to the lower parts, 30 days to a month.</summary>
internal struct IntervalSum
{
    private Int128 _months;
    private Int128 _days;
    private Int128 _microseconds;

    public void AddMicroseconds(Int128 value) => _microseconds += value;

    public void Add(IntervalUnit unit, long whole, double fraction)
    {
        switch (unit)
        {
            case IntervalUnit.Microsecond: AddTime(whole, fraction, 1); break;
            case IntervalUnit.Millisecond: AddTime(whole, fraction, 1000); break;
            case IntervalUnit.Second: AddTime(whole, fraction, Calendar.MicrosecondsPerSecond); break;
            case IntervalUnit.Minute: AddTime(whole, fraction, Calendar.MicrosecondsPerMinute); break;
            case IntervalUnit.Hour: AddTime(whole, fraction, Calendar.MicrosecondsPerHour); break;
            case IntervalUnit.Day:
                _days += whole;
                AddTime(0, fraction, Calendar.MicrosecondsPerDay);
                break;
            case IntervalUnit.Week:
                _days += (Int128)whole * 7;
                AddDays(fraction * 7);
                break;
            case IntervalUnit.Month:
                _months += whole;
                AddDays(fraction * 30);
                break;
            case IntervalUnit.Year: AddYears(whole, fraction, 1); break;
            case IntervalUnit.Decade: AddYears(whole, fraction, 10); break;
            case IntervalUnit.Century: AddYears(whole, fraction, 100); break;
            case IntervalUnit.Millennium: AddYears(whole, fraction, 1000); break;
        }
    }

    public readonly bool TryBuild(bool negate, out PgInterval interval)
    {
        var (months, days, microseconds) = negate ? (-_months, -_days, -_microseconds) : (_months, _days, _microseconds);
        interval = default;
        if (months < int.MinValue || months > int.MaxValue || days < int.MinValue || days > int.MaxValue) return false;
        if (microseconds < long.MinValue || microseconds > long.MaxValue) return false;
        interval = new PgInterval((int)months, (int)days, (long)microseconds);
        return true;
    }

    private void AddTime(long whole, double fraction, long unit) =>
        _microseconds += ((Int128)whole * unit) + (long)Math.Round(fraction * unit, MidpointRounding.ToEven);

    private void AddDays(double days)
    {
        var whole = (long)days;
        _days += whole;
        AddTime(0, days - whole, Calendar.MicrosecondsPerDay);
    }

    private void AddYears(long whole, double fraction, int unit) =>
        _months += ((Int128)whole * unit * 12) + (long)Math.Round(fraction * unit * 12, MidpointRounding.ToEven);
}
