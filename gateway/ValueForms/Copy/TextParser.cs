using System.Buffers.Text;
using System.Text;
using Federation.Arrow;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.ValueForms.Copy;

/// <summary>
/// The quick way of reading values of one type from text. Takes the plain spellings, of which nearly all copy data consists, and leaves the
/// rest and every error to <see cref="ValueText.Parse"/>. Stateless.
/// </summary>
internal abstract class TextParser
{
    /// <summary>Appends the value, or gives false and appends nothing.</summary>
    public abstract bool TryAppend(ReadOnlySpan<byte> text, ColumnBuilder column);

    /// <summary>Null for a type without a quick way.</summary>
    public static TextParser? Choose(SqlType type)
    {
        if (type.IsArray) return null;
        return type.Storage switch
        {
            Storage.Boolean => new BooleanParser(),
            Storage.Int16 => new Int16Parser(),
            Storage.Int32 => new Int32Parser(),
            Storage.Int64 when ReferenceEquals(type.Base, PgTypes.Int8) => new Int64Parser(),
            Storage.Float32 => new Float32Parser(),
            Storage.Float64 => new Float64Parser(),
            Storage.Decimal when type.Decimal!.Value is var shape && shape.Scale >= 0 => new DecimalParser(shape),
            Storage.Date => new DateParser(),
            Storage.Timestamp when type.Modifier < 0 && ReferenceEquals(type.Base, PgTypes.Timestamp) => new TimestampParser(isUtc: false),
            Storage.Timestamp when type.Modifier < 0 && ReferenceEquals(type.Base, PgTypes.Timestamptz) => new TimestampParser(isUtc: true),
            Storage.Text when ReferenceEquals(type.Base, PgTypes.Text) => new PlainTextParser(int.MaxValue),
            Storage.Text when ReferenceEquals(type.Base, PgTypes.Varchar) =>
                new PlainTextParser(type.Modifier < 4 ? int.MaxValue : type.Modifier - 4),
            Storage.Text when ReferenceEquals(type.Base, PgTypes.Bpchar) && type.Modifier >= 4 => new PaddedTextParser(type.Modifier - 4),
            _ => null,
        };
    }

    /// <summary>A number of up to 18 digits with a sign or without.</summary>
    private static bool TryInteger(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        var isNegative = text.Length > 0 && text[0] == '-';
        var digits = isNegative ? text[1..] : text;
        if (digits.Length is 0 or > 18) return false;
        foreach (var item in digits)
        {
            var digit = (uint)(item - '0');
            if (digit > 9) return false;
            value = (value * 10) + digit;
        }

        if (isNegative) value = -value;
        return true;
    }

    private static bool TryDigits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (var item in text)
        {
            var digit = (uint)(item - '0');
            if (digit > 9) return false;
            value = (value * 10) + (int)digit;
        }

