using Federation.Arrow;
using Federation.Core.Values;
using Federation.PgWire.Protocol;
using Federation.PgWire.Statements;
using Federation.PgWire.Types;
using Federation.SessionApi;

namespace Federation.PgWire.Copy;

/// <summary>
/// COPY … TO STDOUT: CopyOutResponse, one CopyData per row, CopyDone. Header and trailer of the binary format are CopyData too.
/// </summary>
internal static class CopyOutWriter
{
    public static async ValueTask<long> SendAsync(
        FrameWriter writer, OpenPortal open, CopyOut copy, ISession session, CancellationToken cancellationToken)
    {
        BackendMessages.WriteCopyOutResponse(writer, copy);
        ICopyRowFormat rowFormat = copy.Format switch
        {
            CopyFormat.Binary => new BinaryCopyFormat(),
            CopyFormat.Csv => new CsvCopyFormat(copy),
            _ => new TextCopyFormat(copy),
        };
        rowFormat.WriteHeader(writer, copy);
        var encoders = default(ColumnEncoder[]);
        var sent = 0L;
        while (await open.NextAsync(long.MaxValue, cancellationToken) is { } rows)
        {
            encoders ??= ChooseEncoders(copy, rows.Batch, session.TextFormat);
            writer.Interrupt = session.StatementToken;
            for (var row = rows.Start; row < rows.Start + rows.Count;)
            {
                row = WriteUntilFull(writer, rowFormat, rows.Batch, encoders, row, rows.Start + rows.Count);
                if (writer.UnflushedBytes >= RowWriter.FlushBytes) await writer.FlushAsync(session.StatementToken);
            }

            sent += rows.Count;
        }

        rowFormat.WriteTrailer(writer);
        writer.WriteEmpty(BackendMessageType.CopyDone);
        return sent;
    }

    private static ColumnEncoder[] ChooseEncoders(CopyOut copy, Batch batch, TextFormat format)
    {
        var code = copy.Format == CopyFormat.Binary ? Codecs.Binary : Codecs.Text;
        return copy.Fields.Select((field, i) =>
            Codecs.Choose(batch.Columns[i].Type.HasSameBase(field.Type) ? batch.Columns[i].Type : field.Type, code, format)).ToArray();
    }

    private static int WriteUntilFull(FrameWriter writer, ICopyRowFormat format, Batch batch, ColumnEncoder[] encoders, int row, int end)
    {
        for (; row < end && writer.UnflushedBytes < RowWriter.FlushBytes; row++)
        {
            writer.Begin(BackendMessageType.CopyData);
            format.WriteRow(writer, batch, encoders, row);
            writer.End();
        }

        return row;
    }
}

/// <summary>The layout of one row of copy data.</summary>
internal interface ICopyRowFormat
{
    void WriteHeader(FrameWriter writer, CopyOut copy);

    void WriteRow(FrameWriter writer, Batch batch, ColumnEncoder[] encoders, int row);

    void WriteTrailer(FrameWriter writer);
}
