using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Parquet;
using Federation.Core.Errors;
using Federation.Core.Tasks;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// A file of rows or of deletes that is to be added to a table, with what its footer says of it (spec, "Manifests", data_file).
/// </summary>
/// <param name="RecordedPath">The place as the table's metadata names it.</param>
/// <param name="Partition">The file's value of each partition field, in the form of bounds; null for NULL.</param>
internal sealed record DataFile(string RecordedPath, long SizeBytes, long RowCount, IReadOnlyList<byte[]?> Partition)
{
    public FileContent Content { get; init; } = FileContent.Data;

    /// <summary>The order of the rows; null for a file of deletes, whose order the format says.</summary>
    public int? SortOrderId { get; init; }

    /// <summary>The only data file whose rows a file of deletes names; null when there are several.</summary>
    public string? ReferencedDataFile { get; init; }

    public SortedDictionary<int, long> ColumnSizes { get; } = [];

    public SortedDictionary<int, long> ValueCounts { get; } = [];

    public SortedDictionary<int, long> NullCounts { get; } = [];

    public SortedDictionary<int, byte[]> LowerBounds { get; } = [];

    public SortedDictionary<int, byte[]> UpperBounds { get; } = [];
}

/// <summary>Takes what manifests say of data files from their Parquet footers.</summary>
internal static class DataFiles
{
    /// <summary>Code points of a text bound, and bytes of a binary one: write.metadata.metrics.default is truncate(16).</summary>
    private const int BoundLength = 16;

