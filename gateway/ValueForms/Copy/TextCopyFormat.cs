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
    private readonly SearchValues<byte> _special = SearchValues.Create([.. s_letters.Select(letter => letter.Byte), (byte)copy.Delimiter]);
    private readonly TextEscapes _escapes = new(
        [((byte)copy.Delimiter, (byte)'\\', (byte)copy.Delimiter), .. s_letters.Select(letter => (letter.Byte, (byte)'\\', letter.Letter))],
        quote: null);

    /// <summary>Bytes that a letter stands for.</summary>
    private static readonly (byte Byte, byte Letter)[] s_letters =
    [
        ((byte)'\b', (byte)'b'), ((byte)'\f', (byte)'f'), ((byte)'\n', (byte)'n'), ((byte)'\r', (byte)'r'), ((byte)'\t', (byte)'t'),
        ((byte)'\v', (byte)'v'), ((byte)'\\', (byte)'\\'),
    ];

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
        if (writer.WrittenSince(mark).ContainsAny(_special)) _escapes.Apply(writer, mark);
    }
}
