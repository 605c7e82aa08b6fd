using Federation.Planner.Functions;

namespace Federation.Planner.Typing;

/// <summary>
/// PostgreSQL's choice among overloads of a function or operator (func_match_argtypes and func_select_candidate in parse_func.c).
/// </summary>
public static class CandidateSelection
{
    /// <param name="Arguments">Declared types, one per actual argument (variadics already expanded).</param>
    public sealed record Candidate<T>(T Item, Oid[] Arguments);

    /// <summary>The candidates that the actual types can implicitly become.</summary>
    public static List<Candidate<T>> Match<T>(ReadOnlySpan<Oid> actual, IEnumerable<Candidate<T>> candidates)
    {
        var matching = new List<Candidate<T>>();
        foreach (var candidate in candidates)
        {
            var fits = true;
            for (var i = 0; i < actual.Length && fits; i++)
                fits = TypeRules.CanCoerce(actual[i], candidate.Arguments[i], CastContext.Implicit);
            if (fits && PolymorphicTypes.AreConsistent(candidate.Arguments, actual)) matching.Add(candidate);
        }

        return matching;
    }

    /// <summary>The best candidate, or null when the call stays ambiguous.</summary>
    public static Candidate<T>? Select<T>(ReadOnlySpan<Oid> actual, List<Candidate<T>> candidates)
    {
        if (candidates.Count == 1) return candidates[0];
        if (candidates.Count == 0) return null;
        var types = actual.ToArray();

        candidates = KeepBest(candidates,
            candidate => CountWhere(types.Length, i => types[i] != TypeRules.Unknown && candidate.Arguments[i] == types[i]));
        if (candidates.Count == 1) return candidates[0];

        candidates = KeepBest(candidates, candidate => CountWhere(types.Length, i => types[i] != TypeRules.Unknown
            && (candidate.Arguments[i] == types[i]
                || (TypeRules.IsPreferred(candidate.Arguments[i])
                    && TypeRules.Category(candidate.Arguments[i]) == TypeRules.Category(types[i])))));
        if (candidates.Count == 1) return candidates[0];
        if (!types.Contains(TypeRules.Unknown)) return null;

        if (ResolveUnknownsByCategory(types, candidates) is { } narrowed)
        {
            candidates = narrowed;
            if (candidates.Count == 1) return candidates[0];
        }

        return SelectAssumingOneType(types, candidates);
    }

    private static List<Candidate<T>> KeepBest<T>(List<Candidate<T>> candidates, Func<Candidate<T>, int> score)
    {
        var best = candidates.Max(score);
        return candidates.Where(candidate => score(candidate) == best).ToList();
    }

    private static int CountWhere(int count, Func<int, bool> predicate) => Enumerable.Range(0, count).Count(predicate);

    /// <summary>Each unknown argument takes the string category when any candidate does, else the one category all agree on.</summary>
    private static List<Candidate<T>>? ResolveUnknownsByCategory<T>(Oid[] types, List<Candidate<T>> candidates)
    {
        var categories = new char[types.Length];
        var hasPreferred = new bool[types.Length];
        for (var i = 0; i < types.Length; i++)
        {
            if (types[i] != TypeRules.Unknown) continue;
            var seen = candidates.Select(candidate => TypeRules.Category(candidate.Arguments[i])).Distinct().ToArray();
            if (seen.Length > 1 && !seen.Contains('S')) return null;
            categories[i] = seen.Length == 1 ? seen[0] : 'S';
            var category = categories[i];
            var slot = i;
            hasPreferred[i] = candidates.Any(candidate =>
                TypeRules.Category(candidate.Arguments[slot]) == category && TypeRules.IsPreferred(candidate.Arguments[slot]));
        }

        var kept = candidates.Where(candidate => Enumerable.Range(0, types.Length).All(i =>
            types[i] != TypeRules.Unknown
            || (TypeRules.Category(candidate.Arguments[i]) == categories[i]
                && (!hasPreferred[i] || TypeRules.IsPreferred(candidate.Arguments[i]))))).ToList();
        return kept.Count > 0 ? kept : null;
    }

    /// <summary>The last resort: all known arguments have one type, so take the unknown ones to have it too.</summary>
    private static Candidate<T>? SelectAssumingOneType<T>(Oid[] types, List<Candidate<T>> candidates)
    {
        var known = types.Where(type => type != TypeRules.Unknown).Distinct().ToArray();
        if (known.Length != 1) return null;
        var assumed = Enumerable.Repeat(known[0], types.Length).ToArray();
        var fitting = candidates.Where(candidate => Enumerable.Range(0, types.Length)
            .All(i => TypeRules.CanCoerce(assumed[i], candidate.Arguments[i], CastContext.Implicit))
            && PolymorphicTypes.AreConsistent(candidate.Arguments, assumed)).ToList();
        return fitting.Count == 1 ? fitting[0] : null;
    }
}
