namespace Federation.Sql.Lexing;

/// <summary>
/// Spans count UTF-16 units, because they index strings; the position of an error counts characters from 1, a surrogate pair being one.
/// </summary>
public static class SourcePosition
{
    /// <summary>The 1-based character position of a UTF-16 offset.</summary>
    public static int Of(ReadOnlySpan<char> text, int offset)
    {
        var position = 1;
        for (var i = 0; i < offset && i < text.Length; i++)
            if (!char.IsLowSurrogate(text[i]) || i == 0 || !char.IsHighSurrogate(text[i - 1]))
                position++;
        return position;
    }
}
