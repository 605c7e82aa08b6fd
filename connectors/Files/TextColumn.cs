using Federation.Core.Types;

namespace Federation.Connectors.Files;

/// <summary>
/// A column of text files and how its text becomes a value: as PostgreSQL reads it, so that nothing is rounded or guessed.
/// </summary>
internal static class TextColumn
{
    /// <param name="text">A kernel expression of type VARCHAR.</param>
    public static string Write(string text, SqlType type) => type.Base.Name switch
    {
        "int8" => $"pg_text_to_int8({text})",
        "numeric" => $"pg_numeric_in({text})",
        "float8" => $"pg_text_to_float8({text})",
        "bool" => $"pg_text_to_bool({text})",
        "date" => $"pg_date_in({text})",
        "timestamp" => $"pg_timestamp_in({text})",
        "jsonb" => $"pg_jsonb_in({text})",
        _ => text,
    };

    private static bool IsNumber(SqlType type) => type.Base.Name is "int8" or "float8" or "numeric";

    /// <summary>
    /// The type that holds what two files hold, or text. Whole numbers and fractions together are numeric, which holds both exactly.
    /// </summary>
    public static SqlType Union(SqlType left, SqlType right)
    {
        if (left == right) return left;
        return IsNumber(left) && IsNumber(right) ? SqlType.Numeric
            : left == SqlType.Jsonb || right == SqlType.Jsonb ? SqlType.Jsonb : SqlType.Text;
    }
}
