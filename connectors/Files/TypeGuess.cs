using System.Globalization;
using System.Text.RegularExpressions;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Connectors.Files;

/// <summary>
/// The narrowest of a few types that every text seen so far is written in. Careful: numbers with leading zeros, signs or blanks around them
/// stay text, because the text would not come back.
/// </summary>
internal sealed partial class TypeGuess
{
    /// <summary>Every number of so many digits comes back from a double.</summary>
    private const int MaxSafeDigits = 15;

    private const int MaxNumericLength = 1000;

    private bool _isBigint = true, _isDouble = true, _isNumeric = true, _isBoolean = true, _isDate = true, _isTimestamp = true, _isSeen;

    public SqlType Type => !_isSeen ? SqlType.Text
        : _isBigint ? SqlType.Int8
        : _isDouble ? SqlType.Float8
        : _isNumeric ? SqlType.Numeric
        : _isBoolean ? SqlType.Bool
        : _isDate ? SqlType.Date
        : _isTimestamp ? SqlType.Timestamp
        : SqlType.Text;

    public void See(string text)
    {
        _isSeen = true;
        _isBigint = _isBigint && IsBigint(text);
        _isNumeric = _isNumeric && IsNumeric(text);
        _isDouble = _isDouble && _isNumeric && IsDouble(text);
        _isBoolean = _isBoolean && (text is "true" or "false" or "True" or "False" or "TRUE" or "FALSE");
        _isDate = _isDate && DateForm().IsMatch(text) && IsDay(text);
        _isTimestamp = _isTimestamp && TimestampForm().IsMatch(text) && IsDay(text[..10]);
    }

    public static bool IsTyped(string text)
    {
        var guess = new TypeGuess();
        guess.See(text);
        return !ReferenceEquals(guess.Type.Base, PgTypes.Text);
    }

    private static bool IsBigint(string text) =>
        NumberForm().IsMatch(text) && text.AsSpan().IndexOfAny(".eE") < 0
            && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    /// <summary>Whether a double prints the same number again; others are numeric, which keeps every digit.</summary>
    private static bool IsDouble(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            && (text.Count(char.IsAsciiDigit) <= MaxSafeDigits
                || NumberText.ParseNumeric(value.ToString("R", CultureInfo.InvariantCulture))
                    .CompareTo(NumberText.ParseNumeric(text)) == 0);

    /// <summary>Within numeric's own limits; an exponent beyond them is text.</summary>
    private static bool IsNumeric(string text) =>
        NumberForm().Match(text) is { Success: true } match && (match.Groups[3].Length <= 5) && text.Length <= MaxNumericLength;

    private static bool IsDay(string text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex NumberForm();

    [GeneratedRegex(@"^[0-9]{4}-[0-9]{2}-[0-9]{2}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex DateForm();

    [GeneratedRegex(@"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?\z",
        RegexOptions.CultureInvariant, 1000)]
    private static partial Regex TimestampForm();
}
