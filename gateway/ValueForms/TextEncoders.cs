using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Federation.Arrow;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.ValueForms;

internal sealed unsafe class BooleanTextEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) =>
        writer.WriteByte(column.GetBoolean(row) ? (byte)'t' : (byte)'f');

    public override byte* TryWrite(byte* target, byte* end, Column column, int row)
    {
        if (target == end) return null;
        *target = column.GetBoolean(row) ? (byte)'t' : (byte)'f';
        return target + 1;
    }
}

internal sealed unsafe class Int16TextEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) => TextEncoding.WriteInteger(writer, column.Get<short>(row));

    public override byte* TryWrite(byte* target, byte* end, Column column, int row) =>
        end - target < Digits.MostIntegerBytes ? null : Digits.Write(target, column.Get<short>(row));
}

internal sealed unsafe class Int32TextEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) => TextEncoding.WriteInteger(writer, column.Get<int>(row));

    public override byte* TryWrite(byte* target, byte* end, Column column, int row) =>
        end - target < Digits.MostIntegerBytes ? null : Digits.Write(target, column.Get<int>(row));
}

internal sealed unsafe class Int64TextEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) => TextEncoding.WriteInteger(writer, column.Get<long>(row));

    public override byte* TryWrite(byte* target, byte* end, Column column, int row) =>
        end - target < Digits.MostIntegerBytes ? null : Digits.Write(target, column.Get<long>(row));
}

internal sealed unsafe class UInt64TextEncoder : ColumnEncoder
{
    private const int MaxLength = 20;

    public override void Write(ByteWriter writer, Column column, int row)
    {
        Utf8Formatter.TryFormat(column.Get<ulong>(row), writer.GetSpan(MaxLength), out var written);
        writer.Advance(written);
    }
}

internal sealed unsafe class RegTextEncoder(PgType type, TextFormat format) : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) =>
        writer.WriteText(ValueText.FormatReg(column.Get<long>(row), type, format));
}

internal sealed unsafe class Float32TextEncoder(int extraFloatDigits) : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) =>
        writer.Advance(FloatText.Write(writer.GetSpan(FloatText.MaxLength), column.Get<float>(row), extraFloatDigits));

    public override byte* TryWrite(byte* target, byte* end, Column column, int row) =>
        end - target < FloatText.MaxLength
            ? null
            : target + FloatText.Write(new Span<byte>(target, FloatText.MaxLength), column.Get<float>(row), extraFloatDigits);
}

internal sealed unsafe class Float64TextEncoder(int extraFloatDigits) : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) =>
        writer.Advance(FloatText.Write(writer.GetSpan(FloatText.MaxLength), column.Get<double>(row), extraFloatDigits));

    public override byte* TryWrite(byte* target, byte* end, Column column, int row) =>
        end - target < FloatText.MaxLength
            ? null
            : target + FloatText.Write(new Span<byte>(target, FloatText.MaxLength), column.Get<double>(row), extraFloatDigits);
}

internal sealed unsafe class DecimalTextEncoder(int scale) : ColumnEncoder
{
    // 18 digits, a sign, a point and a zero before it, and what the digits may overwrite behind it.
    private const int MostBytes = 32;

    public override void Write(ByteWriter writer, Column column, int row)
    {
        if (column.DecimalWidth < 16) TextEncoding.WriteScaled(writer, (long)column.GetDecimal(row), scale);
        else TextEncoding.WriteScaled(writer, column.GetDecimal(row), scale);
    }

    public override byte* TryWrite(byte* target, byte* end, Column column, int row)
    {
        if (column.DecimalWidth > 8 || end - target < MostBytes) return null;
        var value = column.DecimalWidth switch { 8 => column.Get<long>(row), 4 => column.Get<int>(row), _ => column.Get<short>(row) };
        if (scale == 0) return Digits.Write(target, value);
        if (value < 0) *target++ = (byte)'-';
        return Digits.WriteScaled(target, (ulong)Math.Abs(value), scale);
    }
}

/// <summary>Text in UTF-8 as it lies in the column; also the binary form of every type whose binary form is its text.</summary>
internal sealed unsafe class RawBytesEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) => writer.WriteBytes(column.GetBytes(row));

    public override byte* TryWrite(byte* target, byte* end, Column column, int row)
    {
        var bytes = column.GetBytes(row);
        var length = bytes.Length;
        if (end - target < length) return null;
        if (length is >= 8 and <= 16)
        {
            // Most words are this long: two copies that overlap save the call.
            ref var source = ref MemoryMarshal.GetReference(bytes);
            var last = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref source, length - 8));
            Unsafe.WriteUnaligned(target, Unsafe.ReadUnaligned<ulong>(ref source));
            Unsafe.WriteUnaligned(target + length - 8, last);
            return target + length;
        }

        bytes.CopyTo(new Span<byte>(target, length));
        return target + length;
    }
}

