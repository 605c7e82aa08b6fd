using System.Globalization;

namespace Federation.Core.Values;

// The numbers of date/time text: dates of several fields, single fields, and fields run together.
internal sealed partial class DateTimeDecoder
{
    /// <summary>A date of several fields with one separator, one of which may be the name of a month.</summary>
    private DecodeError ReadDate(string text)
    {
        var fields = SplitFields(text);
        if (fields is null) return DecodeError.BadFormat;
        var parts = _parts;
        var all = DateTimeParts.None;
        // A month's name is unambiguous, so it is read before the numbers.
        foreach (var field in fields)
        {
            if (!char.IsAsciiLetter(field[0])) continue;
            var (kind, value) = DateTimeTokens.Find(field);
            if (kind == WordKind.Ignored) continue;
            if (kind != WordKind.Month || parts.HasFlag(DateTimeParts.Month)) return DecodeError.BadFormat;
            Month = value;
            _hasTextMonth = true;
            parts |= DateTimeParts.Month;
            all |= DateTimeParts.Month;
        }

        foreach (var field in fields)
        {
            if (!char.IsAsciiDigit(field[0])) continue;
            var error = ReadField(field, parts);
            if (error != DecodeError.None) return error;
            if ((parts & _found) != DateTimeParts.None) return DecodeError.BadFormat;
            parts |= _found;
            all |= _found;
        }

        _found = all;
        return (parts & ~(DateTimeParts.DayOfYear | DateTimeParts.Zone)) == DateTimeParts.Date ? DecodeError.None : DecodeError.BadFormat;
    }

    private static List<string>? SplitFields(string text)
    {
        var fields = new List<string>();
        var position = 0;
        while (position < text.Length)
        {
            while (position < text.Length && !char.IsAsciiLetterOrDigit(text[position])) position++;
            if (position == text.Length) return null;
            var start = position;
            if (char.IsAsciiDigit(text[start]))
                while (position < text.Length && char.IsAsciiDigit(text[position])) position++;
            else
                while (position < text.Length && char.IsAsciiLetter(text[position])) position++;
            fields.Add(text[start..position]);
            if (position < text.Length && !char.IsAsciiLetterOrDigit(text[position])) position++;
        }

        return fields;
    }

    private DecodeError ReadNumber(string text)
    {
        var point = text.IndexOf('.', StringComparison.Ordinal);
        var hasDate = (_parts & DateTimeParts.Date) != DateTimeParts.None;
        if (point >= 0 && !hasDate) return ReadDate(text);
        if (point > 2) return ReadRunTogether(text, _parts);
        // Six digits or more are a whole date or time unless both are known already.
        if (text.Length >= 6 && (!hasDate || (_parts & DateTimeParts.Time) == DateTimeParts.None)) return ReadRunTogether(text, _parts);
        return ReadField(text, _parts);
    }

    private DecodeError ReadNumberInTime(int index)
    {
        var text = tokens[index].Text;
        var point = text.IndexOf('.', StringComparison.Ordinal);
        if (point >= 0)
        {
            if (index == 0 && tokens.Count >= 2 && tokens[^1].Kind == TokenKind.Date) return ReadDate(text);
            return point > 2 ? ReadRunTogether(text, _parts | DateTimeParts.Date) : DecodeError.BadFormat;
        }

        return text.Length > 4 ? ReadRunTogether(text, _parts | DateTimeParts.Date) : ReadField(text, _parts | DateTimeParts.Date);
    }

    /// <summary>A number behind a unit: J2451187, y2001 m02 d04, T040506.</summary>
    private DecodeError ReadLabelled(string text)
    {
        var label = _label;
        _label = UnitWord.None;
        if (label == UnitWord.Time)
        {
            var timeError = ReadRunTogether(text, _parts | DateTimeParts.Date);
            return timeError == DecodeError.None && _found != DateTimeParts.Time ? DecodeError.BadFormat : timeError;
        }

        var point = text.IndexOf('.', StringComparison.Ordinal);
        var error = ReadInteger(point < 0 ? text : text[..point], out var value);
        if (error != DecodeError.None) return error;
        if (point >= 0 && label is not (UnitWord.Julian or UnitWord.Second)) return DecodeError.BadFormat;
        switch (label)
        {
            case UnitWord.Year:
                Year = value;
                _found = DateTimeParts.Year;
                break;
            case UnitWord.Month when _parts.HasFlag(DateTimeParts.Month) && _parts.HasFlag(DateTimeParts.Hour):
                // A second "m", after the hours, is minutes.
                Minute = value;
                _found = DateTimeParts.Minute;
                break;
            case UnitWord.Month:
                Month = value;
                _found = DateTimeParts.Month;
                break;
            case UnitWord.Day:
                Day = value;
                _found = DateTimeParts.Day;
                break;
            case UnitWord.Hour:
                Hour = value;
                _found = DateTimeParts.Hour;
                break;
            case UnitWord.Minute:
                Minute = value;
                _found = DateTimeParts.Minute;
                break;
            case UnitWord.Second:
                Second = value;
                _found = DateTimeParts.Second;
                if (point >= 0 && !TryReadFraction(text[point..])) return DecodeError.BadFormat;
                break;
            default:
                _isJulian = true;
                SetDate(value + (long)Calendar.FirstDay);
                _found = DateTimeParts.Date;
                if (point < 0) break;
                SetTime((long)(double.Parse("0" + text[point..], CultureInfo.InvariantCulture) * Calendar.MicrosecondsPerDay));
                _found |= DateTimeParts.Time;
                break;
        }

        return DecodeError.None;
    }

