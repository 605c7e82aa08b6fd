using System.Text;

namespace Federation.Connectors.Files;

/// <summary>
/// Splits CSV text into records as RFC 4180 and PostgreSQL's COPY do: quoted fields may hold delimiters, line ends and doubled quotes.
/// </summary>
internal static class CsvRecords
{
    /// <summary>A field; an unquoted one may stand for NULL.</summary>
    public readonly record struct Field(string Text, bool IsQuoted);

    /// <summary>
    /// The number of the first line in which text stands beside a quoted field, as in <c>"a" ,"b"</c>; 0 for none. PostgreSQL makes it part
    /// of the value, and the kernel drops it.
    /// </summary>
    public static int LineBesideQuotes(string text, char delimiter, char quote, char escape)
    {
        var line = 1;
        var isInside = false;
        var (isAfter, isBlank, isStart) = (false, false, true);
        for (var i = 0; i < text.Length; i++)
        {
            var character = text[i];
            if (character == '\n') line++;
            if (isInside)
            {
                if (character == escape && i + 1 < text.Length && (text[i + 1] == quote || (escape != quote && text[i + 1] == escape))) i++;
                else if (character == quote) (isInside, isAfter) = (false, true);
            }
            else if (character == delimiter || character is '\n' or '\r')
            {
                (isAfter, isBlank, isStart) = (false, false, true);
            }
            else if (isAfter || (isBlank && character == quote))
            {
                return line;
            }
            else
            {
                isInside = isStart && character == quote;
                isBlank = (isStart || isBlank) && character == ' ';
                isStart = false;
            }
        }

        return 0;
    }

    /// <summary>Up to <paramref name="limit"/> records; an unfinished one at the end is left out, empty lines are skipped.</summary>
    public static List<Field[]> Read(string text, char delimiter, char quote, char escape, int limit)
    {
        var records = new List<Field[]>();
        var fields = new List<Field>();
        var field = new StringBuilder();
        var isQuoted = false;
        var isInside = false;
        for (var i = 0; i < text.Length && records.Count < limit; i++)
        {
            var character = text[i];
            if (isInside)
            {
                if (character == escape && i + 1 < text.Length && (text[i + 1] == quote || (escape != quote && text[i + 1] == escape)))
                    field.Append(text[++i]);
                else if (character == quote) isInside = false;
                else field.Append(character);
            }
            else if (character == quote && field.Length == 0)
            {
                isInside = isQuoted = true;
            }
            else if (character == delimiter)
            {
                EndField();
            }
            else if (character is '\n' or '\r')
            {
                if (character == '\r' && i + 1 < text.Length && text[i + 1] == '\n') i++;
                EndRecord();
            }
            else
            {
                field.Append(character);
            }
        }

        if (!isInside && records.Count < limit) EndRecord();
        return records;

        void EndField()
        {
            fields.Add(new Field(field.ToString(), isQuoted));
            field.Clear();
            isQuoted = false;
        }

        void EndRecord()
        {
            if (fields.Count == 0 && field.Length == 0 && !isQuoted) return;
            EndField();
            records.Add([.. fields]);
            fields.Clear();
        }
    }
}
