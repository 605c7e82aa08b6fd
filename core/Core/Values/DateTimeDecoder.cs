using System.Globalization;

namespace Federation.Core.Values;

/// <summary>What has been read so far.</summary>
[Flags]
internal enum DateTimeParts
{
    None = 0,
    Year = 1,
    Month = 2,
    Day = 4,
    Hour = 8,
    Minute = 16,
    Second = 32,
    Zone = 64,
    DayOfYear = 128,
    AmPm = 256,
    Era = 512,
    DayOfWeek = 1024,
    DaylightModifier = 2048,
    Date = Year | Month | Day,
    Time = Hour | Minute | Second,
}

internal enum DecodeError
{
    None,
    BadFormat,
    FieldOverflow,
    MonthDayOverflow,
    ZoneOverflow,
    UnknownZone,
}

/// <summary>
/// Reads the fields of date/time text (PostgreSQL's DecodeDateTime and DecodeTimeOnly). What a number means depends on the fields before
/// it and on DateOrder; the rules follow datetime.c case by case. One instance reads one text.
/// </summary>
internal sealed partial class DateTimeDecoder(List<DateTimeToken> tokens, ValueContext context, bool timeOnly)
{
    private DateTimeParts _parts;
    private DateTimeParts _found;
    private UnitWord _label;
    private bool _isTwoDigitYear;
    private bool _hasTextMonth;
    private bool _isJulian;
    private bool _isBeforeChrist;
    private bool? _isPm;
    private int _dayOfYear;

    public int Year { get; private set; }

    public int Month { get; private set; } = 1;

    public int Day { get; private set; } = 1;

    public int Hour { get; private set; }

    public int Minute { get; private set; }

    public int Second { get; private set; }

    public int Microsecond { get; private set; }

    /// <summary>Set when the text is epoch, infinity or -infinity; the fields then have no meaning.</summary>
    public ReservedWord? Special { get; private set; }

    /// <summary>Seconds east of UTC when the text gives an offset or an abbreviation.</summary>
    public int? OffsetSeconds { get; private set; }

    /// <summary>What the text calls the zone, when the offset of that abbreviation depends on the date.</summary>
    public ZoneDesignation? Abbreviation { get; private set; }

    /// <summary>The zone when the text names one.</summary>
    public TimeZoneInfo? Zone { get; private set; }

    /// <summary>The zone's name when the error is <see cref="DecodeError.UnknownZone"/>.</summary>
    public string UnknownZoneName { get; private set; } = "";

    public bool HasDate => (_parts & DateTimeParts.Date) == DateTimeParts.Date;

    public long TimeOfDay => ((((Hour * 60L) + Minute) * 60) + Second) * Calendar.MicrosecondsPerSecond + Microsecond;

    public DecodeError Decode()
    {
        for (var i = 0; i < tokens.Count; i++)
        {
            _found = DateTimeParts.None;
            var token = tokens[i];
            var error = token.Kind switch
            {
                TokenKind.Date => timeOnly ? ReadDateInTime(i) : ReadDateToken(token.Text),
                TokenKind.Time => ReadTimeToken(token.Text),
                TokenKind.Zone => ReadOffset(token.Text),
                TokenKind.Number =>
                    _label != UnitWord.None ? ReadLabelled(token.Text) : timeOnly ? ReadNumberInTime(i) : ReadNumber(token.Text),
                _ => ReadWord(i),
            };
            if (error != DecodeError.None) return error;
            if ((_found & _parts) != DateTimeParts.None) return DecodeError.BadFormat;
            _parts |= _found;
        }

        if (Special is not null) return timeOnly ? DecodeError.BadFormat : DecodeError.None;
        return Finish();
    }

