using System.Diagnostics;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.ValueForms;

/// <summary>Chooses the encoder of a result column by type and format code (0 text, 1 binary).</summary>
public static class Codecs
{
    public const short Text = 0;
    public const short Binary = 1;

    public static ColumnEncoder Choose(SqlType type, short formatCode, TextFormat format) => formatCode switch
    {
        Text => ChooseText(type, format, outerLevels: 0),
        Binary => ChooseBinary(type),
        _ => throw new SqlException(SqlState.InvalidParameterValue, $"unsupported format code: {formatCode}"),
    };

    /// <param name="type">Of the values.</param>
    /// <param name="format">The session's settings.</param>
    /// <param name="outerLevels">How many records, and arrays of other than arrays, the values are in.</param>
    private static ColumnEncoder ChooseText(SqlType type, TextFormat format, int outerLevels)
    {
        if (type.IsArray)
        {
            var quotes = !type.IsVector && !type.Element!.IsArray;
            var item = ChooseText(type.Element!, format, quotes ? outerLevels + 1 : outerLevels);
            return type.IsVector ? new VectorTextEncoder(item) : new ArrayTextEncoder(item, (byte)ArrayText.Delimiter(type), outerLevels);
        }

        return type.Storage switch
        {
            Storage.Boolean => new BooleanTextEncoder(),
            Storage.Int16 => new Int16TextEncoder(),
            Storage.Int32 => new Int32TextEncoder(),
            Storage.Int64 when ValueText.IsReg(type.Base) => new RegTextEncoder(type.Base, format),
            Storage.Int64 when ReferenceEquals(type.Base, PgTypes.Xid8) => new UInt64TextEncoder(),
            Storage.Int64 => new Int64TextEncoder(),
            Storage.Float32 => new Float32TextEncoder(format.ExtraFloatDigits),
            Storage.Float64 => new Float64TextEncoder(format.ExtraFloatDigits),
            Storage.Decimal => new DecimalTextEncoder(type.Decimal!.Value.Scale),
            Storage.Text => new RawBytesEncoder(),
            Storage.Bytes => new ByteaTextEncoder(format.ByteaOutput),
            Storage.Date => new DateTextEncoder(format),
            Storage.Time => new TimeTextEncoder(),
            Storage.TimeTz => new TimeTzTextEncoder(),
            Storage.Timestamp => new TimestampTextEncoder(ReferenceEquals(type.Base, PgTypes.Timestamptz), format),
            Storage.Interval => new IntervalTextEncoder(format.IntervalStyle),
            Storage.Uuid => new UuidTextEncoder(),
            Storage.Bit => new BitTextEncoder(),
            Storage.Struct =>
                new RecordTextEncoder(type.Fields.Select(field => ChooseText(field.Type, format, outerLevels + 1)).ToArray(), outerLevels),
            _ => throw new UnreachableException(type.ToString()),
        };
    }

    private static ColumnEncoder ChooseBinary(SqlType type)
    {
        if (type.IsArray)
        {
            var depth = 1;
            var leaf = type.Element!;
            while (leaf.IsArray && !leaf.IsVector)
            {
                leaf = leaf.Element!;
                depth++;
            }

            return new ArrayBinaryEncoder(ChooseBinary(leaf), leaf.AnnouncedOid, depth, type.IsVector ? 0 : 1);
        }

        return type.Storage switch
        {
            Storage.Boolean => new BooleanBinaryEncoder(),
            Storage.Int16 => new Int16BinaryEncoder(),
            Storage.Int32 => new Int32BinaryEncoder(),
            Storage.Float32 => new Float32BinaryEncoder(),
            Storage.Float64 => new Float64BinaryEncoder(),
            Storage.Int64 when type.Base.Length == 8 => new Int64BinaryEncoder(),
            Storage.Int64 => new OidBinaryEncoder(),
            Storage.Time => new Int64BinaryEncoder(),
            Storage.Decimal => new DecimalBinaryEncoder(type.Decimal!.Value.Scale),
            Storage.Text => ChooseTextHeldBinary(type),
            Storage.Bytes => new RawBytesEncoder(),
            Storage.Date => new DateBinaryEncoder(),
            Storage.TimeTz => new TimeTzBinaryEncoder(),
            Storage.Timestamp => new TimestampBinaryEncoder(),
            Storage.Interval => new IntervalBinaryEncoder(),
            Storage.Uuid => new UuidBinaryEncoder(),
            Storage.Bit => new BitBinaryEncoder(),
            Storage.Struct => new RecordBinaryEncoder(
                type.Fields.Select(field => ChooseBinary(field.Type)).ToArray(),
                type.Fields.Select(field => field.Type.AnnouncedOid).ToArray()),
            _ => throw new UnreachableException(type.ToString()),
        };
    }

    private static ColumnEncoder ChooseTextHeldBinary(SqlType type)
    {
        if (type.IsNumeric) return new NumericTextBinaryEncoder();
        if (ReferenceEquals(type.Base, PgTypes.Jsonb) || ReferenceEquals(type.Base, PgTypes.Jsonpath))
            return new VersionedTextBinaryEncoder();
        if (type.Base.Source is { Kind: 'c', Fields: { Count: > 0 } fields })
        {
            var record = SqlType.Record(fields.AsSpan());
            return new CompositeBinaryEncoder(record,
                new RecordBinaryEncoder(fields.Select(field => ChooseBinary(field.Type)).ToArray(),
                    fields.Select(field => field.Type.AnnouncedOid).ToArray()));
        }

        return TextHeldBinary.Supports(type.Base) ? new ParsedTextBinaryEncoder(type.Base) : new RawBytesEncoder();
    }
}
