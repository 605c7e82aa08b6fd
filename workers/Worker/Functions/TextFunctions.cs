using System.Globalization;
using System.Text;
using Federation.Core.Errors;
using Federation.Core.Execution;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>Functions over text and bytes that the kernel has not, or has with another meaning.</summary>
internal static class TextFunctions
{
    private static readonly SqlType s_text = SqlType.Text;
    private static readonly SqlType s_texts = SqlType.Array(SqlType.Text);

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_initcap", [s_text], s_text, static (ref FunctionRow row) => row.Set(InitialCapitals(row.GetText(0)))),
        new("pg_reverse", [s_text], s_text, static (ref FunctionRow row) => row.Set(Reverse(row.GetText(0)))),
        new("pg_split_part", [s_text, s_text, SqlType.Int4], s_text,
            static (ref FunctionRow row) => row.Set(SplitPart(row.GetBytes(0), row.GetBytes(1), row.GetInt32(2)))),
        new("pg_overlay", [s_text, s_text, SqlType.Int4, SqlType.Int4], s_text, static (ref FunctionRow row) =>
            row.Set(Overlay(row.GetText(0), row.GetText(1), row.GetInt32(2), row.GetInt32(3)))),
        new("pg_quote_ident", [s_text], s_text, static (ref FunctionRow row) => row.Set(Quoting.Identifier(row.GetText(0)))),
        new("pg_quote_literal", [s_text], s_text, static (ref FunctionRow row) => Quoting.SetLiteral(ref row)),
        new("pg_quote_nullable", [s_text], s_text,
            static (ref FunctionRow row) => row.Set(row.IsNull(0) ? "NULL" : Quoting.Literal(row.GetText(0)))) { IsStrict = false },
        new("pg_format", [s_text, s_texts], s_text,
            static (ref FunctionRow row) => row.Set(TextFormatter.Format(row.GetText(0), row.GetTexts(1)))),
        new("pg_like", [s_text, s_text], SqlType.Bool,
            static (ref FunctionRow row) => row.Set(LikeMatch.IsMatch(row.GetBytes(0), row.GetBytes(1)))),
        new("pg_bytea_like", [SqlType.Bytea, SqlType.Bytea], SqlType.Bool, static (ref FunctionRow row) =>
            row.Set(LikeMatch.IsByteMatch(row.GetBytes(0), row.GetBytes(1)))),
        new("pg_bytea_like_escape", [SqlType.Bytea, SqlType.Bytea], SqlType.Bytea, static (ref FunctionRow row) =>
            row.Set(Encoding.Latin1.GetBytes(
                LikeEscape(Encoding.Latin1.GetString(row.GetBytes(0)), Encoding.Latin1.GetString(row.GetBytes(1)))).AsSpan())),
        new("pg_replace", [s_text, s_text, s_text], s_text, static (ref FunctionRow row) => Replace(ref row)),
        new("pg_textcat", [s_text, s_text], s_text, static (ref FunctionRow row) => row.SetJoined(row.GetBytes(0), row.GetBytes(1))),
        new("pg_byteacat", [SqlType.Bytea, SqlType.Bytea], SqlType.Bytea,
            static (ref FunctionRow row) => row.SetJoined(row.GetBytes(0), row.GetBytes(1))),
        new("pg_encode", [SqlType.Bytea, s_text], s_text,
            static (ref FunctionRow row) => row.Set(ByteEncoding.Encode(row.GetBytes(0), row.GetText(1)).AsSpan())),
        new("pg_decode", [s_text, s_text], SqlType.Bytea,
            static (ref FunctionRow row) => row.Set(ByteEncoding.Decode(row.GetBytes(0), row.GetText(1)))),
        new("pg_bytea_in", [s_text], SqlType.Bytea, static (ref FunctionRow row) => row.Set(ByteaText.Parse(row.GetBytes(0)).AsSpan())),
        new("pg_char_in", [s_text], s_text, static (ref FunctionRow row) => row.Set(ValueText.CharIn(row.GetText(0)))),
        new("pg_like_escape", [s_text, s_text], s_text,
            static (ref FunctionRow row) => row.Set(LikeEscape(row.GetText(0), row.GetText(1)))),
        new("pg_check_length", [s_text, SqlType.Int4, s_text], s_text,
            static (ref FunctionRow row) => row.Set(CheckLength(row.GetText(0), row.GetInt32(1), row.GetText(2)))),
        new("pg_array_in", [s_text], s_texts, static (ref FunctionRow row) => row.Set(ArrayIn(row.GetText(0)))),
        new("pg_array_join", [s_texts, s_text], s_text,
            static (ref FunctionRow row) => row.Set(string.Join(row.GetText(1), row.GetTexts(0)))),
        new("pg_mode_index", [SqlType.Array(SqlType.Bytea)], SqlType.Int8,
            static (ref FunctionRow row) => row.Set(LongestRun(row.GetList(0)))),
        new("pg_array_out", [s_texts], s_text, static (ref FunctionRow row) => row.Set(ArrayOut(row.GetTexts(0)))),
        new("pg_record_field", [s_text, SqlType.Int4], s_text,
            static (ref FunctionRow row) => row.SetOrNull(RecordText.Field(row.GetText(0), row.GetInt32(1)))),
        new("pg_record_out", [s_texts], s_text, static (ref FunctionRow row) => row.Set(RecordOut(row.GetTexts(0)))),
        new("pg_shift_left", [SqlType.Int8, SqlType.Int4, SqlType.Int4], SqlType.Int8, static (ref FunctionRow row) =>
            row.Set(ShiftLeft(row.Get<long>(0), row.GetInt32(1), row.GetInt32(2)))),
    ];

    /// <summary>The items of an array's text, as text.</summary>
    private static string?[] ArrayIn(string text)
    {
        var array = ArrayText.Parse(text, s_texts, new ValueContext(TextFormat.Default, default));
        if (array.Lengths.Count > 1 || array.LowerBounds.Any(bound => bound != 1))
            throw new SqlException(SqlState.FeatureNotSupported,
                "arrays of several dimensions or with other lower bounds than 1 cannot be read from text in a query");
        return [.. array.Items.Select(item => (string?)item)];
    }

    /// <summary>Where the longest run of equal items begins, from 1; of several the first.</summary>
    private static long LongestRun(ListItems items)
    {
        var (best, length) = (1, 0);
        for (var start = 0; start < items.Count;)
        {
            var end = start + 1;
            while (end < items.Count && items[end].SequenceEqual(items[start])) end++;
            if (end - start > length) (best, length) = (start + 1, end - start);
            start = end;
        }

        return best;
    }

    private static string InitialCapitals(string text)
    {
        var result = new StringBuilder(text.Length);
        var isInside = false;
        foreach (var rune in text.EnumerateRunes())
        {
            result.Append((isInside ? Rune.ToLowerInvariant(rune) : Rune.ToUpperInvariant(rune)).ToString());
            isInside = Rune.IsLetterOrDigit(rune);
        }

        return result.ToString();
    }

    /// <summary>By characters, not by what a reader sees as one sign.</summary>
    private static string Reverse(string text)
    {
        var result = new char[text.Length];
        var end = text.Length;
        foreach (var rune in text.EnumerateRunes())
        {
            end -= rune.Utf16SequenceLength;
            rune.EncodeToUtf16(result.AsSpan(end));
        }

        return new string(result);
    }

    private static ReadOnlySpan<byte> SplitPart(ReadOnlySpan<byte> text, ReadOnlySpan<byte> delimiter, int field)
    {
        if (field == 0) throw new SqlException(SqlState.InvalidParameterValue, "field position must not be zero");
        if (text.IsEmpty) return default;
        if (delimiter.IsEmpty) return field is 1 or -1 ? text : default;
        if (field < 0)
        {
            var count = 1;
            for (var rest = text; rest.IndexOf(delimiter) is >= 0 and var found; rest = rest[(found + delimiter.Length)..]) count++;
            field += count + 1;
            if (field <= 0) return default;
        }

        while (true)
        {
            var end = text.IndexOf(delimiter);
            if (--field == 0) return end < 0 ? text : text[..end];
            if (end < 0) return default;
            text = text[(end + delimiter.Length)..];
        }
    }

    /// <summary>Over bytes: in UTF-8 a character is never found inside of another.</summary>
    private static void Replace(ref FunctionRow row)
    {
        var text = row.GetBytes(0);
        var old = row.GetBytes(1);
        var replacement = row.GetBytes(2);
        var first = old.IsEmpty ? -1 : text.IndexOf(old);
        if (first < 0)
        {
            row.Set(text);
            return;
        }

        var length = 0L;
        for (var rest = text; ;)
        {
            var found = rest.IndexOf(old);
            StatementGuard.Check();
            ValueLimits.CheckAppend(length, found < 0 ? rest.Length : found);
            length += found < 0 ? rest.Length : found;
            if (found < 0) break;
            ValueLimits.CheckAppend(length, replacement.Length);
            length += replacement.Length;
            rest = rest[(found + old.Length)..];
        }

        ValueMemory.Reserve(length);
        var result = length <= 256 ? stackalloc byte[(int)length] : new byte[length];
        var position = 0;
        for (var rest = text; ;)
        {
            var found = rest.IndexOf(old);
            var kept = found < 0 ? rest : rest[..found];
            kept.CopyTo(result[position..]);
            position += kept.Length;
            if (found < 0) break;
            replacement.CopyTo(result[position..]);
            position += replacement.Length;
            rest = rest[(found + old.Length)..];
        }

        row.Set(result);
    }

    private static string Overlay(string text, string replacement, int start, int length)
    {
        if (start <= 0) throw new SqlException(SqlState.SubstringError, "negative substring length not allowed");
        var resume = (long)start + length;
        if (resume > int.MaxValue) throw new SqlException(SqlState.NumericValueOutOfRange, "integer out of range");
        return string.Concat(text.AsSpan(0, Offset(text, start)), replacement, text.AsSpan(Offset(text, Math.Max(resume, 1))));
    }

    /// <summary>From a position in characters, from 1, to an offset in UTF-16 units, at most the end.</summary>
    private static int Offset(string text, long position)
    {
        var offset = 0;
        while (--position > 0 && offset < text.Length)
            offset += offset + 1 < text.Length && char.IsSurrogatePair(text[offset], text[offset + 1]) ? 2 : 1;
        return offset;
    }

    /// <summary>A LIKE pattern with another escape character as one with the backslash.</summary>
    private static string LikeEscape(string pattern, string escape)
    {
        if (escape.Length > 1) throw new SqlException(SqlState.InvalidEscapeSequence, "invalid escape string")
            { Hint = "Escape string must be empty or one character." };
        if (escape is "\\") return pattern;
        var result = new StringBuilder(pattern.Length + 8);
        var isEscaped = false;
        foreach (var character in pattern)
        {
            if (escape.Length == 1 && character == escape[0] && !isEscaped)
            {
                result.Append('\\');
                isEscaped = true;
                continue;
            }

            if (character == '\\' && !isEscaped) result.Append('\\');
            result.Append(character);
            isEscaped = false;
        }

        return result.ToString();
    }

    /// <summary>What an assignment to varchar(n) or char(n) keeps: longer text is an error unless only blanks are cut.</summary>
    private static string CheckLength(string text, int length, string type)
    {
        var offset = Offset(text, (long)length + 1);
        if (offset == text.Length) return text;
        return text.AsSpan(offset).ContainsAnyExcept(' ')
            ? throw new SqlException(SqlState.StringDataRightTruncation, $"value too long for type {type}({length})")
            : text[..offset];
    }

    private static string ArrayOut(string?[] items)
    {
        ReserveOutput(items);
        var result = new StringBuilder("{");
        for (var i = 0; i < items.Length; i++)
        {
            if (i > 0) result.Append(',');
            if (items[i] is not { } item) result.Append("NULL");
            else if (!TextQuoting.ArrayItemNeedsQuotes(item, ',')) result.Append(item);
            else result.Append('"')
                .Append(item.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
        }

        return result.Append('}').ToString();
    }

    /// <summary>A NULL field is nothing between its commas; quotes and backslashes are doubled.</summary>
    private static string RecordOut(string?[] fields)
    {
        ReserveOutput(fields);
        return $"({string.Join(',', fields.Select(field =>
            field is null ? ""
            : !TextQuoting.RecordFieldNeedsQuotes(field) ? field
            : $"\"{field.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\"\"", StringComparison.Ordinal)}\""))})";
    }

    /// <summary>The text of many or large items is there as it is made and as it is given.</summary>
    private static void ReserveOutput(string?[] items)
    {
        const long Copies = 4;
        ValueMemory.Reserve(items.Sum(item => item?.Length ?? 0L) * Copies);
    }

    // Like the processor that PostgreSQL runs on: the count is taken modulo the width (32 at least) and bits fall off the end.
    private static long ShiftLeft(long value, int count, int width) => width switch
    {
        16 => (short)((int)value << count),
        32 => (int)value << count,
        _ => value << count,
    };
}

