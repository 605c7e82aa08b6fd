using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.ValueForms;

internal sealed unsafe class BooleanBinaryEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) => writer.WriteByte(column.GetBoolean(row) ? (byte)1 : (byte)0);

    public override byte* TryWrite(byte* target, byte* end, Column column, int row)
    {
        if (target == end) return null;
        *target = column.GetBoolean(row) ? (byte)1 : (byte)0;
        return target + 1;
    }
}

internal sealed unsafe class Int16BinaryEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) => writer.WriteInt16(column.Get<short>(row));

    public override byte* TryWrite(byte* target, byte* end, Column column, int row) =>
        BinaryForms.TryWrite(target, end, column.Get<short>(row));
}

internal sealed unsafe class Int32BinaryEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) => writer.WriteInt32(column.Get<int>(row));

    public override byte* TryWrite(byte* target, byte* end, Column column, int row) =>
        BinaryForms.TryWrite(target, end, column.Get<int>(row));
}

/// <summary>int8, xid8 and time: microseconds since midnight.</summary>
internal sealed unsafe class Int64BinaryEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) => writer.WriteInt64(column.Get<long>(row));

    public override byte* TryWrite(byte* target, byte* end, Column column, int row) =>
        BinaryForms.TryWrite(target, end, column.Get<long>(row));
}

/// <summary>Every NaN is sent with the bits that PostgreSQL's has.</summary>
internal sealed unsafe class Float32BinaryEncoder : ColumnEncoder
{
    private const int NaN = 0x7fc00000;

    public override void Write(ByteWriter writer, Column column, int row) =>
        writer.WriteInt32(float.IsNaN(column.Get<float>(row)) ? NaN : column.Get<int>(row));

    public override byte* TryWrite(byte* target, byte* end, Column column, int row) =>
        BinaryForms.TryWrite(target, end, float.IsNaN(column.Get<float>(row)) ? NaN : column.Get<int>(row));
}

internal sealed unsafe class Float64BinaryEncoder : ColumnEncoder
{
    private const long NaN = 0x7ff8000000000000;

    public override void Write(ByteWriter writer, Column column, int row) =>
        writer.WriteInt64(double.IsNaN(column.Get<double>(row)) ? NaN : column.Get<long>(row));

    public override byte* TryWrite(byte* target, byte* end, Column column, int row) =>
        BinaryForms.TryWrite(target, end, double.IsNaN(column.Get<double>(row)) ? NaN : column.Get<long>(row));
}

/// <summary>oid, xid and the reg types: held in 64 bits, unsigned 32 bits on the wire.</summary>
internal sealed unsafe class OidBinaryEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) => writer.WriteInt32((int)(uint)column.Get<long>(row));
}

internal sealed unsafe class DateBinaryEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) =>
        writer.WriteInt32(BinaryForms.Date(new PgDate(column.Get<int>(row))));

    public override byte* TryWrite(byte* target, byte* end, Column column, int row) =>
        BinaryForms.TryWrite(target, end, BinaryForms.Date(new PgDate(column.Get<int>(row))));
}

/// <summary>Local microseconds since midnight, then the zone in seconds west of UTC.</summary>
internal sealed unsafe class TimeTzBinaryEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row)
    {
        var value = TimeTzForm.Unpack(column.Get<long>(row));
        writer.WriteInt64(value.Microseconds);
        writer.WriteInt32(-value.OffsetSeconds);
    }
}

internal sealed unsafe class TimestampBinaryEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) =>
        writer.WriteInt64(BinaryForms.Timestamp(new PgTimestamp(column.Get<long>(row))));

    public override byte* TryWrite(byte* target, byte* end, Column column, int row) =>
        BinaryForms.TryWrite(target, end, BinaryForms.Timestamp(new PgTimestamp(column.Get<long>(row))));
}

internal sealed unsafe class IntervalBinaryEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row)
    {
        var value = column.Get<PgInterval>(row);
        writer.WriteInt64(value.Microseconds);
        writer.WriteInt32(value.Days);
        writer.WriteInt32(value.Months);
    }
}