        return true;
    }

    /// <summary>YYYY-MM-DD of our era, whatever DateStyle says: a year of four digits that comes first is one.</summary>
    private static bool TryDate(ReadOnlySpan<byte> text, out int days)
    {
        days = 0;
        if (text.Length != 10 || text[4] != '-' || text[7] != '-') return false;
        if (!TryDigits(text[..4], out var year) || !TryDigits(text[5..7], out var month) || !TryDigits(text[8..], out var day))
            return false;
        if (year == 0 || month is 0 or > 12 || day == 0 || day > Calendar.DaysInMonth(year, month)) return false;
        days = (int)Calendar.DaysFromCivil(year, month, day);
        return true;
    }

    private sealed class BooleanParser : TextParser
    {
        public override bool TryAppend(ReadOnlySpan<byte> text, ColumnBuilder column)
        {
            if (text.Length != 1 || text[0] is not ((byte)'t' or (byte)'f')) return false;
            column.AppendBoolean(text[0] == 't');
            return true;
        }
    }

    private sealed class Int16Parser : TextParser
    {
        public override bool TryAppend(ReadOnlySpan<byte> text, ColumnBuilder column)
        {
            if (!TryInteger(text, out var value) || value != (short)value) return false;
            column.Append((short)value);
            return true;
        }
    }

    private sealed class Int32Parser : TextParser
    {
        public override bool TryAppend(ReadOnlySpan<byte> text, ColumnBuilder column)
        {
            if (!TryInteger(text, out var value) || value != (int)value) return false;
            column.Append((int)value);
            return true;
        }
    }

    private sealed class Int64Parser : TextParser
    {
        public override bool TryAppend(ReadOnlySpan<byte> text, ColumnBuilder column)
        {
            if (!TryInteger(text, out var value)) return false;
            column.Append(value);
            return true;
        }
    }

    private sealed class Float32Parser : TextParser
    {
        public override bool TryAppend(ReadOnlySpan<byte> text, ColumnBuilder column)
        {
            // Zero may be an underflow.
            if (!Utf8Parser.TryParse(text, out float value, out var used) || used != text.Length || !float.IsFinite(value) || value == 0)
                return false;
            column.Append(value);
            return true;
        }
    }

    private sealed class Float64Parser : TextParser
    {
        public override bool TryAppend(ReadOnlySpan<byte> text, ColumnBuilder column)
        {
            if (!Utf8Parser.TryParse(text, out double value, out var used) || used != text.Length || !double.IsFinite(value) || value == 0)
                return false;
            column.Append(value);
            return true;
        }
    }

    /// <summary>Digits with a point or without, no more of them than are kept.</summary>
    private sealed class DecimalParser(DecimalShape shape) : TextParser
    {
        private const int MostDigits = 18;

        private static readonly long[] s_powers = [.. Enumerable.Range(0, MostDigits + 1).Select(exponent => (long)Math.Pow(10, exponent))];

        private readonly long _limit = s_powers[Math.Min((int)shape.Precision, MostDigits)];

        public override bool TryAppend(ReadOnlySpan<byte> text, ColumnBuilder column)
        {
            var isNegative = text.Length > 0 && text[0] == '-';
            var (value, count, fraction) = (0L, 0, -1);
            for (var i = isNegative ? 1 : 0; i < text.Length; i++)
            {
                var digit = (uint)(text[i] - '0');
                if (digit <= 9)
                {
                    value = (value * 10) + digit;
                    if (++count > MostDigits) return false;
                }
                else if (text[i] == '.' && fraction < 0)
                {
                    fraction = count;
                }
                else
                {
                    return false;
                }
            }

            var missing = shape.Scale - (fraction < 0 ? 0 : count - fraction);
            if (count == 0 || missing < 0 || missing + count > MostDigits) return false;
            value *= s_powers[missing];
            if (value >= _limit) return false;
            column.AppendDecimal(isNegative ? -value : value);
            return true;
        }
    }

    private sealed class DateParser : TextParser
    {
        public override bool TryAppend(ReadOnlySpan<byte> text, ColumnBuilder column)
        {
            if (!TryDate(text, out var days)) return false;
            column.Append(days);
            return true;
        }
    }

    /// <summary>YYYY-MM-DD HH:MM:SS with up to six digits of fraction; +00 behind it says UTC.</summary>
    private sealed class TimestampParser(bool isUtc) : TextParser
    {
        public override bool TryAppend(ReadOnlySpan<byte> text, ColumnBuilder column)
        {
            if (isUtc)
            {
                if (!text.EndsWith("+00"u8)) return false;
                text = text[..^3];
            }

            if (text.Length < 19 || text[10] != ' ' || text[13] != ':' || text[16] != ':' || !TryDate(text[..10], out var days))
                return false;
            if (!TryDigits(text[11..13], out var hours) || !TryDigits(text[14..16], out var minutes)
                || !TryDigits(text[17..19], out var seconds)) return false;
            if (hours > 23 || minutes > 59 || seconds > 59) return false;
            var microseconds = 0;
            if (text.Length > 19)
            {
                var fraction = text[20..];
                if (text[19] != '.' || fraction.Length is 0 or > 6 || !TryDigits(fraction, out microseconds)) return false;
                for (var i = fraction.Length; i < 6; i++) microseconds *= 10;
            }

            column.Append(
                (days * Calendar.MicrosecondsPerDay) + (hours * Calendar.MicrosecondsPerHour) + (minutes * Calendar.MicrosecondsPerMinute)
                + (seconds * Calendar.MicrosecondsPerSecond) + microseconds);
            return true;
        }
    }

    /// <summary>Text whose bytes are no more than the characters that it may have.</summary>
    private sealed class PlainTextParser(int mostBytes) : TextParser
    {
        public override bool TryAppend(ReadOnlySpan<byte> text, ColumnBuilder column)
        {
            if (text.Length > mostBytes) return false;
            column.AppendBytes(text);
            return true;
        }
    }

    /// <summary>char(n): ASCII, filled up with spaces.</summary>
    private sealed class PaddedTextParser(int length) : TextParser
    {
        private const int Longest = 256;

        public override bool TryAppend(ReadOnlySpan<byte> text, ColumnBuilder column)
        {
            if (text.Length > length || length > Longest || !Ascii.IsValid(text)) return false;
            if (text.Length == length)
            {
                column.AppendBytes(text);
                return true;
            }

            Span<byte> padded = stackalloc byte[length];
            text.CopyTo(padded);
            padded[text.Length..].Fill((byte)' ');
            column.AppendBytes(padded);
            return true;
        }
    }
}
