using System.Buffers.Text;
using Federation.Arrow;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.PgWire.Protocol;

namespace Federation.PgWire.Types;

internal sealed class BooleanTextEncoder : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row) =>
        writer.WriteByte(column.GetBoolean(row) ? (byte)'t' : (byte)'f');
}

internal sealed class Int16TextEncoder : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row) => TextEncoding.WriteInteger(writer, column.Get<short>(row));
}

internal sealed class Int32TextEncoder : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row) => TextEncoding.WriteInteger(writer, column.Get<int>(row));
}

internal sealed class Int64TextEncoder : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row) => TextEncoding.WriteInteger(writer, column.Get<long>(row));
}

internal sealed class UInt64TextEncoder : ColumnEncoder
{
    private const int MaxLength = 20;

    public override void Write(FrameWriter writer, Column column, int row)
    {
        Utf8Formatter.TryFormat(column.Get<ulong>(row), writer.GetSpan(MaxLength), out var written);
        writer.Advance(written);
    }
}

internal sealed class RegTextEncoder(PgType type, TextFormat format) : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row) =>
        writer.WriteText(ValueText.FormatReg(column.Get<long>(row), type, format));
}

internal sealed class Float32TextEncoder(int extraFloatDigits) : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row) =>
        writer.Advance(FloatText.Write(writer.GetSpan(FloatText.MaxLength), column.Get<float>(row), extraFloatDigits));
}

internal sealed class Float64TextEncoder(int extraFloatDigits) : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row) =>
        writer.Advance(FloatText.Write(writer.GetSpan(FloatText.MaxLength), column.Get<double>(row), extraFloatDigits));
}

internal sealed class DecimalTextEncoder(int scale) : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row)
    {
        if (column.DecimalWidth < 16) TextEncoding.WriteScaled(writer, (long)column.GetDecimal(row), scale);
        else TextEncoding.WriteScaled(writer, column.GetDecimal(row), scale);
    }
}

/// <summary>Text in UTF-8 as it lies in the column; also the binary form of every type whose binary form is its text.</summary>
internal sealed class RawBytesEncoder : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row) => writer.WriteBytes(column.GetBytes(row));
}

internal sealed class ByteaTextEncoder(ByteaOutput output) : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row) => ByteaText.Write(writer, column.GetBytes(row), output);
}

internal sealed class DateTextEncoder(TextFormat format) : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row) =>
        writer.Advance(DateTimeOutput.Write(writer.GetSpan(DateTimeOutput.MaxLength), new PgDate(column.Get<int>(row)), format));
}

internal sealed class TimeTextEncoder : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row) =>
        writer.Advance(DateTimeOutput.Write(writer.GetSpan(DateTimeOutput.MaxLength), new PgTime(column.Get<long>(row))));
}

internal sealed class TimeTzTextEncoder : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row) =>
        writer.Advance(DateTimeOutput.Write(writer.GetSpan(DateTimeOutput.MaxLength), TimeTzForm.Unpack(column.Get<long>(row))));
}

internal sealed class TimestampTextEncoder(bool withZone, TextFormat format) : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row) =>
        writer.Advance(
            DateTimeOutput.Write(writer.GetSpan(DateTimeOutput.MaxLength), new PgTimestamp(column.Get<long>(row)), withZone, format));
}

internal sealed class IntervalTextEncoder(IntervalStyle style) : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row) =>
        writer.Advance(IntervalOutput.Write(writer.GetSpan(IntervalOutput.MaxLength), column.Get<PgInterval>(row), style));
}

internal sealed class UuidTextEncoder : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row)
    {
        Utf8Formatter.TryFormat(UuidText.FromKernelForm(column.Get<UInt128>(row)), writer.GetSpan(UuidText.Length), out var written);
        writer.Advance(written);
    }
}

internal sealed class BitTextEncoder : ColumnEncoder
{
    public override void Write(FrameWriter writer, Column column, int row) => BitText.WriteKernelForm(writer, column.GetBytes(row));
}

internal static class TextEncoding
{
    private const int MaxIntegerLength = 20;
    private const int MaxDecimalLength = 48;

    public static void WriteInteger(FrameWriter writer, long value)
    {
        Utf8Formatter.TryFormat(value, writer.GetSpan(MaxIntegerLength), out var written);
        writer.Advance(written);
    }

    /// <summary>The digits of an unscaled decimal with its point, written from the last digit backwards.</summary>
    public static void WriteScaled(FrameWriter writer, long unscaled, int scale)
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

    public static void WriteScaled(FrameWriter writer, Int128 unscaled, int scale)
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
