using Federation.Sql.Syntax;
using SetOperation = Federation.Sql.Syntax.SetOperation;

namespace Federation.Planner.Binding;

/// <summary>
/// FOR UPDATE and its kin. Tables are read without locks, so the clause is refused where it would lock a row, rather than ignored.
/// </summary>
public sealed partial class Binder
{
    /// <summary>
    /// Raises what PostgreSQL raises where the clause cannot stand (CheckSelectLocking in analyze.c), and 0A000 over a table.
    /// </summary>
    private static void CheckLocking(Query query, LogicalPlan plan)
    {
        if (query.Locking.Count == 0) return;
        var locking = query.Locking[0];
        var refused = query.Body switch
        {
            SetOperation => "is not allowed with UNION/INTERSECT/EXCEPT",
            ValuesBody => "cannot be applied to VALUES",
            SelectBody { IsDistinct: true } or SelectBody { DistinctOn.Count: > 0 } => "is not allowed with DISTINCT clause",
            SelectBody { GroupBy.Count: > 0 } => "is not allowed with GROUP BY clause",
            SelectBody { Having: not null } => "is not allowed with HAVING clause",
            _ => null,
        };
        if (refused is not null) throw new SqlException(SqlState.FeatureNotSupported, $"FOR {locking.Strength} {refused}");
        if (!PlanRewriter.Nodes(plan).Any(node => node is Scan)) return;
        throw new SqlException(SqlState.FeatureNotSupported, $"FOR {locking.Strength} is not supported")
        {
            Detail = "Tables are read from a snapshot, without locks.",
            Position = locking.Span.Position,
        };
    }
}
