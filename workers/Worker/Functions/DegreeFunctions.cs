using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>Trigonometry in degrees, exact at the angles where PostgreSQL's is (float.c): multiples of 30 and 45.</summary>
internal static class DegreeFunctions
{
    private const double RadiansPerDegree = 0.0174532925199432957692;

    private static readonly double s_sin30 = Math.Sin(30 * RadiansPerDegree);
    private static readonly double s_oneMinusCos60 = 1 - Math.Cos(60 * RadiansPerDegree);
    private static readonly double s_asinHalf = Math.Asin(0.5);
    private static readonly double s_acosHalf = Math.Acos(0.5);
    private static readonly double s_atanOne = Math.Atan(1);
    private static readonly double s_tan45 = Sine(45) / Cosine(45);
    private static readonly double s_cot45 = Cosine(45) / Sine(45);

    public static readonly ScalarFunction[] All =
    [
        Of("pg_sind",
            static x => x == 0 ? x : OfAngle(x, static (angle, sign) => sign * Sine(angle > 90 ? 180 - angle : angle), keepsSign: true)),
        Of("pg_cosd", static x => OfAngle(x, static (angle, _) => angle > 90 ? -Cosine(180 - angle) : Cosine(angle))),
        Of("pg_tand", static x => OfAngle(x, static (angle, sign) =>
        {
            if (angle > 90) (angle, sign) = (180 - angle, -sign);
            return sign * (Sine(angle) / Cosine(angle) / s_tan45);
        })),
        Of("pg_cotd", static x => OfAngle(x, static (angle, sign) =>
        {
            if (angle > 90) (angle, sign) = (180 - angle, -sign);
            return sign * (Cosine(angle) / Sine(angle) / s_cot45);
        })),
        Of("pg_asind", static x => x is < -1 or > 1 ? throw OutOfRange() : x >= 0 ? ArcSine(x) : -ArcSine(-x)),
        Of("pg_acosd", static x => x is < -1 or > 1 ? throw OutOfRange() : x >= 0 ? ArcCosine(x) : 90 + ArcSine(-x)),
        Of("pg_atand", static x => Math.Atan(x) / s_atanOne * 45),
        new("pg_atan2d", [SqlType.Float8, SqlType.Float8], SqlType.Float8, static (ref FunctionRow row) =>
            row.Set(Math.Atan2(row.Get<double>(0), row.Get<double>(1)) / s_atanOne * 45)),
    ];

    private static ScalarFunction Of(string name, Func<double, double> compute) =>
        new(name, [SqlType.Float8], SqlType.Float8, (ref FunctionRow row) =>
    {
        var x = row.Get<double>(0);
        row.Set(double.IsNaN(x) ? double.NaN : compute(x));
    });

    /// <summary>The angle in 0 to 180 and the sign that sine and tangent take; cosine is even.</summary>
    private static double OfAngle(double x, Func<double, int, double> compute, bool keepsSign = false)
    {
        if (double.IsInfinity(x)) throw OutOfRange();
        var angle = x % 360;
        var sign = 1;
        if (angle < 0) (angle, sign) = (-angle, -sign);
        if (angle > 180) (angle, sign) = (360 - angle, -sign);
        var result = compute(angle, sign);
        return result == 0 && !keepsSign ? 0 : result;
    }

    private static double Sine(double x) => x <= 30 ? Sine30(x) : Cosine60(90 - x);

    private static double Cosine(double x) => x <= 60 ? Cosine60(x) : Sine30(90 - x);

    /// <summary>For 0 to 30, exact at 30.</summary>
    private static double Sine30(double x) => Math.Sin(x * RadiansPerDegree) / s_sin30 / 2;

    /// <summary>For 0 to 60, exact at 60.</summary>
    private static double Cosine60(double x) => 1 - ((1 - Math.Cos(x * RadiansPerDegree)) / s_oneMinusCos60 / 2);

    private static double ArcSine(double x) => x <= 0.5 ? Math.Asin(x) / s_asinHalf * 30 : 90 - (Math.Acos(x) / s_acosHalf * 60);

    private static double ArcCosine(double x) => x <= 0.5 ? 90 - (Math.Asin(x) / s_asinHalf * 30) : Math.Acos(x) / s_acosHalf * 60;

    private static SqlException OutOfRange() => new(SqlState.NumericValueOutOfRange, "input is out of range");
}