    public static DataFile Read(WrittenFile file, ParquetFooter footer, string recordedPath, IReadOnlyList<IcebergField> fields,
        PartitionSpec spec, int sortOrderId)
    {
        var chunks = footer.RowGroups.SelectMany(group => group.Columns)
            .GroupBy(chunk => string.Join('\0', chunk.Path), StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
        var result = new DataFile(recordedPath, file.SizeBytes, footer.RowCount, new byte[]?[spec.Fields.Count])
            { SortOrderId = sortOrderId };
        foreach (var leaf in footer.Columns.SelectMany(column => Leaves(column, [column.Name])))
        {
            if (leaf.Field.FieldId < 0 || !chunks.TryGetValue(string.Join('\0', leaf.Path), out var parts)) continue;
            var id = leaf.Field.FieldId;
            result.ColumnSizes[id] = parts.Sum(chunk => chunk.TotalCompressedSize);
            result.ValueCounts[id] = parts.Sum(chunk => chunk.ValueCount);
            if (Array.TrueForAll(parts, chunk => chunk.NullCount is not null))
                result.NullCounts[id] = parts.Sum(chunk => chunk.NullCount!.Value);

            // Bounds of what is nested in lists say nothing that a filter could use.
            if (leaf.Path.Count == 1 && fields.FirstOrDefault(field => field.Id == id)?.Type is IcebergType.Primitive type)
                AddBounds(result, id, type, parts);
        }

        var values = PartitionValues.Read(file, spec, result, fields, PartsOf);
        for (var i = 0; i < values.Length; i++) ((byte[]?[])result.Partition)[i] = values[i];
        return result;

        ColumnChunk[] PartsOf(int id) =>
            footer.Columns.FirstOrDefault(column => column.FieldId == id) is { } column ? chunks.GetValueOrDefault(column.Name) ?? [] : [];
    }

    private static void AddBounds(DataFile file, int id, IcebergType.Primitive type, ColumnChunk[] parts)
    {
        var valued = parts.Where(chunk => chunk.NullCount != chunk.ValueCount).ToArray();
        if (valued.Length == 0 || !Array.TrueForAll(valued, chunk => chunk is { Min: not null, Max: not null })) return;
        var (lower, upper) = (valued.Select(chunk => Bound(chunk.Min!, type)).ToArray(),
            valued.Select(chunk => Bound(chunk.Max!, type)).ToArray());
        if (lower.Concat(upper).Any(bound => bound is null)) return;
        var order = ValueComparer(type);
        var (least, most) = (lower.Select(bound => bound!).Min(order)!, upper.Select(bound => bound!).Max(order)!);
        if (type.Kind is IcebergKind.String or IcebergKind.Binary)
        {
            file.LowerBounds[id] = Cut(least, type.Kind);
            if (Raise(most, type.Kind) is { } raised) file.UpperBounds[id] = raised;
            return;
        }

        file.LowerBounds[id] = WithZero(least, type.Kind, isNegative: true);
        file.UpperBounds[id] = WithZero(most, type.Kind, isNegative: false);
    }

    /// <summary>Readers order -0.0 before 0.0; the kernel takes them for one value, of which either may be the bound.</summary>
    private static byte[] WithZero(byte[] bound, IcebergKind kind, bool isNegative) => kind switch
    {
        IcebergKind.Float when BinaryPrimitives.ReadSingleLittleEndian(bound) == 0 => BitConverter.GetBytes(isNegative ? -0f : 0f),
        IcebergKind.Double when BinaryPrimitives.ReadDoubleLittleEndian(bound) == 0 => BitConverter.GetBytes(isNegative ? -0d : 0d),
        _ => bound,
    };

    /// <summary>A plain-encoded bound of the file in the form of the table's bounds; null when it cannot be one.</summary>
    internal static byte[]? Bound(byte[] bytes, IcebergType.Primitive type) => type.Kind switch
    {
        IcebergKind.Boolean when bytes.Length == 1 => bytes,
        IcebergKind.Int or IcebergKind.Date when bytes.Length == 4 => bytes,
        IcebergKind.Long or IcebergKind.Time or IcebergKind.Timestamp or IcebergKind.Timestamptz when bytes.Length == 8 => bytes,
        IcebergKind.Float when bytes.Length == 4 && !float.IsNaN(BinaryPrimitives.ReadSingleLittleEndian(bytes)) => bytes,
        IcebergKind.Double when bytes.Length == 8 && !double.IsNaN(BinaryPrimitives.ReadDoubleLittleEndian(bytes)) => bytes,
        IcebergKind.Decimal => Decimal(bytes, type.Precision),
        IcebergKind.String or IcebergKind.Binary => bytes,
        IcebergKind.Uuid when bytes.Length == 16 => bytes,
        _ => null,
    };

    /// <summary>
    /// Decimals of up to 18 digits are little-endian integers in files, longer ones big-endian bytes; bounds are the shortest big-endian
    /// form.
    /// </summary>
    private static byte[]? Decimal(byte[] bytes, int precision)
    {
        if (precision <= 18 && bytes.Length is not (4 or 8)) return null;
        var value = precision <= 9 ? BinaryPrimitives.ReadInt32LittleEndian(bytes)
            : precision <= 18 ? BinaryPrimitives.ReadInt64LittleEndian(bytes)
            : new System.Numerics.BigInteger(bytes, isUnsigned: false, isBigEndian: true);
        return value.ToByteArray(isUnsigned: false, isBigEndian: true);
    }

    internal static Comparer<byte[]> ValueComparer(IcebergType.Primitive type) => Comparer<byte[]>.Create((left, right) => type.Kind switch
    {
        IcebergKind.Boolean => left[0].CompareTo(right[0]),
        IcebergKind.Int or IcebergKind.Date =>
            BinaryPrimitives.ReadInt32LittleEndian(left).CompareTo(BinaryPrimitives.ReadInt32LittleEndian(right)),
        IcebergKind.Float => BinaryPrimitives.ReadSingleLittleEndian(left).CompareTo(BinaryPrimitives.ReadSingleLittleEndian(right)),
        IcebergKind.Double => BinaryPrimitives.ReadDoubleLittleEndian(left).CompareTo(BinaryPrimitives.ReadDoubleLittleEndian(right)),
        IcebergKind.Decimal =>
            new System.Numerics.BigInteger(left, isUnsigned: false, isBigEndian: true)
                .CompareTo(new System.Numerics.BigInteger(right, isUnsigned: false, isBigEndian: true)),
        IcebergKind.Long or IcebergKind.Time or IcebergKind.Timestamp or IcebergKind.Timestamptz =>
            BinaryPrimitives.ReadInt64LittleEndian(left).CompareTo(BinaryPrimitives.ReadInt64LittleEndian(right)),
        _ => left.AsSpan().SequenceCompareTo(right),
    });

    private static byte[] Cut(byte[] bytes, IcebergKind kind) =>
        bytes.Length <= BoundLength ? bytes : kind == IcebergKind.Binary ? bytes[..BoundLength] : Prefix(bytes);

    /// <summary>A bound that no value exceeds: the cut value with its last unit raised by one; null when no unit can be raised.</summary>
    private static byte[]? Raise(byte[] bytes, IcebergKind kind)
    {
        var cut = Cut(bytes, kind);
        if (cut.Length == bytes.Length) return bytes;
        return kind == IcebergKind.Binary ? RaiseBytes(cut) : RaiseText(Encoding.UTF8.GetString(cut));
    }

    private static byte[]? RaiseBytes(byte[] bytes)
    {
        for (var i = bytes.Length - 1; i >= 0; i--)
            if (bytes[i] != 0xff)
                return [.. bytes[..i], (byte)(bytes[i] + 1)];
        return null;
    }

    private static byte[]? RaiseText(string text)
    {
        var runes = text.EnumerateRunes().ToList();
        for (var i = runes.Count - 1; i >= 0; i--)
        {
            var next = runes[i].Value + 1 == 0xd800 ? 0xe000 : runes[i].Value + 1;
            if (Rune.IsValid(next))
                return Encoding.UTF8.GetBytes(string.Concat(runes.Take(i).Append(new Rune(next)).Select(rune => rune.ToString())));
        }

        return null;
    }

    private static byte[] Prefix(byte[] utf8)
    {
        var text = Encoding.UTF8.GetString(utf8);
        var end = 0;
        for (var count = 0; count < BoundLength && end < text.Length; count++)
            end += char.IsHighSurrogate(text[end]) && end + 1 < text.Length ? 2 : 1;
        return Encoding.UTF8.GetBytes(text[..end]);
    }

    private static IEnumerable<(ParquetField Field, IReadOnlyList<string> Path)> Leaves(ParquetField field, IReadOnlyList<string> path) =>
        field.IsLeaf
        ? [(field, path)]
        : field.Children.SelectMany(child => Leaves(child, [.. path, child.Name]));
}
