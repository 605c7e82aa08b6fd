using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>Queries: WITH, set operations, SELECT, VALUES, TABLE and the clauses behind them.</summary>
internal sealed partial class Parser
{
    /// <summary>Whether the token at a distance opens a query that is not in parentheses itself.</summary>
    private bool StartsQuery(int distance)
    {
        var token = Peek(distance);
        return token.Keyword is Keyword.Select or Keyword.With or Keyword.Table
            || (token.Keyword == Keyword.Values && IsCharacter(Peek(distance + 1), '('));
    }

    /// <summary>Whether the current parenthesis, behind any number of further ones, opens a query.</summary>
    private bool StartsParenthesisedQuery()
    {
        var distance = 0;
        while (distance <= MaxDepth && IsCharacter(Peek(distance), '(')) distance++;
        return distance > 0 && StartsQuery(distance);
    }

    /// <summary>A query with or without parentheses around it.</summary>
    private Query Query()
    {
        Enter();
        var start = _index;
        var query = Is(Keyword.With) ? QueryWith(start) : FinishQuery(start, SetOperand(), null);
        Leave();
        return query;
    }

    /// <summary>( query )</summary>
    private Query ParenthesisedQuery()
    {
        Expect('(');
        var query = Query();
        Expect(')');
        return query;
    }

    private Query QueryWith(int start)
    {
        var with = WithClause();
        return FinishQuery(start, SetOperand(), with);
    }

    /// <summary>Set operations, ORDER BY and the rest behind the first operand.</summary>
    private Query FinishQuery(int start, QueryBody first, WithClause? with)
    {
        var body = SetOperations(first, start, minPrecedence: 1);
        var tail = QueryTail();
        // Options behind one query in parentheses go to that query, as long as it does not have the same ones.
        var query = body is NestedQuery nested ? nested.Query : new Query(body);
        query = MergeOptions(query, with, tail);
        return query with { Span = SpanFrom(start) };
    }

    private QueryBody SetOperations(QueryBody left, int start, int minPrecedence)
    {
        var links = 0;
        while (true)
        {
            var (setOperator, precedence) = Current.Keyword switch
            {
                Keyword.Union => (SetOperator.Union, 1),
                Keyword.Except => (SetOperator.Except, 1),
                Keyword.Intersect => (SetOperator.Intersect, 2),
                _ => (default, 0),
            };
            if (precedence == 0 || precedence < minPrecedence) break;
            Enter();
            links++;
            Advance();
            var isAll = Accept(Keyword.All);
            if (!isAll) Accept(Keyword.Distinct);
            var rightStart = _index;
            var right = SetOperations(SetOperand(), rightStart, precedence + 1);
            left = new SetOperation(setOperator, isAll, left, right) { Span = SpanFrom(start) };
        }

        _depth -= links;
        return left;
    }

    private QueryBody SetOperand()
    {
        var start = _index;
        switch (Current.Keyword)
        {
            case Keyword.Select:
                return Select();
            case Keyword.Values:
                return Values();
            case Keyword.Table:
                Advance();
                return new TableCommand(RelationExpression()) { Span = SpanFrom(start) };
            default:
                if (!Is('(')) throw SyntaxError();
                var query = ParenthesisedQuery();
                return new NestedQuery(query) { Span = SpanFrom(start) };
        }
    }

    private ValuesBody Values()
    {
        var start = _index;
        Expect(Keyword.Values);
        var rows = CommaList(() => ParenthesisedList(Expression));
        return new ValuesBody(rows) { Span = SpanFrom(start) };
    }

    private SelectBody Select()
    {
        var start = _index;
        Expect(Keyword.Select);
        var isDistinct = false;
        EquatableArray<Expression> distinctOn = default;
        if (Accept(Keyword.Distinct))
        {
            isDistinct = true;
            if (Accept(Keyword.On)) distinctOn = ParenthesisedList(Expression);
        }
        else
        {
            Accept(Keyword.All);
        }

        var items = isDistinct || !EndsEmptySelectList() ? CommaList(SelectItem) : default;
        var into = Is(Keyword.Into) ? IntoClause() : null;
        var from = Accept(Keyword.From) ? CommaList(TableReference) : default;
        var where = Accept(Keyword.Where) ? Expression() : null;
        var (groupBy, isGroupByDistinct) = GroupByClause();
        var having = Accept(Keyword.Having) ? Expression() : null;
        var windows = Accept(Keyword.Window) ? CommaList(NamedWindow) : default;
        return new SelectBody(items)
        {
            IsDistinct = isDistinct,
            DistinctOn = distinctOn,
            Into = into,
            From = from,
            Where = where,
            GroupBy = groupBy,
            IsGroupByDistinct = isGroupByDistinct,
            Having = having,
            Windows = windows,
            Span = SpanFrom(start),
        };
    }

