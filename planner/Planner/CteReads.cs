namespace Federation.Planner;

/// <summary>
/// How often the names of common table expressions are read, told by one walk: asking name by name would take the square of their number.
/// </summary>
internal static class CteReads
{
    /// <summary>The scans of each name in a plan, those in subqueries and in the definition itself among them.</summary>
    public static Dictionary<CteId, int> Count(LogicalPlan plan)
    {
        var counts = new Dictionary<CteId, int>();
        foreach (var node in PlanRewriter.Nodes(plan))
            if (node is CteScan scan)
                counts[scan.Cte] = counts.GetValueOrDefault(scan.Cte) + 1;
        return counts;
    }

    /// <summary>
    /// The names wanted more than once outside of their definitions: read twice, or in a place that is run again and again below WITH: a
    /// recursive term, or a subquery, which expressions may repeat.
    /// </summary>
    public static HashSet<CteId> Repeated(LogicalPlan plan)
    {
        var walk = new Walk();
        walk.Visit(plan, 0);
        return walk.Repeated;
    }

    private sealed class Walk
    {
        /// <summary>How many recursive terms and subqueries are around the WITH of each name.</summary>
        private readonly Dictionary<CteId, int> _levels = [];
        private readonly HashSet<CteId> _read = [];
        private readonly HashSet<CteId> _defined = [];

        public HashSet<CteId> Repeated { get; } = [];

        public void Visit(LogicalPlan node, int level)
        {
            Core.Execution.StatementGuard.EnterLevel();
            switch (node)
            {
                case CteScan scan when !_defined.Contains(scan.Cte):
                    if (level > _levels.GetValueOrDefault(scan.Cte) || !_read.Add(scan.Cte)) Repeated.Add(scan.Cte);
                    return;
                case With with:
                    foreach (var definition in with.Definitions) _levels[definition.Id] = level;
                    foreach (var definition in with.Definitions)
                    {
                        _defined.Add(definition.Id);
                        Visit(definition.Plan, definition.IsRecursive ? level + 1 : level);
                        _defined.Remove(definition.Id);
                    }

                    Visit(with.Input, level);
                    return;
            }

            foreach (var input in node.Inputs) Visit(input, level);
            foreach (var expression in PlanRewriter.ExpressionsOf(node))
                foreach (var subquery in PlanRewriter.Subqueries(expression))
                    Visit(subquery.Plan, level + 1);
        }
    }
}
