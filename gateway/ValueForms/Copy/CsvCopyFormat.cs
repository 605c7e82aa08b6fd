using System.Buffers;
using Federation.SessionApi;

namespace Federation.ValueForms.Copy;

/// <summary>
/// COPY's CSV format. A field is quoted when it holds the delimiter, a quote or a line end, when it equals the NULL marker, or when
/// FORCE_QUOTE says so; a lone <c>\.</c> is quoted too, because text readers take it for the end of data.
/// </summary>
internal sealed class CsvCopyFormat : DelimitedCopyFormat
{
    private readonly TextEscapes _escapes;
    private readonly bool[] _forceQuote;
    private readonly SearchValues<byte> _special;

    public CsvCopyFormat(CopyOut copy)
        : base(copy)
    {
        var (quote, escape) = ((byte)copy.Quote, (byte)copy.Escape);
        _escapes = new TextEscapes([(quote, escape, quote), (escape, escape, escape)], quote);
        _forceQuote = new bool[copy.Fields.Count];
        foreach (var index in copy.ForceQuote) _forceQuote[index] = true;
        _special = SearchValues.Create([Delimiter, quote, (byte)'\n', (byte)'\r']);
    }

    protected override void Protect(ByteWriter writer, int mark, int? column)
    {
        var text = writer.WrittenSince(mark);
        var mustQuote = (column is { } index && _forceQuote[index]) || text.ContainsAny(_special) || text.SequenceEqual(Null)
            || (_forceQuote.Length == 1 && text.SequenceEqual("\\."u8));
        if (mustQuote) _escapes.Apply(writer, mark);
    }
}
