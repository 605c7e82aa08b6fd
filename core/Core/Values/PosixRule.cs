namespace Federation.Core.Values;

/// <summary>
/// The daylight-saving rule of a POSIX time zone: the name and offset of summer, and the days and times of a year on which it begins and
/// ends (tzparse in localtime.c). A zone that names no days has those of New York.
/// </summary>
internal sealed class PosixRule
{
    private const int FirstYear = 1;
    private const int LastYear = 9999;
    private const string DefaultDays = ",M3.2.0,M11.1.0";
    private const int DefaultTime = 2 * 3600;

    private readonly int _standard;
    private readonly Day _start;
    private readonly Day _end;

    private PosixRule(string name, int standard, int summer, Day start, Day end) =>
        (Name, _standard, OffsetSeconds, _start, _end) = (name, standard, summer, start, end);

    private enum DayKind
    {
        /// <summary>Jn: the days of a year from 1, without 29 February.</summary>
        Julian,

        /// <summary>n: the days of a year from 0.</summary>
        OfYear,

        /// <summary>Mm.w.d: a weekday of a month, the fifth being the last.</summary>
        Weekday,
    }

    private readonly record struct Day(DayKind Kind, int Number, int Month, int Week, int TimeSeconds);

    /// <summary>The abbreviation of summer.</summary>
    public string Name { get; }

    /// <summary>Of summer, east of UTC.</summary>
    public int OffsetSeconds { get; }

    /// <param name="text">What follows the standard offset.</param>
    /// <param name="standard">Seconds east of UTC outside of summer.</param>
    /// <returns>Null when the text is no rule.</returns>
    public static PosixRule? Read(string text, int standard)
    {
        var name = text.StartsWith('<')
            ? text[..(text.IndexOf('>') + 1)]
            : text[..(text.AsSpan().IndexOfAny("0123456789,-+") is >= 0 and var end ? end : text.Length)];
        if (name.Length == 0) return null;
        var rest = text[name.Length..];
        var summer = standard + 3600;
        if (rest.Length > 0 && rest[0] != ',')
        {
            if (!PosixZone.TryRead("x" + rest, out var offset)) return null;
            (summer, rest) = (offset.OffsetSeconds, offset.Rest);
        }

        if (rest.Length == 0) rest = DefaultDays;
        var days = rest.Split(',');
        return days is ["", var first, var last] && ReadDay(first) is { } start && ReadDay(last) is { } finish
            ? new PosixRule(name.Trim('<', '>'), standard, summer, start, finish)
            : null;
    }

    /// <summary>The seconds since 1970 at which summer begins (true) and ends, in order.</summary>
    public IEnumerable<(long Seconds, bool IsSummer)> Transitions()
    {
        for (var year = FirstYear; year <= LastYear; year++)
        {
            var begins = (At(_start, year) - _standard, true);
            var ends = (At(_end, year) - OffsetSeconds, false);
            yield return begins.Item1 < ends.Item1 ? begins : ends;
            yield return begins.Item1 < ends.Item1 ? ends : begins;
        }
    }

    private static Day? ReadDay(string text)
    {
        var parts = text.Split('/');
        var time = DefaultTime;
        if (parts.Length > 2 || (parts.Length == 2 && !TryTime(parts[1], out time))) return null;
        var day = parts[0];
        if (day.StartsWith('M'))
        {
            var numbers = day[1..].Split('.');
            return numbers.Length == 3 && TryNumber(numbers[0], 1, 12, out var month) && TryNumber(numbers[1], 1, 5, out var week)
                && TryNumber(numbers[2], 0, 6, out var weekday)
                ? new Day(DayKind.Weekday, weekday, month, week, time)
                : null;
        }

        if (day.StartsWith('J')) return TryNumber(day[1..], 1, 365, out var julian) ? new Day(DayKind.Julian, julian, 0, 0, time) : null;
        return TryNumber(day, 0, 365, out var ofYear) ? new Day(DayKind.OfYear, ofYear, 0, 0, time) : null;
    }

    private static bool TryTime(string text, out int seconds)
    {
        // A time of a rule counts from midnight, an offset of a zone to the west.
        var isRead = PosixZone.TryRead("x" + text, out var read) && read.Rest.Length == 0;
        seconds = -read.OffsetSeconds;
        return isRead;
    }

    private static bool TryNumber(string text, int least, int most, out int number) =>
        int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out number)
            && number >= least && number <= most;

    /// <summary>Local seconds since 1970 of a day of a rule in a year.</summary>
    private static long At(Day day, int year)
    {
        var date = day.Kind switch
        {
            DayKind.OfYear => new DateTime(year, 1, 1).AddDays(Math.Min(day.Number, DateTime.IsLeapYear(year) ? 365 : 364)),
            DayKind.Julian => new DateTime(year, 1, 1).AddDays(day.Number - 1 + (DateTime.IsLeapYear(year) && day.Number >= 60 ? 1 : 0)),
            _ => Weekday(day, year),
        };
        return ((date - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerSecond) + day.TimeSeconds;
    }

    private static DateTime Weekday(Day day, int year)
    {
        var first = new DateTime(year, day.Month, 1);
        var number = 1 + ((day.Number - (int)first.DayOfWeek + 7) % 7) + ((day.Week - 1) * 7);
        while (number > DateTime.DaysInMonth(year, day.Month)) number -= 7;
        return new DateTime(year, day.Month, number);
    }
}
