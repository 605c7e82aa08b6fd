using Federation.Connectors.Formats.Avro;
using Federation.Connectors.Lakehouse.Pruning;
using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// What manifests and manifest lists say about the columns of files: partition values, partition summaries, bounds and counts.
/// </summary>
internal sealed class FileRanges(TableMetadata metadata, IcebergSchema schema)
{
    /// <summary>The primitive type of a partition field's source, in its newest form; null when it cannot be found.</summary>
    public IcebergType.Primitive? SourceOf(PartitionField field) => metadata.FindField(field.SourceId)?.Type as IcebergType.Primitive;

    public IEnumerable<ColumnRange> OfManifest(ManifestFile manifest, PartitionSpec spec, string column)
    {
        if (schema.Find(column) is not { } field) yield break;
        for (var i = 0; i < spec.Fields.Count && i < manifest.Partitions.Count; i++)
        {
            var part = spec.Fields[i];
            if (part.SourceId != field.Id || Function(part) is not { } function || part.Transform.ResultOf(function.Source) is not { } type)
                continue;
            var summary = manifest.Partitions[i];
            var mayHaveNaN = function.Source.Kind is IcebergKind.Float or IcebergKind.Double && summary.HasNaN is not false;
            // No bound at all means that every value is NULL or NaN, unless a writer left them out; only a summary with NULLs is believed.
            var mayHaveValue = summary.Lower is not null || summary.Upper is not null || !summary.HasNull || summary.HasNaN is null;
            yield return new ColumnRange(
                summary.Lower is null ? null : SingleValue.FromBound(summary.Lower, type),
                summary.Upper is null ? null : SingleValue.FromBound(summary.Upper, type),
                summary.HasNull, mayHaveValue, mayHaveNaN, OrNone(function));
        }
    }

    public IEnumerable<ColumnRange> OfFile(TableFile file, string column)
    {
        if (schema.Find(column) is not { Type: IcebergType.Primitive type } field) yield break;
        for (var i = 0; i < file.Spec.Fields.Count; i++)
        {
            var part = file.Spec.Fields[i];
            if (part.SourceId == field.Id && Function(part) is { } function && OfPartition(file, part, i, function) is { } range)
                yield return range;
        }

        yield return OfMetrics(file.Packed.Metrics(field.Id), type);
    }

    /// <summary>The values of a file's partition in their CLR forms, in the order of the spec.</summary>
    public EquatableArray<object?> PartitionOf(AvroRecord? partition, PartitionSpec spec) => spec.Fields.Select((field, index) =>
        Raw(partition, field, index) is { } raw && field.Transform.ResultOf(SourceOf(field)) is { } type
            ? SingleValue.FromAvro(raw, type)
            : null)
        .ToEquatableArray();

    /// <summary>The value as the manifest holds it. Writers of the first version gave no ids; there the position counts.</summary>
    public static object? Raw(AvroRecord? partition, PartitionField field, int index) =>
        partition is null ? null
        : partition.HasId(field.FieldId) ? partition.ById(field.FieldId)
        : partition.ByName(field.Name)
            ?? (index < partition.Values.Count && partition.Schema.Fields[index].FieldId < 0 ? partition.Values[index] : null);

    private static ColumnRange? OfPartition(TableFile file, PartitionField part, int index, TransformFunction function)
    {
        if (file.Packed.Partition is null) return null;
        if (Raw(file.Packed.Partition, part, index) is null) return ColumnRange.OnlyNull;
        if (file.PartitionValues[index] is not { } value) return null;
        return ValueOrder.IsNaN(value)
            ? new ColumnRange(null, null, false, false, true, OrNone(function))
            : new ColumnRange(value, value, false, true, false, OrNone(function));
    }

    private static ColumnRange OfMetrics(FieldMetrics metrics, IcebergType.Primitive type)
    {
        var mayHaveNaN = type.Kind is IcebergKind.Float or IcebergKind.Double && metrics.NaNs is not 0;
        return new ColumnRange(
            metrics.Lower is { } lower ? SingleValue.FromBound(lower, type) : null,
            metrics.Upper is { } upper ? SingleValue.FromBound(upper, type) : null,
            metrics.Nulls is not 0, !(metrics.Nulls is { } nulls && metrics.Values is { } all && all > 0 && nulls >= all), mayHaveNaN);
    }

    private TransformFunction? Function(PartitionField field) =>
        field.Transform.Kind is TransformKind.Void or TransformKind.Unknown || SourceOf(field) is not { } source
            ? null
            : new TransformFunction(field.Transform, source);

    // An identity partition's bounds are the column's own and compare with constants of every type.
    private static TransformFunction? OrNone(TransformFunction function) => function.Transform.Kind == TransformKind.Identity
        ? null
        : function;
}
