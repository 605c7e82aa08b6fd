using System.Globalization;
using System.Text;
using Federation.Core;
using Federation.Core.Types;
using Federation.Sql.Lexing;

namespace Federation.Sql;

/// <summary>
/// A SELECT with the values taken out that it compares something with. Clients that write values into their statements send the same
/// template over and over. Only a literal that is the whole right side of a comparison is taken, since there a parameter of the literal's
/// type means the same: <c>WHERE a = 5 AND b &lt; 'x'</c>.
/// </summary>
/// <param name="Key">Equal for texts that differ in nothing but the values that were taken; blanks and comments count.</param>
public sealed record SqlTemplate(string Key, EquatableArray<TemplateLiteral> Literals)
{
    /// <summary>Longer statements are not worth a look for each time they come.</summary>
    private const int LongestText = 2000;

    /// <summary>Stands in a key before the kind of a literal. No statement holds it: PostgreSQL's text has no such character.</summary>
    private const char Mark = '\0';

    /// <summary>The statement with parameters in the places of the literals.</summary>
    public string Text
    {
        get
        {
            var (text, count) = (new StringBuilder(Key.Length + Literals.Count), 0);
            for (var i = 0; i < Key.Length; i++)
            {
                if (Key[i] != Mark) text.Append(Key[i]);
                else text.Append(CultureInfo.InvariantCulture, $"${++count}");
                if (Key[i] == Mark) i++;
            }

            return text.ToString();
        }
    }

    /// <summary>Null for a statement without such literals, with parameters of its own, or that is more than one SELECT.</summary>
    public static SqlTemplate? TryMake(string sql)
    {
        if (sql.Length > LongestText || !sql.AsSpan().ContainsAny('=', '<', '>')
            || !sql.AsSpan().TrimStart().StartsWith("SELECT", StringComparison.OrdinalIgnoreCase)) return null;
        var tokens = Lexer.Tokenize(sql, out var failure);
        if (failure is not null) return null;
        var key = new StringBuilder(sql.Length);
        var literals = new List<TemplateLiteral>();
        var copied = 0;
        for (var i = 1; i < tokens.Length - 1; i++)
        {
            if (tokens[i].Kind == TokenKind.Parameter || (tokens[i].Character == ';' && tokens[i + 1].Kind != TokenKind.End)) return null;
            if (!IsComparison(tokens[i - 1]) || !EndsOperand(tokens[i + 1]) || Of(tokens[i]) is not { } literal) continue;
            literals.Add(literal);
            key.Append(sql, copied, tokens[i].Start - copied).Append(Mark).Append(literal.Kind);
            copied = tokens[i].End;
        }

        return literals.Count == 0
            ? null
            : new SqlTemplate(key.Append(sql, copied, sql.Length - copied).ToString(), literals.ToEquatableArray());
    }

    private static TemplateLiteral? Of(Token token) => token.Kind switch
    {
        TokenKind.String => new TemplateLiteral(null, token.Text!),
        TokenKind.Integer => new TemplateLiteral(SqlType.Int4, token.Text!),
        TokenKind.Number when long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out _) =>
            new TemplateLiteral(SqlType.Int8, token.Text!),
        _ => null,
    };

    private static bool IsComparison(Token token) =>
        token.Kind is TokenKind.LessEquals or TokenKind.GreaterEquals or TokenKind.NotEquals || token.Character is '=' or '<' or '>';

    /// <summary>Whether no operator or cast follows that would take the literal for its operand.</summary>
    private static bool EndsOperand(Token token) => token.Kind == TokenKind.End || token.Character is ')' or ';'
        || token.Keyword is Keyword.And or Keyword.Or or Keyword.Order or Keyword.Limit or Keyword.Offset or Keyword.Group or Keyword.Fetch;
}

/// <summary>A value that was taken out of a statement.</summary>
/// <param name="Type">Null for a string, whose type follows from what it is compared with.</param>
/// <param name="Text">The value's text form, without quotes.</param>
public sealed record TemplateLiteral(SqlType? Type, string Text)
{
    internal char Kind => Type is null ? 's' : Type == SqlType.Int4 ? 'i' : 'l';
}
