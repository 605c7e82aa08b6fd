using System.Globalization;
using System.Text;
using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>A live file of a table: the manifest entry with what it inherits, its place, and its partition.</summary>
internal sealed class TableFile(PackedEntry packed, long sequenceNumber, PartitionSpec spec, FileRanges ranges, TableLocation location)
{
    private ManifestEntry? _entry;
    private EquatableArray<object?>? _partitionValues;
    private string? _path;
    private string? _partitionKey;

    /// <summary>The entry as the manifest's block of bytes holds it, for questions about files that may not be read.</summary>
    public PackedEntry Packed => packed;

    public ManifestEntry Entry => _entry ??= packed.Read();

    public long SequenceNumber { get; } = sequenceNumber;

    public PartitionSpec Spec { get; } = spec;

    /// <summary>In the order of the spec's fields; null also where a value's type is not known.</summary>
    public EquatableArray<object?> PartitionValues => _partitionValues ??= ranges.PartitionOf(packed.Partition, Spec);

    /// <summary>Where the file is now. Found when it is first asked for, so that files that are not read need not be anywhere.</summary>
    public string Path => _path ??= location.Resolve(Entry.Path);

    /// <summary>
    /// Equal for files of the same spec and partition: values in their newest type, raw ones where the type is not known. Floats go by
    /// their bits, as in Java.
    /// </summary>
    public string PartitionKey => _partitionKey ??= MakeKey();

    private string MakeKey()
    {
        var key = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Spec.Id}");
        for (var i = 0; i < Spec.Fields.Count; i++)
        {
            var text = (PartitionValues[i] ?? FileRanges.Raw(Entry.Partition, Spec.Fields[i], i)) switch
            {
                null => null,
                byte[] bytes => Convert.ToHexString(bytes),
                float number => BitConverter.SingleToInt32Bits(float.IsNaN(number) ? float.NaN : number)
                    .ToString(CultureInfo.InvariantCulture),
                double number => BitConverter.DoubleToInt64Bits(double.IsNaN(number) ? double.NaN : number)
                    .ToString(CultureInfo.InvariantCulture),
                var value => Convert.ToString(value, CultureInfo.InvariantCulture),
            };
            key.Append('/').Append(text is null ? "-" : $"{text.Length.ToString(CultureInfo.InvariantCulture)}:{text}");
        }

        return key.ToString();
    }
}
