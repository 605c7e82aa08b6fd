using Federation.Connectors.Spi;
using Federation.Sql.Syntax;
using SetOperation = Federation.Sql.Syntax.SetOperation;

namespace Federation.Planner.Binding;

/// <summary>
/// FOR UPDATE and its kin. Nobody waits for a lock: the transaction relies on the rows that it has read so, and commits changes only if
/// they are still the same then. The strengths are one, and NOWAIT and SKIP LOCKED find nothing to wait for. Tables of attached servers are
/// read without locks, so the clause is refused for them rather than ignored.
/// </summary>
public sealed partial class Binder
{
    /// <summary>The tables on whose rows the statement relies, with the strength of the clause.</summary>
    private readonly Dictionary<TableSource, string> _locked = [];

    /// <summary>
    /// Raises what PostgreSQL raises where the clause cannot stand (CheckSelectLocking and transformLockingClause in analyze.c), and 0A000
    /// over a table whose changes nobody can tell.
    /// </summary>
    private void BindLocking(Query query, LogicalPlan plan)
    {
        if (query.Locking.Count == 0) return;
        var first = query.Locking[0];
        var refused = query.Body switch
        {
            SetOperation => "is not allowed with UNION/INTERSECT/EXCEPT",
            ValuesBody => "cannot be applied to VALUES",
            SelectBody { IsDistinct: true } or SelectBody { DistinctOn.Count: > 0 } => "is not allowed with DISTINCT clause",
            SelectBody { GroupBy.Count: > 0 } => "is not allowed with GROUP BY clause",
            SelectBody { Having: not null } => "is not allowed with HAVING clause",
            _ => RefusedAbove(plan),
        };
        if (refused is not null) throw new SqlException(SqlState.FeatureNotSupported, $"FOR {first.Strength} {refused}");
        foreach (var locking in query.Locking)
            foreach (var name in locking.Of)
                RequireInFrom(locking, name, (SelectBody)query.Body);

        foreach (var source in PlanRewriter.Nodes(plan).OfType<Scan>().Select(scan => scan.Source))
        {
            if (_tables[source].Provider is not ITableReads || source.Pin is not null)
            {
                throw new SqlException(SqlState.FeatureNotSupported, $"FOR {first.Strength} is not supported")
                {
                    Detail = source.Pin is null
                        ? $"Rows of \"{source}\" are read without locks."
                        : "The rows of an older state never change.",
                    Position = first.Span.Position,
                };
            }

            _locked.TryAdd(source, first.Strength);
        }
    }

    private static string? RefusedAbove(LogicalPlan plan) => plan switch
    {
        Aggregate => "is not allowed with aggregate functions",
        Window => "is not allowed with window functions",
        Project or Filter or Sort or Limit => RefusedAbove(plan.Inputs[0]),
        _ => null,
    };

    private static void RequireInFrom(LockingClause locking, QualifiedName name, SelectBody body)
    {
        if (name.Parts.Count > 1)
        {
            throw new SqlException(SqlState.SyntaxError, $"FOR {locking.Strength} must specify unqualified relation names")
                { Position = name.Span.Position };
        }

        if (body.From.SelectMany(Items).Any(item => item is JoinTable join && join.Alias?.Name == name.Name))
            throw new SqlException(SqlState.FeatureNotSupported, $"FOR {locking.Strength} cannot be applied to a join")
                { Position = name.Span.Position };
        if (body.From.Any(item => Names(item).Contains(name.Name))) return;
        throw new SqlException(SqlState.UndefinedTable,
            $"relation \"{name.Name}\" in FOR {locking.Strength} clause not found in FROM clause") { Position = name.Span.Position };
    }

    /// <summary>An item of FROM and all that are joined in it.</summary>
    private static IEnumerable<TableReference> Items(TableReference item) =>
        item is JoinTable join ? Items(join.Left).Concat(Items(join.Right)).Prepend(item) : [item];

    /// <summary>What the tables of an item of FROM are called.</summary>
    private static IEnumerable<string> Names(TableReference item) => item switch
    {
        { Alias.Name: { } alias } => [alias],
        JoinTable join => Names(join.Left).Concat(Names(join.Right)),
        TableName table => [table.Name.Name],
        _ => [],
    };
}