    private DecodeError Finish()
    {
        var error = ValidateDate();
        if (error != DecodeError.None) return error;
        if (_isPm is { } isPm)
        {
            if (Hour > 12) return DecodeError.FieldOverflow;
            if (!isPm && Hour == 12) Hour = 0;
            else if (isPm && Hour != 12) Hour += 12;
        }

        if (timeOnly)
        {
            if (TimeOverflows()) return DecodeError.FieldOverflow;
            // The offset of such a zone depends on the date.
            if (!HasDate && Zone is { } zone && !ZoneRules.For(zone).HasOneOffset) return DecodeError.BadFormat;
            return (_parts & DateTimeParts.Time) == DateTimeParts.Time ? DecodeError.None : DecodeError.BadFormat;
        }

        if (!HasDate) return DecodeError.BadFormat;
        var needsZone = (_parts & (DateTimeParts.Zone | DateTimeParts.DaylightModifier)) == DateTimeParts.DaylightModifier;
        return needsZone ? DecodeError.BadFormat : DecodeError.None;
    }

    private DecodeError ValidateDate()
    {
        if (_parts.HasFlag(DateTimeParts.Year) && !_isJulian)
        {
            if (_isBeforeChrist)
            {
                if (Year <= 0) return DecodeError.FieldOverflow;
                Year = 1 - Year;
            }
            else if (_isTwoDigitYear)
            {
                if (Year < 70) Year += 2000;
                else if (Year < 100) Year += 1900;
            }
            else if (Year <= 0)
            {
                return DecodeError.FieldOverflow;
            }
        }

        if (_parts.HasFlag(DateTimeParts.DayOfYear)) SetDate(Calendar.DaysFromCivil(Year, 1, 1) + _dayOfYear - 1);
        if (_parts.HasFlag(DateTimeParts.Month) && Month is < 1 or > 12) return DecodeError.MonthDayOverflow;
        if (_parts.HasFlag(DateTimeParts.Day) && Day is < 1 or > 31) return DecodeError.MonthDayOverflow;
        return HasDate && Day > Calendar.DaysInMonth(Year, Month) ? DecodeError.FieldOverflow : DecodeError.None;
    }

    private bool TimeOverflows() =>
        Hour is < 0 or > 24 || Minute is < 0 or > 59 || Second is < 0 or > 60 || TimeOfDay > Calendar.MicrosecondsPerDay;

    private DecodeError ReadDateToken(string text)
    {
        if (_label == UnitWord.Julian)
        {
            // A Julian day with a zone stuck to it: J2451187-08.
            var end = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
            if (end <= 0 || !int.TryParse(text.AsSpan(0, end), CultureInfo.InvariantCulture, out var julian)) return DecodeError.BadFormat;
            _label = UnitWord.None;
            _isJulian = true;
            SetDate(julian + (long)Calendar.FirstDay);
            var error = ReadOffset(text[end..]);
            _found |= DateTimeParts.Date | DateTimeParts.Time;
            return error;
        }

        var hasMonthAndDay = (_parts & (DateTimeParts.Month | DateTimeParts.Day)) == (DateTimeParts.Month | DateTimeParts.Day);
        if (!hasMonthAndDay && _label == UnitWord.None) return ReadDate(text);
        return char.IsAsciiDigit(text[0]) || _label != UnitWord.None ? ReadTimeWithZone(text, _parts) : ReadZoneName(text);
    }

    private DecodeError ReadDateInTime(int index)
    {
        var text = tokens[index].Text;
        var last = tokens[^1].Kind;
        if (index == 0 && tokens.Count >= 2 && (last == TokenKind.Date || tokens[1].Kind == TokenKind.Time)) return ReadDate(text);
        return char.IsAsciiDigit(text[0]) ? ReadTimeWithZone(text, _parts | DateTimeParts.Date) : ReadZoneName(text);
    }

