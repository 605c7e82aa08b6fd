using System.Text;
using Federation.Core.Errors;

namespace Federation.Worker.Functions.Regex;

/// <summary>SQL's SIMILAR TO patterns as AREs (similar_escape of PostgreSQL).</summary>
internal static class SimilarPattern
{
    /// <param name="escape">One character, or empty for none.</param>
    public static string ToRegex(string pattern, string escape) => ToParts(pattern, escape) switch
    {
        [var whole] => $"^(?:{whole})$",
        [var first, var second] => $"^(?:{first}){{1,1}}?({second})$",
        [var first, var second, var third, ..] => $"^(?:{first}){{1,1}}?({second}){{1,1}}(?:{third})$",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>
    /// substring(text similar pattern): the text between the escaped quotes when the pattern takes the whole text. The part before it is as
    /// short as possible, then the part itself as long as possible.
    /// </summary>
    public static string? Substring(string text, string pattern, string escape)
    {
        var parts = ToParts(pattern, escape).Select(part => AreRegex.Get(part, "")).ToArray();
        if (parts.Length == 1) return parts[0].IsWholeMatch(text) ? text : null;
        for (var start = 0; start <= text.Length; start++)
        {
            if (!parts[0].IsWholeMatch(text.AsSpan(0, start))) continue;
            for (var end = text.Length; end >= (parts.Length == 2 ? text.Length : start); end--)
                if ((parts.Length == 2 || parts[2].IsWholeMatch(text.AsSpan(end)))
                    && parts[1].IsWholeMatch(text.AsSpan(start, end - start)))
                    return text[start..end];
        }

        return null;
    }

    /// <summary>The pattern as AREs, cut at the escaped quotes: one, two or three.</summary>
    private static List<string> ToParts(string pattern, string escape)
    {
        var parts = new List<string>();
        if (escape.Length > 1)
            throw new SqlException(SqlState.InvalidEscapeSequence, "invalid escape string")
                { Hint = "Escape string must be empty or one character." };
        var mark = escape.Length == 1 ? escape[0] : '\0';
        var result = new StringBuilder();
        var isEscaped = false;
        var isInBrackets = false;
        var bracketStart = 0;
        for (var i = 0; i < pattern.Length; i++)
        {
            var character = pattern[i];
            if (isEscaped)
            {
                isEscaped = false;
                if (character == '"' && !isInBrackets)
                {
                    if (parts.Count == 2)
                        throw new SqlException(
                            SqlState.InvalidUseOfEscapeCharacter,
                            "SQL regular expression may not contain more than two escape-double-quote separators");
                    parts.Add(result.ToString());
                    result.Clear();
                    continue;
                }

                result.Append('\\').Append(character);
            }
            else if (escape.Length == 1 && character == mark) isEscaped = true;
            else if (isInBrackets)
            {
                if (character == '\\') result.Append('\\');
                result.Append(character);
                // ] closes unless it comes first (a ^ does not count).
                if (character == ']' && i > bracketStart + 1 && !(i == bracketStart + 2 && pattern[bracketStart + 1] == '^'))
                    isInBrackets = false;
            }
            else
            {
                switch (character)
                {
                    case '[':
                        result.Append('[');
                        isInBrackets = true;
                        bracketStart = i;
                        break;
                    case '%': result.Append(".*"); break;
                    case '_': result.Append('.'); break;
                    case '(': result.Append("(?:"); break;
                    case '\\' or '.' or '^' or '$': result.Append('\\').Append(character); break;
                    default: result.Append(character); break;
                }
            }
        }

        parts.Add(result.ToString());
        return parts;
    }
}
