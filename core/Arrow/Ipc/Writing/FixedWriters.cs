using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Federation.Core.Errors;
using Federation.Core.Values;

namespace Federation.Arrow.Ipc;

/// <summary>Values that lie in messages as they lie in columns.</summary>
internal sealed unsafe class FixedWriter(int width) : ColumnWriter
{
    private long _offset;

    protected override void MeasureValues(BodyLayout layout) => _offset = layout.Reserve((long)Count * width);

    protected override void WriteValues(byte* body)
    {
        var target = body + _offset;
        foreach (var segment in Segments)
        {
            var bytes = (long)segment.Count * width;
            Buffer.MemoryCopy(segment.Column.Values + ((long)segment.Start * width), target, bytes, bytes);
            target += bytes;
        }

        ClearNulls(body + _offset, width);
    }
}

/// <summary>Booleans become bits.</summary>
internal sealed unsafe class BooleanWriter : ColumnWriter
{
    private long _offset;

    protected override void MeasureValues(BodyLayout layout) => _offset = layout.Reserve(Bitmap.BytesFor(Count));

    protected override void WriteValues(byte* body)
    {
        var target = body + _offset;
        NativeMemory.Clear(target, (nuint)Bitmap.BytesFor(Count));
        var row = 0L;
        foreach (var segment in Segments)
        {
            var column = segment.Column;
            if (column.BooleansAreBits)
            {
                // Bits of values need not be readable in whole words, unlike those of validity.
                for (var i = 0; i < segment.Count; i++)
                    if (column.GetBoolean(segment.Start + i))
                        target[(row + i) >> 3] |= (byte)(1 << (int)((row + i) & 7));
            }
            else
            {
                Bitmap.Pack(column.Values + segment.Start, target, row, segment.Count);
            }

            row += segment.Count;
        }
    }
}

/// <summary>Decimals, widened where the column holds them narrower.</summary>
internal sealed unsafe class DecimalWriter(int width) : ColumnWriter
{
    private long _offset;

    protected override void MeasureValues(BodyLayout layout) => _offset = layout.Reserve((long)Count * width);

    protected override void WriteValues(byte* body)
    {
        var target = body + _offset;
        foreach (var segment in Segments)
        {
            var source = segment.Column.Values + ((long)segment.Start * segment.Column.DecimalWidth);
            var bytes = (long)segment.Count * width;
            switch (segment.Column.DecimalWidth, width)
            {
                case (2, 4): Widen<short, int>(source, target, segment.Count); break;
                case (2, 8): Widen<short, long>(source, target, segment.Count); break;
                case (4, 8): Widen<int, long>(source, target, segment.Count); break;
                case (2, 16): Widen<short, Int128>(source, target, segment.Count); break;
                case (4, 16): Widen<int, Int128>(source, target, segment.Count); break;
                case (8, 16): WidenTo128((long*)source, (long*)target, segment.Count); break;
                case var (from, to) when from == to: Buffer.MemoryCopy(source, target, bytes, bytes); break;
                default: Narrow(segment, target); break;
            }

            target += bytes;
        }

        ClearNulls(body + _offset, width);
    }

    private static void Widen<TSource, TTarget>(byte* source, byte* target, int count)
        where TSource : unmanaged, System.Numerics.INumberBase<TSource>
        where TTarget : unmanaged, System.Numerics.INumberBase<TTarget>
    {
        for (var i = 0; i < count; i++)
            System.Runtime.CompilerServices.Unsafe.WriteUnaligned(target + ((long)i * sizeof(TTarget)),
                TTarget.CreateTruncating(((TSource*)source)[i]));
    }

    /// <summary>The commonest case: a value and its sign.</summary>
    private static void WidenTo128(long* source, long* target, int count)
    {
        for (var i = 0L; i < count; i++)
        {
            target[2 * i] = source[i];
            target[(2 * i) + 1] = source[i] >> 63;
        }
    }

    /// <summary>Columns that came from Arrow may hold decimals wider than their precision asks for.</summary>
    private void Narrow(Segment segment, byte* target)
    {
        for (var i = 0; i < segment.Count; i++)
        {
            var value = segment.Column.IsNull(segment.Start + i) ? 0 : segment.Column.GetDecimal(segment.Start + i);
            var fits = width == 4 ? value >= int.MinValue && value <= int.MaxValue : value >= long.MinValue && value <= long.MaxValue;
            if (!fits) throw new SqlException(SqlState.NumericValueOutOfRange, "numeric field overflow") { NeedsWideNumerics = true };
            if (width == 4) ((int*)target)[i] = (int)value;
            else ((long*)target)[i] = (long)value;
        }
    }
}

/// <summary>Uuids in network order.</summary>
internal sealed unsafe class UuidWriter : ColumnWriter
{
    private const int Width = 16;
    private long _offset;

    protected override void MeasureValues(BodyLayout layout) => _offset = layout.Reserve((long)Count * Width);

    protected override void WriteValues(byte* body)
    {
        var target = (ulong*)(body + _offset);
        foreach (var segment in Segments)
        {
            // The kernel's form is a little-endian 128-bit integer with its top bit flipped.
            var source = (ulong*)(segment.Column.Values + ((long)segment.Start * Width));
            for (var i = 0; i < segment.Count; i++, source += 2, target += 2)
            {
                target[0] = BinaryPrimitives.ReverseEndianness(source[1] ^ (1UL << 63));
                target[1] = BinaryPrimitives.ReverseEndianness(source[0]);
            }
        }

        ClearNulls(body + _offset, Width);
    }
}

/// <summary>Intervals as month_day_nano: int32 months, int32 days, int64 nanoseconds.</summary>
internal sealed unsafe class IntervalWriter : ColumnWriter
{
    private const int Width = 16;
    private const long NanosecondsPerMicrosecond = 1000;
    private long _offset;

    protected override void MeasureValues(BodyLayout layout) => _offset = layout.Reserve((long)Count * Width);

    protected override void WriteValues(byte* body)
    {
        var target = (PgInterval*)(body + _offset);
        foreach (var segment in Segments)
        {
            for (var i = 0; i < segment.Count; i++)
            {
                var row = segment.Start + i;
                var value = segment.Column.IsNull(row) ? default : segment.Column.Get<PgInterval>(row);
                if (value.Microseconds is > long.MaxValue / NanosecondsPerMicrosecond or < long.MinValue / NanosecondsPerMicrosecond)
                    throw new SqlException(SqlState.DatetimeFieldOverflow, "interval out of range")
                        { Detail = "Arrow intervals count nanoseconds, which covers 292 years beside months and days." };
                *target++ = new PgInterval(value.Months, value.Days, value.Microseconds * NanosecondsPerMicrosecond);
            }
        }
    }
}
