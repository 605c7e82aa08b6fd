using System.Text;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Core.Values;

/// <summary>Text of records: <c>(field,"quoted field",)</c>; nothing between commas is NULL.</summary>
public static class RecordText
{
    public static string Format(object?[] fields, SqlType type, TextFormat format)
    {
        var text = new StringBuilder("(");
        for (var i = 0; i < fields.Length; i++)
        {
            if (i > 0) text.Append(',');
            if (fields[i] is not { } value) continue;
            var word = ValueText.Format(value, i < type.Fields.Count ? type.Fields[i].Type : SqlType.Text, format);
            if (!TextQuoting.RecordFieldNeedsQuotes(word))
            {
                text.Append(word);
                continue;
            }

            text.Append('"');
            foreach (var c in word)
            {
                if (c is '"' or '\\') text.Append(c);
                text.Append(c);
            }

            text.Append('"');
        }

        return text.Append(')').ToString();
    }

    public static object?[] Parse(string text, SqlType type, ValueContext context)
    {
        if (type.Fields.Count == 0)
            throw new SqlException(SqlState.FeatureNotSupported, "input of anonymous composite types is not implemented");
        var source = text.AsSpan();
        var position = 0;
        while (position < source.Length && char.IsWhiteSpace(source[position])) position++;
        if (position >= source.Length || source[position] != '(') throw ValueErrors.MalformedRecord(text, "Missing left parenthesis.");
        position++;
        var values = new object?[type.Fields.Count];
        for (var i = 0; i < values.Length; i++)
        {
            if (i > 0)
            {
                if (position >= source.Length || source[position] != ',') throw ValueErrors.MalformedRecord(text, "Too few columns.");
                position++;
            }

            if (ReadField(text, ref position) is { } word) values[i] = ValueText.Parse(word, type.Fields[i].Type, context);
        }

        if (position >= source.Length || source[position] != ')') throw ValueErrors.MalformedRecord(text, "Too many columns.");
        if (!source[(position + 1)..].Trim().IsEmpty) throw ValueErrors.MalformedRecord(text, "Junk after right parenthesis.");
        return values;
    }

    /// <summary>The text of one field, counted from 0; null for a NULL, and for a field that the text does not have.</summary>
    public static string? Field(string text, int index)
    {
        var position = 0;
        while (position < text.Length && char.IsWhiteSpace(text[position])) position++;
        if (position >= text.Length || text[position] != '(') throw ValueErrors.MalformedRecord(text, "Missing left parenthesis.");
        position++;
        for (var i = 0; ; i++)
        {
            var field = ReadField(text, ref position);
            if (i == index) return field;
            if (position >= text.Length || text[position] != ',') return null;
            position++;
        }
    }

    private static string? ReadField(string text, ref int position)
    {
        if (position < text.Length && text[position] is ',' or ')') return null;
        var word = new StringBuilder();
        var inQuotes = false;
        for (; position < text.Length; position++)
        {
            var c = text[position];
            if (!inQuotes && c is ',' or ')') return word.ToString();
            if (c == '\\')
            {
                if (++position >= text.Length) break;
                word.Append(text[position]);
            }
            else if (c == '"')
            {
                if (inQuotes && position + 1 < text.Length && text[position + 1] == '"')
                {
                    word.Append('"');
                    position++;
                }
                else
                {
                    inQuotes = !inQuotes;
                }
            }
            else
            {
                word.Append(c);
            }
        }

        throw ValueErrors.MalformedRecord(text, "Unexpected end of input.");
    }
}
