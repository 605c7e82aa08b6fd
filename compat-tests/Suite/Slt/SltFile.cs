using System.Text;

namespace Federation.CompatTests.Suite.Slt;

/// <summary>What a record demands.</summary>
internal enum SltKind
{
    /// <summary><c>statement ok</c>: no error; rows do not matter.</summary>
    Statement,

    /// <summary><c>statement error SQLSTATE</c>.</summary>
    Error,

    /// <summary><c>query TYPES [rowsort|nosort]</c> with its rows below <c>----</c>.</summary>
    Query,
}

/// <summary>
/// One statement and its expectation. SkipReason: the gateway is known to differ (<c>skipif gateway REASON</c>); the record must then fail
/// there.
/// </summary>
internal sealed record SltRecord(
    SltKind Kind, int Line, string Sql, string Types, bool IsSorted, string? Code, IReadOnlyList<string> Rows, string? SkipReason);

/// <summary>
/// A sqllogictest file. Records are separated by empty lines; a comment starts with '#' at the head of a record.
/// <code>
/// # name: expressions/integers.slt
/// # description: what the file is about
/// # group: [expressions]
///
/// query IT rowsort
/// SELECT 1, 'a'
/// ----
/// 1 (tab) a
///
/// statement error 22012
/// SELECT 1/0
/// </code> Types: B boolean, I integer, R other number, D date, P timestamp, T anything else. Values of a row are separated by tabs;
/// <c>NULL</c>, <c>(empty)</c>, and <c>\t \n \\ \x20</c> (a space at either end) stand for what cannot be written.
/// </summary>
internal sealed class SltFile
{
    private SltFile(string name, IReadOnlyList<string> header, IReadOnlyList<SltRecord> records)
    {
        Name = name;
        Header = header;
        Records = records;
    }

    public string Name { get; }

    public IReadOnlyList<string> Header { get; }

    public IReadOnlyList<SltRecord> Records { get; }

    public static SltFile Load(string folder, string name) => Parse(name, File.ReadAllText(Path.Combine(folder, name)));

    public static SltFile Parse(string name, string text)
    {
        var lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        var header = lines.TakeWhile(line => line.StartsWith("# ", StringComparison.Ordinal)).ToList();
        foreach (var key in (string[])["# name: ", "# description: ", "# group: "])
            if (!header.Any(line => line.StartsWith(key, StringComparison.Ordinal)))
                throw new FormatException($"{name}: the header lacks \"{key.Trim()}\"");
        var records = new List<SltRecord>();
        for (var i = header.Count; i < lines.Length; i++)
        {
            if (lines[i].Length == 0 || lines[i][0] == '#') continue;
            var start = i;
            while (i + 1 < lines.Length && lines[i + 1].Length > 0) i++;
            records.Add(ParseRecord(name, start + 1, lines[start..(i + 1)]));
        }

        return new SltFile(name, header, records);
    }

    /// <summary>The file with other records.</summary>
    public string Print(IEnumerable<SltRecord> records)
    {
        var text = new StringBuilder(string.Join('\n', Header)).Append('\n');
        foreach (var record in records)
        {
            text.Append('\n');
            if (record.SkipReason is not null) text.Append("skipif gateway ").Append(record.SkipReason).Append('\n');
            text.Append(record.Kind switch
            {
                SltKind.Statement => "statement ok",
                SltKind.Error => $"statement error {record.Code}",
                _ => $"query {record.Types} {(record.IsSorted ? "rowsort" : "nosort")}",
            }).Append('\n').Append(record.Sql).Append('\n');
            if (record.Kind != SltKind.Query) continue;
            text.Append("----\n");
            foreach (var row in record.Rows) text.Append(row).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>A row as it stands in a file.</summary>
    public static string Row(IEnumerable<string?> values) => string.Join('\t', values.Select(Value));

    private static string Value(string? value)
    {
        if (value is null) return "NULL";
        if (value.Length == 0) return "(empty)";
        var text = value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
            .Replace("\t", "\\t", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal);
        if (text[0] == ' ') text = "\\x20" + text[1..];
        return text[^1] == ' ' ? text[..^1] + "\\x20" : text;
    }

    private static SltRecord ParseRecord(string name, int line, string[] lines)
    {
        string? skip = null;
        if (lines[0].StartsWith("skipif gateway", StringComparison.Ordinal))
        {
            skip = lines[0]["skipif gateway".Length..].Trim();
            if (skip.Length == 0) throw new FormatException($"{name}:{line}: skipif without a reason");
            lines = lines[1..];
        }

        var words = lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var mark = Array.IndexOf(lines, "----");
        var sql = string.Join('\n', lines[1..(mark < 0 ? lines.Length : mark)]);
        string[] rows = mark < 0 ? [] : lines[(mark + 1)..];
        return words switch
        {
            ["statement", "ok"] => new SltRecord(SltKind.Statement, line, sql, "", false, null, [], skip),
            ["statement", "error", var code] => new SltRecord(SltKind.Error, line, sql, "", false, code, [], skip),
            ["query", .. var rest] => new SltRecord(
                SltKind.Query, line, sql, rest.FirstOrDefault(word => word.EndsWith("sort", StringComparison.Ordinal) is false) ?? "",
                rest.Contains("rowsort"), null, rows, skip),
            _ => throw new FormatException($"{name}:{line}: \"{lines[0]}\" is no record"),
        };
    }
}
