using Federation.Core.Errors;
using Federation.Core.Execution;

namespace Federation.Worker.Functions.Regex;

/// <summary>
/// Finds what each group takes, as PostgreSQL does: first how far the whole match goes, by the preference of the whole, then where its
/// parts are cut, from left to right, each by its own preference. Back-references are compared once the parts are cut; when they differ
/// the next cut is tried. Not thread-safe; for one text.
/// </summary>
internal sealed class AreDissection(AreTree tree, AreText text, int groups, bool ignoresCase)
{
    /// <summary>Trials of cuts for one match, after which a pattern with back-references is refused.</summary>
    private const int MaxTrials = 10_000_000;

    private readonly AreSpan[] _spans = new AreSpan[groups + 1];
    private readonly Dictionary<(AreTree, int), PlaceSet> _ends = new(ReferencePairComparer.Instance);
    private int _bound;
    private int _trials;

    /// <summary>The match that begins at a unit of the text, where there is one; null when only a back-reference says no.</summary>
    /// <param name="known">The match if its end is the right one.</param>
    public AreSpan[]? MatchAt(int begin, AreSpan? known)
    {
        _bound = text.Length;
        var start = text.PlaceOf(begin);
        var ends = tree.Reach.Value.From(text, PlaceSet.Of(start), _bound, isForward: true);
        for (var end = tree.PrefersShortest ? ends.Next(0) : ends.Last; end >= 0;
             end = tree.PrefersShortest ? ends.Next(end + 1) : ends.Previous(end - 1))
        {
            if (known is { } match && text.OffsetOf(end) == match.End) return [];
            _bound = end;
            _ends.Clear();
            Array.Fill(_spans, AreSpan.None);
            if (!Divide(tree, start, end)) continue;
            _spans[0] = text.Span(start, end);
            return _spans;
        }

        return null;
    }

    /// <summary>The first match at or behind a unit, for expressions with back-references.</summary>
    public AreSpan[]? Search(int from)
    {
        // The places are tried up to the first end that a match can have, then on from behind it. PostgreSQL does not look at the end of
        // the text any more when the trial before ended just there.
        var start = text.PlaceOf(from);
        do
        {
            var ends = tree.Reach.Value.From(text, PlaceSet.Range(start, text.Length), text.Length, isForward: true);
            var end = ends.Next(0);
            if (end < 0) return null;
            for (var begin = start; begin <= end; begin++)
                if (MatchAt(text.OffsetOf(begin), null) is { } match)
                    return match;
            start = end + 1;
        }
        while (start < text.Length);
        return null;
    }

    /// <summary>The unit where the first match at or behind another begins, -1 for none; not for back-references.</summary>
    public int FirstBegin(int from)
    {
        var first = text.PlaceOf(from);
        var begins = tree.Reach.Value.From(text, PlaceSet.Range(first, text.Length), first, isForward: false);
        return begins.Next(first) is var begin and >= 0 ? text.OffsetOf(begin) : -1;
    }

    private PlaceSet Ends(AreTree part, int begin)
    {
        // Without back-references none is asked for twice.
        if (!tree.Refers) return part.Reach.Value.From(text, PlaceSet.Of(begin), _bound, isForward: true);
        if (_ends.TryGetValue((part, begin), out var ends)) return ends;
        return _ends[(part, begin)] = part.Reach.Value.From(text, PlaceSet.Of(begin), _bound, isForward: true);
    }

    private bool Takes(AreTree part, int begin, int end) => Ends(part, begin).Contains(end);

    /// <summary>Sets the groups of a part that takes this text as far as its places say; false when a back-reference says no.</summary>
    private bool Divide(AreTree part, int begin, int end)
    {
        var taken = part.Split switch
        {
            AreSplit.None => true,
            AreSplit.Two => DivideInTwo(part, begin, end),
            AreSplit.Alternatives => part.Parts.Any(branch => Takes(branch, begin, end) && Divide(branch, begin, end)),
            AreSplit.Repetitions => DivideRepetitions(part, begin, end),
            AreSplit.Reference => IsRepeated(part, begin, end),
            _ => throw new System.Diagnostics.UnreachableException(part.Split.ToString()),
        };
        if (taken && part.Capture > 0) _spans[part.Capture] = text.Span(begin, end);
        return taken;
    }

