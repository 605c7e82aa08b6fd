using System.Numerics;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>numeric in its text form: any length and scale, NaN and the infinities, results and scales as PostgreSQL gives them.</summary>
internal static class NumericFunctions
{
    private const int FrameScale = 9;

    /// <summary>What values at a distance from a numeric are found by: one scale for all, so that the kernel can add.</summary>
    private static readonly SqlType s_frameKey = SqlType.Numeric with { Decimal = new DecimalShape(DecimalShape.MaxPrecision, FrameScale) };

    private static readonly BigInteger s_frameLimit = BigInteger.Pow(10, DecimalShape.MaxPrecision - 1);

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        Binary("pg_numeric_add", (left, right) => left + right),
        Binary("pg_numeric_sub", (left, right) => left - right),
        Binary("pg_numeric_mul", (left, right) => left * right),
        Binary("pg_numeric_div", (left, right) => left / right),
        Binary("pg_numeric_mod", (left, right) => left % right),
        Binary("pg_numeric_idiv", PgNumeric.Quotient),
        Binary("pg_numeric_power", PgNumeric.Power),
        Binary("pg_numeric_log", PgNumeric.Log),
        Binary("pg_numeric_gcd", PgNumeric.GreatestCommonDivisor),
        Binary("pg_numeric_lcm", PgNumeric.LeastCommonMultiple),
        Unary("pg_numeric_in", value => value),
        Unary("pg_numeric_neg", value => -value),
        Unary("pg_numeric_abs", value => value.Abs()),
        Unary("pg_numeric_sign", value => value.SignValue()),
        Unary("pg_numeric_ceil", value => value.Ceiling()),
        Unary("pg_numeric_floor", value => value.Floor()),
        Unary("pg_numeric_sqrt", value => value.Sqrt()),
        Unary("pg_numeric_exp", value => value.Exp()),
        Unary("pg_numeric_ln", value => value.Ln()),
        Unary("pg_numeric_trim_scale", value => value.Round(value.MinScale())),
        new("pg_numeric_round", [SqlType.Text, SqlType.Int4], SqlType.Text, static (ref FunctionRow row) =>
            Set(ref row, Get(ref row, 0).Round(row.GetInt32(1)))),
        new("pg_numeric_trunc", [SqlType.Text, SqlType.Int4], SqlType.Text, static (ref FunctionRow row) =>
            Set(ref row, Get(ref row, 0).Truncate(row.GetInt32(1)))),
        new("pg_numeric_cmp", [SqlType.Text, SqlType.Text], SqlType.Int4, static (ref FunctionRow row) =>
            row.Set(Get(ref row, 0).CompareTo(Get(ref row, 1)))),
        new("pg_numeric_frame_key", [SqlType.Text], s_frameKey,
            static (ref FunctionRow row) => row.Set(FrameKey(PgNumeric.Parse(row.GetBytes(0))))),
        new("pg_numeric_below", [SqlType.Text, SqlType.Int4], SqlType.Text, static (ref FunctionRow row) =>
            Set(ref row, Clamped(Get(ref row, 0).Floor(row.GetInt32(1)), row.GetInt32(1)))),
        new("pg_numeric_above", [SqlType.Text, SqlType.Int4], SqlType.Text, static (ref FunctionRow row) =>
            Set(ref row, Clamped(Get(ref row, 0).Ceiling(row.GetInt32(1)), row.GetInt32(1)))),
        new("pg_numeric_scale", [SqlType.Text], SqlType.Int4, static (ref FunctionRow row) =>
        {
            var value = Get(ref row, 0);
            if (value.IsFinite) row.Set(value.Scale);
            else row.SetNull();
        }),
        new("pg_numeric_min_scale", [SqlType.Text], SqlType.Int4, static (ref FunctionRow row) =>
        {
            var value = Get(ref row, 0);
            if (value.IsFinite) row.Set(value.MinScale());
            else row.SetNull();
        }),
        new("pg_numeric_key", [SqlType.Text], SqlType.Bytea, static (ref FunctionRow row) => row.Set(Get(ref row, 0).ToSortKey().AsSpan())),
        new("pg_numeric_typmod", [SqlType.Text, SqlType.Int4, SqlType.Int4], SqlType.Text, static (ref FunctionRow row) =>
            Set(ref row, Get(ref row, 0).WithModifier(row.GetInt32(1), row.GetInt32(2)))),
        new("pg_numeric_to_int8", [SqlType.Text], SqlType.Int8, static (ref FunctionRow row) => row.Set(Get(ref row, 0).ToInt64())),
        new("pg_numeric_to_int4", [SqlType.Text], SqlType.Int4, static (ref FunctionRow row) => row.Set(Get(ref row, 0).ToInt32())),
        new("pg_numeric_to_int2", [SqlType.Text], SqlType.Int2, static (ref FunctionRow row) => row.Set(Get(ref row, 0).ToInt16())),
        new("pg_numeric_to_float8", [SqlType.Text], SqlType.Float8, static (ref FunctionRow row) => row.Set(Get(ref row, 0).ToDouble())),
        new("pg_numeric_to_float4", [SqlType.Text], SqlType.Float4, static (ref FunctionRow row) => row.Set(ToSingle(Get(ref row, 0)))),
        new("pg_numeric_from_float8", [SqlType.Float8], SqlType.Text, static (ref FunctionRow row) =>
            Set(ref row, PgNumeric.FromDouble(row.Get<double>(0)))),
        new("pg_numeric_from_float4", [SqlType.Float4], SqlType.Text, static (ref FunctionRow row) =>
            Set(ref row, PgNumeric.FromSingle(row.Get<float>(0)))),
        new("pg_width_bucket", [SqlType.Text, SqlType.Text, SqlType.Text, SqlType.Int4], SqlType.Int4, static (ref FunctionRow row) =>
            row.Set(WidthBucket(Get(ref row, 0), Get(ref row, 1), Get(ref row, 2), row.GetInt32(3)))),
        new("pg_width_bucket", [SqlType.Float8, SqlType.Float8, SqlType.Float8, SqlType.Int4], SqlType.Int4, static (ref FunctionRow row) =>
            row.Set(WidthBucket(row.Get<double>(0), row.Get<double>(1), row.Get<double>(2), row.GetInt32(3)))),
    ];

    public static PgNumeric Get(ref FunctionRow row, int argument) => PgNumeric.Parse(row.GetBytes(argument));

    public static void Set(ref FunctionRow row, PgNumeric value) => row.Set(value.ToString());

    /// <summary>The value, or the end of the kernel's widest decimal of that scale on whose side it lies; NaN is above all.</summary>
    private static PgNumeric Clamped(PgNumeric value, int scale)
    {
        const int WidestDigits = 38;
        var most = new PgNumeric(System.Numerics.BigInteger.Pow(10, WidestDigits) - 1, scale);
        return value.CompareTo(most) > 0 ? most : value.CompareTo(-most) < 0 ? -most : value;
    }

    private static ScalarFunction Unary(string name, Func<PgNumeric, PgNumeric> body) =>
        new(name, [SqlType.Text], SqlType.Text, (ref FunctionRow row) => Set(ref row, body(Get(ref row, 0))));

    private static ScalarFunction Binary(string name, Func<PgNumeric, PgNumeric, PgNumeric> body) =>
        new(name, [SqlType.Text, SqlType.Text], SqlType.Text,
            (ref FunctionRow row) => Set(ref row, body(Get(ref row, 0), Get(ref row, 1))));

    private static float ToSingle(PgNumeric value)
    {
        var result = value.IsFinite
            ? float.Parse(value.ToString(), System.Globalization.CultureInfo.InvariantCulture)
            : (float)value.ToDouble();
        return !value.IsFinite || (float.IsFinite(result) && (result != 0 || value.Sign == 0)) ? result
            : throw new SqlException(SqlState.NumericValueOutOfRange, $"\"{value}\" is out of range for type real");
    }

    private static int WidthBucket(PgNumeric operand, PgNumeric low, PgNumeric high, int count)
    {
        CheckBuckets(count, operand.Kind == NumericKind.NaN || low.Kind == NumericKind.NaN || high.Kind == NumericKind.NaN,
            low.IsFinite && high.IsFinite);
        var order = low.CompareTo(high);
        if (order == 0) throw EqualBounds();
        if (order > 0) (operand, low, high) = (-operand, -low, -high);
        if (operand.CompareTo(low) < 0) return 0;
        if (operand.CompareTo(high) >= 0) return count + 1;
        return PgNumeric.Quotient((operand - low) * new PgNumeric(count, 0), high - low).ToInt32() + 1;
    }

    private static int WidthBucket(double operand, double low, double high, int count)
    {
        CheckBuckets(count, double.IsNaN(operand) || double.IsNaN(low) || double.IsNaN(high),
            double.IsFinite(low) && double.IsFinite(high));
        if (low == high) throw EqualBounds();
        if (low > high) (operand, low, high) = (-operand, -low, -high);
        if (operand < low) return 0;
        return operand >= high ? count + 1 : Math.Min((int)((operand - low) / (high - low) * count), count - 1) + 1;
    }

    private static void CheckBuckets(int count, bool anyNaN, bool boundsFinite)
    {
        if (count <= 0) throw new SqlException(SqlState.InvalidArgumentForWidthBucketFunction, "count must be greater than zero");
        if (anyNaN) throw new SqlException(SqlState.InvalidArgumentForWidthBucketFunction,
            "operand, lower bound, and upper bound cannot be NaN");
        if (!boundsFinite) throw new SqlException(SqlState.InvalidArgumentForWidthBucketFunction, "lower and upper bounds must be finite");
    }

    private static SqlException EqualBounds() =>
        new(SqlState.InvalidArgumentForWidthBucketFunction, "lower bound cannot equal upper bound");

    private static Int128 FrameKey(PgNumeric value)
    {
        if (value.IsFinite)
        {
            var scaled = value.Scale <= FrameScale
                ? value.Unscaled * BigInteger.Pow(10, FrameScale - value.Scale)
                : BigInteger.DivRem(value.Unscaled, BigInteger.Pow(10, value.Scale - FrameScale), out var rest) is var quotient
                    && rest.IsZero ? quotient : (BigInteger?)null;
            if (scaled is { } key && BigInteger.Abs(key) < s_frameLimit) return (Int128)key;
        }

        throw new SqlException(SqlState.FeatureNotSupported, $"RANGE with an offset over numerics like {value} is not supported")
        {
            Hint = "Cast the ORDER BY column to a numeric with precision and scale.",
        };
    }
}
