using System.Buffers;
using System.Globalization;
using System.Text;
using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Parquet;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Values;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// The partition values of a file that a task has written, in the form of bounds: what the transforms give for the bounds of the file's
/// columns, since all rows of the file have one value. Buckets stand in the name of the file's folder.
/// </summary>
internal static class PartitionValues
{
    /// <summary>Bounds of this many bytes may be cut, the upper one raised.</summary>
    private const int CutLength = 256;

    /// <param name="partsOf">The column chunks of a field of the file, by its id.</param>
    public static byte[]?[] Read(WrittenFile file, PartitionSpec spec, DataFile data, IReadOnlyList<IcebergField> fields,
        Func<int, ColumnChunk[]> partsOf)
    {
        var folder = file.Path.Split('/').LastOrDefault(name => name.Contains('=', StringComparison.Ordinal)) ?? "";
        var buckets = new Queue<string>(folder.Split('-')[1..]);
        return [.. spec.Fields.Select(field => field.Transform.Kind switch
        {
            TransformKind.Void => null,
            TransformKind.Bucket => Bucket(file, field, buckets),
            _ when data.NullCounts.GetValueOrDefault(field.SourceId) == data.RowCount => null,
            _ => OfBounds(file, field, (IcebergType.Primitive)fields.First(candidate => candidate.Id == field.SourceId).Type,
                partsOf(field.SourceId)),
        })];
    }

    private static byte[]? Bucket(WrittenFile file, PartitionField field, Queue<string> buckets)
    {
        if (!buckets.TryDequeue(out var text)) throw NotOne(file, field);
        if (text == "null") return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var bucket)
            ? BitConverter.GetBytes(bucket)
            : throw NotOne(file, field);
    }

    /// <summary>A column of which no bound is known holds NaN, the only number without.</summary>
    private static byte[] OfBounds(WrittenFile file, PartitionField field, IcebergType.Primitive type, ColumnChunk[] parts)
    {
        var bounds = parts.SelectMany(chunk => new[] { chunk.Min, chunk.Max })
            .Select(bytes => bytes is null ? null : DataFiles.Bound(bytes, type)).ToArray();
        if (Array.TrueForAll(bounds, bound => bound is null) && NaN(type) is { } nan) return nan;
        if (type.Kind is IcebergKind.String or IcebergKind.Binary) return OfTexts(file, field, type, parts);
        var values = bounds.Select(bound => bound is null ? null : Value(bound, field, type)).ToArray();
        return values.Length > 0 && values[0] is { } first
            && Array.TrueForAll(values, value => value is not null && value.AsSpan().SequenceEqual(first))
            ? first
            : throw NotOne(file, field);
    }

    private static byte[]? NaN(IcebergType.Primitive type) => type.Kind switch
    {
        IcebergKind.Double => BitConverter.GetBytes(double.NaN),
        IcebergKind.Float => BitConverter.GetBytes(float.NaN),
        _ => null,
    };

    /// <summary>
    /// The beginning of a lower bound is that of its value, however the bound was cut; that of an upper one may be raised.
    /// </summary>
    private static byte[] OfTexts(WrittenFile file, PartitionField field, IcebergType.Primitive type, ColumnChunk[] parts)
    {
        var values = new List<byte[]>();
        foreach (var chunk in parts.Where(chunk => chunk.NullCount != chunk.ValueCount))
        {
            var isWhole = chunk.Min is { Length: < CutLength } || (chunk.Min is not null && chunk.Min.AsSpan().SequenceEqual(chunk.Max));
            if (chunk.Min is not { } bound || Prefix(bound, isWhole, field.Transform, type) is not { } value)
                throw new SqlException(SqlState.ProgramLimitExceeded, $"a value of partition column \"{field.Name}\" is too long");
            values.Add(value);
        }

        return values.Count > 0 && values.TrueForAll(value => value.AsSpan().SequenceEqual(values[0]))
            ? values[0]
            : throw NotOne(file, field);
    }

    private static byte[]? Prefix(byte[] bound, bool isWhole, Transform transform, IcebergType.Primitive type)
    {
        if (transform.Kind == TransformKind.Identity) return isWhole ? bound : null;
        if (type.Kind == IcebergKind.Binary)
            return isWhole || bound.Length >= transform.Width ? bound[..Math.Min(bound.Length, transform.Width)] : null;
        // A character that the cut has split ends the count.
        var (length, count) = (0, 0);
        while (count < transform.Width && Rune.DecodeFromUtf8(bound.AsSpan(length), out _, out var bytes) == OperationStatus.Done)
            (length, count) = (length + bytes, count + 1);
        return isWhole || count == transform.Width ? bound[..length] : null;
    }

    private static byte[] Value(byte[] bound, PartitionField field, IcebergType.Primitive type)
    {
        if (field.Transform.Kind == TransformKind.Identity) return bound;
        return (SingleValue.FromBound(bound, type) is { } value ? field.Transform.Apply(value) : null) switch
        {
            int number => BitConverter.GetBytes(number),
            long number => BitConverter.GetBytes(number),
            PgNumeric number => number.Unscaled.ToByteArray(isUnsigned: false, isBigEndian: true),
            _ => throw new SqlException(SqlState.NumericValueOutOfRange, $"value out of range for partition field \"{field.Name}\""),
        };
    }

    private static SqlException NotOne(WrittenFile file, PartitionField field) =>
        FormatErrors.Corrupt(file.Path, $"it has not one value of partition column \"{field.Name}\"");
}
