using System.Collections.Concurrent;
using System.Text;

namespace Federation.Worker.Functions.Regex;

/// <summary>
/// A set of the characters beyond U+FFFF, which .NET's regular expressions see as two units. Its .NET form lists pairs of units.
/// </summary>
/// <param name="Ranges">Ascending, apart from one another; both ends belong to them.</param>
internal sealed record AstralSet(IReadOnlyList<(int From, int To)> Ranges)
{
    private const int First = 0x10000, Last = 0x10FFFF, LowUnits = 0x400;

    public static readonly AstralSet None = new([]);

    private static readonly ConcurrentDictionary<string, AstralSet> s_classes = new(StringComparer.Ordinal);

    public static AstralSet Of(int from, int to) => to < First ? None : new AstralSet([(Math.Max(from, First), to)]);

    /// <summary>The members of a character class.</summary>
    public static AstralSet OfClass(string name, Func<Rune, bool> isMember) => s_classes.GetOrAdd(name, static (_, test) =>
    {
        var ranges = new List<(int, int)>();
        for (var point = First; point <= Last; point++)
        {
            if (!test(new Rune(point))) continue;
            var from = point;
            while (point < Last && test(new Rune(point + 1))) point++;
            ranges.Add((from, point));
        }

        return new AstralSet(ranges);
    }, isMember);

    public AstralSet Union(AstralSet other)
    {
        if (Ranges.Count == 0) return other;
        if (other.Ranges.Count == 0) return this;
        var merged = new List<(int From, int To)>();
        foreach (var range in Ranges.Concat(other.Ranges).Order())
        {
            if (merged.Count > 0 && range.From <= merged[^1].To + 1) merged[^1] = (merged[^1].From, Math.Max(merged[^1].To, range.To));
            else merged.Add(range);
        }

        return new AstralSet(merged);
    }

    public AstralSet Complement()
    {
        var ranges = new List<(int, int)>();
        var next = First;
        foreach (var (from, to) in Ranges)
        {
            if (from > next) ranges.Add((next, from - 1));
            next = to + 1;
        }

        if (next <= Last) ranges.Add((next, Last));
        return new AstralSet(ranges);
    }

    /// <summary>Alternatives of one character each.</summary>
    public IEnumerable<string> Alternatives()
    {
        foreach (var (first, to) in Ranges)
        {
            for (var from = first; from <= to;)
            {
                // Up to the end of the first unit's block, or over all whole blocks at once.
                var block = (from - First) / LowUnits;
                var lastBlock = (to - First) / LowUnits;
                var isWhole = (from - First) % LowUnits == 0 && lastBlock > block;
                var end = isWhole && (to - First) % LowUnits == LowUnits - 1
                    ? to
                    : isWhole ? First + (lastBlock * LowUnits) - 1 : Math.Min(to, First + ((block + 1) * LowUnits) - 1);
                yield return $"{Units(0xD800 + block, 0xD800 + ((end - First) / LowUnits))}{Units(0xDC00 + ((from - First) % LowUnits), 0xDC00 + ((end - First) % LowUnits))}";
                from = end + 1;
            }
        }
    }

    private static string Units(int from, int to) => from == to ? $"\\u{from:x4}" : $"[\\u{from:x4}-\\u{to:x4}]";
}
