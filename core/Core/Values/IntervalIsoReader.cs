using System.Globalization;

namespace Federation.Core.Values;

/// <summary>ISO 8601 intervals: designators (<c>P1Y2M3DT4H5M6S</c>) and the alternative form (<c>P0001-02-03T04:05:06</c>).</summary>
internal static class IntervalIsoReader
{
    public static bool TryRead(string text, out PgInterval interval)
    {
        interval = default;
        var sum = default(IntervalSum);
        var position = 1;
        var isTime = false;
        if (text.Length < 2) return false;
        while (position < text.Length)
        {
            if (text[position] == 'T')
            {
                if (isTime) return false;
                isTime = true;
                position++;
                continue;
            }

            if (!TryReadNumber(text, ref position, out var whole, out var fraction)) return false;
            var designator = position < text.Length ? text[position] : '\0';
            if (designator is '-' or ':' || (designator is '\0' or 'T' && fraction == 0))
            {
                if (!TryReadAlternative(text, ref position, isTime, whole, fraction, ref sum)) return false;
                continue;
            }

            var unit = (designator, isTime) switch
            {
                ('Y', false) => IntervalUnit.Year,
                ('M', false) => IntervalUnit.Month,
                ('W', false) => IntervalUnit.Week,
                ('D', false) => IntervalUnit.Day,
                ('H', true) => IntervalUnit.Hour,
                ('M', true) => IntervalUnit.Minute,
                ('S', true) => IntervalUnit.Second,
                _ => IntervalUnit.None,
            };
            if (unit == IntervalUnit.None) return false;
            sum.Add(unit, whole, fraction);
            position++;
        }

        return sum.TryBuild(negate: false, out interval);
    }

    /// <summary>year-month-day, hour:minute:second, or their run-together forms yyyymmdd and hhmmss.</summary>
    private static bool TryReadAlternative(string text, ref int position, bool isTime, long first, double fraction, ref IntervalSum sum)
    {
        var separator = isTime ? ':' : '-';
        ReadOnlySpan<IntervalUnit> units = isTime
            ? [IntervalUnit.Hour, IntervalUnit.Minute, IntervalUnit.Second]
            : [IntervalUnit.Year, IntervalUnit.Month, IntervalUnit.Day];
        if (position >= text.Length || text[position] != separator)
        {
            if (first >= 100)
            {
                // Run together: the last four digits are the two lower parts.
                sum.Add(units[0], first / 10_000, 0);
                sum.Add(units[1], first / 100 % 100, 0);
                sum.Add(units[2], first % 100, fraction);
                return true;
            }

            sum.Add(units[0], first, fraction);
            return true;
        }

        sum.Add(units[0], first, fraction);
        for (var i = 1; i < 3 && position < text.Length && text[position] == separator; i++)
        {
            position++;
            if (!TryReadNumber(text, ref position, out var whole, out fraction)) return false;
            sum.Add(units[i], whole, fraction);
        }

        return position == text.Length || (!isTime && text[position] == 'T');
    }

    private static bool TryReadNumber(string text, ref int position, out long whole, out double fraction)
    {
        (whole, fraction) = (0, 0);
        var start = position;
        if (position < text.Length && text[position] == '-') position++;
        while (position < text.Length && (char.IsAsciiDigit(text[position]) || text[position] == '.')) position++;
        var number = text.AsSpan(start, position - start);
        var point = number.IndexOf('.');
        var integer = point < 0 ? number : number[..point];
        var isNegative = number.StartsWith('-');
        if (integer.TrimStart('-').IsEmpty)
        {
            if (point < 0 || number.Length == point + 1) return false;
        }
        else if (!long.TryParse(integer, CultureInfo.InvariantCulture, out whole) || whole is > int.MaxValue or < int.MinValue)
        {
            return false;
        }

        if (point < 0 || number.Length == point + 1) return true;
        if (!double.TryParse(string.Concat("0", number[point..]), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
            out fraction))
            return false;
        if (isNegative) fraction = -fraction;
        return true;
    }
}
