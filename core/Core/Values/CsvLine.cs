using System.Text;
using Federation.Core.Errors;

namespace Federation.Core.Values;

/// <summary>
/// The fields of a line of CSV in which text stands beside quotes, as in <c>"a" ,"b"x</c>: it is part of the value, as for PostgreSQL's
/// COPY. A quote in the middle of text that does not begin with one, as in <c>5" disk</c>, is text.
/// </summary>
public static class CsvLine
{
    /// <summary>Raises 22P04 when a quoted part does not end within the line.</summary>
    public static List<(string Text, bool IsQuoted)> Split(ReadOnlySpan<char> line, char delimiter, char quote, char escape)
    {
        var fields = new List<(string, bool)>();
        var field = new StringBuilder();
        var (isInside, isQuoted, isPlain) = (false, false, false);
        line = line.TrimEnd('\r');
        for (var i = 0; i < line.Length; i++)
        {
            var character = line[i];
            if (isInside)
            {
                if (character == escape && i + 1 < line.Length && (line[i + 1] == quote || (escape != quote && line[i + 1] == escape)))
                    field.Append(line[++i]);
                else if (character == quote) isInside = false;
                else field.Append(character);
            }
            else if (character == delimiter)
            {
                End(field);
            }
            else if (character == quote && !isPlain)
            {
                isInside = isQuoted = true;
            }
            else
            {
                isPlain |= !isQuoted && character != ' ';
                field.Append(character);
            }
        }

        if (isInside) throw new SqlException(SqlState.BadCopyFileFormat, "unterminated CSV quoted field");
        End(field);
        return fields;

        void End(StringBuilder text)
        {
            fields.Add((text.ToString(), isQuoted));
            text.Clear();
            (isQuoted, isPlain) = (false, false);
        }
    }
}
