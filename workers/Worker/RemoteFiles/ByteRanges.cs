namespace Federation.Worker.RemoteFiles;

/// <summary>Part of a file.</summary>
internal readonly record struct ByteRange(long Start, long End)
{
    public long Length => End - Start;
}

/// <summary>Parts of a file that are there. Not thread-safe.</summary>
internal sealed class ByteRanges
{
    /// <summary>Ascending, none touching another.</summary>
    private List<ByteRange> _ranges = [];

    public long Length => _ranges.Sum(range => range.Length);

    public void Add(ByteRange added) => _ranges = Merge(_ranges.Append(added), gap: 0);

    /// <summary>What of the wanted ranges is not there, ascending; what lies closer together than the gap is one.</summary>
    public List<ByteRange> Missing(IEnumerable<ByteRange> wanted, long gap)
    {
        var missing = new List<ByteRange>();
        foreach (var range in Merge(wanted, gap: 0))
        {
            var start = range.Start;
            foreach (var present in _ranges)
            {
                if (present.End <= start || present.Start >= range.End) continue;
                if (present.Start > start) missing.Add(new ByteRange(start, present.Start));
                start = present.End;
            }

            if (start < range.End) missing.Add(new ByteRange(start, range.End));
        }

        return Merge(missing, gap);
    }

    private static List<ByteRange> Merge(IEnumerable<ByteRange> ranges, long gap)
    {
        var merged = new List<ByteRange>();
        foreach (var range in ranges.OrderBy(range => range.Start))
        {
            if (merged is [.., var last] && range.Start <= last.End + gap) merged[^1] = last with { End = Math.Max(last.End, range.End) };
            else merged.Add(range);
        }

        return merged;
    }
}
