using Federation.Connectors.Spi;
using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg.Maintenance;

/// <summary>
/// Chooses data files that are worth writing again together (bin-packing, as Iceberg's rewrite_data_files does it): small ones, and those
/// of which much is deleted. Files of different partitions share a group only to save commits.
/// </summary>
internal static class CompactionPlanner
{
    /// <summary>In tiers, files below this size are alike.</summary>
    private const long LeastTier = 4 << 20;

    /// <summary>More files are left to the next group: a scan of more takes long to plan.</summary>
    private const int MostFiles = 5_000;

    /// <summary>A file, and the deletes that are for it.</summary>
    private sealed record Candidate(TableFile File, string Key, bool IsSmall, bool IsWorn);

    /// <summary>
    /// Equal for files whose rows may come to lie in one file. Partitions of a spec that is no more the table's say nothing of that.
    /// </summary>
    private static string KeyOf(TableFile file, int specId) => file.Spec.Id == specId ? file.PartitionKey : "";

    public static IReadOnlyList<CompactionGroup> Make(IcebergTable table, EquatableArray<ConnectorExpression> filters,
        CompactionOptions options)
    {
        if (table.Metadata.CurrentSnapshotId is not { } id) return [];
        var choice = FileChoice.Make(table, table.SnapshotOf(id), table.Metadata.CurrentSchema, filters);
        var deletes = new DeleteIndex(choice.Deletes);
        var shares = new Dictionary<TableFile, double>(ReferenceEqualityComparer.Instance);
        foreach (var file in choice.Data)
            foreach (var delete in deletes.PositionsOf(file).Where(delete => delete.Entry.ReferencedDataFile is null))
                shares[delete] = shares.GetValueOrDefault(delete) + file.Entry.RecordCount;
        var bins = new List<List<Candidate>>();
        var spec = table.Metadata.DefaultSpecId;
        foreach (var partition in choice.Data.Where(file => file.Entry is { Format: "parquet", IsEncrypted: false })
            .GroupBy(file => KeyOf(file, spec), StringComparer.Ordinal))
            bins.AddRange(Bins([.. partition.Select(file => Judge(file, deletes, shares, options, spec))], options));
        return [.. Combine(bins, options.TargetBytes)];
    }

    /// <param name="shares">The rows of all files that a delete file may be for: it is taken to delete the same part of each.</param>
    private static Candidate Judge(TableFile file, DeleteIndex index, Dictionary<TableFile, double> shares, CompactionOptions options,
        int specId)
    {
        var positions = index.PositionsOf(file);
        var rows = (double)file.Entry.RecordCount;
        var gone = positions.Sum(delete => delete.Entry.RecordCount
            * (shares.TryGetValue(delete, out var all) ? rows / all : 1));
        return new Candidate(file, KeyOf(file, specId), file.Entry.SizeBytes < (options.LeastBytes ?? (options.TargetBytes / 4 * 3)),
            positions.Count + index.EqualitiesOf(file).Count >= options.DeleteFiles || (positions.Count > 0
                && gone / rows >= options.DeleteRatio));
    }

    /// <summary>The files of a partition that become one file each time.</summary>
    private static IEnumerable<List<Candidate>> Bins(IReadOnlyList<Candidate> files, CompactionOptions options)
    {
        var (bin, bytes) = (new List<Candidate>(), 0L);
        foreach (var file in files.Where(file => options.TakesAll || file.IsSmall || file.IsWorn).OrderBy(file => file.File.Entry.SizeBytes)
            .ThenBy(file => file.File.Entry.Path, StringComparer.Ordinal))
        {
            var size = file.File.Entry.SizeBytes;
            // Larger files are no smaller.
            if (options.IsTiered && !file.IsWorn && size > Math.Max(LeastTier, bytes)) continue;
            if (bin.Count > 0 && (bytes + size > options.TargetBytes || bin.Count >= MostFiles))
            {
                if (IsWorth(bin, options)) yield return bin;
                (bin, bytes) = ([], 0);
            }

            bin.Add(file);
            bytes += size;
        }

        if (bin.Count > 0 && IsWorth(bin, options)) yield return bin;
    }

    private static bool IsWorth(List<Candidate> bin, CompactionOptions options) =>
        options.TakesAll || bin.Exists(file => file.IsWorn) || (bin.Count > 1 && bin.Count >= options.LeastFiles);

    private static IEnumerable<CompactionGroup> Combine(IEnumerable<List<Candidate>> bins, long targetBytes)
    {
        var (files, bytes, partition) = (new List<string>(), 0L, (string?)null);
        foreach (var bin in bins)
        {
            var size = bin.Sum(file => file.File.Entry.SizeBytes);
            // Two bins of one partition would come to more than one file.
            var isFull = bytes + size > targetBytes || files.Count + bin.Count > MostFiles || bin[0].Key == partition;
            if (files.Count > 0 && isFull)
            {
                yield return new CompactionGroup(files.ToEquatableArray(), bytes);
                (files, bytes) = ([], 0);
            }

            files.AddRange(bin.Select(file => file.File.Entry.Path));
            (bytes, partition) = (bytes + size, bin[0].Key);
        }

        if (files.Count > 0) yield return new CompactionGroup(files.ToEquatableArray(), bytes);
    }
}
