namespace Federation.Planner.Writing;

/// <summary>extract and date_part. extract gives numeric, date_part double precision; both go through exact integers.</summary>
internal sealed partial class KernelExpressionWriter
{
    /// <summary>Spellings of each unit, by the name used here (datetktbl and deltatktbl in datetime.c).</summary>
    private static readonly Dictionary<string, string> s_units = (
        from line in (string[])[
            "microsecond microseconds us usec usecs usecond useconds", "millisecond milliseconds ms msec msecs",
            "second seconds s sec secs", "minute minutes m min mins", "hour hours h hr hrs",
            "day days d", "week weeks w", "month months mon mons", "quarter qtr", "year years y yr yrs", "decade decades dec decs",
            "century centuries c cent", "millennium millennia mil mils",
            "dow", "isodow", "doy", "isoyear", "julian jd", "epoch", "timezone", "timezone_hour timezone_h", "timezone_minute timezone_m"]
        from spelling in line.Split(' ')
        select (spelling, Unit: line.Split(' ')[0])).ToDictionary(pair => pair.spelling, pair => pair.Unit, StringComparer.Ordinal);

    /// <summary>Units that grow with time without end: infinite at the infinities, where all others are NULL.</summary>
    private static readonly HashSet<string> s_endless = ["year", "decade", "century", "millennium", "isoyear", "julian", "epoch"];

    /// <summary>Whether the unit is infinite at the infinities of dates and timestamps.</summary>
    public static bool IsEndless(string spelling) =>
        s_units.TryGetValue(spelling.ToLowerInvariant(), out var unit) && s_endless.Contains(unit);

    private string WriteExtract(string spelling, Expr source, SqlType result)
    {
        var type = source.Type;
        if (!s_units.TryGetValue(spelling, out var unit))
        {
            // date_part of a date is one of a timestamp.
            var named = type.HasSameBase(SqlType.Date) && !result.IsNumeric ? SqlType.Timestamp : type.WithoutModifier();
            throw new SqlException(SqlState.InvalidParameterValue, $"unit \"{spelling}\" not recognized for type {named}");
        }

        var value = Write(source);

        // A date has no time of day for extract; date_part takes it as a timestamp.
        if (type.HasSameBase(SqlType.Date) && !result.IsNumeric && unit is "hour" or "minute" or "second" or "millisecond" or "microsecond")
            value = $"CAST({value} AS TIMESTAMP)";
        else if (!HasUnit(type, unit))
            throw new SqlException(SqlState.FeatureNotSupported, $"unit \"{spelling}\" not supported for type {type}");
        var finite = unit switch
        {
            "second" => Scaled($"extract(microseconds FROM {value})", 6, result),
            "millisecond" => Scaled($"extract(microseconds FROM {value})", 3, result),
            "epoch" when !type.HasSameBase(SqlType.Date) =>
                type.Base == PgTypes.Timetz ? TimeZoneEpoch(value, result)
                    : Scaled(type.HasSameBase(SqlType.Interval) ? IntervalMicroseconds(value) : $"epoch_us({value})", 6, result),
            "julian" when !type.HasSameBase(SqlType.Date) => JulianDay(value, result),
            _ => Whole(WholeUnit(unit, value, type), result),
        };
        return s_endless.Contains(unit) && IsCalendar(type)
            ? $"CASE WHEN isfinite({value}) THEN {finite} ELSE {Infinite(value, result)} END"
            : finite;
    }

    /// <summary>Seconds since midnight of the day in UTC; as a double they are rounded before the zone is taken off.</summary>
    private static string TimeZoneEpoch(string value, SqlType result) => result.IsNumeric
        ? Scaled($"(epoch_us({value}) - extract(timezone FROM {value}) * 1000000)", 6, result)
        : $"({Scaled($"epoch_us({value})", 6, result)} - extract(timezone FROM {value}))";

    private static string WholeUnit(string unit, string value, SqlType type) => unit switch
    {
        "microsecond" => $"extract(microseconds FROM {value})",
        "julian" => $"julian({value})",
        "epoch" => $"epoch({value})",

        // The kernel counts a year 0, which is 1 BC; PostgreSQL shows it as -1.
        "year" or "isoyear" when IsCalendar(type) => $"(extract({unit} FROM {value}) - CAST(extract({unit} FROM {value}) <= 0 AS BIGINT))",
        "decade" when IsCalendar(type) => $"floor(extract(year FROM {value}) / 10.0)",
        "century" when IsCalendar(type) => Hundreds(value, 100),
        "millennium" when IsCalendar(type) => Hundreds(value, 1000),
        "decade" => $"trunc(extract(year FROM {value}) / 10.0)",
        "century" => $"trunc(extract(year FROM {value}) / 100.0)",
        "millennium" => $"trunc(extract(year FROM {value}) / 1000.0)",
        _ => $"extract({unit} FROM {value})",
    };

