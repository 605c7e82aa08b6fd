using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>
/// Parts of text by characters and of bytea by bytes (text_substring and bytea_substring in varlena.c): positions before the first count as
/// part of the length.
/// </summary>
internal static class SubstringFunctions
{
    private static readonly SqlType s_int = SqlType.Int4;

    public static readonly ScalarFunction[] All =
    [
        new("pg_substr", [SqlType.Text, s_int], SqlType.Text,
            static (ref FunctionRow row) => row.Set(OfText(row.GetBytes(0), row.GetInt32(1), long.MaxValue))),
        new("pg_substr", [SqlType.Text, s_int, s_int], SqlType.Text,
            static (ref FunctionRow row) => row.Set(OfText(row.GetBytes(0), row.GetInt32(1), End(row.GetInt32(1), row.GetInt32(2))))),
        new("pg_bytea_substr", [SqlType.Bytea, s_int], SqlType.Bytea,
            static (ref FunctionRow row) => row.Set(OfBytes(row.GetBytes(0), row.GetInt32(1), long.MaxValue))),
        new("pg_bytea_substr", [SqlType.Bytea, s_int, s_int], SqlType.Bytea, static (ref FunctionRow row) =>
            row.Set(OfBytes(row.GetBytes(0), row.GetInt32(1), End(row.GetInt32(1), row.GetInt32(2))))),
        new("pg_get_byte", [SqlType.Bytea, s_int], s_int,
            static (ref FunctionRow row) => row.Set(ByteAt(row.GetBytes(0), row.GetInt32(1)))),
    ];

    private static ReadOnlySpan<byte> OfText(ReadOnlySpan<byte> text, long start, long end)
    {
        if (end <= Math.Max(start, 1)) return default;
        text = text[Utf8Text.OffsetOf(text, Math.Max(start, 1) - 1)..];
        return end == long.MaxValue ? text : text[..Utf8Text.OffsetOf(text, end - Math.Max(start, 1))];
    }

    private static ReadOnlySpan<byte> OfBytes(ReadOnlySpan<byte> bytes, long start, long end)
    {
        var first = (int)Math.Clamp(start - 1, 0, bytes.Length);
        return bytes[first..(int)Math.Clamp(end - 1, first, bytes.Length)];
    }

    /// <summary>The position behind the last one.</summary>
    private static long End(int start, int length) =>
        length < 0 ? throw new SqlException(SqlState.SubstringError, "negative substring length not allowed") : (long)start + length;

    private static int ByteAt(ReadOnlySpan<byte> bytes, int index) => index >= 0 && index < bytes.Length
        ? bytes[index]
        : throw new SqlException(SqlState.ArraySubscriptError, $"index {index} out of valid range, 0..{bytes.Length - 1}");
}
