using System.Text;

namespace Federation.Sql.Lexing;

internal sealed partial class Lexer
{
    private Token StandardString(int start)
    {
        _offset = start + 1;
        var content = ReadContinued(start, "unterminated quoted string");
        return new Token(TokenKind.String, start, _offset, content);
    }

    private Token DigitString(int start, TokenKind kind, string failure)
    {
        _offset = start + 2;
        var digits = ReadContinued(start, failure);
        return new Token(kind, start, _offset, digits);
    }

    private Token UnicodeString(int start)
    {
        _offset = start + 3;
        var content = ReadContinued(start, "unterminated quoted string");
        return new Token(TokenKind.UnicodeString, start, _offset, content);
    }

    private string ReadContinued(int start, string failure)
    {
        if (!TryReadQuoted('\'', out var content)) throw Failure(failure, start, _text.Length);
        while (TrySkipToContinuation())
        {
            if (!TryReadQuoted('\'', out var next)) throw Failure(failure, start, _text.Length);
            content += next;
        }

        return content;
    }

    /// <summary>
    /// Moves behind the opening quote of a continuation: blanks or line comments, a newline, then blanks or whole comment lines, a quote.
    /// </summary>
    private bool TrySkipToContinuation()
    {
        var start = _offset;
        var sawNewline = false;
        while (_offset < _text.Length)
        {
            if (Current is '\n' or '\r')
            {
                sawNewline = true;
                _offset++;
            }
            else if (IsBlank(Current))
            {
                _offset++;
            }
            else if (Current == '-' && Peek(1) == '-')
            {
                SkipLineComment();
            }
            else
            {
                break;
            }
        }

        if (sawNewline && Current == '\'')
        {
            _offset++;
            return true;
        }

        _offset = start;
        return false;
    }

    /// <summary>$tag$…$tag$; a $ that opens no tag is a character by itself.</summary>
    private Token DollarString(int start)
    {
        var end = start + 1;
        if (end < _text.Length && IsIdentifierStart(_text[end]))
            while (end < _text.Length && IsIdentifierPart(_text[end]) && _text[end] != '$')
                end++;
        if (end >= _text.Length || _text[end] != '$') return Self(start);
        var tag = _text.AsSpan(start, end + 1 - start);
        var body = end + 1;
        var length = _text.AsSpan(body).IndexOf(tag, StringComparison.Ordinal);
        if (length < 0) throw Failure("unterminated dollar-quoted string", start, _text.Length);
        _offset = body + length + tag.Length;
        return new Token(TokenKind.String, start, _offset, _text.Substring(body, length));
    }

    /// <summary>E'…': backslash escapes. Octal and hexadecimal escapes give bytes of UTF-8, which must make whole characters.</summary>
    private Token EscapedString(int start)
    {
        var value = new StringBuilder();
        var bytes = new List<byte>();
        _offset = start + 2;
        do
        {
            while (true)
            {
                if (_offset >= _text.Length) throw Failure("unterminated quoted string", start, _text.Length);
                if (Current == '\\')
                {
                    Escape(start, value, bytes);
                    continue;
                }

                FlushBytes(value, bytes);
                if (Current == '\'')
                {
                    _offset++;
                    if (Current != '\'') break;
                }

                value.Append(Current);
                _offset++;
            }
        }
        while (TrySkipToContinuation());

        return new Token(TokenKind.String, start, _offset, value.ToString());
    }

    private void Escape(int literalStart, StringBuilder value, List<byte> bytes)
    {
        var escape = _offset;
        if (escape + 1 >= _text.Length) throw Failure("unterminated quoted string", literalStart, _text.Length);
        var character = _text[escape + 1];
        if (character is >= '0' and <= '7')
        {
            _offset = escape + 1;
            bytes.Add((byte)ReadDigits(8, 3));
        }
        else if (character == 'x' && char.IsAsciiHexDigit(Peek(2)))
        {
            _offset = escape + 2;
            bytes.Add((byte)ReadDigits(16, 2));
        }
        else if (character is 'u' or 'U')
        {
            FlushBytes(value, bytes);
            AppendUnicode(value);
        }
        else
        {
            FlushBytes(value, bytes);
            _offset = escape + 2;
            value.Append(character switch { 'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t', 'v' => '\v', _ => character });
        }
    }

    private uint ReadDigits(uint radix, int max)
    {
        var value = 0u;
        for (var i = 0; i < max && char.IsAsciiHexDigit(Current); i++, _offset++)
        {
            var digit = (uint)Convert.ToInt32(Current.ToString(), 16);
            if (digit >= radix) break;
            value = value * radix + digit;
        }

        return value;
    }

    private void AppendUnicode(StringBuilder value)
    {
        var escape = _offset;
        var code = ReadUnicodeEscape();
        if (!char.IsHighSurrogate((char)code) || code > char.MaxValue)
        {
            if (code <= char.MaxValue && char.IsLowSurrogate((char)code)) throw Failure("invalid Unicode surrogate pair", escape, _offset);
            if (code is 0 or > 0x10FFFF) throw Failure("invalid Unicode escape value", escape, _offset);
            value.Append(new Rune(code).ToString());
            return;
        }

        var second = _offset;
        if (Current != '\\' || Peek(1) is not ('u' or 'U'))
        {
            // PostgreSQL names the one character it cannot use; at the end of the text there is none.
            throw Failure("invalid Unicode surrogate pair", second, Math.Min(second + 1, _text.Length));
        }

        var low = ReadUnicodeEscape();
        if (low > char.MaxValue || !char.IsLowSurrogate((char)low)) throw Failure("invalid Unicode surrogate pair", second, _offset);
        value.Append((char)code).Append((char)low);
    }

    /// <summary>\uXXXX or \UXXXXXXXX, the current character being the backslash.</summary>
    private uint ReadUnicodeEscape()
    {
        var escape = _offset;
        var digits = Peek(1) == 'u' ? 4 : 8;
        _offset += 2;
        var start = _offset;
        var code = ReadDigits(16, digits);
        return _offset - start == digits
            ? code
            : throw SyntaxFailure.At(
                _text, SqlState.InvalidEscapeSequence, "invalid Unicode escape", escape, @"Unicode escapes must be \uXXXX or \UXXXXXXXX.");
    }

    private static void FlushBytes(StringBuilder value, List<byte> bytes)
    {
        if (bytes.Count == 0) return;
        var rest = bytes.ToArray().AsSpan();
        while (!rest.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(rest, out var rune, out var length);
            if (status != System.Buffers.OperationStatus.Done || rune.Value == 0) throw InvalidBytes(rest);
            value.Append(rune.ToString());
            rest = rest[length..];
        }

        bytes.Clear();
    }

    private static SqlException InvalidBytes(ReadOnlySpan<byte> rest)
    {
        var expected = rest[0] switch { >= 0xF0 and < 0xF8 => 4, >= 0xE0 and < 0xF0 => 3, >= 0xC0 and < 0xE0 => 2, _ => 1 };
        var shown = string.Join(' ', rest[..Math.Min(expected, rest.Length)].ToArray().Select(value => $"0x{value:x2}"));
        return new SqlException(SqlState.CharacterNotInRepertoire, $"invalid byte sequence for encoding \"UTF8\": {shown}");
    }
}
