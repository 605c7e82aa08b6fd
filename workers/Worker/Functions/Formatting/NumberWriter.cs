using System.Globalization;
using System.Text;
using Federation.Core.Errors;
using Federation.Core.Values;

namespace Federation.Worker.Functions.Formatting;

/// <summary>
/// to_char of numbers. The walk over the template follows NUM_processor of PostgreSQL's formatting.c, whose corner cases it shares.
/// </summary>
internal static class NumberWriter
{
    private const int DoubleDigits = 15;
    private const int SingleDigits = 6;

    public static string Format(long value, string format)
    {
        var template = NumberFormat.Get(format);
        if (template.IsRoman)
            return Write(template,
                Roman(value is >= int.MinValue and <= int.MaxValue
                    ? value
                    : throw new SqlException(SqlState.NumericValueOutOfRange, "integer out of range")), 0, '+');

        // PostgreSQL goes through a double here.
        if (template.IsExponent) return ExponentOf(value, template.After);
        var number = template.IsMultiplied ? Power(template.Multiplier) * value : value;
        if (number < long.MinValue || number > long.MaxValue)
            throw new SqlException(SqlState.NumericValueOutOfRange, "bigint out of range");
        return Digits(template, number.ToString(CultureInfo.InvariantCulture));
    }

    public static string Format(int value, string format)
    {
        // What V makes of an integer wraps around in PostgreSQL, as multiplication in C does.
        var template = NumberFormat.Get(format);
        return template is { IsMultiplied: true, IsRoman: false, IsExponent: false }
            ? Digits(template,
                unchecked((int)(uint)((Power(template.Multiplier) * value) & uint.MaxValue)).ToString(CultureInfo.InvariantCulture))
            : Format((long)value, format);
    }

    public static string Format(PgNumeric value, string format)
    {
        var template = NumberFormat.Get(format);
        if (template.IsRoman) return Write(template, Roman(value.ToInt32()), 0, '+');
        if (template.IsExponent) return Exponent(value, template);
        if (!value.IsFinite) return Special(template, value.Kind == NumericKind.NaN, value.Sign < 0);
        if (template.IsMultiplied) value *= new PgNumeric(Power(template.Multiplier), 0);
        return Digits(template, value.Round(template.After).ToString());
    }

    public static string Format(double value, string format) => FormatFloat(value, format, DoubleDigits);

    public static string Format(float value, string format) => FormatFloat(value, format, SingleDigits);

    private static string FormatFloat(double value, string format, int digits)
    {
        var template = NumberFormat.Get(format);
        if (template.IsRoman)
            return Write(template, Roman((long)Math.Clamp(double.IsFinite(value) ? Math.Round(value) : 0, -1e18, 1e18)), 0, '+');
        if (template.IsExponent) return !double.IsFinite(value) ? ExponentSpecial(template) : ExponentOf(value, template.After);
        if (!double.IsFinite(value)) return Special(template, double.IsNaN(value), value < 0, digits);
        if (template.IsMultiplied) value *= Math.Pow(10, template.Multiplier);
        // No more digits than the type has; the exact decimal value of a double, cut by rounding, is what C's printf shows.
        var exact = Exact(value);
        var before = RoundEven(exact.Abs(), 0).ToString().Length;
        var after = before >= digits ? 0 : Math.Min(template.After, digits - before);
        // A negative number that rounds to zero keeps its sign.
        return Digits(template, (double.IsNegative(value) ? "-" : "") + RoundEven(exact.Abs(), after), after);
    }

    /// <summary>Rounds a positive number as C's printf does: exact halves go to the even digit.</summary>
    private static PgNumeric RoundEven(PgNumeric value, int scale)
    {
        var cut = value.Truncate(scale);
        var isHalf = ((value - cut) * new PgNumeric(2, 0)).CompareTo(new PgNumeric(1, scale)) == 0;
        return isHalf && cut.Unscaled.IsEven ? cut : value.Round(scale);
    }

    private static PgNumeric Exact(double value) =>
        PgNumeric.Parse(value.ToString("F1074", CultureInfo.InvariantCulture).TrimEnd('0').TrimEnd('.'));

    private static System.Numerics.BigInteger Power(int exponent) => System.Numerics.BigInteger.Pow(10, exponent);

    private static string Digits(NumberFormat template, string number, int? after = null)
    {
        var sign = number[0] == '-' ? '-' : '+';
        number = number.TrimStart('-');
        var point = number.IndexOf('.', StringComparison.Ordinal);
        var before = point < 0 ? number.Length : point;
        if (point < 0 && template.After > 0 && after is null) number += "." + new string('0', template.After);
        var width = template.Before + (template.IsMultiplied ? template.Multiplier : 0);
        if (before > width)
        {
            var mask = new StringBuilder().Append('#', width);
            if (template.HasDecimal || template.After > 0) mask.Append('.').Append('#', after ?? template.After);
            return Write(template, template.After > 0 || template.HasDecimal ? mask.ToString() : mask.Append('.').ToString(), 0, sign);
        }

        return Write(template, number, width - before, sign);
    }

