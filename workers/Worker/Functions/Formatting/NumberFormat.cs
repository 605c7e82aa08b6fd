using System.Collections.Concurrent;
using Federation.Core.Execution;
using Federation.Core.Values;
using Federation.Core.Errors;

namespace Federation.Worker.Functions.Formatting;

internal enum NumberItem
{
    Literal,
    Comma,
    Decimal,
    LocaleDecimal,
    Zero,
    Nine,
    Group,
    Currency,
    Minus,
    Plus,
    SignBoth,
    Roman,
    RomanLower,
    Ordinal,
    OrdinalLower,

    /// <summary>Says something about the whole format and writes nothing.</summary>
    Modifier,
}

internal enum SignPlace
{
    None,
    Before,
    After,
}

/// <summary>A parsed template of to_char(number) and to_number (NUMDesc of PostgreSQL's formatting.c).</summary>
internal sealed class NumberFormat
{
    private const int CacheSize = 256;

    private static readonly ConcurrentDictionary<string, NumberFormat> s_cache = new(StringComparer.Ordinal);

    // The longer of two that begin alike stands first.
    private static readonly (string Text, NumberItem Item)[] s_keywords =
    [
        (",", NumberItem.Comma), (".", NumberItem.Decimal), ("0", NumberItem.Zero), ("9", NumberItem.Nine), ("B", NumberItem.Modifier),
        ("D", NumberItem.LocaleDecimal), ("EEEE", NumberItem.Modifier), ("FM", NumberItem.Modifier), ("G", NumberItem.Group),
        ("L", NumberItem.Currency), ("MI", NumberItem.Minus), ("PL", NumberItem.Plus), ("PR", NumberItem.Modifier),
        ("RN", NumberItem.Roman),
        ("SG", NumberItem.SignBoth), ("S", NumberItem.Modifier), ("TH", NumberItem.Ordinal), ("V", NumberItem.Modifier),
        ("rn", NumberItem.RomanLower), ("th", NumberItem.OrdinalLower),
        ("b", NumberItem.Modifier), ("d", NumberItem.LocaleDecimal), ("eeee", NumberItem.Modifier), ("fm", NumberItem.Modifier),
        ("g", NumberItem.Group),
        ("l", NumberItem.Currency), ("mi", NumberItem.Minus), ("pl", NumberItem.Plus), ("pr", NumberItem.Modifier),
        ("sg", NumberItem.SignBoth),
        ("s", NumberItem.Modifier), ("v", NumberItem.Modifier),
    ];

    private NumberFormat(string format) => Parse(format);

    public List<(NumberItem Item, string Text)> Items { get; } = [];

    /// <summary>Digits before the point.</summary>
    public int Before { get; private set; }

    /// <summary>Digits after the point.</summary>
    public int After { get; private set; }

    /// <summary>Digits after V: the power of ten to multiply by.</summary>
    public int Multiplier { get; private set; }

    public bool IsMultiplied { get; private set; }

    public bool HasZero { get; private set; }

    /// <summary>Position, from 1, of the first 0 before the point.</summary>
    public int ZeroStart { get; private set; }

    public int ZeroEnd { get; private set; }

    public bool HasDecimal { get; private set; }

    public bool IsFill { get; private set; }

    public bool IsBlank { get; private set; }

    public bool HasMinus { get; private set; }

    public bool HasPlus { get; private set; }

    public bool HasBrackets { get; private set; }

    public bool IsRoman { get; private set; }

    public bool IsExponent { get; private set; }

    public SignPlace Sign { get; private set; }

    /// <summary>Digits before the point that stand before S.</summary>
    public int BeforeSign { get; private set; }

    public static NumberFormat Get(string format)
    {
        // PostgreSQL keeps 16 bytes for each character; ours are larger.
        ValueLimits.CheckAllocation((format.Length + 1L) * 16);
        ValueMemory.Reserve(format.Length * 64L);
        if (s_cache.TryGetValue(format, out var known)) return known;
        if (s_cache.Count >= CacheSize) s_cache.Clear();
        return s_cache.GetOrAdd(format, static text => new NumberFormat(text));
    }

