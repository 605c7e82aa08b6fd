using System.Text;
using Federation.Arrow;
using Federation.SessionApi;

namespace Federation.ValueForms.Copy;

/// <summary>
/// What COPY's text and CSV formats have in common: a line for each row, fields between delimiters, a marker for NULL. Fields are written
/// in place, and changed there by the format. Not thread-safe.
/// </summary>
internal abstract class DelimitedCopyFormat(CopyOut copy) : ICopyRowFormat
{
    private readonly byte[] _null = Encoding.UTF8.GetBytes(copy.NullText);

    protected byte Delimiter { get; } = (byte)copy.Delimiter;

    protected ReadOnlySpan<byte> Null => _null;

    public bool WriteHeader(ByteWriter writer)
    {
        if (!copy.Header) return false;
        for (var i = 0; i < copy.Fields.Count; i++)
        {
            if (i > 0) writer.WriteByte(Delimiter);
            var mark = writer.Mark;
            writer.WriteText(copy.Fields[i].Name);
            Protect(writer, mark, null);
        }

        writer.WriteByte((byte)'\n');
        return true;
    }

    public void WriteRow(ByteWriter writer, Batch batch, ColumnEncoder[] encoders, int row)
    {
        for (var i = 0; i < encoders.Length; i++)
        {
            if (i > 0) writer.WriteByte(Delimiter);
            if (batch.Columns[i].IsNull(row))
            {
                writer.WriteBytes(_null);
                continue;
            }

            var mark = writer.Mark;
            encoders[i].Write(writer, batch.Columns[i], row);
            Protect(writer, mark, i);
        }

        writer.WriteByte((byte)'\n');
    }

    public bool WriteTrailer(ByteWriter writer) => false;

    /// <summary>Escapes or quotes the field that was written since the mark, if a reader would misread it.</summary>
    /// <param name="writer">Ends with the field.</param>
    /// <param name="mark">Where the field begins.</param>
    /// <param name="column">The field's column; null in the header.</param>
    protected abstract void Protect(ByteWriter writer, int mark, int? column);
}
