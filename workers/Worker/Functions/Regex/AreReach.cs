using System.Collections.Concurrent;
using System.Text;
using Federation.Core.Execution;
using DotNetRegex = System.Text.RegularExpressions.Regex;
using RegexOptions = System.Text.RegularExpressions.RegexOptions;

namespace Federation.Worker.Functions.Regex;

/// <summary>
/// Where a match of an expression that begins at one of several places can end, and the other way round: all possibilities at once, in time
/// that grows with the text alone. A back-reference stands for whatever its group could match. Immutable; thread-safe.
/// </summary>
internal abstract class AreReach
{
    /// <param name="text">The whole text, at which anchors and lookaround look.</param>
    /// <param name="from">The places where a match begins, or where it ends when the search goes backward.</param>
    /// <param name="bound">The last place that matters, or the first one backward.</param>
    /// <param name="isForward">False: from ends to beginnings.</param>
    public abstract PlaceSet From(AreText text, PlaceSet from, int bound, bool isForward);

    /// <param name="groups">What the groups match that back-references name.</param>
    public static AreReach Of(AreNode node, bool ignoresCase, IReadOnlyDictionary<int, AreNode> groups) => node switch
    {
        AreNode.Characters characters => new One(characters),
        AreNode.Constraint or AreNode.Lookaround => new Holds(node, ignoresCase),
        AreNode.Group group => Of(group.Inner, ignoresCase, groups),
        AreNode.BackReference reference => Of(AreTree.WithoutConstraints(groups[reference.Number]), ignoresCase, groups),
        AreNode.Sequence sequence => new Chain([.. sequence.Items.Select(item => Of(item, ignoresCase, groups))]),
        AreNode.Alternation alternation => new Either([.. alternation.Branches.Select(branch => Of(branch, ignoresCase, groups))]),
        AreNode.Repeat repeat => new Times(Of(repeat.Inner, ignoresCase, groups), repeat.Least, repeat.Most),
        _ => throw new System.Diagnostics.UnreachableException(node.GetType().Name),
    };

    private sealed class One(AreNode.Characters characters) : AreReach
    {
        private readonly ConcurrentDictionary<int, bool> _others = new();
        private readonly Lazy<DotNetRegex> _test = new(() => new DotNetRegex($@"\A(?:{characters.Wide})\z", RegexOptions.CultureInvariant));

        public bool Has(int point) => point < 128
            ? (characters.Set.Ascii >> point & 1) != 0
            : _others.GetOrAdd(point, static (point, test) =>
                test.Value.IsMatch(point is >= 0xD800 and <= 0xDFFF ? ((char)point).ToString() : char.ConvertFromUtf32(point)), _test);

        public override PlaceSet From(AreText text, PlaceSet from, int bound, bool isForward)
        {
            var (first, last) = (from.First, from.Last);
            if (last < 0) return from;
            var result = isForward ? new PlaceSet(first + 1, last + 1) : new PlaceSet(Math.Max(first - 1, 0), last - 1);
            for (var place = first; place >= 0; place = from.Next(place + 1))
            {
                if (isForward)
                {
                    if (place < bound && Has(text[place])) result.Add(place + 1);
                }
                else if (place > bound && Has(text[place - 1]))
                {
                    result.Add(place - 1);
                }
            }

            return result;
        }
    }

    private sealed class Holds : AreReach
    {
        private readonly DotNetRegex _plain;
        private readonly DotNetRegex _wide;

        public Holds(AreNode node, bool ignoresCase)
        {
            _plain = Compile(isWide: false);
            _wide = Compile(isWide: true);

            DotNetRegex Compile(bool isWide)
            {
                var pattern = new StringBuilder(@"\G");
                AreAnalysis.Append(pattern, node, isWide, ignoresCase);
                return new DotNetRegex(pattern.ToString(), RegexOptions.CultureInvariant, AreRegex.Timeout);
            }
        }

        public override PlaceSet From(AreText text, PlaceSet from, int bound, bool isForward)
        {
            if (from.IsEmpty) return from;
            var test = text.IsWide ? _wide : _plain;
            var result = new PlaceSet(from.First, from.Last);
            for (var place = from.First; place >= 0; place = from.Next(place + 1))
                if (test.IsMatch(text.Text, text.OffsetOf(place)))
                    result.Add(place);
            return result;
        }
    }

    private sealed class Chain(AreReach[] parts) : AreReach
    {
        public override PlaceSet From(AreText text, PlaceSet from, int bound, bool isForward)
        {
            for (var i = 0; i < parts.Length && !from.IsEmpty; i++)
                from = parts[isForward ? i : parts.Length - 1 - i].From(text, from, bound, isForward);
            return from;
        }
    }

    private sealed class Either(AreReach[] branches) : AreReach
    {
        public override PlaceSet From(AreText text, PlaceSet from, int bound, bool isForward)
        {
            var union = branches[0].From(text, from, bound, isForward);
            for (var i = 1; i < branches.Length; i++) union = union.Union(branches[i].From(text, from, bound, isForward));
            return union;
        }
    }

    private sealed class Times(AreReach inner, int least, int? most) : AreReach
    {
        public override PlaceSet From(AreText text, PlaceSet from, int bound, bool isForward)
        {
            for (var i = 0; i < least; i++)
            {
                if (from.IsEmpty) return from;
                from = inner.From(text, from, bound, isForward);
            }

            if (most is null && inner is One one) return Run(text, one, from, bound, isForward);
            var (all, last) = (from, from);
            for (var i = least; most is null || i < most; i++)
            {
                StatementGuard.Check();
                last = inner.From(text, last, bound, isForward).Except(all);
                if (last.IsEmpty) break;
                all = all.Union(last);
            }

            return all;
        }

        // One pass over the text instead of one set for each character.
        private static PlaceSet Run(AreText text, One one, PlaceSet from, int bound, bool isForward)
        {
            if (from.IsEmpty) return from;
            var result = isForward ? new PlaceSet(from.First, bound) : new PlaceSet(bound, from.Last);
            var step = isForward ? 1 : -1;
            for (var place = isForward ? from.First : from.Last; ;)
            {
                result.Add(place);
                if (place != bound && one.Has(text[isForward ? place : place - 1]))
                {
                    place += step;
                    continue;
                }

                // The next place to start from that is not reached yet.
                place = isForward ? from.Next(place + 1) : from.Previous(place - 1);
                if (place < 0) return result;
            }
        }
    }
}
