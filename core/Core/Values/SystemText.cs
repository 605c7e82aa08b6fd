using System.Globalization;

namespace Federation.Core.Values;

/// <summary>Text of pg_lsn, tid and money.</summary>
public static class SystemText
{
    public static ulong ParseLsn(string text)
    {
        var parts = text.Split('/');
        if (parts.Length != 2 || parts.Any(part => part.Length is 0 or > 8)
            || !uint.TryParse(parts[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var high)
            || !uint.TryParse(parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var low))
        {
            throw ValueErrors.InvalidSyntax("pg_lsn", text);
        }

        return ((ulong)high << 32) | low;
    }

    public static string FormatLsn(ulong value) => string.Create(CultureInfo.InvariantCulture, $"{value >> 32:X}/{(uint)value:X}");

    public static (uint Block, ushort Offset) ParseTid(string text)
    {
        var trimmed = text.Trim();
        var parts = trimmed.Trim('(', ')').Split(',');
        if (!trimmed.StartsWith('(') || !trimmed.EndsWith(')') || parts.Length != 2
            || !uint.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var block)
            || !ushort.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
        {
            throw ValueErrors.InvalidSyntax("tid", text);
        }

        return (block, offset);
    }

    /// <summary>Cents of an amount in the C locale's money format, which PostgreSQL writes with a dollar sign.</summary>
    public static long ParseMoney(string text)
    {
        var rest = text.Trim();
        var isNegative = rest.StartsWith('(') && rest.EndsWith(')');
        if (isNegative) rest = rest[1..^1];
        if (rest.StartsWith('-'))
        {
            isNegative = true;
            rest = rest[1..];
        }

        rest = rest.TrimStart('$', ' ', '+').Replace(",", "", StringComparison.Ordinal);
        if (!decimal.TryParse(rest, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount))
            throw ValueErrors.InvalidSyntax("money", text);
        var cents = decimal.Round(amount * 100, 0, MidpointRounding.AwayFromZero);
        if (isNegative) cents = -cents;
        return cents is >= long.MinValue and <= long.MaxValue ? (long)cents : throw ValueErrors.OutOfRange("money", text);
    }

    public static string FormatMoney(long cents)
    {
        var magnitude = (UInt128)(cents < 0 ? -(Int128)cents : cents);
        var whole = ((decimal)(ulong)(magnitude / 100)).ToString("#,##0", CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{(cents < 0 ? "-" : "")}${whole}.{(int)(magnitude % 100):D2}");
    }
}