internal sealed unsafe class UuidBinaryEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row)
    {
        UuidText.WriteNetworkOrder(writer.GetSpan(16), column.Get<UInt128>(row));
        writer.Advance(16);
    }
}

internal sealed unsafe class DecimalBinaryEncoder(int scale) : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) => NumericBinary.Write(writer, column.GetDecimal(row), scale);

    public override byte* TryWrite(byte* target, byte* end, Column column, int row)
    {
        if (column.DecimalWidth > 8 || end - target < NumericBinary.MostBytesOf64) return null;
        var value = column.DecimalWidth switch { 8 => column.Get<long>(row), 4 => column.Get<int>(row), _ => column.Get<short>(row) };
        return NumericBinary.Write(target, value, scale);
    }
}

/// <summary>numeric held as text.</summary>
internal sealed unsafe class NumericTextBinaryEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) => NumericBinary.WriteFromText(writer, column.GetBytes(row));
}

/// <summary>jsonb and jsonpath: a version byte, then the text.</summary>
internal sealed unsafe class VersionedTextBinaryEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row)
    {
        writer.WriteByte(1);
        writer.WriteBytes(column.GetBytes(row));
    }
}

/// <summary>bit and varbit: the number of bits, then the bits from the top of the first byte.</summary>
internal sealed unsafe class BitBinaryEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row)
    {
        var blob = column.GetBytes(row);
        var length = BitText.KernelLength(blob);
        writer.WriteInt32(length);
        var bytes = (length + 7) / 8;
        var target = writer.GetSpan(bytes)[..bytes];
        var shift = length == 0 ? 0 : blob[0];
        for (var i = 0; i < bytes; i++)
        {
            var high = blob[1 + i] << shift;
            var low = i + 2 < blob.Length ? blob[2 + i] >> (8 - shift) : 0;
            target[i] = (byte)(high | low);
        }

        writer.Advance(bytes);
    }
}

/// <summary>Types held as text whose binary form is not text: the value is read and written, which is rare enough to allocate.</summary>
internal sealed unsafe class ParsedTextBinaryEncoder(PgType type) : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) =>
        TextHeldBinary.Write(writer, type, System.Text.Encoding.UTF8.GetString(column.GetBytes(row)));
}

/// <summary>Conversions to the epoch of the wire, 2000-01-01, with its infinities.</summary>
internal static unsafe class BinaryForms
{
    public static byte* TryWrite(byte* target, byte* end, short value)
    {
        if (end - target < sizeof(short)) return null;
        Unsafe.WriteUnaligned(target, BinaryPrimitives.ReverseEndianness(value));
        return target + sizeof(short);
    }

    public static byte* TryWrite(byte* target, byte* end, int value)
    {
        if (end - target < sizeof(int)) return null;
        Unsafe.WriteUnaligned(target, BinaryPrimitives.ReverseEndianness(value));
        return target + sizeof(int);
    }

    public static byte* TryWrite(byte* target, byte* end, long value)
    {
        if (end - target < sizeof(long)) return null;
        Unsafe.WriteUnaligned(target, BinaryPrimitives.ReverseEndianness(value));
        return target + sizeof(long);
    }

    public static int Date(PgDate value)
    {
        Calendar.Check(value);
        return value.IsFinite ? value.Days - Calendar.PostgresEpochDays : value.Days > 0 ? int.MaxValue : int.MinValue;
    }

    public static long Timestamp(PgTimestamp value)
    {
        Calendar.Check(value);
        return value.IsFinite ? value.Microseconds - Calendar.PostgresEpochMicroseconds
            : value.Microseconds > 0 ? long.MaxValue : long.MinValue;
    }

    public static PgDate ToDate(int wire) => wire switch
    {
        int.MaxValue => PgDate.Infinity,
        int.MinValue => PgDate.NegativeInfinity,
        _ => new PgDate(checked(wire + Calendar.PostgresEpochDays)),
    };

    public static PgTimestamp ToTimestamp(long wire) => wire switch
    {
        long.MaxValue => PgTimestamp.Infinity,
        long.MinValue => PgTimestamp.NegativeInfinity,
        _ => new PgTimestamp(checked(wire + Calendar.PostgresEpochMicroseconds)),
    };
}