    /// <summary>One field; which one follows from what is known and from DateOrder (DecodeNumber).</summary>
    private DecodeError ReadField(string text, DateTimeParts parts)
    {
        var point = text.IndexOf('.', StringComparison.Ordinal);
        if (point > 2) return ReadRunTogether(text, parts | DateTimeParts.Date);
        var error = ReadInteger(point < 0 ? text : text[..point], out var value);
        if (error != DecodeError.None) return error;
        if (point >= 0 && !TryReadFraction(text[point..])) return DecodeError.BadFormat;
        var known = parts & DateTimeParts.Date;
        if (text.Length == 3 && known == DateTimeParts.Year && value is >= 1 and <= 366)
        {
            _found = DateTimeParts.DayOfYear | DateTimeParts.Month | DateTimeParts.Day;
            _dayOfYear = value;
            return DecodeError.None;
        }

        var order = context.Format.DateOrder;
        var looksLikeYear = text.Length >= 3 || order == DateOrder.Ymd;
        switch (known)
        {
            case DateTimeParts.None:
                if (looksLikeYear) SetYear(value, text.Length);
                else if (order == DateOrder.Dmy) SetDay(value);
                else SetMonth(value);
                break;
            case DateTimeParts.Year: SetMonth(value); break;
            case DateTimeParts.Month:
                if (_hasTextMonth && looksLikeYear) SetYear(value, text.Length);
                else SetDay(value);
                break;
            case DateTimeParts.Year | DateTimeParts.Month:
                if (_hasTextMonth && text.Length >= 3 && _isTwoDigitYear)
                {
                    // DD-MON-YYYY in YMD order: the first number was the day after all.
                    SetDay(Year);
                    Year = value;
                    _isTwoDigitYear = false;
                }
                else
                {
                    SetDay(value);
                }

                break;
            case DateTimeParts.Day: SetMonth(value); break;
            case DateTimeParts.Month | DateTimeParts.Day: SetYear(value, text.Length); break;
            case DateTimeParts.Date: return ReadRunTogether(text, parts);
            default: return DecodeError.BadFormat;
        }

        return DecodeError.None;
    }

    /// <summary>yyyymmdd, yymmdd, hhmmss or hhmm, the seconds with an optional fraction (DecodeNumberField).</summary>
    private DecodeError ReadRunTogether(string text, DateTimeParts parts)
    {
        var point = text.IndexOf('.', StringComparison.Ordinal);
        if (point >= 0)
        {
            if (!TryReadFraction(text[point..])) return DecodeError.BadFormat;
            text = text[..point];
        }
        else if ((parts & DateTimeParts.Date) != DateTimeParts.Date && text.Length >= 6)
        {
            Day = Digits(text, text.Length - 2);
            Month = Digits(text, text.Length - 4);
            var error = ReadInteger(text[..^4], out var year);
            if (error != DecodeError.None) return error;
            Year = year;
            _isTwoDigitYear = text.Length == 6;
            _found = DateTimeParts.Date;
            return DecodeError.None;
        }

        if ((parts & DateTimeParts.Time) == DateTimeParts.Time || text.Length is not (4 or 6)) return DecodeError.BadFormat;
        if (text.AsSpan().IndexOfAnyExceptInRange('0', '9') >= 0) return DecodeError.BadFormat;
        Hour = Digits(text, 0);
        Minute = Digits(text, 2);
        Second = text.Length == 6 ? Digits(text, 4) : 0;
        _found = DateTimeParts.Time;
        // The range of a time is checked for text with colons only when it is read, here as the whole value.
        return TimeOverflows() ? DecodeError.FieldOverflow : DecodeError.None;
    }

    private static int Digits(string text, int start) => ((text[start] - '0') * 10) + (text[start + 1] - '0');

    private static DecodeError ReadInteger(string text, out int value)
    {
        value = 0;
        if (text.Length == 0 || text.AsSpan().IndexOfAnyExceptInRange('0', '9') >= 0) return DecodeError.BadFormat;
        return int.TryParse(text, CultureInfo.InvariantCulture, out value) ? DecodeError.None : DecodeError.FieldOverflow;
    }

    /// <summary>".5" and the like, rounded to microseconds; a bare point is zero.</summary>
    private bool TryReadFraction(string text)
    {
        if (text.Length == 1)
        {
            Microsecond = 0;
            return true;
        }

        if (text.AsSpan(1).IndexOfAnyExceptInRange('0', '9') >= 0) return false;
        Microsecond = (int)Math.Round(
            double.Parse("0" + text, CultureInfo.InvariantCulture) * Calendar.MicrosecondsPerSecond, MidpointRounding.ToEven);
        return true;
    }

    private void SetYear(int value, int length)
    {
        Year = value;
        _isTwoDigitYear = length <= 2;
        _found = DateTimeParts.Year;
    }

    private void SetMonth(int value)
    {
        Month = value;
        _found = DateTimeParts.Month;
    }

    private void SetDay(int value)
    {
        Day = value;
        _found = DateTimeParts.Day;
    }
}
