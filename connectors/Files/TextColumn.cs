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
        "float8" => $"pg_text_to_float8({text})",
        "bool" => $"pg_text_to_bool({text})",
        "date" => $"pg_date_in({text})",
        "timestamp" => $"pg_timestamp_in({text})",
        "jsonb" => $"pg_jsonb_in({text})",
        _ => text,
    };

    /// <summary>The type that holds what two files hold, or text.</summary>
    public static SqlType Union(SqlType left, SqlType right)
    {
        if (left == right) return left;
        return left.Base.Name is "int8" or "float8" && right.Base.Name is "int8" or "float8" ? SqlType.Float8
            : left == SqlType.Jsonb || right == SqlType.Jsonb ? SqlType.Jsonb : SqlType.Text;
    }
}
