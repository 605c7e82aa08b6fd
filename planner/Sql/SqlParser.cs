using Federation.Sql.Parsing;
using Federation.Sql.Syntax;

namespace Federation.Sql;

/// <summary>A statement and the range of the text it came from, without the semicolon and the blanks around it.</summary>
public sealed record ParsedStatement(Statement Statement, int Start, int Length);

/// <summary>
/// Parses PostgreSQL 15's SQL. Every error is an <see cref="SqlException"/> with PostgreSQL's code, wording and character position.
/// </summary>
public static class SqlParser
{
    /// <summary>All statements of a text. Nothing is returned unless the whole text parses; empty statements are left out.</summary>
    public static IReadOnlyList<ParsedStatement> Parse(string sql) => new Parser(sql).Statements();

    /// <summary>One expression and nothing else.</summary>
    public static Expression ParseExpression(string text) => new Parser(text).SingleExpression();

    /// <summary>One type name and nothing else, as casts to regtype take it.</summary>
    public static TypeName ParseTypeName(string text) => new Parser(text).SingleTypeName();
}
