using System.Text;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Core.Values;

/// <summary>A range; a missing bound is infinite.</summary>
public sealed record PgRange(object? Lower, object? Upper, bool LowerIsInclusive, bool UpperIsInclusive, bool IsEmpty)
{
    public static readonly PgRange Empty = new(null, null, false, false, true);
}

/// <summary>Text of ranges: <c>[lower,upper)</c>, <c>empty</c>. Ranges of whole numbers and days are brought to the form [ ).</summary>
public static class RangeText
{
    /// <summary>The type of the bounds; null when the type is not a range.</summary>
    public static SqlType? Subtype(PgType type) => type.Name switch
    {
        "int4range" => SqlType.Int4,
        "int8range" => SqlType.Int8,
        "numrange" => SqlType.Numeric,
        "daterange" => SqlType.Date,
        "tsrange" => SqlType.Timestamp,
        "tstzrange" => SqlType.Timestamptz,
        _ => null,
    };

    public static PgRange Parse(string text, PgType type, ValueContext context)
    {
        var subtype = Subtype(type)!;
        var trimmed = text.Trim();
        if (trimmed.Equals("empty", StringComparison.OrdinalIgnoreCase)) return PgRange.Empty;
        if (trimmed.Length == 0 || trimmed[0] is not ('[' or '(')) throw Malformed(text, "Missing left parenthesis or bracket.");
        var position = 1;
        var lower = ReadBound(text, trimmed, ref position);
        if (position >= trimmed.Length || trimmed[position] != ',') throw Malformed(text, "Missing comma after lower bound.");
        position++;
        var upper = ReadBound(text, trimmed, ref position);
        if (position >= trimmed.Length) throw Malformed(text, "Unexpected end of input.");
        if (trimmed[position] == ',') throw Malformed(text, "Too many commas.");
        if (position != trimmed.Length - 1) throw Malformed(text, "Junk after right parenthesis or bracket.");
        return Canonical(new PgRange(
            lower is null ? null : ValueText.Parse(lower, subtype, context),
            upper is null ? null : ValueText.Parse(upper, subtype, context),
            lower is not null && trimmed[0] == '[',
            upper is not null && trimmed[position] == ']',
            IsEmpty: false));
    }

    public static string Format(PgRange range, PgType type, TextFormat format)
    {
        if (range.IsEmpty) return "empty";
        var subtype = Subtype(type)!;
        var text = new StringBuilder().Append(range.LowerIsInclusive ? '[' : '(');
        AppendBound(text, range.Lower, subtype, format);
        text.Append(',');
        AppendBound(text, range.Upper, subtype, format);
        return text.Append(range.UpperIsInclusive ? ']' : ')').ToString();
    }

    /// <summary>Checks the order of the bounds and brings discrete ranges to their one form.</summary>
    public static PgRange Canonical(PgRange range)
    {
        if (range.IsEmpty) return PgRange.Empty;
        if (range is { Lower: { } lower, Upper: { } upper })
        {
            var order = Compare(lower, upper);
            if (order > 0)
                throw new SqlException(SqlState.DataException, "range lower bound must be less than or equal to range upper bound");
            if (order == 0 && !(range.LowerIsInclusive && range.UpperIsInclusive)) return PgRange.Empty;
        }

        if (range is { Lower: not null, LowerIsInclusive: false } && Next(range.Lower) is { } first)
            range = range with { Lower = first, LowerIsInclusive = true };
        if (range is { Upper: not null, UpperIsInclusive: true } && Next(range.Upper) is { } end)
            range = range with { Upper = end, UpperIsInclusive = false };
        return range is { Lower: { } low, Upper: { } high, LowerIsInclusive: true, UpperIsInclusive: false } && Compare(low, high) >= 0
            ? PgRange.Empty
            : range;
    }

    private static int Compare(object left, object right) => (left, right) switch
    {
        (int a, int b) => a.CompareTo(b),
        (long a, long b) => a.CompareTo(b),
        (PgNumeric a, PgNumeric b) => a.CompareTo(b),
        (PgDate a, PgDate b) => a.Days.CompareTo(b.Days),
        (PgTimestamp a, PgTimestamp b) => a.Microseconds.CompareTo(b.Microseconds),
        _ => throw new System.Diagnostics.UnreachableException(left.GetType().Name),
    };

    /// <summary>The value that follows in a discrete type; null in others and beyond the end.</summary>
    private static object? Next(object value) => value switch
    {
        int.MaxValue => throw ValueErrors.IntegerOutOfRange("integer"),
        long.MaxValue => throw ValueErrors.IntegerOutOfRange("bigint"),
        int number => number + 1,
        long number => number + 1,
        PgDate { IsFinite: true } date => new PgDate(date.Days + 1),
        _ => null,
    };

    private static void AppendBound(StringBuilder text, object? bound, SqlType subtype, TextFormat format)
    {
        if (bound is null) return;
        var word = ValueText.Format(bound, subtype, format);
        if (!TextQuoting.RecordFieldNeedsQuotes(word) && !word.AsSpan().ContainsAny('[', ']'))
        {
            text.Append(word);
            return;
        }

        text.Append('"').Append(word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\"\"", StringComparison.Ordinal))
            .Append('"');
    }

    private static string? ReadBound(string whole, string text, ref int position)
    {
        if (position < text.Length && text[position] is ',' or ')' or ']') return null;
        var word = new StringBuilder();
        var inQuotes = false;
        for (; position < text.Length; position++)
        {
            var c = text[position];
            if (!inQuotes && c is ',' or ')' or ']') return word.ToString();
            if (c == '\\' && position + 1 < text.Length)
            {
                word.Append(text[++position]);
            }
            else if (c == '"' && inQuotes && position + 1 < text.Length && text[position + 1] == '"')
            {
                word.Append('"');
                position++;
            }
            else if (c == '"')
            {
                inQuotes = !inQuotes;
            }
            else
            {
                word.Append(c);
            }
        }

        throw Malformed(whole, "Unexpected end of input.");
    }

    private static SqlException Malformed(string text, string detail) =>
        new(SqlState.InvalidTextRepresentation, $"malformed range literal: \"{text}\"") { Detail = detail };
}
