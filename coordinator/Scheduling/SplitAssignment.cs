using Federation.Core;
using Federation.Core.Tasks;

namespace Federation.Scheduling;

/// <summary>Deals the splits of a scan out to tasks so that each has about as much to read.</summary>
internal static class SplitAssignment
{
    /// <returns>For each task its splits; empty where there are fewer splits than tasks.</returns>
    public static IReadOnlyList<TaskInput>[] Deal(IEnumerable<TaskInput> splits, int tasks)
    {
        var dealt = new List<TaskInput>[tasks];
        var loads = new long[tasks];
        for (var i = 0; i < tasks; i++) dealt[i] = [];

        // The largest first, each to the task that has least: at most a third above the best.
        foreach (var split in splits.SelectMany(Parts).OrderByDescending(Weight))
        {
            var least = Array.IndexOf(loads, loads.Min());
            dealt[least].Add(split);
            loads[least] += Math.Max(1, Weight(split));
        }

        return dealt.Select(Merge).ToArray();
    }

    /// <summary>A scan of files as one scan for each file.</summary>
    private static IEnumerable<TaskInput> Parts(TaskInput split)
    {
        if (split is not FileScan scan) return [split];
        return scan.Groups.SelectMany(group => group.Files, (group, file) => (TaskInput)(scan with
        {
            Groups = [group with { Files = [file], DeletedRows = group.DeletedRows.Where(rows => rows.Path == file.Path).ToEquatableArray() }],
            EstimatedRows = file.RowCount,
        }));
    }

    private static long Weight(TaskInput split) => split switch
    {
        FileScan scan => scan.Groups.Sum(group => group.Files.Sum(file => file.SizeBytes)),
        _ => split.EstimatedRows,
    };

    /// <summary>Files of one task are read by one scan; files of one physical schema by one reader.</summary>
    private static IReadOnlyList<TaskInput> Merge(List<TaskInput> splits)
    {
        if (splits.Count < 2 || splits[0] is not FileScan first) return splits;
        var groups = splits.Cast<FileScan>().SelectMany(scan => scan.Groups)
            .GroupBy(group => group with { Files = default, DeletedRows = default })
            .Select(same => same.Key with
            {
                Files = same.SelectMany(group => group.Files).ToEquatableArray(),
                DeletedRows = same.SelectMany(group => group.DeletedRows).ToEquatableArray(),
            });
        return [first with { Groups = groups.ToEquatableArray(), EstimatedRows = splits.Sum(split => Math.Max(0, split.EstimatedRows)) }];
    }
}
