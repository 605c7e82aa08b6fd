using Federation.Connectors.Spi;
using Federation.Planner.Distribution;

namespace Federation.Planner.Rules;

/// <summary>
/// Gives the largest parts of a plan that read one server alone to that server, when its connector runs queries (<see
/// cref="ISubtreePushdown"/>). What it takes becomes one scan.
/// <para>
/// A part is worth offering when it groups, joins by keys or keeps the first rows: then fewer rows come than the tables have. The engine
/// keeps ORDER BY and LIMIT above what it reads, because the rows of a scan have no order.
/// </para>
/// </summary>
public sealed class PushSubtrees : IRule
{
    public string Name => "push subtrees";

    public LogicalPlan Apply(LogicalPlan plan, RuleContext context) =>
        context.PushesSubtrees && context.Tables.Values.Any(table => table is { Provider: ISubtreePushdown, ProviderKey: not null })
            ? new Pusher(plan, context).Push(plan)
            : plan;

    private sealed class Pusher
    {
        private readonly RuleContext _context;
        private readonly RowEstimates _estimates;
        private readonly RelationalTrees _trees;
        private readonly Dictionary<LogicalPlan, string?> _servers = new(ReferenceEqualityComparer.Instance);

        public Pusher(LogicalPlan root, RuleContext context)
        {
            _context = context;
            _estimates = new RowEstimates(root, context.Tables);
            _trees = new RelationalTrees(_estimates.Rows);
        }

        public LogicalPlan Push(LogicalPlan plan)
        {
            Core.Execution.StatementGuard.EnterLevel();
            string? reason = null;
            if (plan is Limit limit && TopRows(limit, out reason) is { } top) return top;
            if (plan is not Limit && IsWorthwhile(plan) && Offer(plan, tree => tree, out reason) is { } scan) return scan;

            var mapped = PlanRewriter.MapOwnExpressions(plan, InSubqueries);
            var pushed = mapped.Inputs.Count == 0 ? mapped : mapped.WithInputs(mapped.Inputs.Select(Push).ToEquatableArray());
            return reason is null ? pushed : WithReason(pushed, $"{Kind(plan)}: {reason}");
        }

        private Expr InSubqueries(Expr expression) =>
            PlanRewriter.HasSubquery(expression) ? PlanRewriter.Rewrite(expression, item => item, Push) : expression;

        /// <summary>The first rows of a query: the server gives no more than are needed, and here they are put in order.</summary>
        private LogicalPlan? TopRows(Limit limit, out string? reason)
        {
            reason = null;
            if (limit is not { WithTies: false, Count: Constant { Value: long count and >= 0 } }) return null;
            var offset = limit.Offset switch { null => 0, Constant { Value: long skipped and >= 0 } => skipped, _ => (long?)null };
            if (offset is not { } rows || count > long.MaxValue - rows) return null;
            return Below(limit.Input, out reason) is { } below ? limit.WithInputs([below]) : null;

            LogicalPlan? Below(LogicalPlan plan, out string? reason)
            {
                reason = null;
                switch (plan)
                {
                    case Project project:
                        if (IsWorthwhile(project) && WithoutOrder(project, out reason) is { } whole) return whole;
                        return Below(project.Input, out reason) is { } input ? project.WithInputs([input]) : null;
                    case Sort sort:
                        var ordered = Offer(sort.Input, tree => _trees.Top(tree, sort.Keys, count + rows, 0), out reason, count + rows);
                        return ordered is null ? null : sort.WithInputs([ordered]);
                    default:
                        return IsWorthwhile(plan) ? WithoutOrder(plan, out reason) : null;
                }
            }

            Scan? WithoutOrder(LogicalPlan plan, out string? reason) =>
                Offer(plan, tree => _trees.Top(tree, [], count + rows, 0), out reason, count + rows);
        }

