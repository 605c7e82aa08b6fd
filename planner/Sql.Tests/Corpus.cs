using System.Globalization;
using System.Text;

namespace Federation.Sql.Tests;

/// <summary>What PostgreSQL 15 makes of a statement; the message is null when its parser takes it.</summary>
public sealed record CorpusEntry(string File, int Line, string Sql, string? Code, int Position, string? Message);

/// <summary>
/// The recorded statements. A record is the statement on its own lines and then a line <c>---- ok</c> or
/// <c>---- code position message</c>, where ⏎ in a message is a newline.
/// </summary>
public static class Corpus
{
    private const string Marker = "---- ";

    public static IReadOnlyList<string> Files { get; } =
        Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Corpus"), "*.txt")
            .Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal).ToList()!;

    public static IReadOnlyList<CorpusEntry> Load(string file)
    {
        var entries = new List<CorpusEntry>();
        var sql = new StringBuilder();
        var number = 0;
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Corpus", file + ".txt")))
        {
            number++;
            if (!line.StartsWith(Marker, StringComparison.Ordinal))
            {
                sql.Append(line).Append('\n');
                continue;
            }

            entries.Add(Entry(file, number, sql.ToString()[..^1], line[Marker.Length..]));
            sql.Clear();
        }

        return entries;
    }

    private static CorpusEntry Entry(string file, int line, string sql, string outcome)
    {
        if (outcome == "ok") return new CorpusEntry(file, line, sql, null, 0, null);
        var parts = outcome.Split(' ', 3);
        var position = int.Parse(parts[1], CultureInfo.InvariantCulture);
        return new CorpusEntry(file, line, sql, parts[0], position, parts[2].Replace('⏎', '\n'));
    }
}
