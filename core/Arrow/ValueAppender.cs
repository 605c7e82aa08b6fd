using System.Buffers.Binary;
using System.Text;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Arrow;

/// <summary>Appends values in their CLR forms (listed in Values.cs) to column builders.</summary>
public static class ValueAppender
{
    // The kernel stores the offset of a time with zone as its distance from the largest one.
    private const int MaxOffsetSeconds = (16 * 60 * 60) - 1;

    public static void AppendValue(this ColumnBuilder column, object? value)
    {
        switch (column.Type.Storage)
        {
            case var _ when value is null: column.AppendNull(); break;
            case Storage.Boolean: column.AppendBoolean((bool)value); break;
            case Storage.Int16: column.Append((short)value); break;
            case Storage.Int32: column.Append((int)value); break;
            case Storage.Int64: column.Append((long)value); break;
            case Storage.Float32: column.Append((float)value); break;
            case Storage.Float64: column.Append((double)value); break;
            case Storage.Decimal: column.AppendDecimal(ToUnscaled((PgNumeric)value, column.Type.Decimal!.Value)); break;
            case Storage.Text: AppendText(column, value as string ?? value.ToString()!); break;
            case Storage.Bytes: column.AppendBytes((byte[])value); break;
            case Storage.Date: column.Append(((PgDate)value).Days); break;
            case Storage.Time: column.Append(((PgTime)value).Microseconds); break;
            case Storage.TimeTz: column.Append(ToTimeTz((PgTimeTz)value)); break;
            case Storage.Timestamp: column.Append(((PgTimestamp)value).Microseconds); break;
            case Storage.Interval: column.Append((PgInterval)value); break;
            case Storage.Uuid: column.Append(ToUuid((Guid)value)); break;
            case Storage.Bit: AppendBits(column, (PgBits)value); break;
            case Storage.List: AppendArray(column, (PgArray)value); break;
            case Storage.Struct: AppendRecord(column, (object?[])value); break;
            default: throw new SqlException(SqlState.InternalError, $"values of type {column.Type} cannot be appended");
        }
    }

    /// <summary>The kernel's form of a uuid: a signed 128-bit integer whose order is that of the uuid's bytes.</summary>
    public static Int128 ToUuid(Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        return (Int128)(BinaryPrimitives.ReadUInt128BigEndian(bytes) ^ (UInt128.One << 127));
    }

    /// <summary>The kernel's form of a time with zone.</summary>
    public static long ToTimeTz(PgTimeTz value) => (value.Microseconds << 24) | (uint)(MaxOffsetSeconds - value.OffsetSeconds);

    private static void AppendText(ColumnBuilder column, string text)
    {
        Span<byte> small = stackalloc byte[256];
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        var bytes = most <= small.Length ? small : new byte[most];
        column.AppendBytes(bytes[..Encoding.UTF8.GetBytes(text, bytes)]);
    }

    private static Int128 ToUnscaled(PgNumeric value, DecimalShape shape)
    {
        var unscaled = value.Unscaled;
        for (var i = value.Scale; i < shape.Scale; i++) unscaled *= 10;
        if (!value.IsFinite || value.Scale > shape.Scale)
            throw new SqlException(SqlState.NumericValueOutOfRange, $"the number {value} does not fit {shape}");
        return (Int128)unscaled;
    }

    // The kernel's form: a byte with the number of padding bits, then the padding (ones) and the bits.
    private static void AppendBits(ColumnBuilder column, PgBits bits)
    {
        var source = bits.Bytes.AsSpan();
        var padding = (8 - (bits.Length & 7)) & 7;
        var bytes = new byte[source.Length + 1];
        bytes[0] = (byte)padding;
        var carry = (byte)((1 << padding) - 1);
        for (var i = 0; i < source.Length; i++)
        {
            bytes[i + 1] = (byte)((carry << (8 - padding)) | (source[i] >> padding));
            carry = (byte)(source[i] & ((1 << padding) - 1));
        }

        column.AppendBytes(bytes);
    }

    private static void AppendArray(ColumnBuilder column, PgArray array)
    {
        var next = 0;
        AppendDimension(column, array, 0, ref next);
    }

    private static void AppendDimension(ColumnBuilder column, PgArray array, int dimension, ref int next)
    {
        var length = dimension < array.Lengths.Count ? array.Lengths[dimension] : 0;
        for (var i = 0; i < length; i++)
        {
            if (dimension + 1 < array.Lengths.Count) AppendDimension(column.Children[0], array, dimension + 1, ref next);
            else column.Children[0].AppendValue(array.Items[next++]);
        }

        column.EndList();
    }

    private static void AppendRecord(ColumnBuilder column, object?[] fields)
    {
        for (var i = 0; i < fields.Length; i++) column.Children[i].AppendValue(fields[i]);
        column.EndStruct();
    }
}