    /// <param name="digits">How many digits the type has; what is as long as that has none behind the point.</param>
    private static string Special(NumberFormat template, bool isNaN, bool isNegative, int digits = int.MaxValue)
    {
        var text = isNaN ? "NaN" : "Infinity";
        var after = text.Length >= digits ? 0 : template.After;
        var width = template.Before + (template.IsMultiplied ? template.Multiplier : 0);
        var sign = isNegative ? '-' : '+';
        if (text.Length > width) return Write(template, new string('#', width) + "." + new string('#', after), 0, sign);
        return Write(template, text, width - text.Length, sign);
    }

    private static string Exponent(PgNumeric value, NumberFormat template)
    {
        if (!value.IsFinite) return ExponentSpecial(template);
        if (value.Sign == 0) return ExponentText("0", 0, template.After, isNegative: false);
        var digits = value.Abs().ToString().Replace(".", "", StringComparison.Ordinal).TrimStart('0');
        var exponent = digits.Length - value.Scale - 1;
        var scaled =
            new PgNumeric(System.Numerics.BigInteger.Parse(digits, CultureInfo.InvariantCulture), digits.Length - 1).Round(template.After);
        // Rounding may give 10.00; PostgreSQL leaves it so.
        return ExponentText(scaled.ToString(), exponent, template.After, value.Sign < 0);
    }

    private static string ExponentOf(double value, int after)
    {
        var text = Math.Abs(value).ToString("E" + after.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        return ExponentText(text[..mark], int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture),
            after, double.IsNegative(value));
    }

