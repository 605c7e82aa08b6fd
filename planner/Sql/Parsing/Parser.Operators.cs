using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>Operator names, and the operators that are words: IS, BETWEEN, IN, LIKE, SIMILAR TO.</summary>
internal sealed partial class Parser
{
    /// <summary>A symbol that is an operator by itself, or null.</summary>
    private string? OperatorSymbol() => Current.Kind switch
    {
        TokenKind.Character when Current.Character is '+' or '-' or '*' or '/' or '%' or '^' or '<' or '>' or '=' =>
            Current.Character.ToString(),
        TokenKind.Operator or TokenKind.LessEquals or TokenKind.GreaterEquals or TokenKind.NotEquals => Current.Text,
        _ => null,
    };

    private OperatorName OperatorToken()
    {
        var symbol = OperatorSymbol() ?? throw SyntaxError();
        return new OperatorName(null, symbol) { Span = SpanOf(Advance()) };
    }

    /// <summary>An operator symbol, or OPERATOR(schema.symbol).</summary>
    private OperatorName AnyOperator()
    {
        if (!Is(Keyword.Operator)) return OperatorToken();
        var start = _index;
        Advance();
        Expect('(');
        string? schema = null;
        while (OperatorSymbol() is null)
        {
            schema = ColumnId();
            Expect('.');
        }

        var symbol = OperatorToken().Symbol;
        Expect(')');
        return new OperatorName(schema, symbol) { Span = SpanFrom(start) };
    }

    private Expression IsTest(Expression left, bool isRestricted, ref int closedLevel)
    {
        var word = Advance();
        if (word.Keyword is Keyword.Isnull or Keyword.Notnull)
            return new TestExpression(left, TestKind.Null, word.Keyword == Keyword.Notnull)
                { Span = SpanFrom(left), ErrorSpan = SpanOf(word) };
        var isNegated = Accept(Keyword.Not);
        if (Is(Keyword.Distinct)) return DistinctFrom(left, isNegated, isRestricted, SpanOf(word), ref closedLevel);
        if (Is(Keyword.Document)) throw ErrorAt(SpanOf(word), SqlState.FeatureNotSupported, "IS DOCUMENT is not supported");
        if (isRestricted) throw SyntaxError();
        TestKind test;
        switch (Current.Keyword)
        {
            case Keyword.Null:
                test = TestKind.Null;
                break;
            case Keyword.True:
                test = TestKind.True;
                break;
            case Keyword.False:
                test = TestKind.False;
                break;
            case Keyword.Unknown:
                test = TestKind.Unknown;
                break;
            default:
                return IsNormalized(left, isNegated, SpanOf(word));
        }

        Advance();
        return new TestExpression(left, test, isNegated) { Span = SpanFrom(left), ErrorSpan = SpanOf(word) };
    }

    private DistinctExpression DistinctFrom(Expression left, bool isNegated, bool isRestricted, SourceSpan word, ref int closedLevel)
    {
        Expect(Keyword.Distinct, Keyword.From);
        var right = Climb(IsLevel + 1, isRestricted);
        closedLevel = IsLevel;
        return new DistinctExpression(left, right, isNegated) { Span = SpanFrom(left), ErrorSpan = word };
    }

    private Expression IsNormalized(Expression left, bool isNegated, SourceSpan word)
    {
        var form = TryNormalForm();
        Expect(Keyword.Normalized);
        var call = form is null ? SystemCall("is_normalized", word, left) : SystemCall("is_normalized", word, left, form);
        var span = SpanFrom(left);
        return isNegated ? new NotExpression(call with { Span = span }) { Span = span } : call with { Span = span };
    }

    private StringLiteral? TryNormalForm() =>
        Current.Keyword is Keyword.Nfc or Keyword.Nfd or Keyword.Nfkc or Keyword.Nfkd
            ? new StringLiteral(Current.Text!) { Span = SpanOf(Advance()) }
            : null;

    /// <summary>[NOT] BETWEEN, IN, LIKE, ILIKE, SIMILAR TO.</summary>
    private Expression WordOperator(Expression left, ref int closedLevel)
    {
        var first = SpanOf(Current);
        var isNegated = Accept(Keyword.Not);
        var word = Advance().Keyword;
        switch (word)
        {
            case Keyword.In:
                return In(left, isNegated, first);
            case Keyword.Between:
                closedLevel = LikeLevel;
                return Between(left, isNegated, first);
            case Keyword.Similar:
                closedLevel = LikeLevel;
                return SimilarTo(left, new OperatorName(null, isNegated ? "!~" : "~") { Span = first });
            default:
                var symbol = (word, isNegated) switch
                {
                    (Keyword.Like, false) => "~~",
                    (Keyword.Like, true) => "!~~",
                    (_, false) => "~~*",
                    (_, true) => "!~~*",
                };
                return Like(left, new OperatorName(null, symbol) { Span = first }, ref closedLevel);
        }
    }

    private Expression In(Expression left, bool isNegated, SourceSpan word)
    {
        if (!Is('(')) throw SyntaxError();
        var content = Parenthesised();
        return content.Query is not null
            ? new InQueryExpression(left, content.Query, isNegated) { Span = SpanFrom(left), ErrorSpan = word }
            : new InListExpression(left, content.Items.ToEquatableArray(), isNegated) { Span = SpanFrom(left), ErrorSpan = word };
    }

    private BetweenExpression Between(Expression left, bool isNegated, SourceSpan word)
    {
        var isSymmetric = Accept(Keyword.Symmetric);
        if (!isSymmetric) Accept(Keyword.Asymmetric);
        var low = RestrictedExpression();
        Expect(Keyword.And);
        var high = Climb(LikeLevel + 1, isRestricted: false);
        return new BetweenExpression(left, low, high, isNegated, isSymmetric) { Span = SpanFrom(left), ErrorSpan = word };
    }

    private OperatorExpression SimilarTo(Expression left, OperatorName name)
    {
        Expect(Keyword.To);
        var pattern = Climb(LikeLevel + 1, isRestricted: false);
        var escape = Accept(Keyword.Escape) ? Climb(LikeLevel + 1, isRestricted: false) : null;
        var right = escape is null
            ? SystemCall("similar_to_escape", name.Span, pattern)
            : SystemCall("similar_to_escape", name.Span, pattern, escape);
        return new OperatorExpression(name, left, right) { Span = SpanFrom(left) };
    }

    private Expression Like(Expression left, OperatorName name, ref int closedLevel)
    {
        if (IsQuantifier()) return Quantified(left, name);
        var right = Climb(LikeLevel + 1, isRestricted: false);
        if (Accept(Keyword.Escape)) right = SystemCall("like_escape", name.Span, right, Climb(LikeLevel + 1, isRestricted: false));
        closedLevel = LikeLevel;
        return new OperatorExpression(name, left, right) { Span = SpanFrom(left) };
    }
}
