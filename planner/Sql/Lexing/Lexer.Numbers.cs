using System.Globalization;

namespace Federation.Sql.Lexing;

internal sealed partial class Lexer
{
    private Token Number(int start)
    {
        var isInteger = true;
        SkipDigits();
        // In 1..10 the points are a token of their own.
        if (Current == '.' && Peek(1) != '.')
        {
            isInteger = false;
            _offset++;
            SkipDigits();
        }

        if (Current is 'e' or 'E')
        {
            var digits = Peek(1) is '+' or '-' ? 2 : 1;
            if (char.IsAsciiDigit(Peek(digits)))
            {
                isInteger = false;
                _offset += digits;
                SkipDigits();
            }
            else if (digits == 2)
            {
                throw Failure("trailing junk after numeric literal", start, _offset + 2);
            }
        }

        RejectJunk(start, "trailing junk after numeric literal");
        var text = _text[start.._offset];
        var isSmall = isInteger && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
        return new Token(isSmall ? TokenKind.Integer : TokenKind.Number, start, _offset, text);
    }

    private void SkipDigits()
    {
        while (char.IsAsciiDigit(Current)) _offset++;
    }

    private void RejectJunk(int start, string message)
    {
        if (_offset >= _text.Length || !IsIdentifierStart(Current)) return;
        while (_offset < _text.Length && IsIdentifierPart(_text[_offset])) _offset++;
        throw Failure(message, start, _offset);
    }

    private Token DollarOrParameter(int start)
    {
        _offset = start + 1;
        if (!char.IsAsciiDigit(Current)) return DollarString(start);
        SkipDigits();
        RejectJunk(start, "trailing junk after parameter");
        return new Token(TokenKind.Parameter, start, _offset, _text[(start + 1).._offset]);
    }
}