    private static string ExponentText(string mantissa, int exponent, int after, bool isNegative)
    {
        if (after > 0 && !mantissa.Contains('.', StringComparison.Ordinal)) mantissa += "." + new string('0', after);
        return $"{(isNegative ? '-' : ' ')}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    private static string ExponentSpecial(NumberFormat template) =>
        " " + new string('#', template.Before) + "." + new string('#', template.After + 4);

    private static string Roman(long value)
    {
        if (value is < 1 or > 3999) return new string('#', 15);
        var text = new StringBuilder();
        foreach (var (amount, letters) in (ReadOnlySpan<(int, string)>)
            [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"),
                (5, "V"), (4, "IV"), (1, "I")])
            for (; value >= amount; value -= amount) text.Append(letters);
        return text.ToString();
    }

    private static string Write(NumberFormat template, string number, int leadingSpaces, char sign) =>
        new Walk(template, number, leadingSpaces, sign).Run();

    /// <summary>One pass over the template.</summary>
    private ref struct Walk
    {
        private readonly NumberFormat _template;
        private readonly string _number;
        private readonly int _leadingSpaces;
        private readonly char _sign;
        private readonly int _zeroStart;
        private readonly SignPlace _signPlace;
        private readonly bool _hasBrackets;
        private readonly int _count;

        /// <summary>With FM: the last digit after the point that is not a zero, or the point; -1 when all digits count.</summary>
        private readonly int _lastRelevant;
        private readonly StringBuilder _text = new();
        private bool _isSignWritten;
        private bool _isInNumber;
        private int _current;
        private int _next;

        public Walk(NumberFormat template, string number, int leadingSpaces, char sign)
        {
            _template = template;
            _number = number;
            _leadingSpaces = template.IsRoman ? 0 : leadingSpaces;
            _sign = sign;
            _zeroStart = template.ZeroStart > 0 ? template.ZeroStart - 1 : 0;
            _signPlace = template.Sign;
            _hasBrackets = template.HasBrackets;
            var before = template.Before + (template.IsMultiplied ? template.Multiplier : 0);
            if (template.HasPlus || template.HasMinus) _isSignWritten = !(template.HasPlus && !template.HasMinus);
            else
            {
                if (sign != '-' && template is { HasBrackets: true, IsFill: true }) _hasBrackets = false;
                _isSignWritten = sign == '+' && template.IsFill && template.Sign == SignPlace.None;
                if (template.Sign == SignPlace.Before && before == template.BeforeSign) _signPlace = SignPlace.After;
            }

            _count = template.After + before - 1;
            _lastRelevant = -1;
            if (template is { IsFill: true, HasDecimal: true })
            {
                _lastRelevant = LastRelevant(number);
                if (_lastRelevant >= 0 && template.ZeroEnd > _leadingSpaces)
                    _lastRelevant = Math.Max(_lastRelevant, Math.Min(number.Length - 1, template.ZeroEnd - _leadingSpaces));
            }

            if (!_isSignWritten && _leadingSpaces == 0) _count++;
        }

        public string Run()
        {
            foreach (var (item, text) in _template.Items)
            {
                switch (item)
                {
                    case NumberItem.Nine or NumberItem.Zero or NumberItem.Decimal or NumberItem.LocaleDecimal: WriteDigit(item); break;
                    case NumberItem.Comma or NumberItem.Group:
                        if (_isInNumber) _text.Append(',');
                        else if (!_template.IsFill) _text.Append(' ');
                        break;
                    case NumberItem.Currency: _text.Append(' '); break;
                    case NumberItem.Roman: _text.Append(_template.IsFill ? _number : _number.PadLeft(15)); break;
                    case NumberItem.RomanLower: _text.Append((_template.IsFill ? _number : _number.PadLeft(15)).ToLowerInvariant()); break;
                    case NumberItem.Ordinal or NumberItem.OrdinalLower:
                        if (_template.IsRoman || _number.StartsWith('#') || _sign == '-' || _template.HasDecimal) break;
                        var suffix = DateTimeWriter.OrdinalSuffix(_number);
                        _text.Append(item == NumberItem.Ordinal ? suffix.ToUpperInvariant() : suffix);
                        break;
                    case NumberItem.Minus:
                        if (_sign == '-') _text.Append('-');
                        else if (!_template.IsFill) _text.Append(' ');
                        break;
                    case NumberItem.Plus:
                        if (_sign == '+') _text.Append('+');
                        else if (!_template.IsFill) _text.Append(' ');
                        break;
                    case NumberItem.SignBoth: _text.Append(_sign); break;
                    default: _text.Append(text); break;
                }
            }

            return _text.ToString();
        }

        // " .1": a zero before the point is not shown unless the template has a 0 there.
        private readonly bool IsPointFirst => !_template.HasZero && _next == 0 && _number[0] == '0' && _template.After != 0;

        private readonly bool EndsAtPoint => _lastRelevant >= 0 && _number[_lastRelevant] == '.';

        private void WriteDigit(NumberItem item)
        {
            if (_template.IsRoman) return;
            _isInNumber = false;
            if (!_isSignWritten && (_current >= _leadingSpaces || (_template.HasZero && _zeroStart == _current))
                && (!IsPointFirst || EndsAtPoint)) WriteSign();
            if (_current < _leadingSpaces && (_zeroStart > _current || !_template.HasZero))
            {
                if (!_template.IsFill) _text.Append(' ');
            }
            else if (_template.HasZero && _current < _leadingSpaces && _zeroStart <= _current)
            {
                _text.Append('0');
                _isInNumber = true;
            }
            else WriteCharacter(item);

            var end = _count + (_leadingSpaces > 0 ? 1 : 0) + (_template.HasDecimal ? 1 : 0);
            if (_lastRelevant >= 0 && _lastRelevant == _next) end = _current;
            if (_current + 1 == end)
            {
                if (_isSignWritten && _hasBrackets) _text.Append(_sign == '+' ? ' ' : '>');
                else if (_template.Sign != SignPlace.None && _signPlace == SignPlace.After) _text.Append(_sign);
            }

            _current++;
        }

        private void WriteSign()
        {
            if (_template.Sign != SignPlace.None)
            {
                if (_signPlace != SignPlace.Before) return;
                _text.Append(_sign);
            }
            else if (_hasBrackets) _text.Append(_sign == '+' ? ' ' : '<');
            else if (_sign == '-') _text.Append('-');
            else if (!_template.IsFill) _text.Append(' ');

            _isSignWritten = true;
        }

        private void WriteCharacter(NumberItem item)
        {
            if (_next >= _number.Length) return;
            if (_number[_next] == '.')
            {
                if (!EndsAtPoint || _template.IsFill) _text.Append('.');
            }
            else if (_lastRelevant >= 0 && _next > _lastRelevant && item != NumberItem.Zero)
            {
                // FM leaves the zeros at the end out.
            }
            else if (IsPointFirst)
            {
                if (!_template.IsFill) _text.Append(' ');
                else if (EndsAtPoint) _text.Append('0');
            }
            else
            {
                _text.Append(_number[_next]);
                _isInNumber = true;
            }

            _next++;
        }

        private static int LastRelevant(string number)
        {
            var point = number.IndexOf('.', StringComparison.Ordinal);
            if (point < 0) return -1;
            var last = point;
            for (var i = point + 1; i < number.Length; i++)
                if (number[i] != '0')
                    last = i;
            return last;
        }
    }
}