internal sealed unsafe class ByteaTextEncoder(ByteaOutput output) : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) => ByteaText.Write(writer, column.GetBytes(row), output);
}

internal sealed unsafe class DateTextEncoder(TextFormat format) : ColumnEncoder
{
    // 0001-01-01 and 9999-12-31: dates of four digits and of our era.
    private const int FirstPlainDay = -719_162;
    private const int LastPlainDay = 2_932_896;

    public override void Write(ByteWriter writer, Column column, int row) =>
        writer.Advance(DateTimeOutput.Write(writer.GetSpan(DateTimeOutput.MaxLength), new PgDate(column.Get<int>(row)), format));

    public override byte* TryWrite(byte* target, byte* end, Column column, int row)
    {
        if (end - target < DateTimeOutput.MaxLength) return null;
        var days = column.Get<int>(row);
        if (format.DateFormat != DateFormat.Iso || days is < FirstPlainDay or > LastPlainDay)
            return target + DateTimeOutput.Write(new Span<byte>(target, DateTimeOutput.MaxLength), new PgDate(days), format);
        return PlainDates.Write(target, days);
    }
}

internal sealed unsafe class TimeTextEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) =>
        writer.Advance(DateTimeOutput.Write(writer.GetSpan(DateTimeOutput.MaxLength), new PgTime(column.Get<long>(row))));
}

internal sealed unsafe class TimeTzTextEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) =>
        writer.Advance(DateTimeOutput.Write(writer.GetSpan(DateTimeOutput.MaxLength), TimeTzForm.Unpack(column.Get<long>(row))));
}

internal sealed unsafe class TimestampTextEncoder(bool withZone, TextFormat format) : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) =>
        writer.Advance(
            DateTimeOutput.Write(writer.GetSpan(DateTimeOutput.MaxLength), new PgTimestamp(column.Get<long>(row)), withZone, format));

    public override byte* TryWrite(byte* target, byte* end, Column column, int row) => end - target < DateTimeOutput.MaxLength
        ? null
        : target + DateTimeOutput.Write(new Span<byte>(target, DateTimeOutput.MaxLength), new PgTimestamp(column.Get<long>(row)),
            withZone, format);
}

internal sealed unsafe class IntervalTextEncoder(IntervalStyle style) : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) =>
        writer.Advance(IntervalOutput.Write(writer.GetSpan(IntervalOutput.MaxLength), column.Get<PgInterval>(row), style));
}

internal sealed unsafe class UuidTextEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row)
    {
        Utf8Formatter.TryFormat(UuidText.FromKernelForm(column.Get<UInt128>(row)), writer.GetSpan(UuidText.Length), out var written);
        writer.Advance(written);
    }
}

internal sealed unsafe class BitTextEncoder : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row) => BitText.WriteKernelForm(writer, column.GetBytes(row));
}

internal static class TextEncoding
{
    private const int MaxIntegerLength = 20;
    private const int MaxDecimalLength = 48;

    public static void WriteInteger(ByteWriter writer, long value)
    {
        Utf8Formatter.TryFormat(value, writer.GetSpan(MaxIntegerLength), out var written);
        writer.Advance(written);
    }

    /// <summary>The digits of an unscaled decimal with its point, written from the last digit backwards.</summary>
    public static void WriteScaled(ByteWriter writer, long unscaled, int scale)
    {
        Span<byte> digits = stackalloc byte[MaxDecimalLength];
        var position = digits.Length;
        var magnitude = unscaled < 0 ? (ulong)-unscaled : (ulong)unscaled;
        var count = 0;
        do
        {
            if (count == scale && scale > 0) digits[--position] = (byte)'.';
            (magnitude, var digit) = Math.DivRem(magnitude, 10UL);
            digits[--position] = (byte)('0' + digit);
            count++;
        }
        while (magnitude > 0 || count <= scale);
        if (unscaled < 0) digits[--position] = (byte)'-';
        writer.WriteBytes(digits[position..]);
    }

    public static void WriteScaled(ByteWriter writer, Int128 unscaled, int scale)
    {
        if (unscaled >= long.MinValue && unscaled <= long.MaxValue && scale < 19)
        {
            WriteScaled(writer, (long)unscaled, scale);
            return;
        }

        Span<byte> digits = stackalloc byte[MaxDecimalLength];
        var position = digits.Length;
        var magnitude = unscaled < 0 ? (UInt128)(-unscaled) : (UInt128)unscaled;
        var count = 0;
        do
        {
            if (count == scale && scale > 0) digits[--position] = (byte)'.';
            (magnitude, var digit) = UInt128.DivRem(magnitude, 10);
            digits[--position] = (byte)('0' + (int)digit);
            count++;
        }
        while (magnitude > 0 || count <= scale);
        if (unscaled < 0) digits[--position] = (byte)'-';
        writer.WriteBytes(digits[position..]);
    }
}
