using System.Collections.Concurrent;
using Federation.Core.Execution;
using Federation.Core.Values;
using System.Text;

namespace Federation.Worker.Functions.Formatting;

/// <param name="Keyword">Null for literal text.</param>
/// <param name="IsFill">FM: no padding, no leading zeros.</param>
/// <param name="IsTranslated">TM.</param>
/// <param name="Suffix">TH or th after the keyword.</param>
/// <param name="IsQuoted">Literal text that stood in quotes.</param>
internal sealed record DateTimeItem(string? Keyword, string Text, bool IsFill = false, bool IsTranslated = false, string Suffix = "",
    bool IsQuoted = false);

/// <summary>A parsed template of to_char, to_date and to_timestamp.</summary>
internal sealed class DateTimeFormat
{
    private const int CacheSize = 256;

    private static readonly ConcurrentDictionary<string, DateTimeFormat> s_cache = new(StringComparer.Ordinal);

    // The longer of two that begin alike stands first.
    private static readonly string[] s_keywords =
    [
        "A.D.", "A.M.", "AD", "AM", "B.C.", "BC", "CC", "DAY", "DDD", "DD", "DY", "Day", "Dy", "D", "FF1", "FF2", "FF3", "FF4", "FF5",
        "FF6", "FX",
        "HH24", "HH12", "HH", "IDDD", "ID", "IW", "IYYY", "IYY", "IY", "I", "J", "MI", "MM", "MONTH", "MON", "MS", "Month", "Mon", "OF",
        "P.M.", "PM",
        "Q", "RM", "SSSSS", "SSSS", "SS", "TZH", "TZM", "TZ", "US", "WW", "W", "Y,YYY", "YYYY", "YYY", "YY", "Y",
        "a.d.", "a.m.", "ad", "am", "b.c.", "bc", "cc", "day", "ddd", "dd", "dy", "d", "ff1", "ff2", "ff3", "ff4", "ff5", "ff6", "fx",
        "hh24", "hh12", "hh", "iddd", "id", "iw", "iyyy", "iyy", "iy", "i", "j", "mi", "mm", "month", "mon", "ms", "of", "p.m.", "pm",
        "q", "rm", "sssss", "ssss", "ss", "tzh", "tzm", "tz", "us", "ww", "w", "y,yyy", "yyyy", "yyy", "yy", "y",
    ];

    private DateTimeFormat(string format) => Parse(format);

    public List<DateTimeItem> Items { get; } = [];

    /// <summary>FX: the text must follow the template exactly.</summary>
    public bool IsExact { get; private set; }

    public static DateTimeFormat Get(string format)
    {
        // PostgreSQL keeps 16 bytes for each character; ours are larger.
        ValueLimits.CheckAllocation((format.Length + 1L) * 16);
        ValueMemory.Reserve(format.Length * 64L);
        if (s_cache.TryGetValue(format, out var known)) return known;
        if (s_cache.Count >= CacheSize) s_cache.Clear();
        return s_cache.GetOrAdd(format, static text => new DateTimeFormat(text));
    }

    private void Parse(string format)
    {
        for (var i = 0; i < format.Length;)
        {
            var isFill = false;
            var isTranslated = false;
            var start = i;
            while (i + 1 < format.Length && format.AsSpan(i, 2) is "FM" or "fm" or "TM" or "tm")
            {
                if (char.ToUpperInvariant(format[i]) == 'F') isFill = true;
                else isTranslated = true;
                i += 2;
            }

            if (Array.Find(s_keywords, candidate => string.CompareOrdinal(format, i, candidate, 0, candidate.Length) == 0) is { } keyword)
            {
                i += keyword.Length;
                if (keyword is "FX" or "fx")
                {
                    IsExact = true;
                    continue;
                }

                var suffix = "";
                if (i + 1 < format.Length && format.AsSpan(i, 2) is "TH" or "th")
                {
                    suffix = format.Substring(i, 2);
                    i += 2;
                }

                Items.Add(new DateTimeItem(keyword, "", isFill, isTranslated, suffix));
                continue;
            }

            if (i >= format.Length) break;
            i = Literal(format, isFill || isTranslated ? i : start);
        }
    }

    private int Literal(string format, int i)
    {
        if (format[i] == '"')
        {
            var text = new StringBuilder();
            for (i++; i < format.Length && format[i] != '"'; i++)
            {
                if (format[i] == '\\' && i + 1 < format.Length) i++;
                text.Append(format[i]);
            }

            Items.Add(new DateTimeItem(null, text.ToString(), IsQuoted: true));
            return i + 1;
        }

        if (format[i] == '\\' && i + 1 < format.Length && format[i + 1] == '"') i++;
        var length = char.IsHighSurrogate(format[i]) && i + 1 < format.Length ? 2 : 1;
        Items.Add(new DateTimeItem(null, format.Substring(i, length)));
        return i + length;
    }
}
