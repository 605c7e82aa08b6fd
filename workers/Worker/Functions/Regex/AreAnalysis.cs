using System.Globalization;
using System.Text;

namespace Federation.Worker.Functions.Regex;

/// <summary>
/// Where the two dialects may take different text: PostgreSQL takes the longest match at the leftmost place (the shortest when the first
/// quantifier is lazy), .NET takes what its order of trying finds first.
/// </summary>
internal static class AreAnalysis
{
    /// <param name="isWide">For text with characters beyond U+FFFF; without them the plain form means the same.</param>
    /// <param name="ignoresCase">Of what groups matched; all else names both cases.</param>
    public static string ToDotNet(AreNode tree, bool isWide, bool ignoresCase)
    {
        // Between the units of a character there is no place.
        var text = new StringBuilder(isWide && !BeginsWithText(tree) ? @"(?!(?<=[\ud800-\udbff])[\udc00-\udfff])" : "");
        if (tree is AreNode.Alternation) AppendGroup(text, "(?:", tree, isWide, ignoresCase);
        else Append(text, tree, isWide, ignoresCase);
        return text.ToString();
    }

    private static bool BeginsWithText(AreNode tree) => tree switch
    {
        AreNode.Characters => true,
        AreNode.Sequence { Items: [var first, ..] } => BeginsWithText(first),
        AreNode.Repeat { Least: > 0 } repeat => BeginsWithText(repeat.Inner),
        AreNode.Group group => BeginsWithText(group.Inner),
        AreNode.Alternation alternation => alternation.Branches.All(BeginsWithText),
        _ => false,
    };

    /// <summary>True when .NET's first match may have another length than PostgreSQL's.</summary>
    public static bool IsAmbiguous(AreNode tree) => !EndsWithText(tree) && (HasBoth(tree) || !IsDetermined(tree, []));

    /// <summary>
    /// True when groups may take other text than in PostgreSQL although the whole match is the same. They do not when the text leaves one
    /// way to match, nor when all quantifiers are of one kind and each part that PostgreSQL cuts off has one choice at most.
    /// </summary>
    public static bool CapturesMayDiffer(AreNode tree) =>
        Refers(tree) || HasBoth(tree) || ForgetsGroups(tree) || OpenChoices(tree, []) is null;

    public static bool Refers(AreNode node) => Any(node, inner => inner is AreNode.BackReference);

    /// <summary>.NET loses count in repetitions of what may be empty: neither the match nor its place is to be trusted.</summary>
    public static bool ConfusesDotNet(AreNode node) => Any(node, inner => inner is AreNode.Repeat repeat && MayBeEmpty(repeat.Inner)
        && (repeat.Most != 1 || Any(repeat, part => part is AreNode.Repeat { IsLazy: true })));

    private static bool MayBeEmpty(AreNode node) => node switch
    {
        AreNode.Characters => false,
        AreNode.Group group => MayBeEmpty(group.Inner),
        AreNode.Repeat repeat => repeat.Least == 0 || MayBeEmpty(repeat.Inner),
        AreNode.Sequence sequence => sequence.Items.All(MayBeEmpty),
        AreNode.Alternation alternation => alternation.Branches.Any(MayBeEmpty),
        _ => true,
    };

    private static bool Any(AreNode node, Func<AreNode, bool> holds) => holds(node) || node switch
    {
        AreNode.Group group => Any(group.Inner, holds),
        AreNode.Repeat repeat => Any(repeat.Inner, holds),
        AreNode.Sequence sequence => sequence.Items.Any(item => Any(item, holds)),
        AreNode.Alternation alternation => alternation.Branches.Any(branch => Any(branch, holds)),
        _ => false,
    };

    // What a group took in an earlier repetition does not count; .NET keeps it.
    private static bool ForgetsGroups(AreNode tree) =>
        Any(tree, node => node is AreNode.Repeat { Most: not (0 or 1) } repeat && MaySkipGroup(repeat.Inner));

    private static bool MaySkipGroup(AreNode node) => Any(node, inner =>
        inner is AreNode.Alternation or AreNode.Repeat { Least: 0 } && Any(inner, group => group is AreNode.Group { IsCapturing: true }));

