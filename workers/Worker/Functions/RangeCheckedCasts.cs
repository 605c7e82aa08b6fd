using System.Numerics;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>
/// Conversions of numbers whose bounds the kernel checks otherwise: it compares before it rounds, and has no type for OIDs.
/// </summary>
internal static class RangeCheckedCasts
{
    public static readonly ScalarFunction[] All =
    [
        .. OfFloat<float>(SqlType.Float4),
        .. OfFloat<double>(SqlType.Float8),
        Elementwise.Unary<ToOid, long, long>("pg_int8_to_oid", SqlType.Int8, SqlType.Int8),
    ];

    private static ScalarFunction[] OfFloat<T>(SqlType type)
        where T : unmanaged, IFloatingPointIeee754<T> =>
    [
        Elementwise.Unary<ToInteger<T, short>, T, short>("pg_float_to_int2", type, SqlType.Int2),
        Elementwise.Unary<ToInteger<T, int>, T, int>("pg_float_to_int4", type, SqlType.Int4),
        Elementwise.Unary<ToInteger<T, long>, T, long>("pg_float_to_int8", type, SqlType.Int8),
    ];

    private readonly struct ToInteger<T, TInteger> : IUnary<T, TInteger>
        where T : unmanaged, IFloatingPointIeee754<T>
        where TInteger : unmanaged, IBinaryInteger<TInteger>, IMinMaxValue<TInteger>
    {
        // The least integer is a power of two, which floating point holds exactly; the greatest is not.
        private static readonly T s_least = T.CreateChecked(TInteger.MinValue);

        public static TInteger Compute(T value)
        {
            var rounded = T.Round(value, MidpointRounding.ToEven);
            return rounded >= s_least && rounded < -s_least
                ? TInteger.CreateTruncating(rounded)
                : throw IntegerFunctions.OutOfRange<TInteger>();
        }
    }

    private readonly struct ToOid : IUnary<long, long>
    {
        public static long Compute(long value) =>
            value is >= 0 and <= uint.MaxValue ? value : throw new SqlException(SqlState.NumericValueOutOfRange, "OID out of range");
    }
}
