using System.Globalization;
using System.Text;
using Federation.Core.Errors;
using Federation.Core.Values;
using Calendar = Federation.Core.Values.Calendar;

namespace Federation.Worker.Functions.Formatting;

/// <summary>The fields of a moment or an interval as to_char shows them.</summary>
internal readonly record struct BrokenTime(
    long Year, int Month, int Day, long Hour, int Minute, int Second, int Microsecond, int DayOfYear, long DayNumber, bool IsInterval)
{
    /// <summary>Seconds east of UTC; null for timestamps without zone.</summary>
    public int? Offset { get; init; }

    public string Zone { get; init; } = "";

    public static BrokenTime Of(long microseconds)
    {
        var days = Calendar.FloorDivide(microseconds, Calendar.MicrosecondsPerDay);
        var time = microseconds - (days * Calendar.MicrosecondsPerDay);
        var (year, month, day) = Calendar.CivilFromDays(days);
        return new BrokenTime(
            year, month, day, time / 3_600_000_000, (int)(time / 60_000_000 % 60), (int)(time / 1_000_000 % 60), (int)(time % 1_000_000),
            (int)(days - Calendar.DaysFromCivil(year, 1, 1)) + 1, days, IsInterval: false);
    }

    public static BrokenTime Of(PgInterval value)
    {
        var time = value.Microseconds;
        return new BrokenTime(
            value.Months / 12, value.Months % 12, value.Days, time / 3_600_000_000, (int)(time / 60_000_000 % 60),
            (int)(time / 1_000_000 % 60),
            (int)(time % 1_000_000), ((value.Months / 12 * 12) + (value.Months % 12)) * 30 + value.Days, 0, IsInterval: true);
    }
}

/// <summary>to_char of timestamps and intervals (DCH_to_char of PostgreSQL's formatting.c).</summary>
internal static class DateTimeWriter
{
    private static readonly string[] s_months =
        ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

    private static readonly string[] s_days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    private static readonly string[] s_roman = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

    public static string Format(BrokenTime time, string format)
    {
        var text = new StringBuilder(format.Length + 16);
        foreach (var item in DateTimeFormat.Get(format).Items)
        {
            if (item.Keyword is null)
            {
                text.Append(item.Text);
                continue;
            }

            var start = text.Length;
            Write(text, item, time);
            if (item.Suffix.Length > 0 && text.Length > start && char.IsAsciiDigit(text[^1]))
            {
                var suffix = OrdinalSuffix(text.ToString(start, text.Length - start));
                text.Append(item.Suffix == "TH" ? suffix.ToUpperInvariant() : suffix);
            }
        }

        return text.ToString();
    }

    public static string OrdinalSuffix(string number)
    {
        if (number.Length > 1 && number[^2] == '1') return "th";
        return number[^1] switch { '1' => "st", '2' => "nd", '3' => "rd", _ => "th" };
    }

