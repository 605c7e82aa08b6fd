namespace Federation.Planner.Rules;

/// <summary>
/// Drops columns, aggregates, window calls and common table expressions that nothing above names. Columns of DISTINCT, of set operations
/// without ALL and of recursive queries all matter and stay.
/// </summary>
public sealed class PruneColumns : IRule
{
    public string Name => "prune columns";

    public LogicalPlan Apply(LogicalPlan plan, RuleContext context) =>
        new Pruner([]).Prune(plan, plan.Columns.Select(column => column.Id).ToHashSet());

    /// <summary>Prunes a fragment, and adds to <paramref name="ofFragments"/> which columns it needs of which other fragment.</summary>
    internal static LogicalPlan Prune(LogicalPlan plan, HashSet<int> required, Dictionary<int, HashSet<int>> ofFragments) =>
        new Pruner(ofFragments).Prune(plan, required);

    private sealed class Pruner(Dictionary<int, HashSet<int>> ofFragments)
    {
        /// <summary>Columns of common table expressions that their scans named; scans are visited before definitions.</summary>
        private readonly Dictionary<CteId, HashSet<int>> _needed = [];

        public LogicalPlan Prune(LogicalPlan plan, HashSet<int> required)
        {
            switch (plan)
            {
                case Scan scan:
                    // A hint stands in a filter above as well, which keeps its columns.
                    return scan with { Outputs = scan.Outputs.Where(output => required.Contains(output.Column.Id)).ToEquatableArray() };
                case Values or FunctionScan: return Inside(plan);
                case RemoteSource source:
                    // Several parts may read one fragment, so its columns are settled once all have been seen.
                    if (!ofFragments.TryGetValue(source.Fragment, out var asked)) ofFragments.Add(source.Fragment, asked = []);
                    asked.UnionWith(source.Outputs.Select(column => column.Id).Where(required.Contains));
                    return source;
                case CteScan scan: return PruneCteScan(scan, required);
                case Project project:
                    var kept = project with
                    {
                        Assignments = project.Assignments.Where(item => required.Contains(item.Column.Id)) .ToEquatableArray(),
                    };
                    return OverInput(kept, project.Input, []);
                case Aggregate aggregate:
                    var thin = aggregate with
                    {
                        Aggregates = aggregate.Aggregates.Where(item => required.Contains(item.Column.Id)) .ToEquatableArray(),
                    };
                    return OverInput(thin, aggregate.Input, []);
                case Window window:
                    var calls = window.Calls.Where(call => required.Contains(call.Column.Id)).ToEquatableArray();
                    return calls.Count == 0
                        ? Prune(window.Input, required)
                        : OverInput(window with { Calls = calls }, window.Input, required);
                case Filter or Sort or Limit or ProjectSet or DistinctOn:
                    return OverInput(plan, plan.Inputs[0], required);
                case Distinct distinct:
                    return OverInput(distinct, distinct.Input, distinct.Columns.Select(column => column.Id).ToHashSet());
                case Join join: return PruneJoin(join, required);
                case SetOperation operation: return PruneSetOperation(operation, required);
                case With with: return PruneWith(with, required);
                default: throw new System.Diagnostics.UnreachableException(plan.GetType().Name);
            }
        }

        private LogicalPlan Inside(LogicalPlan plan) => PlanRewriter.MapOwnExpressions(plan, InSubqueries);

        private Expr InSubqueries(Expr expression) => PlanRewriter.HasSubquery(expression)
            ? PlanRewriter.Rewrite(expression, item => item, plan => Prune(plan, plan.Columns.Select(column => column.Id).ToHashSet()))
            : expression;

        private LogicalPlan OverInput(LogicalPlan plan, LogicalPlan input, HashSet<int> required)
        {
            plan = Inside(plan);
            var needed = new HashSet<int>(required);
            needed.UnionWith(PlanColumns.Of(PlanRewriter.ExpressionsOf(plan)));
            return plan.WithInputs([Prune(input, needed)]);
        }

        private LogicalPlan PruneJoin(Join join, HashSet<int> required)
        {
            join = (Join)Inside(join);
            var needed = new HashSet<int>(required);
            needed.UnionWith(PlanColumns.Of(join.Condition));
            if (join.IsLateral) needed.UnionWith(PlanColumns.FreeOf(join.Right));

            // The right side first: a lateral one decides what it needs of the left, and names CTEs like any other.
            return join.WithInputs([Prune(join.Left, needed), Prune(join.Right, needed)]);
        }

        private LogicalPlan PruneSetOperation(SetOperation operation, HashSet<int> required)
        {
            var keep = Enumerable.Range(0, operation.Outputs.Count)
                .Where(i => operation is not { Type: SetOperationType.Union, IsAll: true } || required.Contains(operation.Outputs[i].Id))
                .ToArray();
            HashSet<int> Ids(LogicalPlan side) => keep.Select(i => side.Columns[i].Id).ToHashSet();
            if (keep.Length == operation.Outputs.Count)
                return operation.WithInputs([Prune(operation.Left, Ids(operation.Left)), Prune(operation.Right, Ids(operation.Right))]);

            // Sides must keep corresponding by position, so they are narrowed explicitly.
            LogicalPlan Narrow(LogicalPlan side) => Prune(
                new Project(side, keep.Select(i => new Assignment(side.Columns[i], new ColumnRef(side.Columns[i]))).ToEquatableArray()),
                Ids(side));
            return operation with
            {
                Left = Narrow(operation.Left),
                Right = Narrow(operation.Right),
                Outputs = keep.Select(i => operation.Outputs[i]).ToEquatableArray(),
            };
        }

        private CteScan PruneCteScan(CteScan scan, HashSet<int> required)
        {
            var kept = Enumerable.Range(0, scan.Outputs.Count).Where(i => required.Contains(scan.Outputs[i].Id)).ToArray();
            if (!_needed.TryGetValue(scan.Cte, out var needed)) _needed.Add(scan.Cte, needed = []);
            needed.UnionWith(kept.Select(i => scan.Sources[i].Id));
            return scan with
            {
                Outputs = kept.Select(i => scan.Outputs[i]).ToEquatableArray(),
                Sources = kept.Select(i => scan.Sources[i]).ToEquatableArray(),
            };
        }

        private LogicalPlan PruneWith(With with, HashSet<int> required)
        {
            var input = Prune(with.Input, required);
            var definitions = new Stack<CteDefinition>();

            // Later definitions may scan earlier ones. What none scans is not run.
            foreach (var definition in with.Definitions.Reverse())
            {
                if (!_needed.TryGetValue(definition.Id, out var needed)) continue;
                var all = definition.Plan.Columns.Select(column => column.Id).ToHashSet();
                if (definition.IsRecursive) _needed[definition.Id] = all;
                definitions.Push(
                    definition with { Plan = Prune(definition.Plan, needed.Count == 0 || definition.IsRecursive ? all : needed) });
            }

            return definitions.Count == 0 ? input : with with { Definitions = definitions.ToEquatableArray(), Input = input };
        }
    }
}