        /// <param name="finish">What the server does after the plan.</param>
        /// <param name="limit">So many rows come at most.</param>
        private Scan? Offer(LogicalPlan plan, Func<RelationalTree, RelationalTree?> finish, out string? reason, long? limit = null)
        {
            reason = null;
            if (ServerOf(plan) is null || PlanColumns.FreeOf(plan).Count > 0) return null;
            if (_trees.Convert(plan) is not { } converted || finish(converted) is not { } tree)
            {
                reason = "not of expressions that sources know";
                return null;
            }

            var sources = Scans(plan).Select(scan => scan.Source).Distinct().ToArray();
            var taken = ((ISubtreePushdown)_context.Tables[sources[0]].Provider).TryTake(tree);
            reason = taken.Reason;
            if (taken.Handle is null) return null;
            var rows = (long)Math.Min(_estimates.Rows(plan), limit ?? long.MaxValue);
            var outputs = plan.Columns.Select(column => new ScanColumn(column, _trees.NameOf(column))).ToEquatableArray();
            return new Scan(sources[0], taken.Handle, outputs)
            {
                Subtree = new ScanSubtree(sources.ToEquatableArray(), Parts(tree).Distinct().ToEquatableArray(), rows),
            };
        }

        /// <summary>The rows come in an order, which a scan would lose.</summary>
        private static bool IsOrdered(LogicalPlan plan) =>
            plan is Sort || (plan is Project or Filter or Limit && IsOrdered(plan.Inputs[0]));

        private static bool IsWorthwhile(LogicalPlan plan) => !IsOrdered(plan) && plan switch
        {
            Aggregate or Distinct or Limit => true,

            // Two sides without a common key make more rows than they have.
            Join { Type: JoinType.Inner or JoinType.Left or JoinType.Right, IsLateral: false } join =>
                Conjuncts.Of(join.Condition).Any(term => Joins(term, join)),
            Filter filter => PlanRewriter.HasSubquery(filter.Predicate) || IsWorthwhile(filter.Input),
            Project project => IsWorthwhile(project.Input),
            _ => false,
        };

        private static bool Joins(Expr term, Join join)
        {
            if (term is not Call { Operator: "=" }) return false;
            var named = PlanColumns.Of(term);
            return named.Overlaps(join.Left.Columns.Select(column => column.Id))
                && named.Overlaps(join.Right.Columns.Select(column => column.Id));
        }

        /// <summary>
        /// The one server that a plan with its subqueries reads; null when there are others or the server runs no queries.
        /// </summary>
        private string? ServerOf(LogicalPlan plan)
        {
            if (_servers.TryGetValue(plan, out var known)) return known;
            var subqueries = PlanRewriter.ExpressionsOf(plan).SelectMany(PlanRewriter.Subqueries).Select(subquery => subquery.Plan);
            var below = plan.Inputs.Concat(subqueries).Select(ServerOf).Distinct().ToArray();
            var server = plan is Scan scan ? ServerOf(scan) : below is [var only] ? only : null;
            _servers.Add(plan, server);
            return server;
        }

        private string? ServerOf(Scan scan) =>
            _context.Tables.GetValueOrDefault(scan.Source) is { Provider: ISubtreePushdown, ProviderKey: { } key } ? key : null;

        private static IEnumerable<Scan> Scans(LogicalPlan plan) => PlanRewriter.Nodes(plan).OfType<Scan>();

        private static LogicalPlan WithReason(LogicalPlan plan, string reason)
        {
            if (plan is Scan scan)
            {
                // What a part cannot do, the parts around it cannot either.
                var why = reason[reason.IndexOf(':', StringComparison.Ordinal)..];
                if (scan.NotPushed.Any(known => known.EndsWith(why, StringComparison.Ordinal))) return scan;
                return scan with { NotPushed = scan.NotPushed.Append(reason).ToEquatableArray() };
            }

            return plan.Inputs.Count == 0 ? plan : plan.WithInputs(plan.Inputs.With(0, WithReason(plan.Inputs[0], reason)));
        }

        private static string Kind(LogicalPlan plan) => plan switch
        {
            Aggregate => "groups",
            Distinct => "distinct rows",
            Join => "join",
            Limit => "first rows",
            _ => "query",
        };

        private static IEnumerable<string> Parts(RelationalTree tree) => tree switch
        {
            RelationalTree.Filter filter => Parts(filter.Input),
            RelationalTree.Project project => Parts(project.Input),
            RelationalTree.Aggregate aggregate => [.. Parts(aggregate.Input), "groups"],
            RelationalTree.TopRows top => [.. Parts(top.Input), "first rows"],
            RelationalTree.Join join => [.. Parts(join.Left), .. Parts(join.Right), "join"],
            _ => [],
        };
    }
}