/// <summary>quote_ident and quote_literal.</summary>
internal static class Quoting
{
    // Reserved words and those that may not be column names without quotes (every keyword but the unreserved ones).
    private static readonly HashSet<string> s_keywords = new(
        ("all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char "
            + "character check coalesce "
        + "collate collation column concurrently constraint create cross current_catalog current_date current_role current_schema "
        + "current_time current_timestamp current_user "
        + "dec decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign freeze from full "
        + "grant greatest "
        + "group grouping having ilike in initially inner inout int integer intersect interval into is isnull join lateral leading least "
        + "left like limit "
        + "localtime localtimestamp national natural nchar none normalize not notnull null nullif numeric offset on only or order out "
        + "outer overlaps overlay placing "
        + "position precision primary real references returning right row select session_user setof similar smallint some substring "
        + "symmetric table tablesample "
        + "then time timestamp to trailing treat trim true union unique user using values varchar variadic verbose when where window with "
        + "xmlattributes "
        + "xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable").Split(' '),
        StringComparer.Ordinal);

    public static string Identifier(string name)
    {
        var isSafe = name.Length > 0 && (char.IsAsciiLetterLower(name[0]) || name[0] == '_');
        foreach (var character in name) isSafe &= char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character == '_';
        return isSafe && !s_keywords.Contains(name) ? name : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>Sets the literal of the first argument, which may be large.</summary>
    public static void SetLiteral(ref FunctionRow row)
    {
        const int StackLimit = 512;
        var text = row.GetBytes(0);
        var length = text.Length + (long)text.Count((byte)'\'') + text.Count((byte)'\\');
        var isEscaped = text.Contains((byte)'\\');
        length += isEscaped ? 3 : 2;
        ValueLimits.CheckAllocation(length);
        ValueMemory.Reserve(length);
        var quoted = length <= StackLimit ? stackalloc byte[(int)length] : new byte[length];
        var count = 0;
        if (isEscaped) quoted[count++] = (byte)'E';
        quoted[count++] = (byte)'\'';
        foreach (var value in text)
        {
            if (value is (byte)'\'' or (byte)'\\') quoted[count++] = value;
            quoted[count++] = value;
        }

        quoted[count] = (byte)'\'';
        row.Set(quoted);
    }

    public static string Literal(string text)
    {
        var quoted = $"'{text.Replace("'", "''", StringComparison.Ordinal).Replace("\\", @"\\", StringComparison.Ordinal)}'";
        return text.Contains('\\', StringComparison.Ordinal) ? "E" + quoted : quoted;
    }
}

/// <summary>format(): %s, %I and %L with positions, flags and widths.</summary>
internal static class TextFormatter
{
    public static string Format(string format, string?[] arguments)
    {
        var result = new StringBuilder(format.Length + 32);
        var next = 0;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                result.Append(format[i]);
                continue;
            }

