using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>
/// Functions over bit strings in their written form of zeros and ones (varbit.c). The kernel holds no string without bits, so that a
/// result without any is refused.
/// </summary>
internal static class BitFunctions
{
    private static readonly SqlType s_text = SqlType.Text;
    private static readonly SqlType s_int = SqlType.Int4;

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_bits_get", [s_text, s_int], s_int, static (ref FunctionRow row) =>
        {
            var bits = row.GetBytes(0);
            row.Set(bits[InRange(row.GetInt32(1), bits.Length)] - '0');
        }),
        new("pg_bits_set", [s_text, s_int, s_int], s_text, static (ref FunctionRow row) =>
        {
            var bits = row.GetBytes(0).ToArray();
            var index = InRange(row.GetInt32(1), bits.Length);
            if (row.GetInt32(2) is not (0 or 1)) throw new SqlException(SqlState.InvalidParameterValue, "new bit must be 0 or 1");
            bits[index] = (byte)('0' + row.GetInt32(2));
            row.Set(bits.AsSpan());
        }),
        new("pg_bits_shift", [s_text, s_int], s_text, static (ref FunctionRow row) =>
        {
            // To the left; a negative distance goes to the right.
            var bits = row.GetBytes(0);
            var shifted = new byte[bits.Length];
            shifted.AsSpan().Fill((byte)'0');
            var distance = Math.Clamp(row.GetInt32(1), -bits.Length, bits.Length);
            if (distance >= 0) bits[distance..].CopyTo(shifted);
            else bits[..(bits.Length + distance)].CopyTo(shifted.AsSpan(-distance));
            row.Set(shifted.AsSpan());
        }),
        new("pg_bits_substr", [s_text, s_int, s_int], s_text,
            static (ref FunctionRow row) => row.Set(Part(row.GetBytes(0), row.GetInt32(1), row.GetInt32(2)))),
        new("pg_bits_overlay", [s_text, s_text, s_int, s_int], s_text, ByteFunctions.Overlay),
        new("pg_check_bits", [s_text, s_int, SqlType.Bool], s_text, static (ref FunctionRow row) =>
        {
            var bits = row.GetBytes(0);
            BitText.RequireLength(bits.Length, row.GetInt32(1), row.GetBoolean(2));
            row.Set(bits);
        }),
        new("pg_bits_to_int8", [s_text], SqlType.Int8, static (ref FunctionRow row) => row.Set(ToInteger(row.GetBytes(0), 64, "bigint"))),
        new("pg_bits_to_int4", [s_text], s_int, static (ref FunctionRow row) =>
            row.Set(unchecked((int)ToInteger(row.GetBytes(0), 32, "integer")))),
        new("pg_bytes_bit_count", [SqlType.Bytea], SqlType.Int8, static (ref FunctionRow row) =>
        {
            var count = 0L;
            foreach (var value in row.GetBytes(0)) count += int.PopCount(value);
            row.Set(count);
        }),
    ];

    /// <summary>As many of the bits from a place, counted from 1, as there are; places before the first count as well.</summary>
    private static ReadOnlySpan<byte> Part(ReadOnlySpan<byte> bits, int start, int length)
    {
        if (length < 0) throw new SqlException(SqlState.SubstringError, "negative substring length not allowed");
        var from = Math.Clamp((long)start - 1, 0, bits.Length);
        var to = Math.Clamp((long)start - 1 + length, from, bits.Length);
        return from < to
            ? bits[(int)from..(int)to]
            : throw new SqlException(SqlState.FeatureNotSupported, "bit strings of no bits are not supported");
    }

    /// <summary>The bits as the lowest ones of an integer of so many bits.</summary>
    private static long ToInteger(ReadOnlySpan<byte> bits, int width, string type)
    {
        if (bits.Length > width) throw new SqlException(SqlState.NumericValueOutOfRange, $"{type} out of range");
        var value = 0L;
        foreach (var bit in bits) value = (value << 1) | (uint)(bit - '0');
        return value;
    }

    private static int InRange(int index, int length) => index >= 0 && index < length
        ? index
        : throw new SqlException(SqlState.ArraySubscriptError, $"bit index {index} out of valid range (0..{length - 1})");
}
