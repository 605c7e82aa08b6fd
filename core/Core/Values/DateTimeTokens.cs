using System.Collections.Frozen;

namespace Federation.Core.Values;

internal enum TokenKind
{
    Number,
    Time,
    Date,
    Word,
    Zone,
    Special,
}

/// <summary>One field of date/time text; words are in lower case.</summary>
internal readonly record struct DateTimeToken(TokenKind Kind, string Text);

internal enum WordKind
{
    Unknown,
    Reserved,
    Month,
    DaylightModifier,
    AmPm,
    Era,
    DayOfWeek,
    Unit,
    IsoTime,
    Ignored,
}

internal enum ReservedWord
{
    Now,
    Yesterday,
    Today,
    Tomorrow,
    Zulu,
    Epoch,
    Infinity,
    NegativeInfinity,
}

internal enum UnitWord
{
    None,
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Julian,
    Time,
}

/// <summary>Splits date/time text into fields (PostgreSQL's ParseDateTime) and knows the words (datetktbl).</summary>
internal static class DateTimeTokens
{
    private const int MaxTokens = 25;

    private static readonly FrozenDictionary<string, (WordKind Kind, int Value)> s_words = BuildWords().ToFrozenDictionary();

    public static (WordKind Kind, int Value) Find(string word) => s_words.GetValueOrDefault(word.Length > 10 ? word[..10] : word);

    /// <summary>Null when the text has a character that no date has.</summary>
    public static List<DateTimeToken>? Split(string text)
    {
        var tokens = new List<DateTimeToken>();
        var position = 0;
        while (position < text.Length)
        {
            var c = text[position];
            if (IsSpace(c))
            {
                position++;
                continue;
            }

            if (tokens.Count == MaxTokens) return null;
            var start = position;
            TokenKind kind;
            if (char.IsAsciiDigit(c))
            {
                kind = ReadNumber(text, ref position);
            }
            else if (c == '.')
            {
                position++;
                SkipDigits(text, ref position);
                kind = TokenKind.Number;
            }
            else if (char.IsAsciiLetter(c))
            {
                kind = ReadWord(text, ref position);
            }
            else if (c is '+' or '-')
            {
                if (ReadSigned(text, ref position) is not { } signed) return null;
                tokens.Add(signed);
                continue;
            }
            else if (char.IsAscii(c) && (char.IsPunctuation(c) || char.IsSymbol(c)))
            {
                position++;
                continue;
            }
            else
            {
                return null;
            }

            tokens.Add(new DateTimeToken(kind, text[start..position].ToLowerInvariant()));
        }

        return tokens;
    }

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\n' or '\r' or '\v' or '\f';

    private static void SkipDigits(string text, ref int position)
    {
        while (position < text.Length && char.IsAsciiDigit(text[position])) position++;
    }

    private static char Peek(string text, int position) => position < text.Length ? text[position] : '\0';

    private static TokenKind ReadNumber(string text, ref int position)
    {
        SkipDigits(text, ref position);
        var separator = Peek(text, position);
        if (separator == ':')
        {
            while (Peek(text, position) is var c && (char.IsAsciiDigit(c) || c is ':' or '.')) position++;
            return TokenKind.Time;
        }

        if (separator is not ('-' or '/' or '.')) return TokenKind.Number;
        position++;
        if (!char.IsAsciiDigit(Peek(text, position)))
        {
            while (Peek(text, position) is var c && (char.IsAsciiLetterOrDigit(c) || c == separator)) position++;
            return TokenKind.Date;
        }

        SkipDigits(text, ref position);
        // Only matching separators make a date of three fields; one point alone makes a decimal number.
        if (Peek(text, position) != separator) return separator == '.' ? TokenKind.Number : TokenKind.Date;
        while (Peek(text, position) is var c && (char.IsAsciiDigit(c) || c == separator)) position++;
        return TokenKind.Date;
    }

