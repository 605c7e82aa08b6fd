using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.PgWire.Protocol;
using Federation.PgWire.Types;

namespace Federation.PgWire.Statements;

/// <summary>Writes rows of batches as DataRow messages. Nothing is allocated per row.</summary>
internal static class RowWriter
{
    /// <summary>
    /// Unsent bytes at which a large result waits for the transport; the pipe behind it makes a slow client slow us down.
    /// </summary>
    public const int FlushBytes = 256 * 1024;

    // A row that is larger, or that has a value without a quick way, goes through the writer piece by piece.
    private const int LargeRowBytes = 32 * 1024;

    public static ValueTask WriteAsync(FrameWriter writer, RowRange rows, ColumnEncoder[] encoders, CancellationToken cancellationToken)
    {
        var end = rows.Start + rows.Count;
        var row = WriteUntilFull(writer, rows.Batch, encoders, rows.Start, end);
        return row == end && writer.UnflushedBytes < FlushBytes
            ? default
            : WriteMoreAsync(writer, rows.Batch, encoders, row, end, cancellationToken);
    }

    private static async ValueTask WriteMoreAsync(FrameWriter writer, Batch batch, ColumnEncoder[] encoders, int row, int end,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            if (writer.UnflushedBytes >= FlushBytes) await writer.FlushAsync(cancellationToken);
            if (row == end) return;
            row = WriteUntilFull(writer, batch, encoders, row, end);
        }
    }

    /// <summary>Writes rows up to <paramref name="end"/>, or until enough is there to be sent; gives the next row.</summary>
    private static unsafe int WriteUntilFull(FrameWriter writer, Batch batch, ColumnEncoder[] encoders, int row, int end)
    {
        var columns = batch.Columns;
        var needed = 1;
        while (row < end && writer.UnflushedBytes < FlushBytes)
        {
            var space = writer.GetRecordSpace(needed);
            var wanted = (int)(FlushBytes - writer.UnflushedBytes);
            var first = row;
            fixed (byte* start = space)
            {
                var position = start;
                while (row < end && position - start < wanted
                    && TryWriteRow(position, start + space.Length, columns, encoders, row) is var next && next is not null)
                {
                    position = next;
                    row++;
                }

                writer.AdvanceRecords((int)(position - start));
            }

            if (row > first)
            {
                needed = 1;
            }
            else if (needed < LargeRowBytes)
            {
                // The rest of a block was too small.
                needed = LargeRowBytes;
            }
            else
            {
                WriteRow(writer, columns, encoders, row++);
                needed = 1;
            }
        }

        return row;
    }

    /// <summary>The place behind the row; null when it does not fit or has a value without a quick way.</summary>
    private static unsafe byte* TryWriteRow(byte* target, byte* end, Column[] columns, ColumnEncoder[] encoders, int row)
    {
        const int HeaderBytes = 7;
        if (end - target < HeaderBytes) return null;
        var position = target + HeaderBytes;
        for (var i = 0; i < encoders.Length; i++)
        {
            if (end - position < sizeof(int)) return null;
            var column = columns[i];
            if (column.IsNull(row))
            {
                PutInt32(position, -1);
                position += sizeof(int);
                continue;
            }

            var next = encoders[i].TryWrite(position + sizeof(int), end, column, row);
            if (next is null) return null;
            PutInt32(position, (int)(next - position) - sizeof(int));
            position = next;
        }

        *target = (byte)BackendMessageType.DataRow;
        PutInt32(target + 1, (int)(position - target) - 1);
        Unsafe.WriteUnaligned(target + 5, BinaryPrimitives.ReverseEndianness((short)encoders.Length));
        return position;
    }

    private static unsafe void PutInt32(byte* target, int value) =>
        Unsafe.WriteUnaligned(target, BinaryPrimitives.ReverseEndianness(value));

    private static void WriteRow(FrameWriter writer, Column[] columns, ColumnEncoder[] encoders, int row)
    {
        writer.Begin(BackendMessageType.DataRow);
        writer.WriteInt16((short)encoders.Length);
        for (var i = 0; i < encoders.Length; i++)
        {
            var column = columns[i];
            if (column.IsNull(row))
            {
                writer.WriteInt32(-1);
                continue;
            }

            var mark = writer.ReserveLength();
            encoders[i].Write(writer, column, row);
            writer.PatchLength(mark);
        }

        writer.End();
    }
}
