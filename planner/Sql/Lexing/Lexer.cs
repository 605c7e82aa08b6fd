using System.Buffers;
using System.Text;

namespace Federation.Sql.Lexing;

/// <summary>
/// Splits a text into the tokens of PostgreSQL 15's scan.l, with standard_conforming_strings on. The rules that surprise:
/// comments nest; two strings apart by a newline are one; an operator ends before a comment start, and before a trailing + or - unless it
/// holds one of ~ ! @ # ^ &amp; | ` ? %; every character from U+0080 on is a letter; only A to Z fold to lower case.
/// </summary>
internal sealed partial class Lexer
{
    private const int MaxNameBytes = 63;

    private static readonly SearchValues<char> OperatorCharacters = SearchValues.Create("~!@#^&|`?+-*/%<>=");
    private static readonly SearchValues<char> SignKeepers = SearchValues.Create("~!@#^&|`?%");

    private readonly string _text;
    private int _offset;

    private Lexer(string text) => _text = text;

    /// <summary>All tokens, the last one being <see cref="TokenKind.End"/>, or <see cref="TokenKind.Error"/> with its failure.</summary>
    public static Token[] Tokenize(string text, out SqlException? failure)
    {
        var lexer = new Lexer(text);
        var tokens = new List<Token>(text.Length / 4 + 8);
        failure = null;
        try
        {
            Token token;
            do
            {
                token = lexer.NextResolved();
                tokens.Add(token);
            }
            while (token.Kind != TokenKind.End);
        }
        catch (SqlException exception)
        {
            failure = exception;
            tokens.Add(new Token(TokenKind.Error, lexer._offset, lexer._offset, null));
        }

        return tokens.ToArray();
    }

    /// <summary>Folds one character as PostgreSQL folds unquoted names in UTF-8.</summary>
    public static char Fold(char character) => character is >= 'A' and <= 'Z' ? (char)(character | 0x20) : character;

    private char Current => Peek(0);

    private char Peek(int distance) => _offset + distance < _text.Length ? _text[_offset + distance] : '\0';

    private Token Next()
    {
        SkipBlanks();
        var start = _offset;
        if (start >= _text.Length) return new Token(TokenKind.End, start, start, null);
        var character = _text[start];
        return character switch
        {
            '\'' => StandardString(start),
            '"' => QuotedIdentifier(start, prefixLength: 1, TokenKind.Identifier),
            '$' => DollarOrParameter(start),
            '.' when char.IsAsciiDigit(Peek(1)) => Number(start),
            '.' when Peek(1) == '.' => Symbol(start, 2, TokenKind.DotDot),
            ':' when Peek(1) == ':' => Symbol(start, 2, TokenKind.TypeCast),
            ':' when Peek(1) == '=' => Symbol(start, 2, TokenKind.ColonEquals),
            >= '0' and <= '9' => Number(start),
            _ when IsIdentifierStart(character) => WordOrPrefixedString(start, character),
            _ when OperatorCharacters.Contains(character) => Operator(start),
            _ => Self(start),
        };
    }

    private Token Symbol(int start, int length, TokenKind kind, string? text = null)
    {
        _offset = start + length;
        return new Token(kind, start, _offset, text);
    }

    private Token Self(int start)
    {
        _offset = start + 1;
        return new Token(TokenKind.Character, start, _offset, null, Character: _text[start]);
    }

    private static bool IsIdentifierStart(char character) => char.IsAsciiLetter(character) || character == '_' || character >= '\u0080';

    private static bool IsIdentifierPart(char character) =>
        IsIdentifierStart(character) || char.IsAsciiDigit(character) || character == '$';

    private static bool IsBlank(char character) => character is ' ' or '\t' or '\n' or '\r' or '\f';

    private void SkipBlanks()
    {
        while (_offset < _text.Length)
        {
            if (IsBlank(_text[_offset])) _offset++;
            else if (_text[_offset] == '-' && Peek(1) == '-') SkipLineComment();
            else if (_text[_offset] == '/' && Peek(1) == '*') SkipBlockComment();
            else return;
        }
    }

    private void SkipLineComment()
    {
        var length = _text.AsSpan(_offset).IndexOfAny('\n', '\r');
        _offset = length < 0 ? _text.Length : _offset + length;
    }

    private void SkipBlockComment()
    {
        var start = _offset;
        var depth = 0;
        while (_offset < _text.Length)
        {
            if (Current == '/' && Peek(1) == '*')
            {
                depth++;
                _offset += 2;
            }
            else if (Current == '*' && Peek(1) == '/')
            {
                _offset += 2;
                if (--depth == 0) return;
            }
            else
            {
                _offset++;
            }
        }

        throw Failure("unterminated /* comment", start, _text.Length);
    }

