namespace Federation.Planner.Writing;

/// <summary>How the writer of expressions has plans written.</summary>
/// <param name="Query">A complete query, to be put into parentheses.</param>
/// <param name="Source">What stands in FROM for the plan.</param>
/// <param name="Hoist">See <see cref="Hoisted"/>.</param>
internal sealed class SubqueryWriter(Func<LogicalPlan, string> query, Func<LogicalPlan, string> source,
    Func<Subquery, Func<LogicalPlan, string>, string?> hoist)
{
    private int _depth;

    public string Query(LogicalPlan plan) => Inside(plan, query);

    public string Source(LogicalPlan plan) => Inside(plan, source);

    /// <summary>
    /// The name of a relation that holds the subquery's rows and is defined before everything that may read it; null where the subquery has
    /// to be written in its place. The kernel plans each level of subqueries within subqueries twice and more, so that forty of them take
    /// for ever; a definition it plans once. Subqueries on the first level stay where they are.
    /// </summary>
    public string? Hoisted(Subquery subquery) => _depth == 0 ? null : hoist(subquery, Query);

    private string Inside(LogicalPlan plan, Func<LogicalPlan, string> write)
    {
        _depth++;
        var text = write(plan);
        _depth--;
        return text;
    }
}