    /// <summary>A run-together time with an offset behind it: 040506-08.</summary>
    private DecodeError ReadTimeWithZone(string text, DateTimeParts parts)
    {
        if (_label is not (UnitWord.None or UnitWord.Time)) return DecodeError.BadFormat;
        _label = UnitWord.None;
        if ((parts & DateTimeParts.Time) == DateTimeParts.Time) return DecodeError.BadFormat;
        var sign = text.IndexOf('-', StringComparison.Ordinal);
        if (sign < 0) return DecodeError.BadFormat;
        var error = ReadOffset(text[sign..]);
        if (error != DecodeError.None) return error;
        var zone = _found;
        error = ReadRunTogether(text[..sign], parts);
        _found |= zone;
        return error;
    }

    private DecodeError ReadZoneName(string text)
    {
        Zone = TimeZones.Find(text);
        if (Zone is null)
        {
            UnknownZoneName = text;
            return DecodeError.UnknownZone;
        }

        _found = DateTimeParts.Zone;
        return DecodeError.None;
    }

    private DecodeError ReadTimeToken(string text)
    {
        if (_label is not (UnitWord.None or UnitWord.Time)) return DecodeError.BadFormat;
        _label = UnitWord.None;
        var error = ReadTime(text);
        if (error != DecodeError.None) return error;
        _found = DateTimeParts.Time;
        return !timeOnly && TimeOverflows() ? DecodeError.FieldOverflow : DecodeError.None;
    }

    private DecodeError ReadTime(string text)
    {
        var parts = text.Split(':');
        var fraction = parts[^1].IndexOf('.', StringComparison.Ordinal);
        if (fraction >= 0)
        {
            if (!TryReadFraction(parts[^1][fraction..])) return DecodeError.BadFormat;
            parts[^1] = parts[^1][..fraction];
        }

        var numbers = new int[3];
        if (parts.Length is < 2 or > 3) return DecodeError.BadFormat;
        for (var i = 0; i < parts.Length; i++)
        {
            var error = ReadInteger(parts[i], out numbers[i]);
            if (error != DecodeError.None) return error;
        }

        // mm:ss.fff has no hours.
        (Hour, Minute, Second) = parts.Length == 2 && fraction >= 0 ? (0, numbers[0], numbers[1]) : (numbers[0], numbers[1], numbers[2]);
        return Minute > 59 || Second > 60 ? DecodeError.FieldOverflow : DecodeError.None;
    }