    private static void Write(StringBuilder text, DateTimeItem item, BrokenTime time)
    {
        var keyword = item.Keyword!;
        var upper = keyword.ToUpperInvariant();
        switch (upper)
        {
            case "A.M." or "P.M.": text.Append(Cased(time.Hour % 24 >= 12 ? "P.M." : "A.M.", keyword)); break;
            case "AM" or "PM": text.Append(Cased(time.Hour % 24 >= 12 ? "PM" : "AM", keyword)); break;
            case "HH" or "HH12": Number(text, item, time.Hour % 12 == 0 ? 12 : time.Hour % 12, time.Hour < 0 ? 3 : 2); break;
            case "HH24": Number(text, item, time.Hour, time.Hour < 0 ? 3 : 2); break;
            case "MI": Number(text, item, time.Minute, time.Minute < 0 ? 3 : 2); break;
            case "SS": Number(text, item, time.Second, time.Second < 0 ? 3 : 2); break;
            case "MS" or "FF3": text.Append(CultureInfo.InvariantCulture, $"{Digits(time.Microsecond / 1000, 3)}"); break;
            case "US" or "FF6": text.Append(CultureInfo.InvariantCulture, $"{Digits(time.Microsecond, 6)}"); break;
            case "FF1": text.Append(time.Microsecond / 100_000); break;
            case "FF2": text.Append(CultureInfo.InvariantCulture, $"{Digits(time.Microsecond / 10_000, 2)}"); break;
            case "FF4": text.Append(CultureInfo.InvariantCulture, $"{Digits(time.Microsecond / 100, 4)}"); break;
            case "FF5": text.Append(CultureInfo.InvariantCulture, $"{Digits(time.Microsecond / 10, 5)}"); break;
            case "SSSS" or "SSSSS": text.Append((time.Hour * 3600) + (time.Minute * 60) + time.Second); break;
            case "Q":
                if (time.Month != 0) text.Append(((time.Month - 1) / 3) + 1);
                break;
            case "RM":
                if (time.Month == 0 && time.Year == 0) break;
                // An interval of whole years shows XII, or I when they are negative; negative months count from -1, which is XII.
                var month = time.Month > 0 ? time.Month : time.Month < 0 ? 13 + time.Month : time.Year >= 0 ? 12 : 1;
                var roman = Cased(s_roman[month - 1], keyword);
                text.Append(item.IsFill ? roman : roman.PadRight(4));
                break;
            case "MM": Number(text, item, time.Month, time.Month < 0 ? 3 : 2); break;
            case "DD": Number(text, item, time.Day, 2); break;
            case "DDD": Number(text, item, time.DayOfYear, 3); break;
            case "CC" or "Y,YYY" or "YYYY" or "YYY" or "YY" or "Y": WriteYear(text, item, upper, time); break;
            default: WriteDate(text, item, upper, time); break;
        }
    }

    private static void WriteYear(StringBuilder text, DateTimeItem item, string keyword, BrokenTime time)
    {
        // The year 0 of the calendar is 1 BC.
        var year = time.IsInterval || time.Year > 0 ? time.Year : -(time.Year - 1);
        switch (keyword)
        {
            case "CC":
                var century = time.IsInterval ? time.Year / 100 : time.Year > 0 ? ((time.Year - 1) / 100) + 1 : (time.Year / 100) - 1;
                if (century is <= 99 and >= -99) Number(text, item, century, century < 0 ? 3 : 2);
                else text.Append(century);
                break;
            case "Y,YYY": text.Append(CultureInfo.InvariantCulture, $"{year / 1000},{year % 1000:000}"); break;
            case "YYYY": Number(text, item, year, year < 0 ? 5 : 4); break;
            case "YYY": Number(text, item, year % 1000, year < 0 ? 4 : 3); break;
            case "YY": Number(text, item, year % 100, year < 0 ? 3 : 2); break;
            default: text.Append(year % 10); break;
        }
    }

