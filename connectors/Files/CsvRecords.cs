using System.Text;
using Federation.Core.Values;

namespace Federation.Connectors.Files;

/// <summary>
/// Splits CSV text into records as RFC 4180 and PostgreSQL's COPY do: quoted fields may hold delimiters, line ends and doubled quotes.
/// </summary>
internal static class CsvRecords
{
    /// <summary>A field; an unquoted one may stand for NULL.</summary>
    public readonly record struct Field(string Text, bool IsQuoted);

    /// <summary>Up to <paramref name="limit"/> records, one in each line; empty lines are skipped.</summary>
    public static List<Field[]> ReadLines(string text, char delimiter, char quote, char escape, int limit)
    {
        var records = new List<Field[]>();
        foreach (var line in text.AsSpan().Split('\n'))
        {
            if (records.Count == limit) break;
            if (text.AsSpan(line).TrimEnd('\r').IsEmpty) continue;
            records.Add([.. CsvLine.Split(text.AsSpan(line), delimiter, quote, escape)
                .Select(field => new Field(field.Text, field.IsQuoted))]);
        }

        return records;
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
