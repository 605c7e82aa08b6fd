namespace Federation.Sql.Lexing;

/// <summary>Errors in PostgreSQL's wording.</summary>
internal static class SyntaxFailure
{
    /// <summary>A syntax error that quotes the text from <paramref name="start"/> to <paramref name="end"/>.</summary>
    public static SqlException Near(string text, string message, int start, int end) =>
        At(
            text,
            SqlState.SyntaxError,
            start >= text.Length ? $"{message} at end of input" : $"{message} at or near \"{text[start..end]}\"",
            start);

    public static SqlException At(string text, SqlState state, string message, int start, string? hint = null) =>
        new(state, message) { Position = SourcePosition.Of(text, start), Hint = hint };
}
