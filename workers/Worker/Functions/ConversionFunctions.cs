using System.Buffers.Text;
using System.Text;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>Text into booleans and numbers and floats into text, with PostgreSQL's rules and errors.</summary>
internal static class ConversionFunctions
{
    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_float8out", [SqlType.Float8], SqlType.Text, static (ref FunctionRow row) => WriteFloat(ref row, row.Get<double>(0))),
        new("pg_float4out", [SqlType.Float4], SqlType.Text, static (ref FunctionRow row) => WriteFloat(ref row, row.Get<float>(0))),
        new("pg_text_to_bool", [SqlType.Text], SqlType.Bool, static (ref FunctionRow row) => row.Set(TextInput.ToBoolean(row.GetBytes(0)))),
        new("pg_text_to_int2", [SqlType.Text], SqlType.Int2, static (ref FunctionRow row) =>
            row.Set((short)TextInput.ToInteger(row.GetBytes(0), short.MinValue, short.MaxValue, "smallint"))),
        new("pg_text_to_int4", [SqlType.Text], SqlType.Int4, static (ref FunctionRow row) =>
            row.Set((int)TextInput.ToInteger(row.GetBytes(0), int.MinValue, int.MaxValue, "integer"))),
        new("pg_text_to_int8", [SqlType.Text], SqlType.Int8, static (ref FunctionRow row) =>
            row.Set(TextInput.ToInteger(row.GetBytes(0), long.MinValue, long.MaxValue, "bigint"))),
        new("pg_text_to_float8", [SqlType.Text], SqlType.Float8,
            static (ref FunctionRow row) => row.Set(TextInput.ToDouble(row.GetBytes(0)))),
        new("pg_text_to_float4", [SqlType.Text], SqlType.Float4,
            static (ref FunctionRow row) => row.Set(TextInput.ToSingle(row.GetBytes(0)))),
    ];

    private static void WriteFloat(ref FunctionRow row, double value)
    {
        Span<byte> text = stackalloc byte[FloatText.MaxLength];
        row.Set((ReadOnlySpan<byte>)text[..FloatText.Write(text, value, extraFloatDigits: 1)]);
    }

    private static void WriteFloat(ref FunctionRow row, float value)
    {
        Span<byte> text = stackalloc byte[FloatText.MaxLength];
        row.Set((ReadOnlySpan<byte>)text[..FloatText.Write(text, value, extraFloatDigits: 1)]);
    }
}

/// <summary>PostgreSQL's input functions of bool, integers and floats.</summary>
internal static class TextInput
{
    private static ReadOnlySpan<byte> Space => " \t\n\r\v\f"u8;

    public static bool ToBoolean(ReadOnlySpan<byte> text)
    {
        var value = text.Trim(Space);
        Span<byte> lower = stackalloc byte[5];
        if (value.Length is > 0 and <= 5)
        {
            for (var i = 0; i < value.Length; i++) lower[i] = (byte)char.ToLowerInvariant((char)value[i]);
            ReadOnlySpan<byte> word = lower[..value.Length];
            // Any beginning of a word will do, but "o" could be on or off.
            if ("true"u8.StartsWith(word) || "yes"u8.StartsWith(word) || word.SequenceEqual("on"u8) || word.SequenceEqual("1"u8))
                return true;
            if ("false"u8.StartsWith(word) || "no"u8.StartsWith(word) || word.SequenceEqual("0"u8)
                || (word.Length > 1 && "off"u8.StartsWith(word)))
                return false;
        }

        throw InvalidSyntax("boolean", text);
    }

    public static long ToInteger(ReadOnlySpan<byte> text, long least, long most, string type)
    {
        var digits = text.Trim(Space);
        var isNegative = digits.StartsWith("-"u8);
        if (isNegative || digits.StartsWith("+"u8)) digits = digits[1..];
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9')) throw InvalidSyntax(type, text);
        digits = digits.TrimStart((byte)'0');
        if (digits.Length <= 19)
        {
            ulong value = 0;
            foreach (var digit in digits) value = (value * 10) + (ulong)(digit - '0');
            if (isNegative ? value <= 0UL - (ulong)least : value <= (ulong)most) return isNegative ? (long)(0 - value) : (long)value;
        }

        throw new SqlException(SqlState.NumericValueOutOfRange,
            $"value \"{Encoding.UTF8.GetString(text)}\" is out of range for type {type}");
    }

    public static double ToDouble(ReadOnlySpan<byte> text)
    {
        var value = Special(text, out var number);
        if (value is { } special) return special;
        if (!Utf8Parser.TryParse(number, out double result, out var used) || used != number.Length)
            throw InvalidSyntax("double precision", text);
        return double.IsFinite(result) && (result != 0 || IsZero(number)) ? result : throw OutOfRange("double precision", text);
    }

    public static float ToSingle(ReadOnlySpan<byte> text)
    {
        var value = Special(text, out var number);
        if (value is { } special) return (float)special;
        if (!Utf8Parser.TryParse(number, out float result, out var used) || used != number.Length) throw InvalidSyntax("real", text);
        return float.IsFinite(result) && (result != 0 || IsZero(number)) ? result : throw OutOfRange("real", text);
    }

    public static SqlException InvalidSyntax(string type, ReadOnlySpan<byte> text) =>
        new(SqlState.InvalidTextRepresentation, $"invalid input syntax for type {type}: \"{Encoding.UTF8.GetString(text)}\"");

    /// <summary>NaN and the infinities; otherwise null and the number without the blanks around it.</summary>
    private static double? Special(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> number)
    {
        number = text.Trim(Space);
        var word = number;
        var sign = word.StartsWith("-"u8) ? -1 : 1;
        if (word.StartsWith("-"u8) || word.StartsWith("+"u8)) word = word[1..];
        if (Ascii.EqualsIgnoreCase(word, "nan"u8)) return double.NaN;
        if (Ascii.EqualsIgnoreCase(word, "inf"u8) || Ascii.EqualsIgnoreCase(word, "infinity"u8)) return sign * double.PositiveInfinity;
        // The parser takes a few more spellings than PostgreSQL.
        if (word.IsEmpty || (!char.IsAsciiDigit((char)word[0]) && word[0] != '.') || word.SequenceEqual("."u8)) number = default;
        return null;
    }

    private static bool IsZero(ReadOnlySpan<byte> number)
    {
        foreach (var character in number)
        {
            if (character is (byte)'e' or (byte)'E') return true;
            if (character is >= (byte)'1' and <= (byte)'9') return false;
        }

        return true;
    }

    private static SqlException OutOfRange(string type, ReadOnlySpan<byte> text) =>
        new(SqlState.NumericValueOutOfRange, $"\"{Encoding.UTF8.GetString(text.Trim(Space))}\" is out of range for type {type}");
}
