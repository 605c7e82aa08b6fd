using System.Globalization;

namespace Federation.Session.Settings;

/// <summary>Checks of new setting values and the forms in which SHOW gives them (guc.c).</summary>
internal static class SettingValues
{
    private static readonly Dictionary<string, long> s_milliseconds = new(StringComparer.Ordinal)
    {
        ["us"] = 0, ["ms"] = 1, ["s"] = 1000, ["min"] = 60_000, ["h"] = 3_600_000, ["d"] = 86_400_000,
    };

    private static readonly Dictionary<string, long> s_kilobytes = new(StringComparer.Ordinal)
    {
        ["B"] = 0, ["kB"] = 1, ["MB"] = 1024, ["GB"] = 1024 * 1024, ["TB"] = 1024L * 1024 * 1024,
    };

    /// <summary>The value to keep: canonical, in base units. Raises 22023.</summary>
    public static string Normalize(SettingDefinition setting, string value) => setting.Kind switch
    {
        SettingKind.Bool => ParseBool(value) switch
        {
            true => "on",
            false => "off",
            null => throw new SqlException(SqlState.InvalidParameterValue, $"parameter \"{setting.Name}\" requires a Boolean value"),
        },
        SettingKind.Enum => setting.Values.FirstOrDefault(legal => legal.Equals(value, StringComparison.OrdinalIgnoreCase))
            ?? throw Invalid(setting, value, $"Available values: {string.Join(", ", setting.Values)}."),
        SettingKind.Integer => NormalizeInteger(setting, value),
        SettingKind.Real => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var real)
            ? real.ToString("R", CultureInfo.InvariantCulture)
            : throw Invalid(setting, value),
        _ => NormalizeText(setting, value),
    };

    /// <summary>What SHOW prints: integers with the largest unit that divides them.</summary>
    public static string Show(SettingDefinition setting, string value)
    {
        if (setting is not { Kind: SettingKind.Integer, Unit: { } unit }
            || !long.TryParse(value, CultureInfo.InvariantCulture, out var number) || number <= 0) return value;
        var (units, scaled) = unit switch
        {
            "kB" => (s_kilobytes, number),
            "8kB" => (s_kilobytes, number * 8),
            "s" => (s_milliseconds, number * 1000),
            "min" => (s_milliseconds, number * 60_000),
            _ => (s_milliseconds, number),
        };
        var best = units.Where(item => item.Value > 0 && scaled % item.Value == 0).MaxBy(item => item.Value);
        return (scaled / best.Value).ToString(CultureInfo.InvariantCulture) + best.Key;
    }

    private static bool? ParseBool(string value)
    {
        var text = value.Trim().ToLowerInvariant();
        if (text.Length == 0) return null;
        if (text == "1" || "true".StartsWith(text, StringComparison.Ordinal) || "yes".StartsWith(text, StringComparison.Ordinal)
            || text == "on") return true;
        if (text == "0" || "false".StartsWith(text, StringComparison.Ordinal) || "no".StartsWith(text, StringComparison.Ordinal)
            || text is "of" or "off") return false;
        return null;
    }

    private static string NormalizeInteger(SettingDefinition setting, string value)
    {
        var text = value.Trim();
        var digits = text.TakeWhile(character => char.IsAsciiDigit(character) || character is '-' or '+' or '.').Count();
        var suffix = text[digits..].Trim();
        if (!decimal.TryParse(text[..digits], NumberStyles.Number, CultureInfo.InvariantCulture, out var number))
            throw Invalid(setting, value);
        if (suffix.Length > 0)
        {
            var units = setting.Unit is "kB" or "8kB" ? s_kilobytes : s_milliseconds;
            if (setting.Unit is null || !units.TryGetValue(suffix, out var factor))
            {
                throw Invalid(setting, value, setting.Unit is null
                    ? null
                    : $"Valid units for this parameter are {string.Join(", ", units.Keys.Select(name => $"\"{name}\""))}.");
            }

            var inBase = factor == 0 ? number / (setting.Unit is "kB" or "8kB" ? 1024 : 1000) : number * factor;
            number = setting.Unit switch { "8kB" => inBase / 8, "s" => inBase / 1000, "min" => inBase / 60_000, _ => inBase };
        }

        number = Math.Round(number, MidpointRounding.ToEven);
        if (number < setting.Minimum || number > setting.Maximum)
        {
            var unit = setting.Unit is null ? "" : " " + setting.Unit;
            throw new SqlException(SqlState.InvalidParameterValue,
                $"{number.ToString(CultureInfo.InvariantCulture)}{unit} is outside the valid range for parameter \"{setting.Name}\" "
                    + $"({setting.Minimum} .. {setting.Maximum})");
        }

        return ((long)number).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>PostgreSQL's other encodings by all their names (pg_encname_tbl).</summary>
    private static readonly HashSet<string> s_encodings = new(StringComparer.Ordinal)
    {
        "ABC", "ALT", "BIG5", "EUCCN", "EUCJIS2004", "EUCJP", "EUCKR", "EUCTW", "GB18030", "GBK", "ISO88591", "ISO885910", "ISO885913",
        "ISO885914", "ISO885915", "ISO885916", "ISO88592", "ISO88593", "ISO88594", "ISO88595", "ISO88596", "ISO88597", "ISO88598",
        "ISO88599", "JOHAB", "KOI8", "KOI8R", "KOI8U", "LATIN1", "LATIN10", "LATIN2", "LATIN3", "LATIN4", "LATIN5", "LATIN6", "LATIN7",
        "LATIN8", "LATIN9", "MSKANJI", "MULEINTERNAL", "SHIFTJIS", "SHIFTJIS2004", "SJIS", "SQLASCII", "TCVN", "TCVN5712", "UHC", "VSCII",
        "WIN", "WIN1250", "WIN1251", "WIN1252", "WIN1253", "WIN1254", "WIN1255", "WIN1256", "WIN1257", "WIN1258", "WIN866", "WIN874",
        "WIN932", "WIN936", "WIN949", "WIN950", "WINDOWS1250", "WINDOWS1251", "WINDOWS1252", "WINDOWS1253", "WINDOWS1254", "WINDOWS1255",
        "WINDOWS1256", "WINDOWS1257", "WINDOWS1258", "WINDOWS866", "WINDOWS874", "WINDOWS932", "WINDOWS936", "WINDOWS949", "WINDOWS950",
    };

    private static string NormalizeText(SettingDefinition setting, string value)
    {
        switch (setting.Name)
        {
            case "client_encoding":
                // Names of encodings are compared by their letters and digits alone (clean_encoding_name).
                var encoding = string.Concat(value.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();
                if (encoding is "UTF8" or "UNICODE") return "UTF8";
                throw s_encodings.Contains(encoding)
                    ? new SqlException(SqlState.FeatureNotSupported, $"conversion between {value} and UTF8 is not supported")
                    : Invalid(setting, value);
            case "standard_conforming_strings":
                return value;
            case "TimeZone":
                var zone = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var hours)
                    ? OffsetZone(hours)
                    : value;
                return zone is null || TimeZones.Find(zone) is null ? throw Invalid(setting, value) : CanonicalZone(zone);
            case "DateStyle":
                return DateStyles.Normalize(value);
            case "federation.as_of":
                return value.Length == 0 || long.TryParse(value, CultureInfo.InvariantCulture, out _) || IsTime(value)
                    ? value
                    : throw Invalid(setting, value);
            case "application_name":
                return new string([.. value.Take(63).Select(character => character is >= ' ' and <= '~' ? character : '?')]);
            default: return value;
        }
    }

    private static bool IsTime(string value)
    {
        try
        {
            ValueText.Parse(value, SqlType.Timestamptz, ValueContext.Default);
            return true;
        }
        catch (SqlException)
        {
            return false;
        }
    }

    /// <summary>
    /// The name of the zone that many hours east of UTC, a POSIX specification, whose sign is the other way round; null beyond a week.
    /// </summary>
    public static string? OffsetZone(double hours)
    {
        var seconds = hours * 3600;
        if (!(Math.Abs(seconds) < 168 * 3600)) return null;
        var offset = TimeSpan.FromSeconds((long)Math.Abs(seconds));
        var text = string.Create(CultureInfo.InvariantCulture, $"{(int)offset.TotalHours:00}");
        if (offset.Minutes != 0 || offset.Seconds != 0) text += string.Create(CultureInfo.InvariantCulture, $":{offset.Minutes:00}");
        if (offset.Seconds != 0) text += string.Create(CultureInfo.InvariantCulture, $":{offset.Seconds:00}");
        return (long)seconds < 0 ? $"<-{text}>+{text}" : $"<+{text}>-{text}";
    }

    private static string CanonicalZone(string value) =>
        TimeZones.Find(value) is { } zone && zone.Id.Equals(value, StringComparison.OrdinalIgnoreCase) ? zone.Id : value;

    private static SqlException Invalid(SettingDefinition setting, string value, string? hint = null) =>
        new(SqlState.InvalidParameterValue, $"invalid value for parameter \"{setting.Name}\": \"{value}\"") { Hint = hint };
}
