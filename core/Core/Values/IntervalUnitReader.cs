using System.Collections.Frozen;
using System.Globalization;

namespace Federation.Core.Values;

/// <summary>
/// Intervals as numbers and units (PostgreSQL's DecodeInterval): <c>1 year 2 mons -3 days 04:05:06</c>, <c>1-2 3 4:05</c>, <c>@ 1 day
/// ago</c>.
/// Read from the end, because the unit stands behind its number.
/// </summary>
/// <param name="bareUnit">What a number without unit counts.</param>
/// <param name="isMinutesFirst">Whether a bare a:b is minutes and seconds, as in <c>interval '1:2' minute to second</c>.</param>
internal sealed class IntervalUnitReader(string text, IntervalStyle style, IntervalUnit bareUnit, bool isMinutesFirst)
{
    private static readonly FrozenDictionary<string, IntervalUnit> s_units = BuildUnits().ToFrozenDictionary();

    private IntervalSum _sum;
    private IntervalUnit _unit = IntervalUnit.None;
    private int _found;
    private bool _isAgo;
    private bool _forceNegative;

    public PgInterval Read()
    {
        if (DateTimeTokens.Split(text) is not { } tokens) throw Invalid();
        // The standard lets one leading sign stand for all parts.
        _forceNegative = style == IntervalStyle.SqlStandard && tokens.Count > 0 && tokens[0].Text[0] == '-'
            && !tokens.Skip(1).Any(token => token.Text[0] is '-' or '+');
        for (var i = tokens.Count - 1; i >= 0; i--) ReadToken(tokens[i]);
        if (_found == 0) throw Invalid();
        return _sum.TryBuild(_isAgo, out var interval) ? interval : throw ValueErrors.IntervalFieldOverflow(text);
    }

    private void ReadToken(DateTimeToken token)
    {
        switch (token.Kind)
        {
            case TokenKind.Time:
                if (!TryReadClock(token.Text, isNegative: false)) throw Invalid();
                break;
            case TokenKind.Zone when token.Text.Contains(':', StringComparison.Ordinal)
                && TryReadClock(token.Text[1..], token.Text[0] == '-'):
                break;
            case TokenKind.Zone or TokenKind.Date or TokenKind.Number: ReadNumber(token.Text); break;
            default: ReadUnit(token.Text); break;
        }
    }

    private void ReadUnit(string word)
    {
        if (word == "ago")
        {
            _isAgo = true;
            _unit = IntervalUnit.None;
            return;
        }

        if (!s_units.TryGetValue(word.Length > 10 ? word[..10] : word, out _unit)) throw Invalid();
    }

