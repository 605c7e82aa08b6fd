using Federation.Core;
using Federation.Core.Tasks;

namespace Federation.Scheduling;

/// <summary>Deals the splits of a scan out to tasks so that each has about as much to read.</summary>
internal static class SplitAssignment
{
    /// <summary>About a row group of the usual size; smaller ranges would read the same row groups twice.</summary>
    private const long MinRangeRows = 120_000;

    /// <returns>For each task its splits; empty where there are fewer splits than tasks.</returns>
    public static IReadOnlyList<TaskInput>[] Deal(IEnumerable<TaskInput> splits, int tasks)
    {
        var dealt = new List<TaskInput>[tasks];
        var loads = new long[tasks];
        for (var i = 0; i < tasks; i++) dealt[i] = [];

        // The largest first, each to the task that has least: at most a third above the best.
        var whole = splits.ToArray();
        var rows = whole.OfType<FileScan>().Sum(scan => scan.Groups.Sum(group => group.Files.Sum(file => Math.Max(0, file.RowCount))));
        foreach (var split in whole.SelectMany(split => Parts(split, (rows + tasks - 1) / tasks)).OrderByDescending(Weight))
        {
            var least = Array.IndexOf(loads, loads.Min());
            dealt[least].Add(split);
            loads[least] += Math.Max(1, Weight(split));
        }

        return dealt.Select(Merge).ToArray();
    }

    /// <summary>
    /// A scan of files as one scan for each file; a Parquet file that is more than one task's share as several ranges of rows.
    /// </summary>
    private static IEnumerable<TaskInput> Parts(TaskInput split, long share)
    {
        if (split is not FileScan scan) return [split];
        return scan.Groups.SelectMany(group => group.Files, (group, file) => (Group: group, File: file))
            .SelectMany(item => Ranges(item.Group, item.File, share), (item, range) => (TaskInput)(scan with
        {
            Groups = [item.Group with
            {
                Files = [item.File],
                Rows = range,
                DeletedRows = item.Group.DeletedRows.Where(rows => rows.Path == item.File.Path).ToEquatableArray(),
            }],
            EstimatedRows = range?.Count ?? item.File.RowCount,
        }));
    }

    private static IEnumerable<RowRange?> Ranges(FileGroup group, ScanFile file, long share)
    {
        if (group.Format != FileFormat.Parquet || file.RowCount < 2 * MinRangeRows || file.RowCount <= share) return [null];
        var count = Math.Min((file.RowCount + share - 1) / Math.Max(1, share), file.RowCount / MinRangeRows);
        return Enumerable.Range(0, (int)count)
            .Select(i =>
                (RowRange?)new RowRange(file.RowCount * i / count, (file.RowCount * (i + 1) / count) - (file.RowCount * i / count)));
    }

    private static long Weight(TaskInput split) => split switch
    {
        FileScan scan => scan.Groups.Sum(group => group.Rows is { } range
            ? group.Files[0].SizeBytes * range.Count / Math.Max(1, group.Files[0].RowCount)
            : group.Files.Sum(file => file.SizeBytes)),
        _ => split.EstimatedRows,
    };

    /// <summary>Files of one task are read by one scan; files of one physical schema by one reader.</summary>
    private static IReadOnlyList<TaskInput> Merge(List<TaskInput> splits)
    {
        var scans = splits.OfType<FileScan>().ToArray();
        if (scans.Length < 2) return splits;
        var groups = scans.SelectMany(scan => scan.Groups)
            .GroupBy(group => group.Rows is null ? group with { Files = default, DeletedRows = default } : group)
            .Select(same => same.Key.Rows is not null ? same.Key : same.Key with
            {
                Files = same.SelectMany(group => group.Files).ToEquatableArray(),
                DeletedRows = same.SelectMany(group => group.DeletedRows).ToEquatableArray(),
            });
        var merged = scans[0] with
        {
            Groups = groups.ToEquatableArray(), EstimatedRows = scans.Sum(scan => Math.Max(0, scan.EstimatedRows)),
        };
        return [merged, .. splits.Where(split => split is not FileScan)];
    }
}
