using System.Numerics;
using System.Text;
using Federation.Core.Errors;
using Federation.Core.Values;

namespace Federation.Worker.Functions.Formatting;

/// <summary>
/// to_number: reads text along a template, a character for each of its items whether it fits or not (NUM_processor of formatting.c, whose
/// corner cases it shares).
/// </summary>
internal static class NumberReader
{
    /// <summary>Null for an empty template.</summary>
    public static PgNumeric? Parse(string text, string format)
    {
        var template = NumberFormat.Get(format);
        if (format.Length == 0) return null;
        if (template.IsRoman || template.IsExponent)
            throw new SqlException(SqlState.FeatureNotSupported,
                template.IsRoman ? "\"RN\" not supported for input" : "\"EEEE\" not supported for input");
        var walk = new Walk(template, text);
        var number = walk.Run();
        if (!number.AsSpan().ContainsAnyInRange('0', '9'))
            throw new SqlException(SqlState.InvalidTextRepresentation, $"invalid input syntax for type numeric: \"{number}\"");
        var value = PgNumeric.Parse(number.Trim());
        var most = template.Before + (template.IsMultiplied ? template.Multiplier : 0);
        if (value.Abs().CompareTo(new PgNumeric(BigInteger.Pow(10, most), 0)) >= 0)
        {
            throw new SqlException(SqlState.NumericValueOutOfRange, "numeric field overflow")
            {
                Detail =
                    $"A field with precision {most + value.Scale}, scale {value.Scale} must round to an absolute value less than "
                        + $"{(most == 0 ? "1" : $"10^{most}")}.",
            };
        }

        // V counts the digits behind it as a fraction of 16 digits.
        return template.IsMultiplied
            ? PgNumeric.DivideAt(value, new PgNumeric(BigInteger.Pow(10, template.Multiplier), 0), Math.Max(value.Scale, 16))
            : value;
    }

    /// <summary>One pass over the template.</summary>
    private ref struct Walk(NumberFormat template, string text)
    {
        private readonly StringBuilder _digits = new();
        private int _position;
        private char _sign = ' ';
        private int _before;
        private int _after;
        private bool _hasPoint;

        private readonly bool IsAtEnd => _position >= text.Length;

        /// <summary>The number with its sign, or a blank, in front.</summary>
        public string Run()
        {
            foreach (var (item, literal) in template.Items)
            {
                if (IsAtEnd) break;
                switch (item)
                {
                    case NumberItem.Nine or NumberItem.Zero or NumberItem.Decimal or NumberItem.LocaleDecimal:
                        ReadDigit(item is NumberItem.Nine or NumberItem.Zero);
                        _position++;
                        break;
                    case NumberItem.Comma or NumberItem.Group:
                        if (text[_position] == ',') _position++;
                        break;
                    case NumberItem.Minus: ReadSign("-"); break;
                    case NumberItem.Plus: ReadSign("+"); break;
                    case NumberItem.SignBoth: ReadSign("-+"); break;
                    case NumberItem.Currency: SkipOthers(1); break;
                    case NumberItem.Ordinal or NumberItem.OrdinalLower: SkipOthers(2); break;
                    case NumberItem.Literal:
                        for (var i = 0; i < literal.Length && !IsAtEnd; i += char.IsSurrogatePair(literal, i) ? 2 : 1) SkipCharacter();
                        break;
                }
            }

            var number = _digits.ToString();
            return _sign + (number.EndsWith('.') ? number[..^1] : number);
        }

        private void SkipCharacter() => _position += _position + 1 < text.Length && char.IsSurrogatePair(text, _position) ? 2 : 1;

        private void SkipOthers(int count)
        {
            while (count-- > 0 && !IsAtEnd && !"0123456789.,+-".Contains(text[_position], StringComparison.Ordinal)) SkipCharacter();
        }

        private void ReadSign(string signs)
        {
            if (!signs.Contains(text[_position], StringComparison.Ordinal))
            {
                SkipOthers(1);
                return;
            }

            _sign = text[_position++];
        }

        /// <summary>Leaves the position on the last character that it takes.</summary>
        private void ReadDigit(bool mayHaveSign)
        {
            if (text[_position] == ' ') _position++;
            if (IsAtEnd) return;
            if (_sign == ' ' && mayHaveSign && _before + _after == 0)
            {
                if (text[_position] == '-' || (text[_position] == '<' && template.HasBrackets && template.Sign != SignPlace.Before))
                    (_sign, _position) = ('-', _position + 1);
                else if (text[_position] == '+') (_sign, _position) = ('+', _position + 1);
            }

            if (IsAtEnd) return;
            var isRead = false;
            if (char.IsAsciiDigit(text[_position]))
            {
                if (_hasPoint && _after == template.After) return;
                _digits.Append(text[_position]);
                if (_hasPoint) _after++;
                else _before++;
                isRead = true;
            }
            else if (template.HasDecimal && !_hasPoint && text[_position] == '.')
            {
                _digits.Append('.');
                (_hasPoint, isRead) = (true, true);
            }

            if (_sign != ' ' || _before + _after == 0) return;
            var next = _position + 1 < text.Length ? text[_position + 1] : '0';
            if (template.Sign != SignPlace.None && isRead)
            {
                if (next is '-' or '+') (_sign, _position) = (next, _position + 1);
            }
            else if (!isRead && template.Sign == SignPlace.None && (template.HasPlus || template.HasMinus) && text[_position] is '-' or '+')
            {
                _sign = text[_position];
            }
        }
    }
}
