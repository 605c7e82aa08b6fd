using Federation.Arrow;
using Federation.PgWire.Protocol;
using Federation.PgWire.Statements;
using Federation.SessionApi;
using Federation.ValueForms.Copy;

namespace Federation.PgWire.Copy;

/// <summary>
/// COPY … TO STDOUT: CopyOutResponse, one CopyData per row, CopyDone. Header and trailer of the binary format are CopyData too. Since
/// protocol 3 CopyDone alone ends text data.
/// </summary>
internal static class CopyOutWriter
{
    public static async ValueTask<long> SendAsync(
        FrameWriter writer, OpenPortal open, CopyOut copy, ISession session, CancellationToken cancellationToken)
    {
        BackendMessages.WriteCopyOutResponse(writer, copy);
        var encoder = new CopyEncoder(copy, session.TextFormat);
        WriteIfAny(writer, encoder.WriteHeader);
        var sent = 0L;
        while (await open.NextAsync(long.MaxValue, cancellationToken) is { } rows)
        {
            writer.Interrupt = session.StatementToken;
            for (var row = rows.Start; row < rows.Start + rows.Count;)
            {
                row = WriteUntilFull(writer, encoder, rows.Batch, row, rows.Start + rows.Count, copy.Progress);
                if (writer.UnflushedBytes >= RowWriter.FlushBytes) await writer.FlushAsync(session.StatementToken);
            }

            sent += rows.Count;
        }

        WriteIfAny(writer, encoder.WriteTrailer);
        writer.WriteEmpty(BackendMessageType.CopyDone);
        return sent;
    }

    private static void WriteIfAny(FrameWriter writer, Func<ByteWriter, bool> write)
    {
        writer.Begin(BackendMessageType.CopyData);
        if (write(writer)) writer.End();
        else writer.Abandon();
    }

    private static int WriteUntilFull(FrameWriter writer, CopyEncoder encoder, Batch batch, int row, int end, CopyProgress progress)
    {
        var (first, bytes) = (row, 0L);
        for (; row < end && writer.UnflushedBytes < RowWriter.FlushBytes; row++)
        {
            writer.Begin(BackendMessageType.CopyData);
            var mark = writer.Mark;
            encoder.WriteRow(writer, batch, row);
            bytes += writer.Mark - mark;
            writer.End();
        }

        progress.Add(row - first, bytes);
        return row;
    }
}
