namespace Federation.Worker.Functions;

/// <summary>Text in UTF-8 by characters.</summary>
internal static class Utf8Text
{
    public static int CharacterCount(ReadOnlySpan<byte> text)
    {
        var count = 0;
        foreach (var item in text)
            if (IsStart(item))
                count++;
        return count;
    }

    /// <summary>Where the character with this index begins; the length of the text when it has no such character.</summary>
    public static int OffsetOf(ReadOnlySpan<byte> text, long character)
    {
        if (character >= text.Length) return text.Length;
        if (!text[..(int)character].ContainsAnyInRange((byte)0x80, (byte)0xFF)) return (int)character;
        var offset = 0;
        for (var passed = 0L; offset < text.Length; offset++)
            if (IsStart(text[offset]) && passed++ == character)
                break;
        return offset;
    }

    private static bool IsStart(byte item) => (item & 0xC0) != 0x80;
}
