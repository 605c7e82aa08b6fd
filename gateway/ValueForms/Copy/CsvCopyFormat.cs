using System.Buffers;
using System.Text;
using Federation.Arrow;
using Federation.SessionApi;

namespace Federation.ValueForms.Copy;

/// <summary>
/// COPY's CSV format. A field is quoted when it holds the delimiter, a quote or a line end, when it equals the NULL marker, or when
/// FORCE_QUOTE says so; a lone <c>\.</c> is quoted too, because text readers take it for the end of data.
/// </summary>
internal sealed class CsvCopyFormat : ICopyRowFormat
{
    private readonly byte _delimiter;
    private readonly TextEscapes _escapes;
    private readonly byte[] _null;
    private readonly bool[] _forceQuote;
    private readonly SearchValues<byte> _special;
    private readonly bool _hasHeader;
    private readonly string[] _names;

    public CsvCopyFormat(CopyOut copy)
    {
        _delimiter = (byte)copy.Delimiter;
        var (quote, escape) = ((byte)copy.Quote, (byte)copy.Escape);
        _escapes = new TextEscapes([(quote, escape, quote), (escape, escape, escape)], quote);
        _null = Encoding.UTF8.GetBytes(copy.NullText);
        _hasHeader = copy.Header;
        _names = [.. copy.Fields.Select(field => field.Name)];
        _forceQuote = new bool[copy.Fields.Count];
        foreach (var index in copy.ForceQuote) _forceQuote[index] = true;
        _special = SearchValues.Create([_delimiter, quote, (byte)'\n', (byte)'\r']);
    }

    public bool WriteHeader(ByteWriter writer)
    {
        if (!_hasHeader) return false;
        for (var i = 0; i < _names.Length; i++)
        {
            if (i > 0) writer.WriteByte(_delimiter);
            var mark = writer.Mark;
            writer.WriteText(_names[i]);
            Quote(writer, mark, force: false, isOnlyColumn: _names.Length == 1);
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
            Quote(writer, mark, _forceQuote[i], encoders.Length == 1);
        }

        writer.WriteByte((byte)'\n');
    }

    public bool WriteTrailer(ByteWriter writer) => false;

    private void Quote(ByteWriter writer, int mark, bool force, bool isOnlyColumn)
    {
        var text = writer.WrittenSince(mark);
        if (!force && !text.ContainsAny(_special) && !text.SequenceEqual(_null) && !(isOnlyColumn && text.SequenceEqual("\\."u8))) return;
        _escapes.Apply(writer, mark);
    }
}
