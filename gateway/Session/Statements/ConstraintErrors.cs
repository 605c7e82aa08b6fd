using System.Text.RegularExpressions;
using Federation.Catalog;

namespace Federation.Session.Statements;

/// <summary>
/// Errors of class 23 say in fields of their own which table, column or constraint they are about: drivers look there. Where the error
/// comes from the kernel, only its text says it.
/// </summary>
internal static partial class ConstraintErrors
{
    /// <summary>A copy of an error with what it is about.</summary>
    public static SqlException About(SqlException error, TableEntry table, string? constraint = null)
    {
        var column = error.State == SqlState.NotNullViolation ? ColumnInText().Match(error.Message) : Match.Empty;
        var named = error.State == SqlState.CheckViolation ? ConstraintInText().Match(error.Message) : Match.Empty;
        return new SqlException(error.State, error.Message, error)
        {
            Detail = error.Detail,
            Hint = error.Hint,
            Position = error.Position,
            Where = error.Where,
            SchemaName = table.Schema,
            TableName = table.Name,
            ColumnName = column.Success ? column.Groups[1].Value : null,
            ConstraintName = constraint ?? (named.Success ? named.Groups[1].Value : null),
        };
    }

    /// <summary>Whether an error is about a constraint of the table that is written, and does not say so yet.</summary>
    public static bool IsUnnamed(SqlException error) => error.TableName is null
        && (error.State == SqlState.NotNullViolation || error.State == SqlState.CheckViolation);

    [GeneratedRegex("^null value in column \"(.*)\" of relation \"", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex ColumnInText();

    [GeneratedRegex("violates check constraint \"(.*)\"$", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex ConstraintInText();
}