    private bool DivideInTwo(AreTree part, int begin, int end)
    {
        var (left, right) = (part.Parts[0], part.Parts[1]);
        var cuts = Ends(left, begin).Intersect(right.Reach.Value.From(text, PlaceSet.Of(end), begin, isForward: false));
        for (var cut = left.PrefersShortest ? cuts.Next(begin) : cuts.Previous(end); cut >= begin && cut <= end;
             cut = left.PrefersShortest ? cuts.Next(cut + 1) : cuts.Previous(cut - 1))
        {
            Try();
            if (Divide(left, begin, cut) && Divide(right, cut, end)) return true;
            Forget(left);
            Forget(right);
        }

        return false;
    }

    private bool DivideRepetitions(AreTree part, int begin, int end)
    {
        // No text can be no repetition. Where the longest is preferred that is the last resort, so that groups take the empty text.
        var inner = part.Parts[0];
        var mayBeNone = part.Least == 0 && begin == end;
        if (mayBeNone && inner.PrefersShortest) return true;
        var least = Math.Max(part.Least, 1);
        var most = Math.Max(Math.Min(end - begin, part.Most ?? int.MaxValue), least);
        // The cuts so far: where each repetition begins, and the cut that is tried behind it.
        var begins = new List<int> { begin };
        var ends = new List<int>();
        var hopeless = new HashSet<(int Number, int Begin)>();
        while (true)
        {
            var (number, from) = (begins.Count, begins[^1]);
            var isNew = ends.Count < number;
            var to = isNew && hopeless.Contains((number, from)) ? -1
                : Following(Ends(inner, from), inner.PrefersShortest, isNew ? null : ends[^1], from, end);
            if (to < 0)
            {
                if (!inner.Refers) hopeless.Add((number, from));
                if (!isNew) ends.RemoveAt(ends.Count - 1);
                begins.RemoveAt(begins.Count - 1);
                if (begins.Count == 0)
                {
                    Forget(inner);
                    return mayBeNone;
                }

                continue;
            }

            Try();
            if (isNew) ends.Add(to);
            else ends[^1] = to;
            if (to == end)
            {
                if (number >= least && AreAllTaken()) return true;
            }
            else if (number < most && (to > from || (number < least && least - number >= end - to)))
            {
                // An empty repetition counts only where the least number cannot be had otherwise.
                begins.Add(to);
            }
        }

        bool AreAllTaken()
        {
            var from = begin;
            foreach (var to in ends)
            {
                Forget(inner);
                if (!Divide(inner, from, to)) return false;
                from = to;
            }

            return true;
        }
    }

    // The next possible end in the order of preference; -1 behind the last one.
    private static int Following(PlaceSet possible, bool prefersShortest, int? before, int from, int end)
    {
        var next = prefersShortest ? possible.Next(before + 1 ?? from) : possible.Previous(before - 1 ?? end);
        return next >= from && next <= end ? next : -1;
    }

    private bool IsRepeated(AreTree part, int begin, int end)
    {
        var group = _spans[part.Reference];
        if (group.Start < 0) return false;
        var unit = text.Text.AsSpan(group.Start, group.Length);
        if (unit.IsEmpty) return begin == end;
        var rest = text.Text.AsSpan(text.OffsetOf(begin), text.OffsetOf(end) - text.OffsetOf(begin));
        if (rest.IsEmpty) return part.Least == 0;
        if (rest.Length % unit.Length != 0) return false;
        var count = rest.Length / unit.Length;
        if (count < part.Least || count > part.Most) return false;
        for (; !rest.IsEmpty; rest = rest[unit.Length..])
            if (!rest[..unit.Length].Equals(unit, ignoresCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal))
                return false;
        return true;
    }

    private void Forget(AreTree part)
    {
        if ((part.Traits & AreTraits.Captures) == AreTraits.None) return;
        if (part.Capture > 0) _spans[part.Capture] = AreSpan.None;
        foreach (var inner in part.Parts) Forget(inner);
    }

    private void Try()
    {
        StatementGuard.Check();
        if (++_trials > MaxTrials)
            throw new SqlException(SqlState.InvalidRegularExpression, "regular expression failed: the pattern takes too long on this text");
    }

    // Trees compare by their contents, which costs time.
    private sealed class ReferencePairComparer : IEqualityComparer<(AreTree Tree, int Begin)>
    {
        public static readonly ReferencePairComparer Instance = new();

        public bool Equals((AreTree Tree, int Begin) left, (AreTree Tree, int Begin) right) =>
            ReferenceEquals(left.Tree, right.Tree) && left.Begin == right.Begin;

        public int GetHashCode((AreTree Tree, int Begin) pair) =>
            HashCode.Combine(System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(pair.Tree), pair.Begin);
    }
}
