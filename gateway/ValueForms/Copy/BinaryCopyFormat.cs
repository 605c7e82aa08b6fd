using Federation.Arrow;
using Federation.SessionApi;

namespace Federation.ValueForms.Copy;

/// <summary>
/// COPY's binary format: an 11-byte signature, int32 flags, int32 length of the header extension; for each row int16 number of fields, then
/// each with its int32 length; an int16 of -1 at the end. The header travels with the first row, as PostgreSQL sends it.
/// </summary>
internal sealed class BinaryCopyFormat : ICopyRowFormat
{
    private bool _headerIsPending;

    public bool WriteHeader(ByteWriter writer)
    {
        _headerIsPending = true;
        return false;
    }

    public void WriteRow(ByteWriter writer, Batch batch, ColumnEncoder[] encoders, int row)
    {
        WritePendingHeader(writer);
        writer.WriteInt16((short)encoders.Length);
        for (var i = 0; i < encoders.Length; i++)
        {
            if (batch.Columns[i].IsNull(row))
            {
                writer.WriteInt32(-1);
                continue;
            }

            var mark = writer.ReserveLength();
            encoders[i].Write(writer, batch.Columns[i], row);
            writer.PatchLength(mark);
        }
    }

    public bool WriteTrailer(ByteWriter writer)
    {
        WritePendingHeader(writer);
        writer.WriteInt16(-1);
        return true;
    }

    private void WritePendingHeader(ByteWriter writer)
    {
        if (!_headerIsPending) return;
        _headerIsPending = false;
        writer.WriteBytes("PGCOPY\n"u8);
        writer.WriteByte(0xff);
        writer.WriteBytes("\r\n\0"u8);
        writer.WriteInt32(0);
        writer.WriteInt32(0);
    }
}