    /// <summary>How many quantifiers the text leaves a choice; null when the order in which they are tried matters.</summary>
    private static int? OpenChoices(AreNode node, IReadOnlyList<AreNode> following)
    {
        switch (node)
        {
            case AreNode.Group group: return OpenChoices(group.Inner, following) is { } inGroup and <= 1 ? inGroup : null;
            case AreNode.Repeat { Most: 0 }: return Any(node, inner => inner is AreNode.Group { IsCapturing: true }) ? null : 0;
            case AreNode.Repeat repeat:
                if (FixedLength(repeat.Inner) is null or 0 || !IsDetermined(repeat.Inner, following)) return null;
                return repeat.Most == repeat.Least || IsDetermined(repeat, following) ? 0 : 1;
            case AreNode.Alternation: return IsDetermined(node, following) ? 0 : null;
            case AreNode.Sequence sequence:
            {
                var (all, inPart) = (0, 0);
                for (var i = 0; i < sequence.Items.Count; i++)
                {
                    var item = sequence.Items[i];
                    if (OpenChoices(item, [.. sequence.Items.Skip(i + 1), .. following]) is not { } choices) return null;
                    all += choices;
                    inPart = Any(item, inner => inner is AreNode.Group { IsCapturing: true }) ? 0 : inPart + choices;
                    if (inPart > 1 || choices > 1) return null;
                }

                return all;
            }

            default: return 0;
        }
    }

    // Such a match ends where the text ends, however it is found.
    private static bool EndsWithText(AreNode tree) => tree is AreNode.Sequence { Items: [.., AreNode.Constraint { Pattern: @"\z" }] };

    public static void Append(StringBuilder text, AreNode node, bool isWide, bool ignoresCase)
    {
        switch (node)
        {
            case AreNode.Characters characters: text.Append(isWide ? characters.Wide : characters.Pattern); break;
            case AreNode.Constraint constraint: text.Append(isWide ? constraint.Wide : constraint.Pattern); break;
            case AreNode.BackReference reference:
                text.Append(CultureInfo.InvariantCulture, $"(?{(ignoresCase ? "i" : "")}:\\{reference.Number})"); break;
            case AreNode.Lookaround lookaround: AppendGroup(text, lookaround.Opening, lookaround.Inner, isWide, ignoresCase); break;
            case AreNode.Group group: AppendGroup(text, group.IsCapturing ? "(" : "(?:", group.Inner, isWide, ignoresCase); break;
            case AreNode.Sequence sequence:
                foreach (var item in sequence.Items)
                {
                    if (item is AreNode.Alternation) AppendGroup(text, "(?:", item, isWide, ignoresCase);
                    else Append(text, item, isWide, ignoresCase);
                }

                break;
            case AreNode.Alternation alternation:
                for (var i = 0; i < alternation.Branches.Count; i++)
                {
                    if (i > 0) text.Append('|');
                    Append(text, alternation.Branches[i], isWide, ignoresCase);
                }

                break;
            case AreNode.Repeat repeat:
                Append(text, repeat.Inner, isWide, ignoresCase);
                text.Append(CultureInfo.InvariantCulture, $"{{{repeat.Least},{repeat.Most}}}").Append(repeat.IsLazy ? "?" : "");
                break;
        }
    }

    private static void AppendGroup(StringBuilder text, string opening, AreNode inner, bool isWide, bool ignoresCase)
    {
        text.Append(opening);
        Append(text, inner, isWide, ignoresCase);
        text.Append(')');
    }

    /// <summary>Null for none, true for lazy, false for greedy (the rules of section 9.7.3.5 of PostgreSQL's manual).</summary>
    private static bool? Preference(AreNode node) => node switch
    {
        AreNode.Repeat { IsCount: true } repeat => Preference(repeat.Inner),
        AreNode.Repeat repeat => repeat.IsLazy,
        AreNode.Group group => Preference(group.Inner),
        AreNode.Sequence sequence => sequence.Items.Select(Preference).FirstOrDefault(preference => preference is not null),
        AreNode.Alternation => false,
        _ => null,
    };

    private static bool HasBoth(AreNode tree)
    {
        var (greedy, lazy) = (false, false);
        Visit(tree);
        return lazy && (greedy || Preference(tree) != true);

        void Visit(AreNode node)
        {
            switch (node)
            {
                case AreNode.Repeat repeat:
                    if (!repeat.IsCount)
                    {
                        lazy |= repeat.IsLazy;
                        greedy |= !repeat.IsLazy;
                    }

                    Visit(repeat.Inner);
                    break;
                case AreNode.Group group: Visit(group.Inner); break;
                case AreNode.Sequence sequence:
                    foreach (var item in sequence.Items) Visit(item);
                    break;
                case AreNode.Alternation alternation:
                    greedy = true;
                    foreach (var branch in alternation.Branches) Visit(branch);
                    break;
            }
        }
    }