    /// <summary>
    /// Centuries and millennia begin with a year 1 and end with a full hundred; those before Christ are counted backwards from -1.
    /// </summary>
    private static string Hundreds(string value, int years) =>
        $"CASE WHEN extract(year FROM {value}) > 0 THEN ceil(extract(year FROM {value}) / {years}.0) ELSE -1 - floor(-extract(year FROM "
            + $"{value}) / {years}.0) END";

    private static string Whole(string whole, SqlType result) => result is { IsNumeric: true, Decimal: null }
        ? $"CAST(CAST({whole} AS BIGINT) AS VARCHAR)"
        : $"CAST({(result.IsNumeric ? $"CAST({whole} AS BIGINT)" : whole)} AS {result.KernelName})";

    private static string Scaled(string microseconds, int scale, SqlType result) => result.IsNumeric
        ? $"CAST(CAST({microseconds} AS DECIMAL(24,0)) * CAST({(scale == 6 ? "0.000001" : "0.001")} AS DECIMAL({scale + 1},{scale})) AS "
            + $"{result.KernelName})"
        : $"(CAST({microseconds} AS DOUBLE) / {(scale == 6 ? "1000000.0" : "1000.0")})";

    /// <summary>The day's number and the part of the day that has passed.</summary>
    private static string JulianDay(string value, SqlType result)
    {
        var day = $"julian(CAST(CAST({value} AS TIMESTAMP) AS DATE))";
        var time = $"epoch_us(CAST(CAST({value} AS TIMESTAMP) AS TIME))";
        return result.IsNumeric
            ? $"pg_numeric_add(CAST(CAST({day} AS BIGINT) AS VARCHAR), pg_numeric_div(CAST({time} AS VARCHAR), '86400000000'))"
            : $"({day} + {time} / 86400000000.0)";
    }

    /// <summary>A scaled integer has no infinity: the query runs again with numerics of any length, which are held as text.</summary>
    private static string Infinite(string value, SqlType result)
    {
        var isPositive = $"{value} > TIMESTAMP '2000-01-01'";
        return result switch
        {
            { IsNumeric: true, Decimal: null } => $"CASE WHEN {isPositive} THEN 'Infinity' WHEN {value} IS NOT NULL THEN '-Infinity' END",
            { IsNumeric: true } => $"CASE WHEN {value} IS NOT NULL THEN error('22003+|numeric field overflow') END",
            _ => $"CASE WHEN {isPositive} THEN CAST('Infinity' AS DOUBLE) WHEN {value} IS NOT NULL THEN CAST('-Infinity' AS DOUBLE) END",
        };
    }

    /// <summary>PostgreSQL's epoch of an interval: a year is 365.25 days, a month 30, a day 24 hours.</summary>
    private static string IntervalMicroseconds(string value) =>
        $"(CAST(extract(year FROM {value}) AS HUGEINT) * 31557600000000 + CAST(extract(month FROM {value}) AS HUGEINT) * 2592000000000"
        + $" + CAST(extract(day FROM {value}) AS HUGEINT) * 86400000000 + CAST(extract(hour FROM {value}) AS HUGEINT) * 3600000000"
        + $" + CAST(extract(minute FROM {value}) AS HUGEINT) * 60000000 + CAST(extract(microseconds FROM {value}) AS HUGEINT))";

    private static bool HasUnit(SqlType type, string unit) => type.Base.Name switch
    {
        "date" => unit is not ("hour" or "minute" or "second" or "millisecond" or "microsecond" or "timezone" or "timezone_hour"
            or "timezone_minute"),
        "timestamp" => !unit.StartsWith("timezone", StringComparison.Ordinal),
        "timestamptz" => true,
        "time" => unit is "hour" or "minute" or "second" or "millisecond" or "microsecond" or "epoch",
        "timetz" => unit is "hour" or "minute" or "second" or "millisecond" or "microsecond" or "epoch" or "timezone" or "timezone_hour"
            or "timezone_minute",
        _ => unit is "microsecond" or "millisecond" or "second" or "minute" or "hour" or "day" or "month" or "quarter" or "year" or "decade"
            or "century" or "millennium" or "epoch",
    };

    private static bool IsCalendar(SqlType type) =>
        type.HasSameBase(SqlType.Date) || type.HasSameBase(SqlType.Timestamp) || type.HasSameBase(SqlType.Timestamptz);
}
