using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Parquet;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Kernel expressions that turn a leaf of a Parquet file into a table type without loss. Reads what the specification's appendix A
/// prescribes, the allowed promotions, and the deviations of writers in the wild: missing annotations, other units, INT96, instants stored
/// as local times.
/// </summary>
internal static class LeafConversion
{
    /// <summary>The expression; the same text when a cast is all it takes; null when the file's type does not fit the table's.</summary>
    public static string? Write(string text, ParquetField leaf, IcebergType.Primitive target) => target.Kind switch
    {
        IcebergKind.Boolean => leaf.Physical == PhysicalType.Boolean ? text : null,
        IcebergKind.Int or IcebergKind.Long => IsInteger(leaf) ? text : null,
        IcebergKind.Float => leaf.Physical == PhysicalType.Float || leaf.Meaning == ParquetMeaning.Float16 ? text : null,
        IcebergKind.Double => leaf.Physical is PhysicalType.Float or PhysicalType.Double || leaf.Meaning == ParquetMeaning.Float16
            ? text
            : null,
        // Precision may grow, the scale is fixed.
        IcebergKind.Decimal => leaf.Meaning == ParquetMeaning.Decimal && leaf.Scale == target.Scale && leaf.Precision <= target.Precision
            ? text
            : null,
        IcebergKind.Date => Date(text, leaf),
        IcebergKind.Time => leaf.Meaning is ParquetMeaning.TimeMillis or ParquetMeaning.TimeMicros or ParquetMeaning.TimeNanos
            ? text
            : null,
        IcebergKind.Timestamp or IcebergKind.TimestampNs => Timestamp(text, leaf, isInstant: false),
        IcebergKind.Timestamptz or IcebergKind.TimestamptzNs => Timestamp(text, leaf, isInstant: true),
        IcebergKind.String => String(text, leaf),
        IcebergKind.Uuid => Uuid(text, leaf),
        IcebergKind.Fixed or IcebergKind.Binary => Binary(text, leaf),
        _ => null,
    };

    private static bool IsInteger(ParquetField leaf) =>
        leaf is { Physical: PhysicalType.Int32 or PhysicalType.Int64,
            Meaning: ParquetMeaning.None or ParquetMeaning.Integer or ParquetMeaning.UnsignedInteger };

    private static string? Date(string text, ParquetField leaf) => leaf switch
    {
        { Meaning: ParquetMeaning.Date } => text,
        { Physical: PhysicalType.Int32, Meaning: ParquetMeaning.None } => $"DATE '1970-01-01' + {text}",
        _ => null,
    };

    // The kernel's own casts between local times and instants depend on the session's zone, and its cast from nanoseconds does not cut down
    // before 1970; so everything but the exact type goes through the number of microseconds.
    private static string? Timestamp(string text, ParquetField leaf, bool isInstant)
    {
        var make = isInstant ? "make_timestamptz" : "make_timestamp";
        var isKernelInstant = leaf is { HasLogicalType: true, IsAdjustedToUtc: true };
        switch (leaf.Meaning)
        {
            case ParquetMeaning.TimestampMicros or ParquetMeaning.TimestampMillis:
                return isKernelInstant == isInstant ? text : $"{make}(epoch_us({text}))";
            case ParquetMeaning.TimestampNanos:
                return KernelText.CutNanoseconds(text, isInstant);
            case ParquetMeaning.Date when !isInstant: return text;
            case ParquetMeaning.None when leaf.Physical == PhysicalType.Int96: return isInstant ? $"{make}(epoch_us({text}))" : text;
            case ParquetMeaning.None when leaf.Physical == PhysicalType.Int64: return $"{make}({text})";
            default: return null;
        }
    }

    private static string? String(string text, ParquetField leaf) => leaf switch
    {
        { Meaning: ParquetMeaning.String or ParquetMeaning.Enum or ParquetMeaning.Json } => text,
        // A cast would write bytes above 127 as escapes.
        { Physical: PhysicalType.ByteArray, Meaning: ParquetMeaning.None } => $"decode({text})",
        _ => null,
    };

    private static string? Uuid(string text, ParquetField leaf) => leaf switch
    {
        { Meaning: ParquetMeaning.Uuid or ParquetMeaning.String } => text,
        { Physical: PhysicalType.FixedLenByteArray, TypeLength: 16, Meaning: ParquetMeaning.None } => $"CAST(hex({text}) AS UUID)",
        _ => null,
    };

    private static string? Binary(string text, ParquetField leaf) => leaf switch
    {
        { Physical: PhysicalType.ByteArray or PhysicalType.FixedLenByteArray, Meaning: ParquetMeaning.None or ParquetMeaning.Bson } => text,
        { Meaning: ParquetMeaning.String or ParquetMeaning.Enum or ParquetMeaning.Json } => $"encode({text})",
        { Meaning: ParquetMeaning.Uuid } => $"unhex(replace(CAST({text} AS VARCHAR), '-', ''))",
        _ => null,
    };
}