    private DecodeError ReadOffset(string text)
    {
        _found = DateTimeParts.Zone;
        var parts = text[1..].Split(':');
        if (parts.Length > 3) return DecodeError.BadFormat;
        var numbers = new int[3];
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i].Length == 0 && i > 0) continue;
            if (parts[i].AsSpan().IndexOfAnyExceptInRange('0', '9') >= 0 || parts[i].Length == 0) return DecodeError.BadFormat;
            if (!int.TryParse(parts[i], CultureInfo.InvariantCulture, out numbers[i])) return DecodeError.ZoneOverflow;
        }

        if (parts.Length == 1 && text.Length > 3) (numbers[0], numbers[1]) = (numbers[0] / 100, numbers[0] % 100);
        if (numbers[0] > 15 || numbers[1] > 59 || numbers[2] > 59) return DecodeError.ZoneOverflow;
        var seconds = (((numbers[0] * 60) + numbers[1]) * 60) + numbers[2];
        OffsetSeconds = text[0] == '-' ? -seconds : seconds;
        return DecodeError.None;
    }

    private DecodeError ReadWord(int index)
    {
        var text = tokens[index].Text;
        if (TimeZoneAbbreviations.TryFind(text, out var offset))
        {
            _found = DateTimeParts.Zone;
            OffsetSeconds = offset;
            Abbreviation = ZoneDesignation.FindDynamic(text);
            return DecodeError.None;
        }

        var (kind, value) = DateTimeTokens.Find(text);
        switch (kind)
        {
            case WordKind.Reserved: return ReadReserved((ReservedWord)value);
            case WordKind.Month when !timeOnly:
                _found = DateTimeParts.Month;
                // "5 Jan": the number read as a month was the day.
                if (_parts.HasFlag(DateTimeParts.Month) && !_hasTextMonth && !_parts.HasFlag(DateTimeParts.Day) && Month is >= 1 and <= 31)
                {
                    Day = Month;
                    _found = DateTimeParts.Day;
                }

                _hasTextMonth = true;
                Month = value;
                return DecodeError.None;
            case WordKind.DaylightModifier:
                _found = DateTimeParts.DaylightModifier;
                OffsetSeconds = (OffsetSeconds ?? 0) + value;
                Abbreviation = null;
                return DecodeError.None;
            case WordKind.AmPm:
                _found = DateTimeParts.AmPm;
                _isPm = value == 1;
                return DecodeError.None;
            case WordKind.Era:
                _found = DateTimeParts.Era;
                _isBeforeChrist = value == 1;
                return DecodeError.None;
            case WordKind.DayOfWeek when !timeOnly:
                _found = DateTimeParts.DayOfWeek;
                return DecodeError.None;
            case WordKind.Unit:
                _label = (UnitWord)value;
                return DecodeError.None;
            case WordKind.IsoTime:
                if (!timeOnly && !HasDate) return DecodeError.BadFormat;
                if (index + 1 >= tokens.Count || tokens[index + 1].Kind is not (TokenKind.Number or TokenKind.Time or TokenKind.Date))
                    return DecodeError.BadFormat;
                _label = UnitWord.Time;
                return DecodeError.None;
            case WordKind.Ignored: return DecodeError.None;
            case WordKind.Unknown: return ReadZoneName(text) == DecodeError.None ? DecodeError.None : DecodeError.BadFormat;
            default: return DecodeError.BadFormat;
        }
    }

    private DecodeError ReadReserved(ReservedWord word)
    {
        var zone = ZoneRules.For(context.Format.TimeZone);
        var local = context.Now.Microseconds
            + (zone.OffsetAtUtc(Calendar.FloorDivide(context.Now.Microseconds, Calendar.MicrosecondsPerSecond))
                * Calendar.MicrosecondsPerSecond);
        var today = Calendar.FloorDivide(local, Calendar.MicrosecondsPerDay);
        switch (word)
        {
            case ReservedWord.Now:
                _found = DateTimeParts.Date | DateTimeParts.Time | DateTimeParts.Zone;
                _isJulian = true;
                SetDate(today);
                SetTime(local - (today * Calendar.MicrosecondsPerDay));
                OffsetSeconds = (int)((local - context.Now.Microseconds) / Calendar.MicrosecondsPerSecond);
                break;
            case ReservedWord.Yesterday or ReservedWord.Today or ReservedWord.Tomorrow when !timeOnly:
                _found = DateTimeParts.Date;
                _isJulian = true;
                SetDate(today + (int)word - (int)ReservedWord.Today);
                break;
            case ReservedWord.Zulu:
                _found = DateTimeParts.Time | DateTimeParts.Zone;
                OffsetSeconds = 0;
                break;
            case ReservedWord.Epoch or ReservedWord.Infinity or ReservedWord.NegativeInfinity:
                _found = DateTimeParts.Date | DateTimeParts.Time | DateTimeParts.Zone;
                Special = word;
                break;
            default: return DecodeError.BadFormat;
        }

        return DecodeError.None;
    }

    private void SetDate(long days) => (Year, Month, Day) = Calendar.CivilFromDays(days);

    private void SetTime(long microseconds)
    {
        Hour = (int)(microseconds / Calendar.MicrosecondsPerHour);
        Minute = (int)(microseconds / Calendar.MicrosecondsPerMinute % 60);
        Second = (int)(microseconds / Calendar.MicrosecondsPerSecond % 60);
        Microsecond = (int)(microseconds % Calendar.MicrosecondsPerSecond);
    }
}
