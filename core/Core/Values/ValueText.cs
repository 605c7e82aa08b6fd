using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Core.Values;

/// <summary>Text input and output of every type, by PostgreSQL 15's rules. Values have the CLR forms listed in Values.cs.</summary>
public static class ValueText
{
    /// <summary>The input function of the type, with the type's modifier applied as the input function does.</summary>
    public static object? Parse(string text, SqlType type, ValueContext context)
    {
        if (type.IsArray) return ArrayText.Parse(text, type, context);
        return type.Storage switch
        {
            Storage.Boolean => NumberText.ParseBoolean(text),
            Storage.Int16 => (short)NumberText.ParseInteger(text, type.Base.DisplayName, short.MinValue, short.MaxValue),
            Storage.Int32 => (int)NumberText.ParseInteger(text, type.Base.DisplayName, int.MinValue, int.MaxValue),
            Storage.Int64 => ParseLong(text, type, context),
            Storage.Float32 => FloatText.ParseSingle(text),
            Storage.Float64 => FloatText.ParseDouble(text),
            Storage.Decimal => NumberText.ApplyModifier(NumberText.ParseNumeric(text), type),
            Storage.Text => ParseText(text, type, context),
            Storage.Bytes => ByteaText.Parse(text),
            Storage.Date => DateTimeInput.ParseDate(text, context),
            Storage.Time => DateTimeInput.ParseTime(text, type.Modifier, context),
            Storage.TimeTz => DateTimeInput.ParseTimeTz(text, type.Modifier, context),
            Storage.Timestamp =>
                DateTimeInput.ParseTimestamp(text, ReferenceEquals(type.Base, PgTypes.Timestamptz), type.Modifier, context),
            Storage.Interval => IntervalInput.Parse(text, type.Modifier, context.Format.IntervalStyle),
            Storage.Uuid => UuidText.Parse(text),
            Storage.Bit => BitText.Parse(text, type.Modifier, ReferenceEquals(type.Base, PgTypes.Varbit)),
            Storage.Struct => RecordText.Parse(text, type, context),
            _ => throw new UnreachableException(type.ToString()),
        };
    }

    /// <summary>The output function of the type. NULL has no text: the caller decides how to show it.</summary>
    public static string Format(object value, SqlType type, TextFormat format)
    {
        Span<byte> buffer = stackalloc byte[IntervalOutput.MaxLength];
        switch (value)
        {
            case string text: return text;
            case bool truth: return truth ? "t" : "f";
            case short number: return number.ToString(CultureInfo.InvariantCulture);
            case int number: return number.ToString(CultureInfo.InvariantCulture);
            case long number: return FormatLong(number, type, format);
            case float number: return Ascii(buffer[..FloatText.Write(buffer, number, format.ExtraFloatDigits)]);
            case double number: return Ascii(buffer[..FloatText.Write(buffer, number, format.ExtraFloatDigits)]);
            case PgNumeric number: return number.ToString();
            case PgDate date: return Ascii(buffer[..DateTimeOutput.Write(buffer, date, format)]);
            case PgTime time: return Ascii(buffer[..DateTimeOutput.Write(buffer, time)]);
            case PgTimeTz time: return Ascii(buffer[..DateTimeOutput.Write(buffer, time)]);
            case PgTimestamp timestamp:
                return Ascii(buffer[..DateTimeOutput.Write(buffer, timestamp, ReferenceEquals(type.Base, PgTypes.Timestamptz), format)]);
            case PgInterval interval: return Ascii(buffer[..IntervalOutput.Write(buffer, interval, format.IntervalStyle)]);
            case Guid uuid: return uuid.ToString("D");
            case PgBits bits: return BitText.Format(bits);
            case byte[] bytes:
                var output = new ArrayBufferWriter<byte>((bytes.Length * 2) + 2);
                ByteaText.Write(output, bytes, format.ByteaOutput);
                return Ascii(output.WrittenSpan);
            case PgArray array: return ArrayText.Format(array, type, format);
            case object?[] fields: return RecordText.Format(fields, type, format);
            default: throw new SqlException(SqlState.InternalError, $"a value of class {value.GetType().Name} has no text as {type}");
        }
    }

