using System.Buffers;
using System.Text;
using Federation.Arrow;
using Federation.SessionApi;

namespace Federation.ValueForms.Copy;

/// <summary>COPY's text format: fields between delimiters, backslash escapes, NULL as a marker.</summary>
internal sealed class TextCopyFormat(CopyOut copy) : ICopyRowFormat
{
    private readonly byte _delimiter = (byte)copy.Delimiter;
    private readonly byte[] _null = Encoding.UTF8.GetBytes(copy.NullText);
    private readonly SearchValues<byte> _special = SearchValues.Create(
        [(byte)'\\', (byte)'\b', (byte)'\f', (byte)'\n', (byte)'\r', (byte)'\t', (byte)'\v', (byte)copy.Delimiter]);

    public bool WriteHeader(ByteWriter writer)
    {
        if (!copy.Header) return false;
        for (var i = 0; i < copy.Fields.Count; i++)
        {
            if (i > 0) writer.WriteByte(_delimiter);
            var mark = writer.Mark;
            writer.WriteText(copy.Fields[i].Name);
            Escape(writer, mark);
        }

        writer.WriteByte((byte)'\n');
        return true;
    }

    public void WriteRow(ByteWriter writer, Batch batch, ColumnEncoder[] encoders, int row)
    {
        for (var i = 0; i < encoders.Length; i++)
        {
            if (i > 0) writer.WriteByte(_delimiter);
            if (batch.Columns[i].IsNull(row))
            {
                writer.WriteBytes(_null);
                continue;
            }

            var mark = writer.Mark;
            encoders[i].Write(writer, batch.Columns[i], row);
            Escape(writer, mark);
        }

        writer.WriteByte((byte)'\n');
    }

    public bool WriteTrailer(ByteWriter writer) => false;

    private void Escape(ByteWriter writer, int mark)
    {
        if (!writer.WrittenSince(mark).ContainsAny(_special)) return;
        var copied = NestedText.TakeBack(writer, mark, out var length);
        foreach (var item in copied.AsSpan(0, length))
        {
            var letter = item switch
            {
                (byte)'\b' => (byte)'b',
                (byte)'\f' => (byte)'f',
                (byte)'\n' => (byte)'n',
                (byte)'\r' => (byte)'r',
                (byte)'\t' => (byte)'t',
                (byte)'\v' => (byte)'v',
                (byte)'\\' => (byte)'\\',
                _ => item == _delimiter ? item : (byte)0,
            };
            if (letter != 0) writer.WriteByte((byte)'\\');
            writer.WriteByte(letter != 0 ? letter : item);
        }

        ArrayPool<byte>.Shared.Return(copied);
    }
}
