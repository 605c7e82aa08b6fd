using Federation.Core.Errors;

namespace Federation.Worker.Functions.Regex;

/// <summary>What a part of an expression prefers and holds.</summary>
[Flags]
internal enum AreTraits
{
    None = 0,

    /// <summary>Prefers the longest match.</summary>
    Longest = 1,

    /// <summary>Prefers the shortest match.</summary>
    Shortest = 2,

    /// <summary>Parts of it have other preferences than others.</summary>
    Mixed = 4,

    /// <summary>Holds a capturing group.</summary>
    Captures = 8,

    /// <summary>Holds a back-reference.</summary>
    Refers = 16,

    Preference = Longest | Shortest,
    Inner = Mixed | Captures | Refers,
}

/// <summary>How PostgreSQL divides a match into parts, which is how groups get their text.</summary>
internal enum AreSplit
{
    /// <summary>Not at all: nothing inside matters.</summary>
    None,

    /// <summary>A left part and a right part; the left one takes what it prefers.</summary>
    Two,

    /// <summary>The first alternative that takes the whole.</summary>
    Alternatives,

    /// <summary>Repetitions of one part.</summary>
    Repetitions,

    /// <summary>The text of a group, repeated.</summary>
    Reference,
}

/// <summary>
/// One part of a match that is divided further. The division follows regcomp.c of PostgreSQL 15: pieces that capture nothing and agree in
/// their preference stay one part; a repetition that captures is what came before and its last repetition.
/// </summary>
/// <param name="Language">What the part matches, without regard to preferences.</param>
/// <param name="Capture">The group whose text the part is, 0 for none.</param>
/// <param name="Least">Of repetitions and references.</param>
/// <param name="Most">Null for no upper bound.</param>
/// <param name="Reference">The group that a reference names.</param>
internal sealed record AreTree(
    AreSplit Split, AreTraits Traits, AreNode Language, IReadOnlyList<AreTree> Parts, int Capture = 0, int Least = 1, int? Most = 1,
    int Reference = 0)
{
    /// <summary>Deeper groups than this are not divided, which goes as deep as they do.</summary>
    private const int MaxDepth = 500;

    /// <summary>The places of a match; made when the first one is divided.</summary>
    public Lazy<AreReach> Reach { get; init; } = null!;

    public bool PrefersShortest => (Traits & AreTraits.Shortest) != AreTraits.None;

    public bool Refers => (Traits & AreTraits.Refers) != AreTraits.None;

    public static AreTree Of(AreNode node, bool ignoresCase) => new Builder(ignoresCase).Alternatives(node, 0);

    /// <summary>The expression of a group as a back-reference to it sees it: it may stand elsewhere.</summary>
    public static AreNode WithoutConstraints(AreNode node) => node switch
    {
        AreNode.Constraint or AreNode.Lookaround => new AreNode.Sequence([]),
        AreNode.Group group => group with { Inner = WithoutConstraints(group.Inner) },
        AreNode.Repeat repeat => repeat with { Inner = WithoutConstraints(repeat.Inner) },
        AreNode.Sequence sequence => new AreNode.Sequence([.. sequence.Items.Select(WithoutConstraints)]),
        AreNode.Alternation alternation => new AreNode.Alternation([.. alternation.Branches.Select(WithoutConstraints)]),
        _ => node,
    };

    private static bool IsMessy(AreTraits traits) => (traits & AreTraits.Inner) != AreTraits.None;

    private static AreTraits Up(AreTraits traits) =>
        (traits & AreTraits.Inner) | ((traits & AreTraits.Preference) == AreTraits.Preference ? AreTraits.Mixed : AreTraits.None);

    // The first one that has a preference decides.
    private static AreTraits Combine(AreTraits left, AreTraits right) =>
        Up(left | right) | ((left & AreTraits.Preference) is not AreTraits.None and var first ? first : right & AreTraits.Preference);

    private sealed class Builder(bool ignoresCase)
    {
        private readonly Dictionary<int, AreNode> _groups = [];
        private int _captures;

        public AreTree Alternatives(AreNode node, int depth)
        {
            if (depth > MaxDepth)
                throw new SqlException(SqlState.FeatureNotSupported, "groups of regular expressions this deep are not supported");
            if (node is not AreNode.Alternation alternation) return Branch(Items(node), depth);
            var branches = alternation.Branches.Select(branch => Branch(Items(branch), depth)).ToArray();
            var traits = AreTraits.Longest;
            foreach (var branch in branches) traits |= Up(traits | branch.Traits);
            return IsMessy(traits) ? Make(AreSplit.Alternatives, traits, node, branches) : Plain(traits, node);
        }

        private static IReadOnlyList<AreNode> Items(AreNode node) => node is AreNode.Sequence sequence ? sequence.Items : [node];

        private AreTree Branch(IReadOnlyList<AreNode> items, int depth)
        {
            var (traits, prefix) = (AreTraits.None, new List<AreNode>());
            for (var i = 0; i < items.Count; i++)
            {
                var (inner, least, most, prefers) = items[i] is AreNode.Repeat repeat
                    ? (repeat.Inner, repeat.Least, repeat.Most,
                        repeat.IsCount ? AreTraits.None : repeat.IsLazy ? AreTraits.Shortest : AreTraits.Longest)
                    : (items[i], 1, 1, AreTraits.None);
                var atom = Atom(inner, depth);
                if (most == 0) continue;
                var together = traits | prefers | atom.Traits;
                if (inner is not (AreNode.Group { IsCapturing: true } or AreNode.BackReference) && !IsMessy(Up(together)))
                {
                    prefix.Add(items[i]);
                    traits = together;
                    continue;
                }

                var first = Repeated(atom, inner, least, most, prefers);
                var before = Plain(traits, new AreNode.Sequence(prefix));
                if (i + 1 == items.Count)
                    return prefix.Count == 0 ? first : Two(traits | Combine(traits, first.Traits), before, first);
                var rest = Branch([.. items.Skip(i + 1)], depth);
                var later = Combine(prefers, atom.Traits);
                later |= Combine(later, rest.Traits);
                traits |= Combine(traits, later);
                if (prefix.Count == 0) return Two(traits, first, rest);
                if (first.Split == AreSplit.None && rest.Split == AreSplit.None && !IsMessy(Up(first.Traits | rest.Traits)))
                    return Two(traits, before, Plain(Combine(first.Traits, rest.Traits), Join(first, rest)));
                return Two(traits, before, Two(later, first, rest));
            }

            return Plain(traits, new AreNode.Sequence(prefix));
        }

        private AreTree Atom(AreNode node, int depth)
        {
            switch (node)
            {
                case AreNode.Group group:
                {
                    var number = group.IsCapturing ? ++_captures : 0;
                    var inner = Alternatives(group.Inner, depth + 1);
                    if (number == 0) return inner;
                    _groups[number] = group.Inner;
                    return inner.Capture == 0 ? inner with { Traits = inner.Traits | AreTraits.Captures, Capture = number }
                        : Make(AreSplit.Alternatives, inner.Traits | AreTraits.Captures, node, [inner], number);
                }

                case AreNode.BackReference reference:
                    return Make(AreSplit.Reference, AreTraits.Refers, node, []) with { Reference = reference.Number };
                default: return Plain(AreTraits.None, node);
            }
        }

        private AreTree Repeated(AreTree atom, AreNode inner, int least, int? most, AreTraits prefers)
        {
            var whole = new AreNode.Repeat(inner, least, most, IsLazy: false);
            var traits = Combine(prefers, atom.Traits);
            if (inner is AreNode.BackReference)
                return Make(AreSplit.Reference, atom.Traits | traits, whole, []) with
                    { Reference = atom.Reference, Least = least, Most = most };
            if (least == 1 && most == 1)
            {
                var own = atom.Traits & (AreTraits.Preference | AreTraits.Mixed);
                if (prefers == AreTraits.None || own == AreTraits.None || prefers == own) return atom;
            }

            if ((atom.Traits & (AreTraits.Captures | AreTraits.Refers)) == AreTraits.None) return Plain(traits, whole);
            if (least > 0 && !atom.Refers)
                return Two(traits,
                    Plain(traits & AreTraits.Preference, new AreNode.Repeat(inner, least - 1, most - 1, IsLazy: false)), atom);
            return Make(AreSplit.Repetitions, traits, whole, [atom]) with { Least = least, Most = most };
        }

        private static AreNode.Sequence Join(AreTree left, AreTree right) => new([left.Language, right.Language]);

        private AreTree Two(AreTraits traits, AreTree left, AreTree right) => Make(AreSplit.Two, traits, Join(left, right), [left, right]);

        private AreTree Plain(AreTraits traits, AreNode language) => Make(AreSplit.None, traits, language, []);

        private AreTree Make(AreSplit split, AreTraits traits, AreNode language, IReadOnlyList<AreTree> parts, int capture = 0) =>
            new(split, traits, language, parts, capture)
                { Reach = new Lazy<AreReach>(() => AreReach.Of(language, ignoresCase, _groups)) };
    }
}
