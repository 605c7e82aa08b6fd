using System.Runtime.InteropServices;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Arrow.Ipc;

/// <summary>Text and bytes: int32 offsets, and the bytes of all values one after the other.</summary>
internal sealed unsafe class BytesWriter : ColumnWriter
{
    private long _offsets;
    private long _data;

    protected override void MeasureValues(BodyLayout layout)
    {
        var total = 0L;
        foreach (var segment in Segments)
        {
            if (segment.Column.Bytes == BytesLayout.Offsets32)
            {
                var offsets = (int*)segment.Column.Values + segment.Start;
                total += offsets[segment.Count] - offsets[0];
                continue;
            }

            // Lengths of views; those of NULL rows are undefined.
            var views = segment.Column.Values;
            for (var row = segment.Start; row < segment.Start + segment.Count; row++)
                if (!segment.Column.IsNull(row))
                    total += *(uint*)(views + ((long)row * 16));
        }

        if (total > int.MaxValue)
            throw new SqlException(SqlState.ProgramLimitExceeded, "the text of one column of an Arrow batch is longer than 2 GB");
        _offsets = layout.Reserve(((long)Count + 1) * sizeof(int));
        _data = layout.Reserve(total);
    }

    protected override void WriteValues(byte* body)
    {
        var offsets = (int*)(body + _offsets);
        var data = body + _data;
        var position = 0;
        foreach (var segment in Segments)
        {
            if (segment.Column.Bytes == BytesLayout.Offsets32) CopyOffsets(segment, offsets, data, ref position);
            else CopyViews(segment, offsets, data, ref position);
            offsets += segment.Count;
        }

        *offsets = position;
    }

    private static void CopyOffsets(Segment segment, int* offsets, byte* data, ref int position)
    {
        var source = (int*)segment.Column.Values + segment.Start;
        var shift = position - source[0];
        var bytes = source[segment.Count] - source[0];
        if (shift == 0) Buffer.MemoryCopy(source, offsets, (long)segment.Count * sizeof(int), (long)segment.Count * sizeof(int));
        else
            for (var i = 0; i < segment.Count; i++) offsets[i] = source[i] + shift;
        if (bytes > 0) Buffer.MemoryCopy(segment.Column.Data + source[0], data + position, bytes, bytes);
        position += bytes;
    }

    private static void CopyViews(Segment segment, int* offsets, byte* data, ref int position)
    {
        var column = segment.Column;
        for (var i = 0; i < segment.Count; i++)
        {
            offsets[i] = position;
            var row = segment.Start + i;
            if (column.IsNull(row)) continue;
            var bytes = column.GetBytes(row);
            bytes.CopyTo(new Span<byte>(data + position, bytes.Length));
            position += bytes.Length;
        }
    }
}

/// <summary>Values that foreign readers get as PostgreSQL's text: timetz and bit strings.</summary>
internal sealed unsafe class TextFormWriter(Storage storage) : ColumnWriter
{
    private readonly byte[] _time = new byte[DateTimeOutput.MaxLength];
    private long _offsets;
    private long _data;

    protected override void MeasureValues(BodyLayout layout)
    {
        var total = 0L;
        foreach (var segment in Segments)
            for (var row = segment.Start; row < segment.Start + segment.Count; row++)
                if (!segment.Column.IsNull(row))
                    total += storage == Storage.Bit
                        ? BitText.KernelLength(segment.Column.GetBytes(row))
                        : FormatTime(segment.Column, row).Length;
        if (total > int.MaxValue)
            throw new SqlException(SqlState.ProgramLimitExceeded, "the text of one column of an Arrow batch is longer than 2 GB");
        _offsets = layout.Reserve(((long)Count + 1) * sizeof(int));
        _data = layout.Reserve(total);
    }

    protected override void WriteValues(byte* body)
    {
        var offsets = (int*)(body + _offsets);
        var data = body + _data;
        var position = 0;
        foreach (var segment in Segments)
        {
            for (var row = segment.Start; row < segment.Start + segment.Count; row++)
            {
                *offsets++ = position;
                if (segment.Column.IsNull(row)) continue;
                if (storage == Storage.Bit)
                {
                    var blob = segment.Column.GetBytes(row);
                    var length = BitText.KernelLength(blob);
                    for (var i = 0; i < length; i++) data[position++] = BitText.KernelBit(blob, i) ? (byte)'1' : (byte)'0';
                    continue;
                }

                var text = FormatTime(segment.Column, row);
                text.CopyTo(new Span<byte>(data + position, text.Length));
                position += text.Length;
            }
        }

        *offsets = position;
    }

    private ReadOnlySpan<byte> FormatTime(Column column, int row) =>
        _time.AsSpan(0, DateTimeOutput.Write(_time, TimeTzForm.Unpack(column.Get<long>(row))));
}

/// <summary>Lists: int32 offsets into the items.</summary>
internal sealed unsafe class ListWriter(ColumnWriter items) : ColumnWriter
{
    private long _offsets;

    public override void Reset()
    {
        base.Reset();
        items.Reset();
    }

    protected override void MeasureValues(BodyLayout layout)
    {
        _offsets = layout.Reserve(((long)Count + 1) * sizeof(int));
        foreach (var segment in Segments)
        {
            var column = segment.Column;
            // Offsets are one range of items; entries may lie anywhere, and usually lie one after the other.
            if (column.List == ListLayout.Offsets32)
            {
                var offsets = (int*)column.Values + segment.Start;
                items.Add(column.Children[0], offsets[0], offsets[segment.Count] - offsets[0]);
                continue;
            }

            for (var row = segment.Start; row < segment.Start + segment.Count; row++)
            {
                if (column.IsNull(row)) continue;
                var (start, length) = column.GetList(row);
                items.Add(column.Children[0], start, length);
            }
        }

        items.Measure(layout);
    }

    protected override void WriteValues(byte* body)
    {
        var offsets = (int*)(body + _offsets);
        var position = 0;
        foreach (var segment in Segments)
        {
            var column = segment.Column;
            if (column.List == ListLayout.Offsets32)
            {
                var source = (int*)column.Values + segment.Start;
                for (var i = 0; i < segment.Count; i++) *offsets++ = source[i] - source[0] + position;
                position += source[segment.Count] - source[0];
                continue;
            }

            for (var row = segment.Start; row < segment.Start + segment.Count; row++)
            {
                *offsets++ = position;
                if (!column.IsNull(row)) position += column.GetList(row).Length;
            }
        }

        *offsets = position;
        items.Write(body);
    }
}

/// <summary>Structs: validity, then the fields.</summary>
internal sealed unsafe class StructWriter(ColumnWriter[] fields) : ColumnWriter
{
    public override void Reset()
    {
        base.Reset();
        foreach (var field in fields) field.Reset();
    }

    protected override void MeasureValues(BodyLayout layout)
    {
        foreach (var segment in Segments)
            for (var i = 0; i < fields.Length; i++)
                fields[i].Add(segment.Column.Children[i], segment.Start, segment.Count);
        foreach (var field in fields) field.Measure(layout);
    }

    protected override void WriteValues(byte* body)
    {
        foreach (var field in fields) field.Write(body);
    }
}