            Demand(format, ++i);
            if (format[i] == '%')
            {
                result.Append('%');
                continue;
            }

            var position = TryNumber(format, ref i, out var number) && i < format.Length && format[i] == '$' ? number : (int?)null;
            var width = default(int?);
            if (position is not null)
            {
                if (position == 0) throw Invalid("format specifies argument 0, but arguments are numbered from 1");
                i++;
            }
            else if (number > 0) width = number;

            var isLeft = false;
            if (width is null)
            {
                for (; i < format.Length && format[i] == '-'; i++) isLeft = true;
                if (i < format.Length && format[i] == '*') width = StarWidth(format, ref i, arguments, ref next);
                else if (TryNumber(format, ref i, out number)) width = number;
            }

            Demand(format, i);
            if (format[i] is not ('s' or 'I' or 'L'))
                throw Invalid($"unrecognized format() type specifier \"{format[i]}\"").WithHint("For a single \"%\" use \"%%\".");
            var argument = Argument(arguments, position, ref next);
            var text = format[i] switch
            {
                's' => argument ?? "",
                'I' => Quoting.Identifier(argument
                    ?? throw new SqlException(SqlState.NullValueNotAllowed, "null values cannot be formatted as an SQL identifier")),
                _ => argument is null ? "NULL" : Quoting.Literal(argument),
            };
            if (width < 0) (isLeft, width) = (true, -width);
            var padding = Math.Max((width ?? 0) - new StringInfo(text).LengthInTextElements, 0);
            ValueLimits.CheckAppend(result.Length, padding + (long)text.Length);
            ValueMemory.Reserve((padding + (long)text.Length) * 4);
            StatementGuard.Check();
            if (!isLeft) result.Append(' ', padding);
            result.Append(text);
            if (isLeft) result.Append(' ', padding);
        }

