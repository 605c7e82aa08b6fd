using Federation.Core.Tasks;
using Federation.Planner.Rules;
using PlacedFragment = Federation.Planner.Distribution.Distributor.PlacedFragment;

namespace Federation.Planner.Distribution;

/// <summary>
/// Settles what each fragment gives: the columns that others read and no more, in one order for the fragment and for its readers.
/// </summary>
internal static class FragmentColumns
{
    /// <param name="fragments">Producers before readers; hash outputs name key columns by position.</param>
    public static IReadOnlyList<PlacedFragment> Settle(IReadOnlyList<PlacedFragment> fragments)
    {
        var needed = new Dictionary<int, HashSet<int>>();
        var settled = new PlacedFragment[fragments.Count];
        for (var i = fragments.Count - 1; i >= 0; i--)
        {
            var fragment = fragments[i];
            var present = fragment.Plan.Columns;
            var keys = fragment.Output is TaskOutput.Hash hash ? hash.KeyColumns.Select(position => present[position].Id).ToArray() : [];
            var required = i == fragments.Count - 1
                ? present.Select(column => column.Id).ToHashSet()
                : needed.GetValueOrDefault(fragment.Id, []);
            required.UnionWith(keys);

            // A fragment that only counts still has one row for each.
            if (required.Count == 0 && present.Count > 0) required.Add(present[0].Id);
            var plan = PruneColumns.Prune(fragment.Plan, required, needed);
            var wanted = present.Where(column => required.Contains(column.Id)).DistinctBy(column => column.Id).ToEquatableArray();
            if (i < fragments.Count - 1 && !plan.Columns.Equals(wanted))
                plan = new Project(plan, wanted.Select(column => new Assignment(column, new ColumnRef(column))).ToEquatableArray());
            var output = fragment.Output is TaskOutput.Hash parts
                ? parts with
                {
                    KeyColumns = keys.Select(key => Array.FindIndex(plan.Columns.ToArray(), column => column.Id == key))
                        .ToEquatableArray(),
                }
                : fragment.Output;
            settled[i] = fragment with { Plan = plan, Output = output };
        }

        for (var i = 0; i < settled.Length; i++)
        {
            settled[i] = settled[i] with { Plan = Read(settled[i].Plan, settled) };
            PlanChecker.Check(settled[i].Plan, "distribution");
        }

        return settled;
    }

    private static LogicalPlan Read(LogicalPlan plan, PlacedFragment[] fragments) => PlanRewriter.Rewrite(plan, node =>
        node is RemoteSource source
            ? source with { Outputs = fragments[source.Fragment].Plan.Columns }
            : PlanRewriter.MapOwnExpressions(node,
                expression => PlanRewriter.Rewrite(expression, item => item, inner => Read(inner, fragments))));
}
