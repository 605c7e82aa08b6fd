using Federation.Core.Tasks;
using Federation.Planner.Distribution;
using Federation.Planner.Writing;

namespace Federation.Planner;

/// <summary>
/// A part of a plan that tasks run: a plan over inputs, and where its rows go.
/// </summary>
/// <param name="Id">0 for the fragment whose rows are the result.</param>
/// <param name="Tasks">How many tasks run it, each over its share of the splits and partitions.</param>
public sealed record Fragment(int Id, LogicalPlan Plan, WrittenQuery Query, TaskOutput Output, int Tasks)
{
    /// <summary>How the sorted rows of the root's tasks become the result; null when they come in any order or from one task.</summary>
    public RowMerge? Merge { get; init; }
}

/// <summary>Sorted streams made one: by the bytes of their last column, which is dropped.</summary>
/// <param name="Keys">The order that the bytes stand for.</param>
/// <param name="Skip">Rows of the whole that are left out at its beginning.</param>
/// <param name="Take">Rows after those that are given; null for all.</param>
public sealed record RowMerge(EquatableArray<SortKey> Keys, long Skip = 0, long? Take = null);

/// <summary>An optimised query cut into fragments, ready to be scheduled.</summary>
/// <param name="Fragments">Those that others read come before their readers.</param>
/// <param name="Tables">The pinned tables that the scans of the fragments read.</param>
public sealed record FragmentedPlan(IReadOnlyList<Fragment> Fragments, IReadOnlyDictionary<TableSource, Binding.ResolvedTable> Tables)
{
    /// <summary>The fragment whose rows are the result.</summary>
    public Fragment Root => Fragments[^1];

    /// <summary>
    /// Why the plan stays one task although there are workers to share it; null when it is shared or nobody is there to share it.
    /// </summary>
    public string? KeptWhole { get; init; }
}

/// <summary>Cuts an optimised plan into fragments. One worker holds what one kernel does well; larger plans are cut at exchanges.</summary>
public static class Fragmenter
{
    public static FragmentedPlan Cut(LogicalPlan plan, IReadOnlyDictionary<TableSource, Binding.ResolvedTable> tables,
        DistributionOptions options)
    {
        var (placed, keptWhole) = Distributor.Distribute(plan, tables, options);

        // The distributor counts from the leaves; people read a plan from its root.
        var last = placed.Count - 1;
        var fragments = placed.Select(fragment =>
        {
            var renumbered = last == 0 ? fragment.Plan : Renumber(fragment.Plan, last);
            return new Fragment(last - fragment.Id, renumbered, KernelSqlWriter.Write(renumbered), fragment.Output, fragment.Tasks)
                { Merge = fragment.Merge };
        });
        return new FragmentedPlan([.. fragments], tables) { KeptWhole = keptWhole };
    }

    private static LogicalPlan Renumber(LogicalPlan plan, int last) => PlanRewriter.Rewrite(plan, node =>
        node is RemoteSource source
            ? source with { Fragment = last - source.Fragment }
            : PlanRewriter.MapOwnExpressions(node,
                expression => PlanRewriter.Rewrite(expression, item => item, inner => Renumber(inner, last))));
}