        return result.ToString();
    }

    private static int StarWidth(string format, ref int i, string?[] arguments, ref int next)
    {
        i++;
        int? position = null;
        if (TryNumber(format, ref i, out var number))
        {
            Demand(format, i);
            if (format[i] != '$') throw Invalid("width argument position must be ended by \"$\"");
            if (number == 0) throw Invalid("format specifies argument 0, but arguments are numbered from 1");
            position = number;
            i++;
        }

        var width = Argument(arguments, position, ref next);
        return width is null ? 0 : (int)TextInput.ToInteger(Encoding.UTF8.GetBytes(width), int.MinValue, int.MaxValue, "integer");
    }

    private static string? Argument(string?[] arguments, int? position, ref int next)
    {
        var index = position is { } given ? given - 1 : next;
        next = index + 1;
        return index < arguments.Length ? arguments[index] : throw Invalid("too few arguments for format()");
    }

    private static bool TryNumber(string format, ref int i, out int number)
    {
        number = 0;
        var start = i;
        while (i < format.Length && char.IsAsciiDigit(format[i]))
        {
            var value = ((long)number * 10) + (format[i++] - '0');
            number = value <= int.MaxValue ? (int)value : throw new SqlException(SqlState.NumericValueOutOfRange, "number is out of range");
        }

        return i > start;
    }

    private static void Demand(string format, int i)
    {
        if (i >= format.Length) throw Invalid("unterminated format() type specifier").WithHint("For a single \"%\" use \"%%\".");
    }

    private static SqlException Invalid(string message) => new(SqlState.InvalidParameterValue, message);
}
