namespace Federation.Planner;

/// <summary>Predicates as lists of conditions that all must hold.</summary>
internal static class Conjuncts
{
    public static IEnumerable<Expr> Of(Expr predicate) => predicate switch
    {
        And and => and.Terms.SelectMany(Of),
        Constant { Value: true } => [],
        _ => [predicate],
    };

    public static Expr Combine(IReadOnlyList<Expr> terms) => terms.Count switch
    {
        0 => new Constant(true, SqlType.Bool),
        1 => terms[0],
        _ => new And(terms.ToEquatableArray()),
    };

    /// <summary>The condition that one of the terms holds.</summary>
    public static Expr Either(IReadOnlyList<Expr> terms) => terms.Count switch
    {
        0 => new Constant(false, SqlType.Bool),
        1 => terms[0],
        _ => new Or(terms.ToEquatableArray()),
    };

    public static LogicalPlan Filter(LogicalPlan plan, IReadOnlyList<Expr> terms) =>
        terms.Count == 0 ? plan : new Filter(plan, Combine(terms));

    /// <summary>Conditions that follow from a conjunct: an OR whose branches all demand the same thing demands it.</summary>
    public static IEnumerable<Expr> Implied(Expr conjunct)
    {
        if (conjunct is not Or or) return [];
        IEnumerable<Expr> common = Of(or.Terms[0]);
        foreach (var branch in or.Terms.Skip(1))
        {
            var terms = Of(branch).ToHashSet();
            common = common.Where(terms.Contains);
        }

        return common.ToArray();
    }

    /// <summary>
    /// What a conjunct demands of some columns alone: of an OR whose every branch has terms over them, the OR of those terms. Null when it
    /// demands nothing. The conjunct itself has to be asked still.
    /// </summary>
    public static Expr? Restriction(Expr conjunct, IReadOnlySet<int> columns)
    {
        if (conjunct is not Or or) return null;
        var branches = new List<Expr>();
        foreach (var branch in or.Terms)
        {
            var terms = Of(branch)
                .Where(term => PlanColumns.Of(term) is { Count: > 0 } named && named.IsSubsetOf(columns) && !PlanRewriter.HasSubquery(term))
                .ToArray();
            if (terms.Length == 0) return null;
            branches.Add(Combine(terms));
        }

        var different = branches.Distinct().ToEquatableArray();
        return different.Count == 1 ? different[0] : new Or(different);
    }
}
