using Federation.Connectors.Lakehouse.Iceberg.Writing;

namespace Federation.Connectors.Lakehouse.Iceberg.Maintenance;

/// <summary>Which delete files of a state are still for a row of it.</summary>
internal static class NeededDeletes
{
    /// <summary>
    /// The delete files that are for no row any more once some data files are gone, by recorded path. What is not certain stays.
    /// </summary>
    /// <param name="data">The live data files.</param>
    /// <param name="deletes">The live delete files.</param>
    /// <param name="gone">Recorded paths of data files that go.</param>
    public static async Task<HashSet<string>> FindUnneededAsync(IcebergTable table, IReadOnlyList<TableFile> data,
        IReadOnlyList<TableFile> deletes, IReadOnlySet<string> gone, CancellationToken cancellationToken)
    {
        var kept = data.Where(file => !gone.Contains(file.Packed.Path)).ToArray();
        var paths = kept.Select(file => file.Packed.Path).ToHashSet(StringComparer.Ordinal);
        var equalities = new HashSet<TableFile>(ReferenceEqualityComparer.Instance);
        if (deletes.Any(delete => delete.Entry.Content == FileContent.EqualityDeletes))
        {
            var index = new DeleteIndex(deletes);
            foreach (var file in kept) equalities.UnionWith(index.EqualitiesOf(file));
        }

        var unneeded = new HashSet<string>(StringComparer.Ordinal);
        foreach (var delete in deletes)
        {
            var isNeeded = delete.Entry switch
            {
                { Content: FileContent.EqualityDeletes } => equalities.Contains(delete),
                { ReferencedDataFile: { } only } => paths.Contains(only),
                { Format: "parquet" } => await NamesAnyAsync(table, delete, kept, paths, cancellationToken),
                _ => true,
            };
            if (!isNeeded) unneeded.Add(delete.Entry.Path);
        }

        return unneeded;
    }

    private static async ValueTask<bool> NamesAnyAsync(IcebergTable table, TableFile delete, TableFile[] kept, HashSet<string> paths,
        CancellationToken cancellationToken)
    {
        if (!Array.Exists(kept, file => DeleteIndex.MayName(delete, file.Packed.Path))) return false;
        await foreach (var (names, _) in PositionDeleteFiles.ReadAsync(table.Store, delete.Path, cancellationToken))
            if (Array.Exists(names, paths.Contains))
                return true;
        return false;
    }
}
