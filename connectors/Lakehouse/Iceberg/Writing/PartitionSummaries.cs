namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>What manifest lists say of the partitions of manifests.</summary>
internal static class PartitionSummaries
{
    /// <summary>The summary of the partition values of files. NaN is no bound.</summary>
    public static PartitionSummary Of(IReadOnlyCollection<byte[]?> values, IcebergType.Primitive type)
    {
        var order = DataFiles.ValueComparer(type);
        var known = values.OfType<byte[]>().Where(value => !IsNaN(value, type)).ToArray();
        return new PartitionSummary(values.Any(value => value is null), values.Any(value => value is not null && IsNaN(value, type)),
            known.Min(order), known.Max(order));
    }

    private static bool IsNaN(byte[] value, IcebergType.Primitive type) => type.Kind switch
    {
        IcebergKind.Float => float.IsNaN(BitConverter.ToSingle(value)),
        IcebergKind.Double => double.IsNaN(BitConverter.ToDouble(value)),
        _ => false,
    };

    /// <summary>The summary of all files of several manifests; bounds are left open where they cannot be compared.</summary>
    /// <param name="manifests">The summaries of each, by field.</param>
    /// <param name="types">The types of the fields; null, or missing, where one is not known.</param>
    public static IReadOnlyList<PartitionSummary> Union(IReadOnlyList<IReadOnlyList<PartitionSummary>> manifests,
        IReadOnlyList<IcebergType.Primitive?> types)
    {
        if (manifests.Count == 1) return manifests[0];
        var fields = manifests.Min(summaries => summaries.Count);
        return [.. Enumerable.Range(0, fields).Select(field => Union(
            [.. manifests.Select(summaries => summaries[field])], field < types.Count ? types[field] : null))];
    }

    private static PartitionSummary Union(PartitionSummary[] summaries, IcebergType.Primitive? type)
    {
        var hasNaN = Array.Exists(summaries, summary => summary.HasNaN is null) ? (bool?)null
            : Array.Exists(summaries, summary => summary.HasNaN is true);
        // A summary without bounds leaves open whether it has values.
        if (type is null || !Array.TrueForAll(summaries, summary => summary is { Lower: not null, Upper: not null }))
            return new PartitionSummary(Array.Exists(summaries, summary => summary.HasNull), null, null, null);
        var order = DataFiles.ValueComparer(type);
        return new PartitionSummary(Array.Exists(summaries, summary => summary.HasNull), hasNaN,
            summaries.Select(summary => summary.Lower!).Min(order), summaries.Select(summary => summary.Upper!).Max(order));
    }
}
