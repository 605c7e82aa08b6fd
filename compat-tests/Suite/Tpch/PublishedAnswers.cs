using System.Globalization;

namespace Federation.CompatTests.Suite.Tpch;

/// <summary>The published answers over scale factor 1, by query.</summary>
/// <param name="RowCount">Rows of the whole answer.</param>
/// <param name="Rows">Published rows by their number, counted from 1.</param>
internal sealed record PublishedAnswer(int RowCount, IReadOnlyDictionary<int, string[]> Rows)
{
    // Clause 2.1.3.5 of the specification lets averages be off by 1 %; everything else has to agree when rounded as printed.
    private const decimal AverageTolerance = 0.01m;

    public static IReadOnlyDictionary<string, PublishedAnswer> Read(string path)
    {
        var answers = new Dictionary<string, PublishedAnswer>(StringComparer.Ordinal);
        Dictionary<int, string[]>? rows = null;
        foreach (var line in File.ReadLines(path))
        {
            if (line.StartsWith('#')) continue;
            if (line.StartsWith("== ", StringComparison.Ordinal))
            {
                var parts = line.Split(' ');
                rows = [];
                answers.Add(parts[1], new PublishedAnswer(int.Parse(parts[2], CultureInfo.InvariantCulture), rows));
                continue;
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            rows!.Add(int.Parse(line.AsSpan(0, colon), CultureInfo.InvariantCulture), line[(colon + 1)..].Split('|'));
        }

        return answers;
    }

    /// <summary>Whether a value, as printed by a server, is the published one. Decimals agree when they round to it.</summary>
    /// <param name="isAverage">The value is an average, or made of one.</param>
    public static bool Agrees(string published, string? actual, bool isAverage)
    {
        if (actual is null) return false;
        var point = published.IndexOf('.', StringComparison.Ordinal);
        if (point < 0
            || !decimal.TryParse(published, NumberStyles.Number, CultureInfo.InvariantCulture, out var expected)
            || !decimal.TryParse(actual, NumberStyles.Number, CultureInfo.InvariantCulture, out var value))
            // The published files pad texts with blanks, so blanks at their end are lost.
            return published == actual.TrimEnd(' ');
        if (Math.Round(value, published.Length - point - 1, MidpointRounding.AwayFromZero) == expected) return true;
        return isAverage && Math.Abs(value - expected) <= expected * AverageTolerance;
    }
}
