using Federation.Core.Errors;

namespace Federation.Core.Values;

/// <summary>Input of dates and times, all of PostgreSQL's spellings.</summary>
public static class DateTimeInput
{
    private static readonly long[] s_roundingUnits = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

    public static PgDate ParseDate(string text, ValueContext context)
    {
        var decoder = Decode(text, "date", context, timeOnly: false);
        switch (decoder.Special)
        {
            case ReservedWord.Infinity: return PgDate.Infinity;
            case ReservedWord.NegativeInfinity: return PgDate.NegativeInfinity;
            case ReservedWord.Epoch: return new PgDate(0);
        }

        var days = Calendar.DaysFromCivil(decoder.Year, decoder.Month, decoder.Day);
        return days is >= Calendar.FirstDay and <= Calendar.LastDay
            ? new PgDate((int)days)
            : throw new SqlException(SqlState.DatetimeValueOutOfRange, $"date out of range: \"{text}\"");
    }

    public static PgTime ParseTime(string text, int modifier, ValueContext context) =>
        new(Round(Decode(text, "time", context, timeOnly: true).TimeOfDay, modifier));

    public static PgTimeTz ParseTimeTz(string text, int modifier, ValueContext context)
    {
        var decoder = Decode(text, "time with time zone", context, timeOnly: true);
        var time = Round(decoder.TimeOfDay, modifier);
        if (decoder.OffsetSeconds is { } offset) return new PgTimeTz(time, offset);
        var zone = ZoneRules.For(decoder.Zone ?? context.Format.TimeZone);
        // Without a date the offset is today's.
        var days = decoder.HasDate
            ? Calendar.DaysFromCivil(decoder.Year, decoder.Month, decoder.Day)
            : Calendar.FloorDivide(context.Now.Microseconds, Calendar.MicrosecondsPerDay);
        return new PgTimeTz(time, zone.OffsetAtLocal((days * 86_400) + (time / Calendar.MicrosecondsPerSecond)));
    }

    /// <summary>For a timestamp without time zone, a zone in the text is read and ignored.</summary>
    public static PgTimestamp ParseTimestamp(string text, bool withZone, int modifier, ValueContext context)
    {
        var decoder = Decode(text, withZone ? "timestamp with time zone" : "timestamp", context, timeOnly: false);
        switch (decoder.Special)
        {
            case ReservedWord.Infinity: return PgTimestamp.Infinity;
            case ReservedWord.NegativeInfinity: return PgTimestamp.NegativeInfinity;
            case ReservedWord.Epoch: return new PgTimestamp(0);
        }

        var days = Calendar.DaysFromCivil(decoder.Year, decoder.Month, decoder.Day);
        var local = ((Int128)days * Calendar.MicrosecondsPerDay) + decoder.TimeOfDay;
        if (withZone)
        {
            var seconds = (days * 86_400) + (decoder.TimeOfDay / Calendar.MicrosecondsPerSecond);
            var offset = decoder.Abbreviation?.OffsetAtLocal(seconds)
                ?? decoder.OffsetSeconds ?? ZoneRules.For(decoder.Zone ?? context.Format.TimeZone).OffsetAtLocal(seconds);
            local -= (Int128)offset * Calendar.MicrosecondsPerSecond;
        }

        if (local < Calendar.FirstMicrosecond || local > Calendar.LastMicrosecond)
            throw new SqlException(SqlState.DatetimeValueOutOfRange, $"timestamp out of range: \"{text}\"");
        return new PgTimestamp(Round((long)local, modifier));
    }

    /// <summary>Rounds microseconds to the declared digits of fraction, half away from zero.</summary>
    public static long Round(long microseconds, int modifier)
    {
        if (modifier is < 0 or >= 6) return microseconds;
        var unit = s_roundingUnits[modifier];
        return microseconds >= 0 ? (microseconds + (unit / 2)) / unit * unit : -((-microseconds + (unit / 2)) / unit * unit);
    }

    private static DateTimeDecoder Decode(string text, string typeName, ValueContext context, bool timeOnly)
    {
        if (DateTimeTokens.Split(text) is not { Count: > 0 } tokens) throw ValueErrors.InvalidDateTime(typeName, text);
        var decoder = new DateTimeDecoder(tokens, context, timeOnly);
        return decoder.Decode() switch
        {
            DecodeError.None => decoder,
            DecodeError.FieldOverflow => throw ValueErrors.DateTimeFieldOverflow(text),
            DecodeError.MonthDayOverflow => throw ValueErrors.DateTimeFieldOverflowWithHint(text),
            DecodeError.ZoneOverflow => throw ValueErrors.ZoneDisplacement(text),
            DecodeError.UnknownZone => throw ValueErrors.UnknownTimeZone(decoder.UnknownZoneName),
            _ => throw ValueErrors.InvalidDateTime(typeName, text),
        };
    }
}