    /// <summary>Cuts or pads text to a declared length as the input functions of varchar, char and name do.</summary>
    public static string ApplyLength(string text, SqlType type)
    {
        if (ReferenceEquals(type.Base, PgTypes.Name)) return Truncate(text, 63);
        if (ReferenceEquals(type.Base, PgTypes.Char)) return CharIn(text);
        var isFixed = ReferenceEquals(type.Base, PgTypes.Bpchar);
        if (type.Modifier < 4 || (!isFixed && !ReferenceEquals(type.Base, PgTypes.Varchar))) return text;
        var limit = type.Modifier - 4;
        var length = CharacterCount(text);
        if (length <= limit) return isFixed ? text.PadRight(text.Length + limit - length) : text;
        var cut = IndexOfCharacter(text, limit);
        // Only spaces may be lost.
        if (!text.AsSpan(cut).Trim(' ').IsEmpty) throw ValueErrors.ValueTooLong(type.ToString());
        return text[..cut];
    }

    /// <summary>
    /// The input function of "char": the first byte, or the one whose octal number stands behind a backslash (charin in char.c). Only ASCII
    /// has a form here.
    /// </summary>
    public static string CharIn(string text)
    {
        var code = text is ['\\', >= '0' and <= '7', >= '0' and <= '7', >= '0' and <= '7']
            ? (((text[1] - '0') << 6) & 0xff) + ((text[2] - '0') << 3) + (text[3] - '0')
            : text.Length == 0 ? 0 : text[0];
        return code >= 0x80 ? throw new SqlException(SqlState.FeatureNotSupported, "a \"char\" that is not ASCII is not supported")
            : code == 0 ? "" : ((char)code).ToString();
    }

    private static string Ascii(ReadOnlySpan<byte> text) => Encoding.ASCII.GetString(text);

    private static long ParseLong(string text, SqlType type, ValueContext context)
    {
        var pgType = type.Base;
        if (ReferenceEquals(pgType, PgTypes.Int8)) return NumberText.ParseInteger(text, "bigint", long.MinValue, long.MaxValue);
        if (ReferenceEquals(pgType, PgTypes.Xid8)) return NumberText.ParseUnsigned(text, "xid8");
        if (!IsReg(pgType)) return NumberText.ParseOid(text, pgType.Name);
        if (text == "-") return 0;
        if (text.Length > 0 && text.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0) return NumberText.ParseOid(text, "oid");
        return context.Format.ObjectNames?.Resolve(pgType, text).Value ?? throw ValueErrors.InvalidSyntax(pgType.Name, text);
    }

    private static string FormatLong(long value, SqlType type, TextFormat format)
    {
        // xid8 is unsigned; its bits are held in a signed integer.
        if (ReferenceEquals(type.Base, PgTypes.Xid8)) return ((ulong)value).ToString(CultureInfo.InvariantCulture);
        if (!IsReg(type.Base)) return value.ToString(CultureInfo.InvariantCulture);
        return FormatReg(value, type.Base, format);
    }

    /// <summary>True for regclass, regtype and their kin, whose text is a name.</summary>
    public static bool IsReg(PgType type) => type.Name.StartsWith("reg", StringComparison.Ordinal);

    /// <summary>The name of an object, or its number when it has none; 0 is a dash.</summary>
    public static string FormatReg(long value, PgType type, TextFormat format) =>
        value == 0 ? "-" : format.ObjectNames?.Find(type, new Oid((uint)value)) ?? value.ToString(CultureInfo.InvariantCulture);

    private static object ParseText(string text, SqlType type, ValueContext context)
    {
        // A numeric without a declared shape is held as text in batches, but is a number everywhere else.
        if (type.IsNumeric) return NumberText.ApplyModifier(NumberText.ParseNumeric(text), type);
        return TextForms.Normalise(ApplyLength(text, type), type, context);
    }

    private static string Truncate(string text, int maxBytes)
    {
        if (Encoding.UTF8.GetByteCount(text) <= maxBytes) return text;
        var bytes = 0;
        var end = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > maxBytes) break;
            end += rune.Utf16SequenceLength;
        }

        return text[..end];
    }

    private static int CharacterCount(string text)
    {
        var count = 0;
        foreach (var c in text)
            if (!char.IsLowSurrogate(c))
                count++;
        return count;
    }

    private static int IndexOfCharacter(string text, int characters)
    {
        var index = 0;
        for (; characters > 0; characters--) index += char.IsHighSurrogate(text[index]) ? 2 : 1;
        return index;
    }
}
