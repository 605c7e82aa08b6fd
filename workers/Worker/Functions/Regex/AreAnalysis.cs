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

    /// <summary>True when the whole expression prefers the shortest match.</summary>
    public static bool IsLazy(AreNode tree) => Preference(tree) == true;

    /// <summary>True when .NET's first match may have another length than PostgreSQL's.</summary>
    public static bool IsAmbiguous(AreNode tree) => !EndsWithText(tree) && (HasBoth(tree) || !IsDetermined(tree, []));

    /// <summary>
    /// True when groups may take other text than in PostgreSQL although the whole match is the same: PostgreSQL gives the left part the
    /// most text, .NET the first branch.
    /// </summary>
    public static bool CapturesMayDiffer(AreNode tree) => HasOpenAlternation(tree, []) || HasOpposedRepeat(tree);

    // .NET lets what is repeated choose its length before the repetition does. A range {m,m} has a preference of its own, a repetition that
    // may be left out is, if it would be empty, and of several each takes as much, or as little, as the repetition prefers.
    private static bool HasOpposedRepeat(AreNode node) => node switch
    {
        AreNode.Group group => HasOpposedRepeat(group.Inner),
        AreNode.Repeat repeat => IsOpposed(repeat) || HasOpposedRepeat(repeat.Inner),
        AreNode.Sequence sequence => sequence.Items.Any(HasOpposedRepeat),
        AreNode.Alternation alternation => alternation.Branches.Any(HasOpposedRepeat),
        _ => false,
    };

    private static bool IsOpposed(AreNode.Repeat repeat)
    {
        if (repeat.Most != 1 && HasChoice(repeat.Inner, isLazy: true)) return true;
        if (repeat.IsCount) return false;
        if (repeat.IsLazy && HasChoice(repeat.Inner, isLazy: false)) return true;
        return Preference(repeat.Inner) is { } inner && inner != repeat.IsLazy
            && (repeat.Most == repeat.Least || (repeat.Least == 0 && MayBeEmpty(repeat.Inner)));
    }

    private static bool MayBeEmpty(AreNode node) => node switch
    {
        AreNode.Characters => false,
        AreNode.Group group => MayBeEmpty(group.Inner),
        AreNode.Repeat repeat => repeat.Least == 0 || MayBeEmpty(repeat.Inner),
        AreNode.Sequence sequence => sequence.Items.All(MayBeEmpty),
        AreNode.Alternation alternation => alternation.Branches.Any(MayBeEmpty),
        _ => true,
    };

    private static bool HasChoice(AreNode node, bool isLazy) => node switch
    {
        AreNode.Group group => HasChoice(group.Inner, isLazy),
        AreNode.Repeat repeat => (!repeat.IsCount && repeat.IsLazy == isLazy) || HasChoice(repeat.Inner, isLazy),
        AreNode.Sequence sequence => sequence.Items.Any(item => HasChoice(item, isLazy)),
        AreNode.Alternation alternation => alternation.Branches.Any(branch => HasChoice(branch, isLazy)),
        _ => false,
    };

    // Such a match ends where the text ends, however it is found.
    private static bool EndsWithText(AreNode tree) => tree is AreNode.Sequence { Items: [.., AreNode.Constraint { Pattern: @"\z" }] };

    private static bool HasOpenAlternation(AreNode node, IReadOnlyList<AreNode> following) => node switch
    {
        AreNode.Group group => HasOpenAlternation(group.Inner, following),
        AreNode.Repeat repeat => HasOpenAlternation(repeat.Inner, [repeat.Inner, .. following]),
        AreNode.Sequence sequence =>
            Enumerable.Range(0, sequence.Items.Count).Where(i => sequence.Items[i] is not (AreNode.Characters or AreNode.Constraint))
            .Any(i => HasOpenAlternation(sequence.Items[i], [.. sequence.Items.Skip(i + 1), .. following])),
        AreNode.Alternation alternation => (following.Any(next => next is not AreNode.Constraint) && !IsDetermined(alternation, following))
            || alternation.Branches.Any(branch => HasOpenAlternation(branch, following)),
        _ => false,
    };

    /// <summary>True when what follows the match decides whether it is one.</summary>
    public static bool DependsOnContext(AreNode tree) => tree switch
    {
        AreNode.Constraint or AreNode.Lookaround => true,
        AreNode.Group group => DependsOnContext(group.Inner),
        AreNode.Repeat repeat => DependsOnContext(repeat.Inner),
        AreNode.Sequence sequence => sequence.Items.Any(DependsOnContext),
        AreNode.Alternation alternation => alternation.Branches.Any(DependsOnContext),
        _ => false,
    };

    private static void Append(StringBuilder text, AreNode node, bool isWide, bool ignoresCase)
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
