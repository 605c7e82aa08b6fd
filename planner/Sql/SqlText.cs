using System.Text;
using Federation.Sql.Lexing;

namespace Federation.Sql;

/// <summary>Texts of statements for others to read.</summary>
public static class SqlText
{
    private const int LongestText = 2000;

    /// <summary>
    /// The text on one line with ? for every constant, without comments; what cannot be read as SQL is left out from there on. Long texts
    /// are cut.
    /// </summary>
    public static string WithoutLiterals(string sql)
    {
        if (sql.Length > 4 * LongestText) sql = sql[..(4 * LongestText)];
        var text = new StringBuilder();
        var end = 0;
        foreach (var token in Lexer.Tokenize(sql, out _))
        {
            if (token.Kind == TokenKind.End) break;
            if (token.Kind == TokenKind.Error || text.Length > LongestText) return text.Append('…').ToString();
            if (token.Start > end && text.Length > 0) text.Append(' ');
            end = token.End;
            switch (token.Kind)
            {
                case TokenKind.Integer or TokenKind.Number or TokenKind.String or TokenKind.BitString or TokenKind.HexString
                    or TokenKind.UnicodeString: text.Append('?'); break;
                default: text.Append(sql.AsSpan(token.Start, token.End - token.Start)); break;
            }
        }

        return text.ToString();
    }
}
