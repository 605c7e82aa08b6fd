using Federation.Core.Execution;
using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>
/// A recursive-descent parser of PostgreSQL 15's grammar; expressions climb by precedence (Parser.Expressions.cs). Each method is one
/// production of gram.y. A method looks at tokens only as far as it needs, so that an error names the first token that cannot follow, as
/// PostgreSQL's does.
/// </summary>
internal sealed partial class Parser
{
    /// <summary>How deep expressions, queries and joins nest, and how long a chain of left-associative operators gets.</summary>
    private const int MaxDepth = 5_000;

    private readonly string _text;
    private readonly Token[] _tokens;
    private readonly SqlException? _lexerFailure;
    private int _index;
    private int _depth;

    public Parser(string text)
    {
        _text = text;
        _tokens = Lexer.Tokenize(text, out _lexerFailure);
        ThrowIfLexerFailed();
    }

    private Token Current => _tokens[_index];

    /// <summary>The token <paramref name="distance"/> ahead, or the last one.</summary>
    private Token Peek(int distance) => _tokens[Math.Min(_index + distance, _tokens.Length - 1)];

    private bool AtEnd => Current.Kind == TokenKind.End;

    private bool Is(Keyword keyword) => Current.Keyword == keyword;

    private bool Is(TokenKind kind) => Current.Kind == kind;

    private bool Is(char character) => IsCharacter(Current, character);

    private static bool IsCharacter(Token token, char character) => token.Kind == TokenKind.Character && token.Character == character;

    private bool NextIs(Keyword keyword) => Peek(1).Keyword == keyword;

    private bool NextIs(char character) => IsCharacter(Peek(1), character);

    private Token Advance()
    {
        var token = Current;
        if (token.Kind != TokenKind.End) _index++;
        ThrowIfLexerFailed();
        return token;
    }

    private void Skip(int count)
    {
        for (var i = 0; i < count; i++) Advance();
    }

    private void ThrowIfLexerFailed()
    {
        if (Current.Kind == TokenKind.Error) throw _lexerFailure!;
    }

    private bool Accept(Keyword keyword)
    {
        if (!Is(keyword)) return false;
        Advance();
        return true;
    }

    private bool Accept(char character)
    {
        if (!Is(character)) return false;
        Advance();
        return true;
    }

    private bool Accept(TokenKind kind)
    {
        if (!Is(kind)) return false;
        Advance();
        return true;
    }

    private Token Expect(Keyword keyword) => Is(keyword) ? Advance() : throw SyntaxError();

    private Token Expect(char character) => Is(character) ? Advance() : throw SyntaxError();

    private Token Expect(TokenKind kind) => Is(kind) ? Advance() : throw SyntaxError();

    private void Expect(Keyword first, Keyword second)
    {
        Expect(first);
        Expect(second);
    }

    private void ExpectEnd()
    {
        if (!AtEnd) throw SyntaxError();
    }

    private SqlException SyntaxError() => NearCurrent("syntax error");

    private SqlException NearCurrent(string message) => SyntaxFailure.Near(_text, message, Current.Start, Current.End);

    private SqlException ErrorAt(SourceSpan span, SqlState state, string message, string? hint = null) =>
        SyntaxFailure.At(_text, state, message, span.Start, hint);

    private SqlException ErrorAt(SourceSpan span, string message, string? hint = null) =>
        ErrorAt(span, SqlState.SyntaxError, message, hint);

    /// <summary>From the token at <paramref name="firstToken"/> to the last one consumed.</summary>
    private SourceSpan SpanFrom(int firstToken)
    {
        var start = _tokens[firstToken].Start;
        return _index > firstToken ? new SourceSpan(start, _tokens[_index - 1].End - start) : new SourceSpan(start, 0);
    }

    private static SourceSpan SpanOf(Token token) => new(token.Start, token.End - token.Start);

    private SourceSpan SpanFrom(SyntaxNode first) => new(first.Span.Start, _tokens[_index - 1].End - first.Span.Start);

    private void Enter() => Enter(1);

    private void Enter(int levels)
    {
        _depth += levels;
        if (_depth > MaxDepth) throw StatementGuard.TooDeep();
        StatementGuard.EnterLevel();
    }

    private void Leave() => _depth--;

    /// <summary>One or more items with commas between them.</summary>
    private EquatableArray<T> CommaList<T>(Func<T> item)
    {
        var items = new List<T> { item() };
        while (Accept(','))
        {
            StatementGuard.Check();
            items.Add(item());
        }

        return items.ToEquatableArray();
    }

    private EquatableArray<T> ParenthesisedList<T>(Func<T> item)
    {
        Expect('(');
        var items = CommaList(item);
        Expect(')');
        return items;
    }
}
