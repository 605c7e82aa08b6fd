using Federation.Plan;
using Federation.Planner;
using Federation.Sql;
using Federation.Sql.Printing;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// Literals in the text of a DEFAULT or CHECK, which is read again by other sessions with settings of their own: dates, times and intervals
/// are written in the form that all settings read alike. So 'today' is the day of the declaration, as in PostgreSQL. Pure.
/// </summary>
internal static class LiteralTexts
{
    private static readonly PgType[] s_types =
        [PgTypes.Date, PgTypes.Timestamp, PgTypes.Timestamptz, PgTypes.Time, PgTypes.Timetz, PgTypes.Interval];

    /// <param name="text">The expression's text.</param>
    /// <param name="bound">What the declaring session takes it for.</param>
    /// <param name="context">How that session reads literals.</param>
    public static string Fixed(string text, Expr bound, ValueContext context)
    {
        var constants = new List<Constant>();
        var texts = new HashSet<string>(StringComparer.Ordinal);
        PlanRewriter.Contains(bound, item =>
        {
            if (item is Constant { Value: string word, Of.Category: 'S' }) texts.Add(word);
            else if (item is Constant { Value: not null, Of: { IsArray: false } type } constant && s_types.Contains(type.Base))
                constants.Add(constant);
            return false;
        });
        if (constants.Count == 0) return text;
        var parts = new List<(SourceSpan, string)>();
        SyntaxTree.Find(SqlParser.ParseExpression(text), node =>
        {
            // What stands for a text as well cannot be told apart; it stays as it is.
            if (node is StringLiteral literal && !texts.Contains(literal.Value)
                && constants.Select(constant => Written(literal.Value, constant, context)).FirstOrDefault(found => found is not null)
                    is { } written)
                parts.Add((literal.Span, SqlPrinter.QuoteLiteral(written)));
            return false;
        });
        return ViewTexts.Replaced(text, new SourceSpan(0, text.Length), parts);
    }

    /// <summary>The constant in the form that all settings read alike, if the literal is its text; else null.</summary>
    private static string? Written(string literal, Constant constant, ValueContext context)
    {
        try
        {
            return Equals(ValueText.Parse(literal, constant.Of, context), constant.Value)
                ? ValueText.Format(constant.Value!, constant.Of, TextFormat.Default)
                : null;
        }
        catch (SqlException)
        {
            // It is the text of another constant.
            return null;
        }
    }
}
