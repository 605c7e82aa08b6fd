namespace Federation.Core.Values;

/// <summary>
/// The start of a POSIX time zone: a name, which may be empty or stand in angle brackets, and an offset (tzparse in localtime.c).
/// </summary>
/// <param name="OffsetSeconds">East of UTC; the text counts west.</param>
/// <param name="Rest">What follows: the name and the rule of daylight-saving time.</param>
internal readonly record struct PosixZone(string Name, int OffsetSeconds, string Rest)
{
    private const int MostHours = 167;

    public static bool TryRead(string text, out PosixZone zone)
    {
        zone = default;
        var (name, start) = ("", 0);
        if (text.StartsWith('<'))
        {
            start = text.IndexOf('>') + 1;
            if (start == 0) return false;
            name = text[1..(start - 1)];
        }
        else
        {
            start = text.AsSpan().IndexOfAny("0123456789,-+");
            if (start < 0) return false;
            name = text[..start];
        }

        var position = start;
        var isWest = true;
        if (position < text.Length && text[position] is '-' or '+') isWest = text[position++] == '+';
        if (!TryNumber(text, ref position, MostHours, out var seconds)) return false;
        seconds *= 3600;
        for (var (unit, most) = (60, 59); unit > 0 && position < text.Length && text[position] == ':'; (unit, most) = (unit / 60, 60))
        {
            position++;
            if (!TryNumber(text, ref position, most, out var part)) return false;
            seconds += part * unit;
        }

        zone = new PosixZone(name, isWest ? -seconds : seconds, text[position..]);
        return true;
    }

    private static bool TryNumber(string text, ref int position, int most, out int number)
    {
        number = 0;
        var start = position;
        for (; position < text.Length && char.IsAsciiDigit(text[position]); position++)
        {
            number = (number * 10) + (text[position] - '0');
            if (number > most) return false;
        }

        return position > start;
    }
}
