using System.Text;
using Federation.Core.Values;

namespace Federation.SystemCatalog;

using Row = Dictionary<string, object?>;

/// <summary>Rows of PostgreSQL 15's own catalog that never change, in the text format of COPY below a line of column names.</summary>
internal static class StaticRows
{
    /// <summary>The rows of the embedded table of this name, with values of the relation's column types.</summary>
    public static IReadOnlyList<Row> Of(string table, string? resource = null)
    {
        var types = SystemSchema.Find("pg_catalog", table)!.Columns.ToDictionary(column => column.Name, column => column.Type);
        return Texts(resource ?? table)
            .Select(texts =>
                texts.ToDictionary(item => item.Key,
                    item => item.Value is { } text && types.TryGetValue(item.Key, out var type)
                        ? ValueText.Parse(text, type, ValueContext.Default)
                        : item.Value)).ToArray();
    }

    /// <summary>The texts of an embedded table's rows by column.</summary>
    private static IEnumerable<Dictionary<string, string?>> Texts(string resource)
    {
        string[]? names = null;
        foreach (var fields in SystemSchema.Rows(resource + ".tsv"))
        {
            if (names is null) names = fields;
            else yield return names.Zip(fields).ToDictionary(pair => pair.First, pair => Unescape(pair.Second));
        }
    }

    private static string? Unescape(string field)
    {
        if (field == "\\N") return null;
        if (!field.Contains('\\', StringComparison.Ordinal)) return field;
        var text = new StringBuilder(field.Length);
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] != '\\')
            {
                text.Append(field[i]);
                continue;
            }

            i++;
            text.Append(field[i] switch
            {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '\\' => '\\',
                var other => throw new InvalidDataException($"unknown escape \\{other}"),
            });
        }

        return text.ToString();
    }
}