    private void Parse(string format)
    {
        for (var i = 0; i < format.Length;)
        {
            var keyword =
                Array.Find(s_keywords, candidate => string.CompareOrdinal(format, i, candidate.Text, 0, candidate.Text.Length) == 0);
            if (keyword.Text is { } text)
            {
                Describe(keyword.Item, text.ToUpperInvariant());
                if (keyword.Item != NumberItem.Modifier) Items.Add((keyword.Item, text));
                // PR closes after the last digit, S writes with the digits; both mark no place of their own.
                i += text.Length;
                continue;
            }

            if (format[i] == '"')
            {
                for (i++; i < format.Length && format[i] != '"'; i++)
                {
                    if (format[i] == '\\' && i + 1 < format.Length) i++;
                    Items.Add((NumberItem.Literal, format[i].ToString()));
                }

                i++;
                continue;
            }

            if (format[i] == '\\' && i + 1 < format.Length && format[i + 1] == '"') i++;
            var length = char.IsHighSurrogate(format[i]) && i + 1 < format.Length ? 2 : 1;
            Items.Add((NumberItem.Literal, format.Substring(i, length)));
            i += length;
        }
    }

    private void Describe(NumberItem item, string text)
    {
        if (IsExponent && text != "FM") throw Syntax("\"EEEE\" must be the last pattern used");
        switch (item)
        {
            case NumberItem.Nine:
                if (HasBrackets) throw Syntax("\"9\" must be ahead of \"PR\"");
                if (IsMultiplied) Multiplier++;
                else if (HasDecimal) After++;
                else Before++;
                break;
            case NumberItem.Zero:
                if (HasBrackets) throw Syntax("\"0\" must be ahead of \"PR\"");
                if (!HasZero && !HasDecimal) (HasZero, ZeroStart) = (true, Before + 1);
                if (HasDecimal) After++;
                else Before++;
                ZeroEnd = Before + After;
                break;
            case NumberItem.Decimal or NumberItem.LocaleDecimal:
                if (HasDecimal) throw Syntax("multiple decimal points");
                if (IsMultiplied) throw Syntax("cannot use \"V\" and decimal point together");
                HasDecimal = true;
                break;
            case NumberItem.Minus:
                if (Sign != SignPlace.None) throw Syntax("cannot use \"S\" and \"MI\" together");
                HasMinus = true;
                break;
            case NumberItem.Plus:
                if (Sign != SignPlace.None) throw Syntax("cannot use \"S\" and \"PL\" together");
                HasPlus = true;
                break;
            case NumberItem.SignBoth:
                if (Sign != SignPlace.None) throw Syntax("cannot use \"S\" and \"SG\" together");
                HasMinus = HasPlus = true;
                break;
            case NumberItem.Roman or NumberItem.RomanLower: IsRoman = true; break;
            case NumberItem.Modifier: DescribeModifier(text); break;
        }
    }

    private void DescribeModifier(string text)
    {
        switch (text)
        {
            case "FM": IsFill = true; break;
            case "B":
                if (Before == 0 && After == 0 && !HasZero) IsBlank = true;
                break;
            case "PR":
                if (Sign != SignPlace.None || HasPlus || HasMinus)
                    throw Syntax("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together");
                HasBrackets = true;
                break;
            case "S":
                if (Sign != SignPlace.None) throw Syntax("cannot use \"S\" twice");
                if (HasPlus || HasMinus || HasBrackets) throw Syntax("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together");
                Sign = HasDecimal ? SignPlace.After : SignPlace.Before;
                if (!HasDecimal) BeforeSign = Before;
                break;
            case "V":
                if (HasDecimal) throw Syntax("cannot use \"V\" and decimal point together");
                IsMultiplied = true;
                break;
            default:
                if (IsExponent) throw Syntax("cannot use \"EEEE\" twice");
                if (IsBlank || IsFill || Sign != SignPlace.None || HasBrackets || HasMinus || HasPlus || IsRoman || IsMultiplied)
                    throw Syntax("\"EEEE\" is incompatible with other formats").WithDetail();
                IsExponent = true;
                break;
        }
    }

    private static SqlException Syntax(string message) => new(SqlState.SyntaxError, message);
}

internal static class NumberFormatErrors
{
    public static SqlException WithDetail(this SqlException error) =>
        new(error.State, error.Message) { Detail = "\"EEEE\" may only be used together with digit and decimal point patterns." };
}
