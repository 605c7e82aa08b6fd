using System.Globalization;
using System.Text;

namespace Federation.Sql.Lexing;

internal sealed partial class Lexer
{
    private Token? _pending;

    /// <summary>The next token, a U&amp; string or identifier with its escapes resolved and a UESCAPE clause behind it taken in.</summary>
    private Token NextResolved()
    {
        var token = _pending ?? Next();
        _pending = null;
        if (token.Kind is not (TokenKind.UnicodeString or TokenKind.UnicodeIdentifier)) return token;
        var escape = '\\';
        var end = token.End;
        var next = Next();
        if (next.Keyword == Keyword.Uescape)
        {
            var literal = Next();
            if (literal.Kind != TokenKind.String)
                throw Failure("UESCAPE must be followed by a simple string literal", literal.Start, literal.End);
            escape = EscapeCharacter(literal);
            end = literal.End;
        }
        else
        {
            _pending = next;
        }

        var value = ResolveUnicode(token.Text!, escape, token.Start + 3);
        return token.Kind == TokenKind.UnicodeString
            ? new Token(TokenKind.String, token.Start, end, value)
            : new Token(TokenKind.Identifier, token.Start, end, Truncate(value));
    }

    private char EscapeCharacter(Token literal)
    {
        var text = literal.Text!;
        return text.Length == 1 && !char.IsAsciiHexDigit(text[0]) && text[0] is not ('+' or '\'' or '"') && !IsBlank(text[0])
            && text[0] < 0x80
            ? text[0]
            : throw Failure("invalid Unicode escape character", literal.Start, literal.End);
    }

    /// <param name="start">The offset of the first character of the content, for errors.</param>
    private string ResolveUnicode(string content, char escape, int start)
    {
        if (!content.Contains(escape, StringComparison.Ordinal)) return content;
        var value = new StringBuilder(content.Length);
        var high = '\0';
        var i = 0;
        while (i < content.Length)
        {
            if (content[i] != escape || (i + 1 < content.Length && content[i + 1] == escape))
            {
                if (high != '\0') throw Surrogates(start + i);
                value.Append(content[i]);
                i += content[i] == escape ? 2 : 1;
                continue;
            }

            var (code, length) = UnicodeEscape(content.AsSpan(i + 1), start + i);
            if (code is 0 or > 0x10FFFF) throw SyntaxFailure.At(_text, SqlState.SyntaxError, "invalid Unicode escape value", start + i);
            var isLow = code <= char.MaxValue && char.IsLowSurrogate((char)code);
            if (isLow != (high != '\0')) throw Surrogates(start + i);
            if (isLow) value.Append(high).Append((char)code);
            high = code <= char.MaxValue && char.IsHighSurrogate((char)code) ? (char)code : '\0';
            if (!isLow && high == '\0') value.Append(new Rune(code).ToString());
            i += 1 + length;
        }

        return high == '\0' ? value.ToString() : throw Surrogates(start + i);
    }

    private (uint Code, int Length) UnicodeEscape(ReadOnlySpan<char> digits, int escapeStart)
    {
        var (skip, count) = digits.StartsWith("+", StringComparison.Ordinal) ? (1, 6) : (0, 4);
        return digits.Length >= skip + count && !digits.Slice(skip, count).ContainsAnyExcept(HexDigits)
            ? (uint.Parse(digits.Slice(skip, count), NumberStyles.HexNumber, CultureInfo.InvariantCulture), skip + count)
            : throw SyntaxFailure.At(
                _text, SqlState.SyntaxError, "invalid Unicode escape", escapeStart, @"Unicode escapes must be \XXXX or \+XXXXXX.");
    }

    private static readonly System.Buffers.SearchValues<char> HexDigits = System.Buffers.SearchValues.Create("0123456789abcdefABCDEF");

    private SqlException Surrogates(int offset) =>
        SyntaxFailure.At(_text, SqlState.SyntaxError, "invalid Unicode surrogate pair", offset);
}