    /// <summary>
    /// True when at each choice (one more repetition, or which branch) the next character leaves one possibility, or when what follows the
    /// choice has a fixed length, so that taking more first is taking the longest.
    /// </summary>
    private static bool IsDetermined(AreNode node, IReadOnlyList<AreNode> following)
    {
        switch (node)
        {
            case AreNode.Group group: return IsDetermined(group.Inner, following);
            case AreNode.Sequence sequence:
                for (var i = 0; i < sequence.Items.Count; i++)
                    if (!IsDetermined(sequence.Items[i], [.. sequence.Items.Skip(i + 1), .. following]))
                        return false;
                return true;
            case AreNode.Alternation alternation:
                if (FixedLength(alternation) is not null && following.All(next => FixedLength(next) is not null)) return true;
                for (var i = 0; i < alternation.Branches.Count; i++)
                    for (var j = 0; j < i; j++)
                        if (!AreDistinct(alternation.Branches[i], alternation.Branches[j], following))
                            return false;
                return alternation.Branches.All(branch => IsDetermined(branch, following));
            case AreNode.Repeat repeat:
                if (repeat.Most == repeat.Least) return FixedLength(repeat.Inner) is not null && IsDetermined(repeat.Inner, following);
                if (FixedLength(repeat.Inner) is null) return false;
                if (following.All(next => FixedLength(next) is not null)) return true;
                return First(repeat.Inner) is { } body && First(new AreNode.Sequence(following)) is { } after && !body.Overlaps(after);
            default: return true;
        }
    }

    /// <summary>True when the text and what follows leave at most one of two branches.</summary>
    private static bool AreDistinct(AreNode left, AreNode right, IReadOnlyList<AreNode> following)
    {
        List<AreNode> leftItems = [.. Items(left), .. following], rightItems = [.. Items(right), .. following];
        for (var i = 0; i < leftItems.Count && i < rightItems.Count; i++)
        {
            if (First(new AreNode.Sequence(leftItems[i..])) is { } leftFirst
                && First(new AreNode.Sequence(rightItems[i..])) is { } rightFirst
                && !leftFirst.Overlaps(rightFirst))
                return true;
            if (leftItems[i] is not AreNode.Characters || rightItems[i] is not AreNode.Characters) return false;
        }

        return false;

        static IReadOnlyList<AreNode> Items(AreNode node) => node is AreNode.Sequence sequence ? sequence.Items : [node];
    }

    /// <summary>The characters that a match can begin with; null when it may be empty or is not known.</summary>
    private static CharacterSet? First(AreNode node)
    {
        switch (node)
        {
            case AreNode.Characters characters: return characters.Set;
            case AreNode.Group group: return First(group.Inner);
            case AreNode.Repeat repeat: return repeat.Least > 0 ? First(repeat.Inner) : null;
            case AreNode.Sequence sequence:
            {
                var optional = default(CharacterSet);
                foreach (var item in sequence.Items)
                {
                    if (item is AreNode.Constraint) continue;
                    if (item is AreNode.Repeat { Least: 0 } repeat && First(repeat.Inner) is { } skipped)
                    {
                        optional = optional.Union(skipped);
                        continue;
                    }

                    return First(item) is { } first ? optional.Union(first) : null;
                }

                return null;
            }

            case AreNode.Alternation alternation:
            {
                var union = default(CharacterSet);
                foreach (var branch in alternation.Branches)
                {
                    if (First(branch) is not { } first) return null;
                    union = union.Union(first);
                }

                return union;
            }

            default: return null;
        }
    }

    /// <summary>The number of characters that every match has; null when it differs.</summary>
    private static int? FixedLength(AreNode node) => node switch
    {
        AreNode.Characters => 1,
        AreNode.Constraint or AreNode.Lookaround => 0,
        AreNode.Group group => FixedLength(group.Inner),
        AreNode.Repeat repeat => repeat.Most == repeat.Least ? FixedLength(repeat.Inner) * repeat.Least : null,
        AreNode.Sequence sequence => sequence.Items.Aggregate((int?)0, (sum, item) => sum + FixedLength(item)),
        AreNode.Alternation alternation => alternation.Branches.Select(FixedLength).Distinct().ToArray() is [{ } single] ? single : null,
        _ => null,
    };
}