    private bool EndsEmptySelectList() => EndsSelectItem(Current) && !Is(',');

    /// <summary>Whether a token can only come behind a select item, so that a word in front of it is a label.</summary>
    private static bool EndsSelectItem(Token token) => token.Kind switch
    {
        TokenKind.End => true,
        TokenKind.Character => token.Character is ',' or ')' or ';',
        _ => token.Keyword is Keyword.From or Keyword.Into or Keyword.Where or Keyword.Group or Keyword.Having or Keyword.Window
            or Keyword.Union or Keyword.Intersect or Keyword.Except or Keyword.Order or Keyword.Limit or Keyword.Offset or Keyword.Fetch
            or Keyword.For,
    };

    private SelectItem SelectItem()
    {
        var start = _index;
        if (Is('*'))
        {
            var star = new Star(default) { Span = SpanOf(Advance()) };
            return new SelectItem(star, null) { Span = star.Span };
        }

        var expression = SelectExpression();
        string? alias = null;
        if (Accept(Keyword.As)) alias = ColumnLabel();
        else if (IsBareLabel(Current)) alias = Advance().Text;
        return new SelectItem(expression, alias) { Span = SpanFrom(start) };
    }

    private IntoClause IntoClause()
    {
        var start = _index;
        Expect(Keyword.Into);
        // Each of these words is a table's name when no further name follows.
        var isScoped = (Is(Keyword.Local) || Is(Keyword.Global)) && (NextIs(Keyword.Temp) || NextIs(Keyword.Temporary));
        if (isScoped) Advance();
        var isModifier = isScoped || IsColumnId(Peek(1)) || NextIs(Keyword.Table);
        var isTemporary = isModifier && (Accept(Keyword.Temp) || Accept(Keyword.Temporary));
        // An unlogged table is an ordinary one to every reader.
        if (isModifier && !isTemporary) Accept(Keyword.Unlogged);

        Accept(Keyword.Table);
        return new IntoClause(RelationName(), isTemporary) { Span = SpanFrom(start) };
    }

    private (EquatableArray<GroupingElement> Elements, bool IsDistinct) GroupByClause()
    {
        if (!Accept(Keyword.Group)) return default;
        Expect(Keyword.By);
        var isDistinct = Accept(Keyword.Distinct);
        if (!isDistinct) Accept(Keyword.All);
        return (CommaList(GroupingElement), isDistinct);
    }

    private GroupingElement GroupingElement()
    {
        Enter();
        var start = _index;
        GroupingElement element;
        if (Is('(') && NextIs(')'))
        {
            Skip(2);
            element = new GroupingElement(GroupingKind.Empty, default, default);
        }
        else if ((Is(Keyword.Rollup) || Is(Keyword.Cube)) && NextIs('('))
        {
            var kind = Advance().Keyword == Keyword.Rollup ? GroupingKind.Rollup : GroupingKind.Cube;
            element = new GroupingElement(kind, ParenthesisedList(Expression), default);
        }
        else if (Is(Keyword.Grouping) && NextIs(Keyword.Sets))
        {
            Skip(2);
            element = new GroupingElement(GroupingKind.Sets, default, ParenthesisedList(GroupingElement));
        }
        else
        {
            element = new GroupingElement(GroupingKind.Expression, [Expression()], default);
        }

        Leave();
        return element with { Span = SpanFrom(start) };
    }

    /// <summary>The last ORDER BY read, from its first word on.</summary>
    private SourceSpan _orderBySpan;

    private EquatableArray<SortItem> OrderBy()
    {
        var start = _index;
        Expect(Keyword.Order, Keyword.By);
        var items = CommaList(SortItem);
        _orderBySpan = SpanFrom(start);
        return items;
    }

    private SortItem SortItem()
    {
        var start = _index;
        var expression = Expression();
        var isDescending = false;
        OperatorName? usingOperator = null;
        if (Accept(Keyword.Using)) usingOperator = AnyOperator();
        else if (Accept(Keyword.Desc)) isDescending = true;
        else Accept(Keyword.Asc);
        bool? nullsFirst = null;
        if (Is(Keyword.Nulls) && (NextIs(Keyword.First) || NextIs(Keyword.Last)))
        {
            Advance();
            nullsFirst = Advance().Keyword == Keyword.First;
        }

        return new SortItem(expression, isDescending, nullsFirst, usingOperator) { Span = SpanFrom(start) };
    }
}
