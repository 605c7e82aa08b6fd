using System.Text;
using Federation.Core.Errors;
using Federation.Core.Execution;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;
using Federation.Worker.Functions.Regex;

namespace Federation.Worker.Functions;

/// <summary>Functions over PostgreSQL's regular expressions. Patterns are compiled once; positions are in characters, from 1.</summary>
internal static class RegexFunctions
{
    private static readonly SqlType s_texts = SqlType.Array(SqlType.Text);

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_regexp_matches", [SqlType.Text, SqlType.Text, SqlType.Text], SqlType.Bool, static (ref FunctionRow row) =>
            row.Set(AreRegex.Get(row.GetChars(1), row.GetChars(2)).IsMatch(row.GetChars(0)))),
        new("pg_regexp_replace", [SqlType.Text, SqlType.Text, SqlType.Text, SqlType.Text], SqlType.Text, static (ref FunctionRow row) =>
        {
            var regex = Regex(ref row, 1, 3);
            row.Set(Replace(row.GetText(0), regex, row.GetText(2), 1, regex.Options.IsGlobal || Flags(ref row, 3).Contains('g') ? 0 : 1));
        }),
        new("pg_regexp_replace", [SqlType.Text, SqlType.Text, SqlType.Text, SqlType.Text, SqlType.Int4, SqlType.Int4], SqlType.Text,
            static (ref FunctionRow row) =>
            row.Set(Replace(row.GetText(0), Regex(ref row, 1, 3), row.GetText(2), AtLeast("start", row.GetInt32(4), 1),
                AtLeast("n", row.GetInt32(5), 0)))),
        new("pg_regexp_match", [SqlType.Text, SqlType.Text, SqlType.Text], s_texts, static (ref FunctionRow row) =>
        {
            NotGlobal(ref row, 2, "regexp_match");
            var text = row.GetText(0);
            if (Regex(ref row, 1, 2).Match(text, 0) is { } match) row.Set(Groups(match, text));
            else row.SetNull();
        }),
        // The groups of all matches one after another; pg_regexp_groups says how many belong to one.
        new("pg_regexp_all_groups", [SqlType.Text, SqlType.Text, SqlType.Text], s_texts, static (ref FunctionRow row) =>
        {
            var text = row.GetText(0);
            var isGlobal = Flags(ref row, 2).Contains('g');
            var groups = new List<string?>();
            foreach (var match in Regex(ref row, 1, 2).Matches(text, 0))
            {
                groups.AddRange(Groups(match, text));
                if (!isGlobal) break;
            }

            row.Set(groups.ToArray().AsSpan());
        }),
        new("pg_regexp_groups", [SqlType.Text, SqlType.Text], SqlType.Int4,
            static (ref FunctionRow row) => row.Set(Math.Max(1, Regex(ref row, 0, 1).GroupCount))),
        new("pg_regexp_like", [SqlType.Text, SqlType.Text, SqlType.Text], SqlType.Bool, static (ref FunctionRow row) =>
        {
            NotGlobal(ref row, 2, "regexp_like");
            row.Set(AreRegex.Get(row.GetChars(1), row.GetChars(2)).IsMatch(row.GetChars(0)));
        }),
        new("pg_regexp_count", [SqlType.Text, SqlType.Text, SqlType.Int4, SqlType.Text], SqlType.Int4, static (ref FunctionRow row) =>
        {
            NotGlobal(ref row, 3, "regexp_count");
            var text = row.GetText(0);
            row.Set(Regex(ref row, 1, 3).Matches(text, Offset(text, AtLeast("start", row.GetInt32(2), 1))).Count());
        }),
        // string, pattern, start, n, endoption, flags, subexpr
        new("pg_regexp_instr", [SqlType.Text, SqlType.Text, SqlType.Int4, SqlType.Int4, SqlType.Int4, SqlType.Text, SqlType.Int4],
            SqlType.Int4, static (ref FunctionRow row) =>
        {
            AtLeast("start", row.GetInt32(2), 1);
            AtLeast("n", row.GetInt32(3), 1);
            if (row.GetInt32(4) is not (0 or 1)) throw InvalidParameter("endoption", row.GetInt32(4));
            NotGlobal(ref row, 5, "regexp_instr");
            var text = row.GetText(0);
            var span = FindNth(text, Regex(ref row, 1, 5), row.GetInt32(2), row.GetInt32(3), AtLeast("subexpr", row.GetInt32(6), 0));
            row.Set(span.Start < 0 ? 0 : Position(text, row.GetInt32(4) == 1 ? span.End : span.Start));
        }),
        // string, pattern, start, n, flags, subexpr
        new("pg_regexp_substr", [SqlType.Text, SqlType.Text, SqlType.Int4, SqlType.Int4, SqlType.Text, SqlType.Int4], SqlType.Text,
            static (ref FunctionRow row) =>
        {
            AtLeast("start", row.GetInt32(2), 1);
            AtLeast("n", row.GetInt32(3), 1);
            NotGlobal(ref row, 4, "regexp_substr");
            var text = row.GetText(0);
            row.SetOrNull(
                FindNth(text, Regex(ref row, 1, 4), row.GetInt32(2), row.GetInt32(3), AtLeast("subexpr", row.GetInt32(5), 0)).In(text));
        }),
        new("pg_regexp_split_to_array", [SqlType.Text, SqlType.Text, SqlType.Text], s_texts, static (ref FunctionRow row) =>
        {
            NotGlobal(ref row, 2, "regexp_split_to_array");
            row.Set(Split(row.GetText(0), Regex(ref row, 1, 2)).AsSpan());
        }),
        new("pg_substring_regex", [SqlType.Text, SqlType.Text], SqlType.Text, static (ref FunctionRow row) =>
        {
            var text = row.GetText(0);
            row.SetOrNull(FirstGroup(AreRegex.Get(row.GetChars(1), ""), text));
        }),
        new("pg_similar_escape", [SqlType.Text, SqlType.Text], SqlType.Text, static (ref FunctionRow row) =>
            row.Set(SimilarPattern.ToRegex(row.GetText(0), row.GetText(1)))),
        new("pg_substring_similar", [SqlType.Text, SqlType.Text, SqlType.Text], SqlType.Text, static (ref FunctionRow row) =>
            row.SetOrNull(SimilarPattern.Substring(row.GetText(0), row.GetText(1), row.GetText(2)))),
    ];

    private static AreRegex Regex(ref FunctionRow row, int pattern, int flags) => AreRegex.Get(row.GetChars(pattern), row.GetChars(flags));

    private static ReadOnlySpan<char> Flags(ref FunctionRow row, int argument) => row.GetChars(argument);

    private static void NotGlobal(ref FunctionRow row, int flags, string function)
    {
        if (Flags(ref row, flags).Contains('g'))
            throw new SqlException(SqlState.InvalidParameterValue, $"{function}() does not support the \"global\" option");
    }

    private static int AtLeast(string parameter, int value, int least) => value >= least ? value : throw InvalidParameter(parameter, value);

    private static SqlException InvalidParameter(string parameter, int value) =>
        new(SqlState.InvalidParameterValue, $"invalid value for parameter \"{parameter}\": {value}");

    /// <summary>The first group when there is one, else the whole match.</summary>
    private static string? FirstGroup(AreRegex regex, string text) =>
        regex.Match(text, 0) is { } match ? match[regex.GroupCount > 0 ? 1 : 0].In(text) : null;

    private static ReadOnlySpan<string?> Groups(AreSpan[] match, string text)
    {
        if (match.Length == 1) return new[] { match[0].In(text) };
        var groups = new string?[match.Length - 1];
        for (var i = 0; i < groups.Length; i++) groups[i] = match[i + 1].In(text);
        return groups;
    }

    private static AreSpan FindNth(string text, AreRegex regex, int start, int number, int group)
    {
        foreach (var match in regex.Matches(text, Offset(text, start)))
            if (--number == 0)
                // Without groups the whole match counts as the first.
                return group < match.Length ? match[group] : group == 1 && match.Length == 1 ? match[0] : AreSpan.None;
        return AreSpan.None;
    }

    /// <summary>Characters of a result from which its memory is counted.</summary>
    private const long LargeResult = 1 << 20;

    /// <param name="number">Which match to replace; 0 for all.</param>
    private static string Replace(string text, AreRegex regex, string replacement, int start, int number)
    {
        var result = default(StringBuilder);
        var copied = 0;
        var count = 0;
        var reserved = LargeResult;
        foreach (var match in regex.Matches(text, Offset(text, start)))
        {
            StatementGuard.Check();
            count++;
            if (number != 0 && count < number) continue;
            result ??= new StringBuilder(text.Length + replacement.Length);
            var before = result.Length;
            result.Append(text, copied, match[0].Start - copied);
            AppendReplacement(result, replacement, match, text);
            // The builder's characters, and the text and the bytes that it becomes.
            ValueLimits.CheckAppend(before, result.Length - before);
            if (result.Length > reserved)
            {
                ValueMemory.Reserve((Math.Max(result.Length * 2L, LargeResult) - reserved) * 5);
                reserved = Math.Max(result.Length * 2L, LargeResult);
            }

            copied = match[0].End;
            if (number != 0) break;
        }

        return result is null ? text : result.Append(text, copied, text.Length - copied).ToString();
    }

    // \1 to \9 and \& stand for matched text, \\ for a backslash; any other backslash is itself.
    private static void AppendReplacement(StringBuilder result, string replacement, AreSpan[] match, string text)
    {
        for (var i = 0; i < replacement.Length; i++)
        {
            if (replacement[i] != '\\' || i + 1 == replacement.Length)
            {
                result.Append(replacement[i]);
                continue;
            }

            var next = replacement[++i];
            if (next is >= '1' and <= '9')
            {
                if (next - '0' < match.Length) result.Append(match[next - '0'].In(text));
            }
            else if (next == '&') result.Append(match[0].In(text));
            else if (next == '\\') result.Append('\\');
            else result.Append('\\').Append(next);
        }
    }

    private static string?[] Split(string text, AreRegex regex)
    {
        var parts = new List<string?>();
        var copied = 0;
        var size = new ListSize();
        foreach (var match in regex.Matches(text))
        {
            StatementGuard.Check();
            // An empty match at either end separates nothing.
            if (match[0].Length == 0 && (match[0].Start == copied || match[0].Start >= text.Length)) continue;
            parts.Add(text[copied..match[0].Start]);
            size.Add(match[0].Start - copied);
            copied = match[0].End;
        }

        parts.Add(text[copied..]);
        return [.. parts];
    }

    /// <summary>
    /// From a position in characters, from 1, to an offset in UTF-16 units; beyond the end for positions behind the text.
    /// </summary>
    private static int Offset(string text, int position)
    {
        var offset = 0;
        while (--position > 0 && offset <= text.Length)
            offset += offset + 1 < text.Length && char.IsSurrogatePair(text[offset], text[offset + 1]) ? 2 : 1;
        return offset;
    }

    private static int Position(string text, int offset)
    {
        var position = 1;
        for (var i = 0; i < offset; i++)
            if (!char.IsLowSurrogate(text[i]))
                position++;
        return position;
    }
}
