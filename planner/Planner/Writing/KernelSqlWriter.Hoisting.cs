namespace Federation.Planner.Writing;

/// <summary>Subqueries of subqueries as common table expressions; see <see cref="SubqueryWriter.Hoisted"/>.</summary>
public sealed partial class KernelSqlWriter
{
    /// <summary>The clauses WITH that enclose what is being written, outermost first; the first is the statement's own.</summary>
    private readonly List<HoistScope> _hoisted = [];

    /// <param name="Names">The definitions that may be read by ones which follow.</param>
    private sealed record HoistScope(HashSet<CteId> Names, List<string> Definitions);

    /// <summary>
    /// Defines the subquery's rows in the outermost clause that knows all it reads; null when it names columns of an outer query or reads
    /// what no clause has yet.
    /// </summary>
    private string? Hoist(Subquery subquery, Func<LogicalPlan, string> write)
    {
        if (PlanColumns.FreeOf(subquery.Plan).Count > 0) return null;
        var nodes = PlanRewriter.Nodes(subquery.Plan).ToArray();
        var own = nodes.OfType<With>().SelectMany(with => with.Definitions).Select(definition => definition.Id).ToHashSet();
        var target = 0;
        foreach (var scan in nodes.OfType<CteScan>().Where(scan => !own.Contains(scan.Cte)))
        {
            var scope = _hoisted.FindLastIndex(item => item.Names.Contains(scan.Cte));
            if (scope < 0) return null;
            target = Math.Max(target, scope);
        }

        // Whether there is a row is all that EXISTS asks.
        var plan = subquery.Kind == SubqueryKind.Exists ? new Limit(subquery.Plan, new Constant(1L, SqlType.Int8), null) : subquery.Plan;
        var body = write(plan);
        var name = KernelLiterals.Identifier(_names.NewRelation("subquery"));
        _hoisted[target].Definitions.Add($"{name} AS MATERIALIZED ({body})");
        return name;
    }

    /// <summary>The statement with the definitions that no clause of its own took, before those of its own first clause.</summary>
    private string WithHoisted(string sql)
    {
        var definitions = _hoisted[0].Definitions;
        if (definitions.Count == 0) return sql;
        const string recursive = "WITH RECURSIVE ", plain = "WITH ";
        var added = string.Join(", ", definitions);
        if (sql.StartsWith(recursive, StringComparison.Ordinal)) return $"{recursive}{added}, {sql[recursive.Length..]}";
        return sql.StartsWith(plain, StringComparison.Ordinal) ? $"{plain}{added}, {sql[plain.Length..]}" : $"{plain}{added} {sql}";
    }
}
