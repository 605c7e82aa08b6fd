using System.Globalization;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Connectors.Formats;

/// <summary>
/// Writes names and constants into kernel expressions. Nothing from a file or a user reaches the kernel in any other way.
/// </summary>
public static class KernelText
{
    public static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public static string Literal(string value) => value.Contains('\0', StringComparison.Ordinal)
        ? throw new SqlException(SqlState.UntranslatableCharacter, "a text constant holds the character 0")
        : $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>A constant in the CLR form of its type (Values.cs), with its exact kernel type.</summary>
    public static string Constant(object? value, SqlType type) => value switch
    {
        null => $"CAST(NULL AS {type.KernelName})",
        bool truth => truth ? "true" : "false",
        short or int or long => $"CAST({Convert.ToString(value, CultureInfo.InvariantCulture)} AS {type.KernelName})",
        float number => $"CAST('{number.ToString("R", CultureInfo.InvariantCulture)}' AS {type.KernelName})",
        double number => $"CAST('{number.ToString("R", CultureInfo.InvariantCulture)}' AS {type.KernelName})",
        PgNumeric number => $"CAST('{number}' AS {type.KernelName})",
        string text => $"CAST({Literal(text)} AS {type.KernelName})",
        byte[] bytes => $"unhex('{Convert.ToHexString(bytes)}')",
        Guid uuid => $"CAST('{uuid:D}' AS UUID)",
        PgDate date => $"(DATE '1970-01-01' + {date.Days.ToString(CultureInfo.InvariantCulture)})",
        PgTime time => $"CAST('{new TimeOnly(time.Microseconds * 10).ToString("HH:mm:ss.ffffff", CultureInfo.InvariantCulture)}' AS TIME)",
        PgTimestamp timestamp => ReferenceEquals(type.Base, PgTypes.Timestamptz)
            ? $"make_timestamptz(CAST({Micros(timestamp)} AS BIGINT))"
            : $"make_timestamp(CAST({Micros(timestamp)} AS BIGINT))",
        _ => throw new SqlException(SqlState.InternalError, $"a constant of class {value.GetType().Name} has no kernel form"),
    };

    /// <summary>
    /// A timestamp with nanoseconds cut down to microseconds. The kernel's own cast cuts toward zero, which before 1970 is up.
    /// </summary>
    public static string CutNanoseconds(string text, bool isInstant)
    {
        var nanos = $"epoch_ns({text})";
        return $"{(isInstant ? "make_timestamptz" : "make_timestamp")}(({nanos} - ((({nanos}) % 1000) + 1000) % 1000) // 1000)";
    }

    private static string Micros(PgTimestamp timestamp) => timestamp.Microseconds.ToString(CultureInfo.InvariantCulture);
}
