using System.Buffers;
using Federation.SessionApi;

namespace Federation.ValueForms.Copy;

/// <summary>COPY's text format: fields between delimiters, backslash escapes, NULL as a marker.</summary>
internal sealed class TextCopyFormat(CopyOut copy) : DelimitedCopyFormat(copy)
{
    /// <summary>Bytes that a letter stands for.</summary>
    private static readonly (byte Byte, byte Letter)[] s_letters =
    [
        ((byte)'\b', (byte)'b'), ((byte)'\f', (byte)'f'), ((byte)'\n', (byte)'n'), ((byte)'\r', (byte)'r'), ((byte)'\t', (byte)'t'),
        ((byte)'\v', (byte)'v'), ((byte)'\\', (byte)'\\'),
    ];

    private readonly SearchValues<byte> _special = SearchValues.Create([.. s_letters.Select(letter => letter.Byte), (byte)copy.Delimiter]);
    private readonly TextEscapes _escapes = new(
        [((byte)copy.Delimiter, (byte)'\\', (byte)copy.Delimiter), .. s_letters.Select(letter => (letter.Byte, (byte)'\\', letter.Letter))],
        quote: null);

    protected override void Protect(ByteWriter writer, int mark, int? column)
    {
        if (writer.WrittenSince(mark).ContainsAny(_special)) _escapes.Apply(writer, mark);
    }
}