    private static TokenKind ReadWord(string text, ref int position)
    {
        var start = position;
        while (char.IsAsciiLetter(Peek(text, position))) position++;
        var next = Peek(text, position);
        var isDate = next is '-' or '/' or '.'
            || ((next == '+' || char.IsAsciiDigit(next)) && Find(text[start..position].ToLowerInvariant()).Kind == WordKind.Unknown);
        if (!isDate) return TokenKind.Word;
        while (Peek(text, position) is var c && (char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '/' or '_' or '.' or ':')) position++;
        return TokenKind.Date;
    }

    private static DateTimeToken? ReadSigned(string text, ref int position)
    {
        var sign = text[position++];
        while (IsSpace(Peek(text, position))) position++;
        var start = position;
        if (char.IsAsciiDigit(Peek(text, position)))
        {
            while (Peek(text, position) is var c && (char.IsAsciiDigit(c) || c is ':' or '.' or '-')) position++;
            return new DateTimeToken(TokenKind.Zone, sign + text[start..position]);
        }

        if (!char.IsAsciiLetter(Peek(text, position))) return null;
        while (char.IsAsciiLetter(Peek(text, position))) position++;
        return new DateTimeToken(TokenKind.Special, sign + text[start..position].ToLowerInvariant());
    }

    private static Dictionary<string, (WordKind Kind, int Value)> BuildWords()
    {
        var words = new Dictionary<string, (WordKind Kind, int Value)>(StringComparer.Ordinal)
        {
            ["-infinity"] = (WordKind.Reserved, (int)ReservedWord.NegativeInfinity),
            ["infinity"] = (WordKind.Reserved, (int)ReservedWord.Infinity),
            ["epoch"] = (WordKind.Reserved, (int)ReservedWord.Epoch),
            ["now"] = (WordKind.Reserved, (int)ReservedWord.Now),
            ["today"] = (WordKind.Reserved, (int)ReservedWord.Today),
            ["tomorrow"] = (WordKind.Reserved, (int)ReservedWord.Tomorrow),
            ["yesterday"] = (WordKind.Reserved, (int)ReservedWord.Yesterday),
            ["allballs"] = (WordKind.Reserved, (int)ReservedWord.Zulu),
            ["ad"] = (WordKind.Era, 0),
            ["bc"] = (WordKind.Era, 1),
            ["am"] = (WordKind.AmPm, 0),
            ["pm"] = (WordKind.AmPm, 1),
            ["at"] = (WordKind.Ignored, 0),
            ["on"] = (WordKind.Ignored, 0),
            ["dst"] = (WordKind.DaylightModifier, 3600),
            ["t"] = (WordKind.IsoTime, (int)UnitWord.Time),
            ["y"] = (WordKind.Unit, (int)UnitWord.Year),
            ["m"] = (WordKind.Unit, (int)UnitWord.Month),
            ["d"] = (WordKind.Unit, (int)UnitWord.Day),
            ["h"] = (WordKind.Unit, (int)UnitWord.Hour),
            ["mm"] = (WordKind.Unit, (int)UnitWord.Minute),
            ["s"] = (WordKind.Unit, (int)UnitWord.Second),
            ["j"] = (WordKind.Unit, (int)UnitWord.Julian),
            ["jd"] = (WordKind.Unit, (int)UnitWord.Julian),
            ["julian"] = (WordKind.Unit, (int)UnitWord.Julian),
            ["sept"] = (WordKind.Month, 9),
        };
        string[] months = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
            "december"];
        for (var i = 0; i < months.Length; i++)
        {
            words[months[i]] = (WordKind.Month, i + 1);
            words[months[i][..3]] = (WordKind.Month, i + 1);
        }

        string[] days = ["sun sunday", "mon monday", "tue tues tuesday", "wed weds wednesday", "thu thur thurs thursday", "fri friday",
            "sat saturday"];
        for (var i = 0; i < days.Length; i++)
            foreach (var name in days[i].Split(' '))
                words[name] = (WordKind.DayOfWeek, i);
        return words;
    }
}
