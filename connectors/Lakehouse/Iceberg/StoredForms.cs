using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Values of SQL types that files hold as text: the kernel's casts between them and text lose values at the ends of their ranges, so that
/// functions of the worker convert them.
/// </summary>
internal static class StoredForms
{
    /// <summary>The kernel expression of what a file holds for an expression of the SQL type.</summary>
    public static string ToFile(string expression, SqlType type) =>
        type.Base == PgTypes.Interval ? Each(expression, type, "pg_interval_out")
        : type.Base == PgTypes.Timetz ? Each(expression, type, "pg_timetz_out")
        : expression;

    /// <summary>The kernel expression of the SQL type for what a file holds.</summary>
    public static string FromFile(string expression, SqlType type) =>
        type.Base == PgTypes.Interval ? Each(expression, type, "pg_interval_in")
        : type.Base == PgTypes.Timetz ? Each(expression, type, "pg_timetz_in")
        : expression;

    /// <summary>The value of the SQL type for a value that the format's metadata has.</summary>
    public static object? FromMetadata(object? value, SqlType type) =>
        value is string text && IsTextOfValue(type) ? ValueText.Parse(text, type, ValueContext.Default) : value;

    /// <summary>The value of the format's metadata for a value of the SQL type.</summary>
    public static object ToMetadata(object value, SqlType type) =>
        IsTextOfValue(type) ? ValueText.Format(value, type, TextFormat.Default) : value;

    /// <summary>Whether files hold the text of values that are no texts elsewhere.</summary>
    private static bool IsTextOfValue(SqlType type) => !type.IsArray
        && (type.Storage is Storage.Interval or Storage.TimeTz or Storage.Bit || type is { IsNumeric: true, Decimal: null });

    private static string Each(string expression, SqlType type, string function) =>
        type.IsArray ? $"list_transform({expression}, lambda x: {function}(x))" : $"{function}({expression})";
}
