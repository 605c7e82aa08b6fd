using System.Buffers.Binary;
using System.Numerics;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Connectors.Formats.Parquet;

/// <summary>
/// The ranges of a file's columns, from the bounds of its column chunks (parquet.thrift Statistics, min_value and max_value). Columns of
/// numbers, dates and timestamps have them, where the writer gave bounds for each row group.
/// </summary>
internal static class ParquetStatistics
{
    private const long MostMilliseconds = long.MaxValue / 1000;

    /// <summary>By the names of top-level columns.</summary>
    public static IReadOnlyDictionary<string, ColumnStatistics> Of(ParquetField root, IReadOnlyList<RowGroup> rowGroups)
    {
        var fields = new Dictionary<string, ParquetField>(StringComparer.Ordinal);
        foreach (var field in root.Children)
            if (field is { IsLeaf: true, Repetition: not Repetition.Repeated })
                fields.TryAdd(field.Name, field);
        var ranges = new Dictionary<string, ColumnStatistics>(StringComparer.Ordinal);
        foreach (var chunk in rowGroups.SelectMany(group => group.Columns))
        {
            if (chunk.Path is not [var name] || !fields.TryGetValue(name, out var field)) continue;
            if (chunk.NullCount == chunk.ValueCount) continue;
            if (chunk.IsEncrypted || chunk.Min is null || chunk.Max is null
                || ColumnStatistics.Of(Value(chunk.Min, field), Value(chunk.Max, field)) is not { } range)
            {
                // Unknown in one row group is unknown in the file.
                fields.Remove(name);
                ranges.Remove(name);
                continue;
            }

            ranges[name] = ranges.TryGetValue(name, out var other) ? ColumnStatistics.Union(range, other)! : range;
        }

        return ranges;
    }

    /// <summary>A plain-encoded bound as the value of a column; null for what has no place on a line.</summary>
    private static object? Value(byte[] bound, ParquetField field)
    {
        object? number = (field.Physical, bound.Length) switch
        {
            (PhysicalType.Int32, 4) => field.Meaning == ParquetMeaning.UnsignedInteger
                ? (long)BinaryPrimitives.ReadUInt32LittleEndian(bound)
                : (long)BinaryPrimitives.ReadInt32LittleEndian(bound),
            (PhysicalType.Int64, 8) when field.Meaning != ParquetMeaning.UnsignedInteger => BinaryPrimitives.ReadInt64LittleEndian(bound),
            (PhysicalType.Float, 4) => BinaryPrimitives.ReadSingleLittleEndian(bound),
            (PhysicalType.Double, 8) => BinaryPrimitives.ReadDoubleLittleEndian(bound),
            (PhysicalType.FixedLenByteArray or PhysicalType.ByteArray, > 0 and <= 16) when field.Meaning == ParquetMeaning.Decimal =>
                new BigInteger(bound, isUnsigned: false, isBigEndian: true),
            _ => null,
        };
        return (field.Meaning, number) switch
        {
            (ParquetMeaning.None or ParquetMeaning.Integer or ParquetMeaning.UnsignedInteger, _) => number,
            (ParquetMeaning.Decimal, long unscaled) => new PgNumeric(unscaled, field.Scale),
            (ParquetMeaning.Decimal, BigInteger unscaled) => new PgNumeric(unscaled, field.Scale),
            (ParquetMeaning.Date, long days) => new PgDate((int)days),
            (ParquetMeaning.TimestampMillis, long milliseconds and > -MostMilliseconds and < MostMilliseconds) =>
                new PgTimestamp(milliseconds * 1000),
            (ParquetMeaning.TimestampMicros, long microseconds) => new PgTimestamp(microseconds),
            (ParquetMeaning.TimestampNanos, long nanoseconds) => new PgTimestamp(nanoseconds / 1000),
            _ => null,
        };
    }
}
