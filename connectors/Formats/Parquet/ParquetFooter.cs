using Federation.Core.Types;

namespace Federation.Connectors.Formats.Parquet;

/// <summary>parquet.thrift Type.</summary>
public enum PhysicalType
{
    Boolean = 0,
    Int32 = 1,
    Int64 = 2,
    Int96 = 3,
    Float = 4,
    Double = 5,
    ByteArray = 6,
    FixedLenByteArray = 7,
}

public enum Repetition
{
    Required = 0,
    Optional = 1,
    Repeated = 2,
}

/// <summary>What a column means, from LogicalType or, where that is absent, from the older ConvertedType.</summary>
public enum ParquetMeaning
{
    None,
    String,
    Enum,
    Json,
    Bson,
    Uuid,
    Decimal,
    Date,
    TimeMillis,
    TimeMicros,
    TimeNanos,
    TimestampMillis,
    TimestampMicros,
    TimestampNanos,
    Integer,
    UnsignedInteger,
    Interval,
    Float16,
    Map,
    List,
    Variant,
    Geometry,
    Geography,
    Unknown,
}

/// <summary>A node of the schema tree. Leaves have a physical type.</summary>
public sealed class ParquetField
{
    public required string Name { get; init; }

    /// <summary>Iceberg's id (spec, appendix A), or -1.</summary>
    public int FieldId { get; init; } = -1;

    public Repetition Repetition { get; init; }

    public PhysicalType? Physical { get; init; }

    /// <summary>Bytes per value of FIXED_LEN_BYTE_ARRAY.</summary>
    public int TypeLength { get; init; }

    public ParquetMeaning Meaning { get; init; }

    /// <summary>Bits of an annotated integer; 0 without annotation.</summary>
    public int BitWidth { get; init; }

    public int Precision { get; init; }

    public int Scale { get; init; }

    /// <summary>For times and timestamps: instants, not local times.</summary>
    public bool IsAdjustedToUtc { get; init; }

    /// <summary>The meaning comes from LogicalType; the kernel takes timestamps for instants only then.</summary>
    public bool HasLogicalType { get; init; }

    public IReadOnlyList<ParquetField> Children { get; internal set; } = [];

    public bool IsLeaf => Physical is not null;

    /// <summary>
    /// The item of a list: through the three-level form <c>list.element</c> and the older two-level forms (parquet-format LogicalTypes.md,
    /// "Backward-compatibility rules"). Null for anything but a list.
    /// </summary>
    public ParquetField? ListItem
    {
        get
        {
            if (Repetition == Repetition.Repeated && Meaning != ParquetMeaning.List) return null;
            if (Meaning != ParquetMeaning.List || Children is not [{ Repetition: Repetition.Repeated } repeated]) return null;
            var isItem = repeated.IsLeaf || repeated.Children.Count != 1 || repeated.Name == "array" || repeated.Name == Name + "_tuple";
            return isItem ? repeated : repeated.Children[0];
        }
    }

    /// <summary>Key and value of a map; null for anything else.</summary>
    public (ParquetField Key, ParquetField Value)? MapEntry =>
        Meaning == ParquetMeaning.Map && Children is [{ Repetition: Repetition.Repeated, Children: [var key, var value] }]
            ? (key, value)
            : null;
}

/// <param name="Path">Names from the top-level column down.</param>
/// <param name="Min">Plain-encoded bound, possibly not exact; null when unknown.</param>
public sealed record ColumnChunk(
    IReadOnlyList<string> Path,
    PhysicalType Physical,
    int Codec,
    uint EncodingBits,
    long ValueCount,
    long TotalCompressedSize,
    byte[]? Min,
    byte[]? Max,
    long? NullCount,
    bool IsEncrypted)
{
    /// <summary>Where in the file its pages begin.</summary>
    public long Offset { get; init; }

    public bool HasEncoding(int encoding) => (EncodingBits >> encoding & 1) != 0;
}

public sealed record RowGroup(long RowCount, IReadOnlyList<ColumnChunk> Columns);

/// <summary>A Parquet file's FileMetaData (parquet-format parquet.thrift).</summary>
/// <param name="Root">The schema's root; its children are the columns.</param>
public sealed record ParquetFooter(ParquetField Root, long RowCount, IReadOnlyList<RowGroup> RowGroups, bool IsEncrypted, string? CreatedBy)
{
    public IReadOnlyList<ParquetField> Columns => Root.Children;

    private readonly Lazy<IReadOnlyDictionary<string, ColumnStatistics>> _statistics = new(() => ParquetStatistics.Of(Root, RowGroups));

    /// <summary>
    /// Between what the values of top-level columns lie, by name; columns of which that is not known are absent. Read when first asked for:
    /// of files of a table format nobody asks.
    /// </summary>
    public IReadOnlyDictionary<string, ColumnStatistics> Statistics => _statistics.Value;

    /// <summary>Bytes of the file that this was read from; the weight in caches.</summary>
    public int Length { get; init; }

    /// <summary>The version of the file that this was read from; null for bytes in memory.</summary>
    public string? Version { get; init; }

    /// <summary>
    /// Text that is equal for files of equal schema: names, ids, types and nesting. Files of one signature can be read by one scan.
    /// </summary>
    public string Signature { get; } = SchemaSignature.Of(Root);
}
