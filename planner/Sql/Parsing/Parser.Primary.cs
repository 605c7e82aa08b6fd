using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>Operands (c_expr): constants, names, parentheses, rows, arrays, CASE.</summary>
internal sealed partial class Parser
{
    private Expression Primary()
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Integer or TokenKind.Number or TokenKind.String or TokenKind.BitString or TokenKind.HexString:
                return Constant();
            case TokenKind.Parameter:
                var parameter = new ParameterReference(ParameterNumber(token.Text!)) { Span = SpanOf(Advance()) };
                return Indirection(parameter);
            case TokenKind.Character when token.Character == '(':
                return ParenthesisedPrimary();
            case TokenKind.Identifier:
                return NamePrimary();
            case TokenKind.Keyword:
                return KeywordPrimary();
            default:
                throw SyntaxError();
        }
    }

    /// <summary>A number beyond four bytes names no parameter; it wraps as PostgreSQL's does.</summary>
    private static int ParameterNumber(string digits)
    {
        var number = 0;
        foreach (var digit in digits) number = unchecked(number * 10 + (digit - '0'));
        return number;
    }

    /// <summary>AexprConst without the forms that begin with a name.</summary>
    private Expression Constant()
    {
        var token = Current;
        var span = SpanOf(token);
        switch (token.Kind)
        {
            case TokenKind.Integer or TokenKind.Number:
                Advance();
                return new NumberLiteral(token.Text!) { Span = span };
            case TokenKind.String:
                Advance();
                return new StringLiteral(token.Text!) { Span = span };
            case TokenKind.BitString or TokenKind.HexString:
                return BitString();
        }

        switch (token.Keyword)
        {
            case Keyword.True or Keyword.False:
                Advance();
                return new BooleanLiteral(token.Keyword == Keyword.True) { Span = span };
            case Keyword.Null:
                Advance();
                return new NullLiteral { Span = span };
            default:
                var start = _index;
                var expression = Primary();
                // Only a typed literal is a constant among what begins with a name.
                if (expression is CastExpression { Operand: StringLiteral }) return expression;
                _index = start;
                throw SyntaxError();
        }
    }

    private BitStringLiteral BitString()
    {
        var token = Advance();
        var isHex = token.Kind == TokenKind.HexString;
        foreach (var digit in token.Text!)
        {
            if (isHex ? char.IsAsciiHexDigit(digit) : digit is '0' or '1') continue;
            throw ErrorAt(
                SpanOf(token),
                SqlState.InvalidTextRepresentation,
                isHex ? $"\"{digit}\" is not a valid hexadecimal digit" : $"\"{digit}\" is not a valid binary digit");
        }

        return new BitStringLiteral(token.Text, isHex) { Span = SpanOf(token) };
    }

    /// <summary>What stood in parentheses: a query, or expressions.</summary>
    private readonly record struct ParenthesisedContent(Query? Query, List<Expression> Items);

    /// <summary>
    /// ( query ) or ( expression, … ). Parentheses around a query are those of the query as long as nothing but a query's own clauses
    /// stands beside it; else the query is a scalar operand.
    /// </summary>
    private ParenthesisedContent Parenthesised(int maxItems = int.MaxValue)
    {
        Enter();
        Expect('(');
        var content = StartsQuery(0) ? new ParenthesisedContent(Query(), []) : InnerContent(maxItems);
        Expect(')');
        Leave();
        return content;
    }

    private ParenthesisedContent InnerContent(int maxItems)
    {
        var items = new List<Expression>();
        if (StartsParenthesisedQuery())
        {
            var start = _index;
            var inner = Parenthesised();
            if (inner.Query is not null && Is(')')) return inner;
            if (inner.Query is not null && ContinuesQuery())
            {
                var operand = new NestedQuery(inner.Query) { Span = SpanFrom(start) };
                return new ParenthesisedContent(FinishQuery(start, operand, null), items);
            }

            items.Add(ContinueExpression(AfterParenthesis(inner, start)));
        }
        else
        {
            items.Add(Expression());
        }

        while (items.Count < maxItems && Accept(',')) items.Add(Expression());
        return new ParenthesisedContent(null, items);
    }

    /// <summary>Whether a clause of a query follows.</summary>
    private bool ContinuesQuery() =>
        Current.Keyword is Keyword.Union or Keyword.Intersect or Keyword.Except or Keyword.Order or Keyword.Limit or Keyword.Offset
            or Keyword.Fetch or Keyword.For;

    private Expression ParenthesisedPrimary()
    {
        var start = _index;
        return AfterParenthesis(Parenthesised(), start);
    }

    private Expression AfterParenthesis(ParenthesisedContent content, int start)
    {
        if (content.Query is not null) return Indirection(new ScalarQueryExpression(content.Query) { Span = SpanFrom(start) });
        if (content.Items.Count == 1) return Indirection(content.Items[0]);
        return OverlapsOrRow(new RowExpression(content.Items.ToEquatableArray(), IsExplicit: false) { Span = SpanFrom(start) });
    }

    /// <summary>A row, or row OVERLAPS row.</summary>
    private Expression OverlapsOrRow(RowExpression left)
    {
        if (!Is(Keyword.Overlaps)) return left;
        var word = SpanOf(Advance());
        var right = Is(Keyword.Row) && NextIs('(') ? ExplicitRow() : ImplicitRow();
        RequirePair(left, "left");
        RequirePair(right, "right");
        return SystemCall("overlaps", word, left.Items[0], left.Items[1], right.Items[0], right.Items[1]) with { Span = SpanFrom(left) };
    }

    private void RequirePair(RowExpression row, string side)
    {
        if (row.Items.Count != 2) throw ErrorAt(row.Span, $"wrong number of parameters on {side} side of OVERLAPS expression");
    }

    private RowExpression ImplicitRow()
    {
        var start = _index;
        Expect('(');
        var items = new List<Expression> { Expression() };
        Expect(',');
        items.AddRange(CommaList(Expression).AsSpan());
        Expect(')');
        return new RowExpression(items.ToEquatableArray(), IsExplicit: false) { Span = SpanFrom(start) };
    }

    private RowExpression ExplicitRow()
    {
        var start = _index;
        Expect(Keyword.Row);
        Expect('(');
        var items = Is(')') ? default : CommaList(Expression);
        Expect(')');
        return new RowExpression(items, IsExplicit: true) { Span = SpanFrom(start) };
    }

    /// <summary>.field, .*, [index] and [low:high] behind an operand.</summary>
    private Expression Indirection(Expression operand)
    {
        while (true)
        {
            if (operand is FieldStar or Star && (Is('.') || Is('['))) throw MisplacedStar(operand);
            if (Is('.'))
            {
                Advance();
                if (Accept('*')) operand = new FieldStar(operand) { Span = SpanFrom(operand) };
                else operand = new FieldExpression(operand, ColumnLabel()) { Span = SpanFrom(operand) };
            }
            else if (Is('['))
            {
                operand = Subscript(operand);
            }
            else
            {
                return operand;
            }
        }
    }

    /// <summary>The error comes when the indirections behind the star are read, and names the token behind them.</summary>
    private SqlException MisplacedStar(Expression operand)
    {
        Indirection(new NullLiteral { Span = operand.Span });
        return NearCurrent("improper use of \"*\"");
    }

    private SubscriptExpression Subscript(Expression operand)
    {
        Expect('[');
        var low = Is(':') ? null : Expression();
        if (!Accept(':'))
        {
            Expect(']');
            return new SubscriptExpression(operand, low, IsSlice: false, null, null) { Span = SpanFrom(operand) };
        }

        var high = Is(']') ? null : Expression();
        Expect(']');
        return new SubscriptExpression(operand, null, IsSlice: true, low, high) { Span = SpanFrom(operand) };
    }

    /// <summary>Behind the word ARRAY: [item, …] whose items are all arrays again or all expressions.</summary>
    private ArrayExpression ArrayItems(int start)
    {
        Enter();
        Expect('[');
        EquatableArray<Expression> items = default;
        if (Is('['))
        {
            items = CommaList<Expression>(() => ArrayItems(_index));
        }
        else if (!Is(']'))
        {
            items = CommaList(Expression);
        }

        Expect(']');
        Leave();
        return new ArrayExpression(items) { Span = SpanFrom(start) };
    }

    private CaseExpression Case()
    {
        var start = _index;
        Expect(Keyword.Case);
        var operand = Is(Keyword.When) ? null : Expression();
        var whens = new List<WhenClause>();
        do
        {
            var when = _index;
            Expect(Keyword.When);
            var condition = Expression();
            Expect(Keyword.Then);
            whens.Add(new WhenClause(condition, Expression()) { Span = SpanFrom(when) });
        }
        while (Is(Keyword.When));

        var elseResult = Accept(Keyword.Else) ? Expression() : null;
        Expect(Keyword.End);
        return new CaseExpression(operand, whens.ToEquatableArray(), elseResult) { Span = SpanFrom(start) };
    }
}