    /// <summary>Fields that intervals do not have.</summary>
    private static void WriteDate(StringBuilder text, DateTimeItem item, string upper, BrokenTime time)
    {
        if (upper == "J" && time.IsInterval)
        {
            text.Append(JulianDay((int)time.Year, time.Month, time.Day));
            return;
        }

        if (time.IsInterval)
            throw new SqlException(SqlState.InvalidDatetimeFormat, "invalid format specification for an interval value")
            {
                Hint = "Intervals are not tied to specific calendar dates.",
            };
        var weekDay = Calendar.DayOfWeek(time.DayNumber);
        var isoDay = weekDay == 0 ? 7 : weekDay;
        switch (upper)
        {
            case "A.D." or "B.C.": text.Append(Cased(time.Year <= 0 ? "B.C." : "A.D.", item.Keyword!)); break;
            case "AD" or "BC": text.Append(Cased(time.Year <= 0 ? "BC" : "AD", item.Keyword!)); break;
            case "MONTH": Name(text, item, s_months[time.Month - 1], 9); break;
            case "MON": Name(text, item, s_months[time.Month - 1][..3], 0); break;
            case "DAY": Name(text, item, s_days[weekDay], 9); break;
            case "DY": Name(text, item, s_days[weekDay][..3], 0); break;
            case "D": text.Append(weekDay + 1); break;
            case "ID": text.Append(isoDay); break;
            case "W": text.Append(((time.Day - 1) / 7) + 1); break;
            case "WW": Number(text, item, ((time.DayOfYear - 1) / 7) + 1, 2); break;
            case "J": text.Append(time.DayNumber + 2_440_588); break;
            case "IW": Number(text, item, IsoWeek(time).Week, 2); break;
            case "IDDD": Number(text, item, ((IsoWeek(time).Week - 1) * 7) + isoDay, 3); break;
            case "IYYY": Number(text, item, IsoYear(time), 4); break;
            case "IYY": Number(text, item, IsoYear(time) % 1000, 3); break;
            case "IY": Number(text, item, IsoYear(time) % 100, 2); break;
            case "I": text.Append(IsoYear(time) % 10); break;
            case "TZ": text.Append(Cased(time.Zone, item.Keyword!)); break;
            case "TZH": text.Append(CultureInfo.InvariantCulture, $"{Sign(time)}{Math.Abs(time.Offset ?? 0) / 3600:00}"); break;
            case "TZM": text.Append(CultureInfo.InvariantCulture, $"{Math.Abs(time.Offset ?? 0) / 60 % 60:00}"); break;
            case "OF":
                var offset = Math.Abs(time.Offset ?? 0);
                text.Append(Sign(time));
                Number(text, item, offset / 3600, 2);
                if (offset / 60 % 60 != 0) text.Append(CultureInfo.InvariantCulture, $":{offset / 60 % 60:00}");
                break;
        }
    }

    // PostgreSQL's date2j, which takes the fields of an interval for a date; months from 0 to 11 and negative values go through it as they
    // are.
    private static int JulianDay(int year, int month, int day)
    {
        (year, month) = month > 2 ? (year + 4800, month + 1) : (year + 4799, month + 13);
        var century = year / 100;
        return (year * 365) - 32_167 + (year / 4) - century + (century / 4) + (7834 * month / 256) + day;
    }

    private static char Sign(BrokenTime time) => time.Offset < 0 ? '-' : '+';

    private static long IsoYear(BrokenTime time) => IsoWeek(time).Year is > 0 and var year ? year : -(IsoWeek(time).Year - 1);

    /// <summary>The week of ISO 8601 and the year it belongs to: that of its Thursday.</summary>
    private static (long Year, int Week) IsoWeek(BrokenTime time)
    {
        var thursday = time.DayNumber - Calendar.FloorModulo(time.DayNumber + 3, 7) + 3;
        var year = Calendar.CivilFromDays(thursday).Year;
        return (year, ((int)(thursday - Calendar.DaysFromCivil(year, 1, 1)) / 7) + 1);
    }

    private static void Number(StringBuilder text, DateTimeItem item, long value, int width)
    {
        if (item.IsFill) text.Append(value);
        else if (value < 0) text.Append('-').Append((-value).ToString(CultureInfo.InvariantCulture).PadLeft(width - 1, '0'));
        else text.Append(value.ToString(CultureInfo.InvariantCulture).PadLeft(width, '0'));
    }

    private static void Name(StringBuilder text, DateTimeItem item, string name, int width)
    {
        name = Cased(name, item.Keyword!);
        text.Append(item.IsFill || item.IsTranslated ? name : name.PadRight(width));
    }

    /// <summary>As the keyword is written: MONTH, Month or month.</summary>
    private static string Cased(string text, string keyword)
    {
        if (char.IsAsciiLetterLower(keyword[0])) return text.ToLowerInvariant();
        return keyword.Length > 1 && char.IsAsciiLetterLower(keyword[1]) ? text : text.ToUpperInvariant();
    }

    /// <summary>As C's %0Nd prints: a sign is part of the width.</summary>
    private static string Digits(int value, int width) =>
        value < 0 ? "-" + (-value).ToString(CultureInfo.InvariantCulture).PadLeft(width - 1, '0')
            : value.ToString(CultureInfo.InvariantCulture).PadLeft(width, '0');
}
