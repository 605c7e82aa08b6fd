using System.Numerics;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>
/// Division and remainder of integers with PostgreSQL's errors (int.c, int8.c): the kernel gives NULL for a division by zero.
/// </summary>
internal static class IntegerFunctions
{
    public static readonly ScalarFunction[] All =
    [
        .. Of<short>(SqlType.Int2),
        .. Of<int>(SqlType.Int4),
        .. Of<long>(SqlType.Int8),
    ];

    private static ScalarFunction[] Of<T>(SqlType type)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> =>
    [
        Elementwise.Binary<Divide<T>, T, T, T>("pg_divide", type, type, type),
        Elementwise.Binary<Remainder<T>, T, T, T>("pg_remainder", type, type, type),
    ];

    private readonly struct Divide<T> : IBinary<T, T, T>
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        public static T Compute(T left, T right) =>
            T.IsZero(right) ? throw DivisionByZero()
            : right == -T.One ? left == T.MinValue ? throw OutOfRange<T>() : -left
            : left / right;
    }

    private readonly struct Remainder<T> : IBinary<T, T, T>
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        // The least value divided by -1 traps in the processor.
        public static T Compute(T left, T right) => T.IsZero(right) ? throw DivisionByZero() : right == -T.One ? T.Zero : left % right;
    }

    private static SqlException DivisionByZero() => new(SqlState.DivisionByZero, "division by zero");

    public static SqlException OutOfRange<T>() =>
        new(SqlState.NumericValueOutOfRange, typeof(T) == typeof(short)
            ? "smallint out of range"
            : typeof(T) == typeof(int) ? "integer out of range" : "bigint out of range");
}