    private bool TryReadClock(string clock, bool isNegative)
    {
        var parts = clock.Split(':');
        if (parts.Length is < 2 or > 3) return false;
        var fraction = 0.0;
        var point = parts[^1].IndexOf('.', StringComparison.Ordinal);
        if (point >= 0)
        {
            if (!double.TryParse("0" + parts[^1][point..], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out fraction))
                return false;
            parts[^1] = parts[^1][..point];
        }

        var numbers = new long[3];
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i].Length == 0 && i > 0) continue;
            if (!long.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i])) throw Overflow();
        }

        // mm:ss.fff has no hours; a bare a:b is hours and minutes unless declared otherwise.
        var (hours, minutes, seconds) = parts.Length == 2 && (point >= 0 || isMinutesFirst)
            ? (0L, numbers[0], numbers[1])
            : (numbers[0], numbers[1], numbers[2]);
        if (minutes > 59 || seconds > 60) throw Overflow();
        var total = ((((Int128)hours * 60) + minutes) * 60 + seconds) * Calendar.MicrosecondsPerSecond
            + (long)Math.Round(fraction * Calendar.MicrosecondsPerSecond, MidpointRounding.ToEven);
        Claim(IntervalUnit.Hour, IntervalUnit.Minute, IntervalUnit.Second, IntervalUnit.Millisecond, IntervalUnit.Microsecond);
        _sum.AddMicroseconds(isNegative || _forceNegative ? -total : total);
        // A number in front of a time counts days.
        _unit = IntervalUnit.Day;
        return true;
    }

    private void ReadNumber(string number)
    {
        if (_unit == IntervalUnit.None) _unit = bareUnit;
        var isNegative = number[0] == '-';
        var digits = number.AsSpan(number[0] is '-' or '+' ? 1 : 0);
        var end = digits.IndexOfAnyExceptInRange('0', '9');
        var wholeDigits = end < 0 ? digits : digits[..end];
        var rest = end < 0 ? default : digits[end..];
        var whole = 0L;
        if (!wholeDigits.IsEmpty && !long.TryParse(wholeDigits, NumberStyles.None, CultureInfo.InvariantCulture, out whole))
            throw Overflow();
        var fraction = 0.0;
        if (rest.StartsWith('-'))
        {
            if (rest.Length == 1 || rest[1..].IndexOfAnyExceptInRange('0', '9') >= 0) throw Invalid();
            if (!long.TryParse(rest[1..], NumberStyles.None, CultureInfo.InvariantCulture, out var months) || months > 11) throw Overflow();
            _unit = IntervalUnit.Month;
            if (whole > int.MaxValue) throw Overflow();
            whole = (whole * 12) + months;
        }
        else if (rest.StartsWith('.'))
        {
            if (rest[1..].IndexOfAnyExceptInRange('0', '9') >= 0) throw Invalid();
            if (rest.Length > 1) fraction = double.Parse(string.Concat("0", rest), CultureInfo.InvariantCulture);
        }
        else if (!rest.IsEmpty || wholeDigits.IsEmpty)
        {
            throw Invalid();
        }

        if (isNegative || _forceNegative) (whole, fraction) = (-whole, -fraction);
        // A fraction of seconds is milliseconds and microseconds, too.
        if (_unit == IntervalUnit.Second && fraction != 0) Claim(IntervalUnit.Second, IntervalUnit.Millisecond, IntervalUnit.Microsecond);
        else Claim(_unit);
        _sum.Add(_unit, whole, fraction);

        // A number in front of one that counts hours counts days.
        if (_unit == IntervalUnit.Hour) _unit = IntervalUnit.Day;
    }

    /// <summary>Each unit may occur once.</summary>
    private void Claim(params ReadOnlySpan<IntervalUnit> units)
    {
        foreach (var unit in units)
        {
            if ((_found & (1 << (int)unit)) != 0) throw Invalid();
            _found |= 1 << (int)unit;
        }
    }

    private Errors.SqlException Invalid() => ValueErrors.InvalidDateTime("interval", text);

    private Errors.SqlException Overflow() => ValueErrors.IntervalFieldOverflow(text);

    private static Dictionary<string, IntervalUnit> BuildUnits()
    {
        (IntervalUnit Unit, string Names)[] names =
        [
            (IntervalUnit.Microsecond, "us usec usecs useconds usecond microsecon"),
            (IntervalUnit.Millisecond, "ms msec msecs mseconds msecond millisecon"),
            (IntervalUnit.Second, "s sec secs second seconds"),
            (IntervalUnit.Minute, "m min mins minute minutes"),
            (IntervalUnit.Hour, "h hr hrs hour hours"),
            (IntervalUnit.Day, "d day days"),
            (IntervalUnit.Week, "w week weeks"),
            (IntervalUnit.Month, "mon mons month months"),
            (IntervalUnit.Year, "y yr yrs year years"),
            (IntervalUnit.Decade, "dec decs decade decades"),
            (IntervalUnit.Century, "c cent century centuries"),
            (IntervalUnit.Millennium, "mil mils millennia millennium"),
        ];
        var units = new Dictionary<string, IntervalUnit>(StringComparer.Ordinal);
        foreach (var (unit, words) in names)
            foreach (var word in words.Split(' '))
                units[word] = unit;
        return units;
    }
}