    private Token WordOrPrefixedString(int start, char character)
    {
        var next = Peek(1);
        switch (character)
        {
            case 'e' or 'E' when next == '\'':
                return EscapedString(start);
            case 'b' or 'B' when next == '\'':
                return DigitString(start, TokenKind.BitString, "unterminated bit string literal");
            case 'x' or 'X' when next == '\'':
                return DigitString(start, TokenKind.HexString, "unterminated hexadecimal string literal");
            case 'n' or 'N' when next == '\'':
                // N'…' is the type name NCHAR in front of an ordinary string.
                _offset = start + 1;
                return new Token(TokenKind.Keyword, start, _offset, "nchar", Keyword.Nchar);
            case 'u' or 'U' when next == '&' && Peek(2) == '\'':
                return UnicodeString(start);
            case 'u' or 'U' when next == '&' && Peek(2) == '"':
                return QuotedIdentifier(start, prefixLength: 3, TokenKind.UnicodeIdentifier);
            default:
                return Word(start);
        }
    }

    private Token Word(int start)
    {
        while (_offset < _text.Length && IsIdentifierPart(_text[_offset])) _offset++;
        var word = _text.AsSpan(start, _offset - start);
        var keyword = Keywords.Find(word);
        return keyword != Keyword.NotKeyword
            ? new Token(TokenKind.Keyword, start, _offset, Keywords.WordOf(keyword), keyword)
            : new Token(TokenKind.Identifier, start, _offset, Truncate(FoldWord(word)));
    }

    private static string FoldWord(ReadOnlySpan<char> word) =>
        string.Create(word.Length, word, static (target, source) =>
        {
            for (var i = 0; i < source.Length; i++) target[i] = Fold(source[i]);
        });

    private Token QuotedIdentifier(int start, int prefixLength, TokenKind kind)
    {
        _offset = start + prefixLength;
        if (!TryReadQuoted('"', out var name)) throw Failure("unterminated quoted identifier", start, _text.Length);
        if (name.Length == 0) throw Failure("zero-length delimited identifier", start, _offset);
        return new Token(kind, start, _offset, kind == TokenKind.Identifier ? Truncate(name) : name);
    }

    /// <summary>Reads up to the closing quote, a doubled quote being one; false at the end of the text.</summary>
    private bool TryReadQuoted(char quote, out string content)
    {
        StringBuilder? parts = null;
        while (true)
        {
            var length = _text.AsSpan(_offset).IndexOf(quote);
            if (length < 0)
            {
                _offset = _text.Length;
                content = "";
                return false;
            }

            var end = _offset + length;
            if (end + 1 < _text.Length && _text[end + 1] == quote)
            {
                (parts ??= new StringBuilder()).Append(_text, _offset, length + 1);
                _offset = end + 2;
                continue;
            }

            content = parts is null ? _text.Substring(_offset, length) : parts.Append(_text, _offset, length).ToString();
            _offset = end + 1;
            return true;
        }
    }

    /// <summary>Cuts a name to 63 bytes of UTF-8, between characters.</summary>
    private static string Truncate(string name)
    {
        if (name.Length <= MaxNameBytes / 3 || Encoding.UTF8.GetByteCount(name) <= MaxNameBytes) return name;
        var bytes = 0;
        var length = 0;
        foreach (var rune in name.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > MaxNameBytes) break;
            length += rune.Utf16SequenceLength;
        }

        return name[..length];
    }

    private Token Operator(int start)
    {
        var run = _text.AsSpan(start);
        var length = run.IndexOfAnyExcept(OperatorCharacters);
        if (length >= 0) run = run[..length];
        var comment = run.IndexOf("/*", StringComparison.Ordinal);
        if (comment >= 0) run = run[..comment];
        comment = run.IndexOf("--", StringComparison.Ordinal);
        if (comment >= 0) run = run[..comment];
        if (run.Length > 1 && run[^1] is '+' or '-' && !run[..^1].ContainsAny(SignKeepers))
            while (run.Length > 1 && run[^1] is '+' or '-')
                run = run[..^1];

        switch (run)
        {
            case "~" or "!" or "@" or "#" or "&" or "|" or "`" or "?":
                break;
            case { Length: 1 }:
                return Self(start);
            case "=>":
                return Symbol(start, 2, TokenKind.EqualsGreater, "=>");
            case "<=":
                return Symbol(start, 2, TokenKind.LessEquals, "<=");
            case ">=":
                return Symbol(start, 2, TokenKind.GreaterEquals, ">=");
            case "<>" or "!=":
                return Symbol(start, 2, TokenKind.NotEquals, "<>");
        }

        return run.Length > MaxNameBytes
            ? throw Failure("operator too long", start, start + run.Length)
            : Symbol(start, run.Length, TokenKind.Operator, run.ToString());
    }

    private SqlException Failure(string message, int start, int end) => SyntaxFailure.Near(_text, message, start, end);
}
