using System.Buffers;

namespace Federation.Core.Values;

/// <summary>When and how array items and record fields are quoted, for UTF-8 and for strings.</summary>
public static class TextQuoting
{
    private static readonly SearchValues<byte> s_arrayBytes = SearchValues.Create("\"\\{}, \t\n\r\v\f"u8);
    private static readonly SearchValues<char> s_arrayCharacters = SearchValues.Create("\"\\{}, \t\n\r\v\f");
    private static readonly SearchValues<byte> s_recordBytes = SearchValues.Create("\"\\(), \t\n\r\v\f"u8);
    private static readonly SearchValues<char> s_recordCharacters = SearchValues.Create("\"\\(), \t\n\r\v\f");

    public static bool ArrayItemNeedsQuotes(ReadOnlySpan<byte> text, byte delimiter) =>
        text.IsEmpty || text.ContainsAny(s_arrayBytes) || text.Contains(delimiter) || System.Text.Ascii.EqualsIgnoreCase(text, "NULL"u8);

    public static bool ArrayItemNeedsQuotes(ReadOnlySpan<char> text, char delimiter) =>
        text.IsEmpty || text.ContainsAny(s_arrayCharacters)
            || text.Contains(delimiter) || text.Equals("NULL", StringComparison.OrdinalIgnoreCase);

    public static bool RecordFieldNeedsQuotes(ReadOnlySpan<byte> text) => text.IsEmpty || text.ContainsAny(s_recordBytes);

    public static bool RecordFieldNeedsQuotes(ReadOnlySpan<char> text) => text.IsEmpty || text.ContainsAny(s_recordCharacters);

    public static void WriteArrayItem(IBufferWriter<byte> output, ReadOnlySpan<byte> text, byte delimiter)
    {
        if (!ArrayItemNeedsQuotes(text, delimiter))
        {
            output.Write(text);
            return;
        }

        WriteQuoted(output, text, doubling: false);
    }

    public static void WriteRecordField(IBufferWriter<byte> output, ReadOnlySpan<byte> text)
    {
        if (!RecordFieldNeedsQuotes(text))
        {
            output.Write(text);
            return;
        }

        WriteQuoted(output, text, doubling: true);
    }

    private static void WriteQuoted(IBufferWriter<byte> output, ReadOnlySpan<byte> text, bool doubling)
    {
        output.Write("\""u8);
        while (text.IndexOfAny((byte)'"', (byte)'\\') is var index and >= 0)
        {
            output.Write(text[..index]);
            var mark = output.GetSpan(2);
            // Arrays escape with a backslash, records by doubling the character.
            mark[0] = doubling ? text[index] : (byte)'\\';
            mark[1] = text[index];
            output.Advance(2);
            text = text[(index + 1)..];
        }

        output.Write(text);
        output.Write("\""u8);
    }
}
