using System.Globalization;
using System.Text;
using Federation.Core.Values;

namespace Federation.Planner.Writing;

/// <summary>Constants as kernel SQL. The only way in which a user's value gets into a kernel statement.</summary>
public static class KernelLiterals
{
    public static string Write(object? value, SqlType type) => value switch
    {
        null => $"CAST(NULL AS {type.KernelName})",
        bool truth => truth ? "TRUE" : "FALSE",
        short number => $"CAST({number} AS SMALLINT)",
        // The kernel reads -2147483648 as the negation of a bigint.
        int.MinValue => "CAST('-2147483648' AS INTEGER)",
        int number => number < 0 ? $"({number.ToString(CultureInfo.InvariantCulture)})" : number.ToString(CultureInfo.InvariantCulture),
        long number =>
            $"CAST({(number == long.MinValue ? "'-9223372036854775808'" : number.ToString(CultureInfo.InvariantCulture))} AS BIGINT)",
        float number => $"CAST('{FloatText(number)}' AS FLOAT)",
        double number => $"CAST('{FloatText(number)}' AS DOUBLE)",
        PgNumeric number => type.Decimal is { } shape ? $"CAST('{number}' AS {shape})" : Text(number.ToString()),
        string text => Text(text),
        byte[] bytes => bytes.Length == 0 ? "CAST('' AS BLOB)" : $"unhex('{Convert.ToHexString(bytes)}')",
        Guid uuid => $"CAST('{uuid:D}' AS UUID)",
        PgDate date => WriteDate(date),
        PgTime or PgTimeTz => $"CAST({Text(ValueText.Format(value, type, TextFormat.Default))} AS {type.KernelName})",
        PgTimestamp timestamp => WriteTimestamp(timestamp, type),
        PgInterval interval =>
            $"(to_months({interval.Months}) + to_days({interval.Days}) + to_microseconds({Long(interval.Microseconds)}))",
        PgBits bits => bits.Length == 0 ? "CAST('' AS BIT)" : $"CAST('{ValueText.Format(bits, type, TextFormat.Default)}' AS BIT)",
        PgArray array => WriteArray(array, type),
        object?[] fields => WriteRecord(fields, type),
        _ => throw new SqlException(SqlState.InternalError, $"a constant of class {value.GetType().Name} cannot be written for the kernel"),
    };

    /// <summary>A quoted kernel identifier.</summary>
    public static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public static string Text(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Long(long number) =>
        number == long.MinValue ? "CAST('-9223372036854775808' AS BIGINT)" : $"CAST({number} AS BIGINT)";

    private static string FloatText(double number) =>
        double.IsPositiveInfinity(number)
            ? "inf"
            : double.IsNegativeInfinity(number) ? "-inf" : number.ToString("R", CultureInfo.InvariantCulture);

    private static string FloatText(float number) =>
        float.IsPositiveInfinity(number)
            ? "inf"
            : float.IsNegativeInfinity(number) ? "-inf" : number.ToString("R", CultureInfo.InvariantCulture);

    private static string WriteDate(PgDate date)
    {
        if (!date.IsFinite) return $"CAST('{(date == PgDate.Infinity ? "infinity" : "-infinity")}' AS DATE)";

        // Days since the epoch are exact for every year; the readable form is for the years that people write.
        return date.Days is >= -719162 and <= 2932896
            ? $"DATE '{DateOnly.FromDayNumber(date.Days + 719162):yyyy-MM-dd}'"
            : $"(DATE '1970-01-01' + CAST({date.Days} AS INTEGER))";
    }

    private static string WriteTimestamp(PgTimestamp timestamp, SqlType type)
    {
        var zoned = type.Base == PgTypes.Timestamptz;
        if (!timestamp.IsFinite) return $"CAST('{(timestamp == PgTimestamp.Infinity ? "infinity" : "-infinity")}' AS {type.KernelName})";
        if (timestamp.Microseconds is < -62135596800000000 or > 253402300799999999)
            return zoned
                ? $"timezone('UTC', make_timestamp({Long(timestamp.Microseconds)}))"
                : $"make_timestamp({Long(timestamp.Microseconds)})";
        var instant = DateTime.UnixEpoch.AddTicks(timestamp.Microseconds * 10);
        var text = instant.ToString("yyyy-MM-dd HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture);
        return zoned ? $"TIMESTAMPTZ '{text}+00'" : $"TIMESTAMP '{text}'";
    }

    private static string WriteArray(PgArray array, SqlType type)
    {
        if (array.Items.Count == 0) return $"CAST([] AS {type.KernelName})";
        if (array.LowerBounds.Any(bound => bound != 1) && !type.IsVector)
            throw new SqlException(SqlState.FeatureNotSupported, "arrays whose subscripts do not begin at 1 are not supported");
        var next = 0;
        return $"CAST({Level(0, type)} AS {type.KernelName})";

        string Level(int depth, SqlType list)
        {
            var text = new StringBuilder("[");
            for (var i = 0; i < array.Lengths[depth]; i++)
            {
                if (i > 0) text.Append(", ");
                text.Append(depth + 1 < array.Lengths.Count ? Level(depth + 1, list.Element!) : Write(array.Items[next++], list.Element!));
            }

            return text.Append(']').ToString();
        }
    }

    private static string WriteRecord(object?[] fields, SqlType type) =>
        $"struct_pack({string.Join(", ", fields.Select((field, i) => $"{Identifier(type.KernelFieldName(i))} := {Write(field, type.Fields[i].Type)}"))})";
}
