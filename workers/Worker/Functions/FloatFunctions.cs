using System.Numerics;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>
/// Floating-point arithmetic and elementary functions that raise PostgreSQL's errors instead of giving infinities (float.h, float.c).
/// </summary>
internal static class FloatFunctions
{
    public static readonly ScalarFunction[] All =
    [
        .. Arithmetic<float>(SqlType.Float4),
        .. Arithmetic<double>(SqlType.Float8),
        Of<SquareRoot>("pg_sqrt"),
        Of<Exponential>("pg_exp"),
        Of<Logarithm>("pg_ln"),
        Of<DecimalLogarithm>("pg_log10"),
        Of<ArcSine>("pg_asin"),
        Of<ArcCosine>("pg_acos"),
        Of<HyperbolicArcCosine>("pg_acosh"),
        Of<HyperbolicArcTangent>("pg_atanh"),
        Of<Nearest>("pg_rint"),
        Of<Cotangent>("pg_cot"),
        Elementwise.Unary<Narrowing, double, float>("pg_float8_to_float4", SqlType.Float8, SqlType.Float4),
        Elementwise.Binary<Power, double, double, double>("pg_power", SqlType.Float8, SqlType.Float8, SqlType.Float8),
    ];

    private static ScalarFunction[] Arithmetic<T>(SqlType type)
        where T : unmanaged, IFloatingPointIeee754<T> =>
    [
        Elementwise.Binary<Sum<T>, T, T, T>("pg_float_add", type, type, type),
        Elementwise.Binary<Difference<T>, T, T, T>("pg_float_subtract", type, type, type),
        Elementwise.Binary<Product<T>, T, T, T>("pg_float_multiply", type, type, type),
        Elementwise.Binary<Quotient<T>, T, T, T>("pg_float_divide", type, type, type),
    ];

    private static ScalarFunction Of<TOperation>(string name)
        where TOperation : struct, IUnary<double, double> =>
            Elementwise.Unary<TOperation, double, double>(name, SqlType.Float8, SqlType.Float8);

    private readonly struct Sum<T> : IBinary<T, T, T>
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        public static T Compute(T left, T right) => Finite(left + right, left, right);
    }

    private readonly struct Difference<T> : IBinary<T, T, T>
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        public static T Compute(T left, T right) => Finite(left - right, left, right);
    }

    private readonly struct Product<T> : IBinary<T, T, T>
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        public static T Compute(T left, T right)
        {
            var result = Finite(left * right, left, right);
            return T.IsZero(result) && !T.IsZero(left) && !T.IsZero(right) ? throw Underflow() : result;
        }
    }

    private readonly struct Quotient<T> : IBinary<T, T, T>
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        public static T Compute(T left, T right)
        {
            if (T.IsZero(right) && !T.IsNaN(left)) throw new SqlException(SqlState.DivisionByZero, "division by zero");
            var result = left / right;
            if (T.IsInfinity(result) && !T.IsInfinity(left)) throw Overflow();
            return T.IsZero(result) && !T.IsZero(left) && !T.IsInfinity(right) ? throw Underflow() : result;
        }
    }

    private readonly struct Cotangent : IUnary<double, double>
    {
        public static double Compute(double value) =>
            double.IsInfinity(value)
                ? throw new SqlException(SqlState.NumericValueOutOfRange, "input is out of range")
                : 1 / Math.Tan(value);
    }

    private readonly struct Narrowing : IUnary<double, float>
    {
        public static float Compute(double value)
        {
            var result = (float)value;
            if (float.IsInfinity(result) && !double.IsInfinity(value)) throw Overflow();
            return result == 0 && value != 0 ? throw Underflow() : result;
        }
    }

    private readonly struct SquareRoot : IUnary<double, double>
    {
        public static double Compute(double value) =>
            value < 0 ? throw new SqlException(SqlState.InvalidArgumentForPowerFunction, "cannot take square root of a negative number")
                : Math.Sqrt(value);
    }

    private readonly struct Exponential : IUnary<double, double>
    {
        public static double Compute(double value)
        {
            var result = Math.Exp(value);
            if (double.IsInfinity(value)) return result;
            return double.IsInfinity(result) ? throw Overflow() : result == 0 ? throw Underflow() : result;
        }
    }

    private readonly struct Logarithm : IUnary<double, double>
    {
        public static double Compute(double value) => Math.Log(Positive(value));
    }

    private readonly struct DecimalLogarithm : IUnary<double, double>
    {
        public static double Compute(double value) => Math.Log10(Positive(value));
    }

    private readonly struct ArcSine : IUnary<double, double>
    {
        public static double Compute(double value) => value is < -1 or > 1 ? throw InputOutOfRange() : Math.Asin(value);
    }

    private readonly struct ArcCosine : IUnary<double, double>
    {
        public static double Compute(double value) => value is < -1 or > 1 ? throw InputOutOfRange() : Math.Acos(value);
    }

    private readonly struct HyperbolicArcCosine : IUnary<double, double>
    {
        public static double Compute(double value) => value < 1 ? throw InputOutOfRange() : Math.Acosh(value);
    }

    private readonly struct HyperbolicArcTangent : IUnary<double, double>
    {
        public static double Compute(double value) => value is < -1 or > 1 ? throw InputOutOfRange() : Math.Atanh(value);
    }

    private readonly struct Nearest : IUnary<double, double>
    {
        public static double Compute(double value) => Math.Round(value, MidpointRounding.ToEven);
    }

    /// <summary>dpow in float.c, which says what POSIX leaves to the platform.</summary>
    private readonly struct Power : IBinary<double, double, double>
    {
        public static double Compute(double value, double exponent)
        {
            if (double.IsNaN(value)) return exponent == 0 ? 1 : double.NaN;
            if (double.IsNaN(exponent)) return value == 1 ? 1 : double.NaN;
            if (value == 0 && exponent < 0)
                throw new SqlException(SqlState.InvalidArgumentForPowerFunction, "zero raised to a negative power is undefined");
            if (value < 0 && Math.Floor(exponent) != exponent)
                throw new SqlException(SqlState.InvalidArgumentForPowerFunction,
                    "a negative number raised to a non-integer power yields a complex result");
            var result = Math.Pow(value, exponent);
            if (double.IsInfinity(value) || double.IsInfinity(exponent)) return result;
            return double.IsInfinity(result) ? throw Overflow() : result == 0 && value != 0 ? throw Underflow() : result;
        }
    }

    private static double Positive(double value) => value switch
    {
        0 => throw new SqlException(SqlState.InvalidArgumentForLog, "cannot take logarithm of zero"),
        < 0 => throw new SqlException(SqlState.InvalidArgumentForLog, "cannot take logarithm of a negative number"),
        _ => value,
    };

    private static T Finite<T>(T result, T left, T right)
        where T : unmanaged, IFloatingPointIeee754<T> =>
            T.IsInfinity(result) && !T.IsInfinity(left) && !T.IsInfinity(right) ? throw Overflow() : result;

    private static SqlException Overflow() => new(SqlState.NumericValueOutOfRange, "value out of range: overflow");

    private static SqlException Underflow() => new(SqlState.NumericValueOutOfRange, "value out of range: underflow");

    private static SqlException InputOutOfRange() => new(SqlState.NumericValueOutOfRange, "input is out of range");
}
