namespace Federation.Sql.Lexing;

internal enum TokenKind : byte
{
    /// <summary>The end of the text.</summary>
    End,

    /// <summary>
    /// The lexer failed here; the parser raises the failure when it gets this far, as PostgreSQL does, which reads on demand.
    /// </summary>
    Error,

    Identifier,
    Keyword,

    /// <summary>An integer that fits four bytes.</summary>
    Integer,

    /// <summary>Any other number.</summary>
    Number,
    String,
    BitString,
    HexString,
    Parameter,

    /// <summary>An operator that has no token of its own.</summary>
    Operator,
    LessEquals,
    GreaterEquals,
    NotEquals,
    TypeCast,
    DotDot,
    ColonEquals,
    EqualsGreater,

    /// <summary>One character that stands for itself, held in <see cref="Token.Character"/>.</summary>
    Character,

    /// <summary>U&amp;'…' and U&amp;"…" before their escapes are resolved; the parser never sees these.</summary>
    UnicodeString,
    UnicodeIdentifier,
}

/// <param name="Text">
/// The value: a folded or unquoted identifier, the content of a string, the digits of a number, the symbol of an operator, the word of a
/// keyword; null for tokens whose kind says all.
/// </param>
internal readonly record struct Token(TokenKind Kind, int Start, int End, string? Text, Keyword Keyword = Keyword.NotKeyword,
    char Character = '\0');
