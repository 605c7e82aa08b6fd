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
    public const int FlushBytes = 64 * 1024;

    public static async ValueTask WriteAsync(
        FrameWriter writer, RowRange rows, ColumnEncoder[] encoders, CancellationToken cancellationToken)
    {
        var row = rows.Start;
        var end = rows.Start + rows.Count;
        while (row < end)
        {
            row = WriteUntilFull(writer, rows.Batch, encoders, row, end);
            if (writer.UnflushedBytes >= FlushBytes) await writer.FlushAsync(cancellationToken);
        }
    }

    private static int WriteUntilFull(FrameWriter writer, Batch batch, ColumnEncoder[] encoders, int row, int end)
    {
        var columns = batch.Columns;
        while (row < end && writer.UnflushedBytes < FlushBytes)
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
            row++;
        }

        return row;
    }
}
