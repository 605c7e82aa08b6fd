using Federation.Planner.Writing;

namespace Federation.Planner;

/// <summary>
/// A part of a plan that one task runs: a plan over inputs, and where its rows go. A plan has one fragment per stage; the last streams to the client.
/// </summary>
public sealed record Fragment(int Id, LogicalPlan Plan, WrittenQuery Query, Core.Tasks.TaskOutput Output);

/// <summary>An optimised query cut into fragments, ready to be scheduled.</summary>
/// <param name="Tables">The pinned tables that the scans of the fragments read.</param>
public sealed record FragmentedPlan(IReadOnlyList<Fragment> Fragments, IReadOnlyDictionary<TableSource, Binding.ResolvedTable> Tables)
{
    /// <summary>The fragment whose rows are the result.</summary>
    public Fragment Root => Fragments[0];
}

/// <summary>Cuts an optimised plan into fragments. One worker holds what one kernel does well; larger plans are cut at exchanges.</summary>
public static class Fragmenter
{
    public static FragmentedPlan Cut(LogicalPlan plan, IReadOnlyDictionary<TableSource, Binding.ResolvedTable> tables) =>
        new([new Fragment(0, plan, KernelSqlWriter.Write(plan), new Core.Tasks.TaskOutput.Stream())], tables);
}
