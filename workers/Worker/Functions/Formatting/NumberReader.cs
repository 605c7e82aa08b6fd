using System.Text;
using Federation.Core.Errors;
using Federation.Core.Values;

namespace Federation.Worker.Functions.Formatting;

/// <summary>to_number: reads text along a template. Null for an empty template.</summary>
internal static class NumberReader
{
    public static PgNumeric? Parse(string text, string format)
    {
        var template = NumberFormat.Get(format);
        if (format.Length == 0) return null;
        if (template.IsRoman || template.IsExponent)
            throw new SqlException(SqlState.FeatureNotSupported, template.IsRoman ? "\"RN\" not supported for input" : "\"EEEE\" not supported for input");
        var position = 0;
        var digits = new StringBuilder();
        var (isNegative, hasPoint, hasDigit) = (false, false, false);
        var after = 0;
        var isBracketed = false;

        foreach (var (item, literal) in template.Items)
        {
            if (position >= text.Length) break;
            switch (item)
            {
                case NumberItem.Nine or NumberItem.Zero: ReadDigit(item); break;
                case NumberItem.Decimal or NumberItem.LocaleDecimal:
                    if (text[position] == '.' && !hasPoint)
                    {
                        hasPoint = true;
                        digits.Append('.');
                        position++;
                    }

                    break;
                // Group characters may be missing in the text.
                case NumberItem.Comma or NumberItem.Group:
                    if (text[position] == ',') position++;
                    break;
                case NumberItem.Currency:
                    if (!char.IsAsciiDigit(text[position]) && text[position] is not ('.' or ',' or '-' or '+')) position++;
                    break;
                case NumberItem.Minus or NumberItem.Plus or NumberItem.SignBoth: ReadSign(); break;
                case NumberItem.Ordinal or NumberItem.OrdinalLower: position = Math.Min(position + 2, text.Length); break;
                default: position += literal.Length; break;
            }
        }

        // A sign or closing bracket behind the digits.
        for (; position < text.Length && text[position] == ' '; position++) { }
        if (position < text.Length && template.Sign != SignPlace.None && !isNegative && text[position] == '-') isNegative = true;
        if (position < text.Length && template.HasMinus && text[position] == '-') isNegative = true;
        if (isBracketed) isNegative = true;
        if (!hasDigit) throw new SqlException(SqlState.InvalidTextRepresentation, $"invalid input syntax for type numeric: \"{(digits.Length > 0 ? digits : " ")}\"");
        var value = PgNumeric.Parse((isNegative ? "-" : "") + digits);
        // V counts the digits behind it as a fraction of 16 digits; otherwise the result has no more digits than the template.
        return template.IsMultiplied
            ? PgNumeric.DivideAt(value, new PgNumeric(System.Numerics.BigInteger.Pow(10, template.Multiplier), 0), Math.Max(value.Scale, 16))
            : value.Round(Math.Min(value.Scale, template.After));

        void ReadSign()
        {
            if (text[position] is not ('-' or '+')) return;
            isNegative |= text[position] == '-';
            position++;
        }

        void ReadDigit(NumberItem item)
        {
            if (!hasDigit && !hasPoint)
            {
                while (position < text.Length && text[position] == ' ') position++;
                if (position < text.Length && template.HasBrackets && text[position] == '<')
                {
                    isBracketed = true;
                    position++;
                }
                else if (position < text.Length && text[position] is '-' or '+') ReadSign();
            }

            if (position >= text.Length) return;
            if (char.IsAsciiDigit(text[position]))
            {
                if (hasPoint && ++after > template.After) return;
                digits.Append(text[position++]);
                hasDigit = true;
            }
            else if (text[position] == '.' && template.HasDecimal && !hasPoint)
            {
                // The text has fewer digits than the template; the point ends them.
                hasPoint = true;
                digits.Append('.');
                position++;
            }
        }
    }
}
