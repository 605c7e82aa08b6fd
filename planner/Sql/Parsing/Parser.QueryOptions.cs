using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>What stands around the body of a query: WITH in front, ORDER BY, LIMIT and locking behind.</summary>
internal sealed partial class Parser
{
    /// <summary>What follows the body of a query: ORDER BY … FOR UPDATE.</summary>
    private sealed class QueryOptions
    {
        public EquatableArray<SortItem> OrderBy { get; set; }

        public Expression? Limit { get; set; }

        public Expression? Offset { get; set; }

        public bool WithTies { get; set; }

        public EquatableArray<LockingClause> Locking { get; set; }
    }

    /// <summary>ORDER BY, then LIMIT/OFFSET and locking in either order.</summary>
    private QueryOptions QueryTail()
    {
        var options = new QueryOptions();
        if (Is(Keyword.Order)) options.OrderBy = OrderBy();
        if (Is(Keyword.For))
        {
            options.Locking = LockingClauses();
            LimitClauses(options);
        }
        else if (LimitClauses(options) && Is(Keyword.For))
        {
            options.Locking = LockingClauses();
        }

        return options;
    }

    private Query MergeOptions(Query query, WithClause? with, QueryOptions options)
    {
        if (options.OrderBy.Count > 0)
        {
            if (query.OrderBy.Count > 0) throw ErrorAt(options.OrderBy[0].Span, "multiple ORDER BY clauses not allowed");
            query = query with { OrderBy = options.OrderBy };
        }

        if (options.Locking.Count > 0) query = query with { Locking = [.. query.Locking, .. options.Locking] };
        if (options.Offset is not null)
        {
            if (query.Offset is not null) throw ErrorAt(options.Offset.Span, "multiple OFFSET clauses not allowed");
            query = query with { Offset = options.Offset };
        }

        if (options.Limit is not null)
        {
            if (query.Limit is not null) throw ErrorAt(options.Limit.Span, "multiple LIMIT clauses not allowed");
            query = query with { Limit = options.Limit };
        }

        if (options.WithTies)
        {
            if (query.OrderBy.Count == 0)
                throw new SqlException(SqlState.SyntaxError, "WITH TIES cannot be specified without ORDER BY clause");
            if (query.Locking.AsSpan().ToArray().Any(clause => clause.Wait == "SKIP LOCKED"))
                throw new SqlException(SqlState.SyntaxError, "SKIP LOCKED and WITH TIES options cannot be used together");
            query = query with { WithTies = true };
        }

        if (with is null) return query;
        if (query.With is not null) throw ErrorAt(with.Span, "multiple WITH clauses not allowed");
        return query with { With = with };
    }

    /// <summary>LIMIT or FETCH, and OFFSET, each at most once and in either order; false when there is neither.</summary>
    private bool LimitClauses(QueryOptions options)
    {
        var any = false;
        if (Is(Keyword.Offset))
        {
            any = true;
            options.Offset = OffsetClause();
            if (Is(Keyword.Limit) || Is(Keyword.Fetch)) LimitClause(options);
        }
        else if (Is(Keyword.Limit) || Is(Keyword.Fetch))
        {
            any = true;
            LimitClause(options);
            if (Is(Keyword.Offset)) options.Offset = OffsetClause();
        }

        return any;
    }

    private void LimitClause(QueryOptions options)
    {
        var limit = Advance();
        if (limit.Keyword == Keyword.Fetch)
        {
            FetchFirst(options);
            return;
        }

        if (!Accept(Keyword.All)) options.Limit = Expression();
        if (!Is(',')) return;
        Advance();
        Expression();
        throw ErrorAt(SpanOf(limit), "LIMIT #,# syntax is not supported", "Use separate LIMIT and OFFSET clauses.");
    }

    private void FetchFirst(QueryOptions options)
    {
        if (!Accept(Keyword.First)) Expect(Keyword.Next);
        var start = _index;
        options.Limit = (Is(Keyword.Row) || Is(Keyword.Rows)) && Peek(1).Keyword is Keyword.Only or Keyword.With
            ? new NumberLiteral("1") { Span = SpanFrom(start) }
            : FetchCount();
        if (!Accept(Keyword.Row)) Expect(Keyword.Rows);
        if (Accept(Keyword.Only)) return;
        Expect(Keyword.With);
        Expect(Keyword.Ties);
        options.WithTies = true;
    }

    private Expression FetchCount() => Is('+') || Is('-') ? SignedNumber() : Primary();

    /// <summary>A number with an optional sign.</summary>
    private Expression SignedNumber()
    {
        var start = _index;
        var sign = Is('+') || Is('-') ? Advance().Character : '\0';
        if (!Is(TokenKind.Integer) && !Is(TokenKind.Number)) throw SyntaxError();
        var number = new NumberLiteral(Advance().Text!) { Span = SpanFrom(start) };
        return sign switch
        {
            '-' => Negate(number),
            '+' => new OperatorExpression(new OperatorName(null, "+") { Span = SpanOf(_tokens[start]) }, null, number)
                { Span = number.Span },
            _ => number,
        };
    }

    /// <summary>OFFSET expression, or OFFSET count ROWS where the count is a primary or a signed number.</summary>
    private Expression OffsetClause()
    {
        Expect(Keyword.Offset);
        Expression offset;
        if (Is('+') || Is('-'))
        {
            var isSignedNumber = Peek(1).Kind is TokenKind.Integer or TokenKind.Number && Peek(2).Keyword is Keyword.Row or Keyword.Rows;
            offset = isSignedNumber ? SignedNumber() : Expression();
            if (isSignedNumber) Advance();
            return offset;
        }

        var isExpression = StartsPrefixExpression();
        offset = isExpression ? Expression() : Primary();
        if (isExpression) return offset;
        if (Is(Keyword.Row) || Is(Keyword.Rows))
        {
            Advance();
            return offset;
        }

        return ContinueExpression(offset);
    }

    private EquatableArray<LockingClause> LockingClauses()
    {
        var clauses = new List<LockingClause>();
        while (Is(Keyword.For))
        {
            var start = _index;
            Advance();
            if (Is(Keyword.Read) && clauses.Count == 0)
            {
                // FOR READ ONLY asks for nothing.
                Advance();
                Expect(Keyword.Only);
                break;
            }

            var strength = LockStrength();
            var tables = Accept(Keyword.Of) ? CommaList(RelationName) : default;
            string? wait = null;
            if (Accept(Keyword.Nowait))
            {
                wait = "NOWAIT";
            }
            else if (Accept(Keyword.Skip))
            {
                Expect(Keyword.Locked);
                wait = "SKIP LOCKED";
            }

            clauses.Add(new LockingClause(strength, tables, wait) { Span = SpanFrom(start) });
        }

        return clauses.ToEquatableArray();
    }

    private string LockStrength()
    {
        if (Accept(Keyword.Update)) return "UPDATE";
        if (Accept(Keyword.Share)) return "SHARE";
        if (Accept(Keyword.Key))
        {
            Expect(Keyword.Share);
            return "KEY SHARE";
        }

        Expect(Keyword.No);
        Expect(Keyword.Key, Keyword.Update);
        return "NO KEY UPDATE";
    }

    private WithClause WithClause()
    {
        var start = _index;
        Expect(Keyword.With);
        // In front of AS or a column list the word is the name of a table.
        var isRecursive = !NextIs(Keyword.As) && !NextIs('(') && Accept(Keyword.Recursive);
        var tables = CommaList(CommonTableExpression);
        return new WithClause(isRecursive, tables) { Span = SpanFrom(start) };
    }

    private CommonTableExpression CommonTableExpression()
    {
        var start = _index;
        var name = ColumnId();
        var columns = Is('(') ? ColumnIdList() : default;
        Expect(Keyword.As);
        bool? isMaterialized = null;
        if (Accept(Keyword.Not))
        {
            Expect(Keyword.Materialized);
            isMaterialized = false;
        }
        else if (Accept(Keyword.Materialized))
        {
            isMaterialized = true;
        }

        Expect('(');
        var statement = PreparableStatement();
        Expect(')');
        var search = Is(Keyword.Search) ? SearchClause() : null;
        var cycle = Is(Keyword.Cycle) ? CycleClause() : null;
        return new CommonTableExpression(name, columns, statement)
        {
            IsMaterialized = isMaterialized,
            Search = search,
            Cycle = cycle,
            Span = SpanFrom(start),
        };
    }

    private SearchClause SearchClause()
    {
        var start = _index;
        Expect(Keyword.Search);
        var isBreadthFirst = Accept(Keyword.Breadth);
        if (!isBreadthFirst) Expect(Keyword.Depth);
        Expect(Keyword.First, Keyword.By);
        var columns = CommaList(ColumnId);
        Expect(Keyword.Set);
        return new SearchClause(isBreadthFirst, columns, ColumnId()) { Span = SpanFrom(start) };
    }

    private CycleClause CycleClause()
    {
        var start = _index;
        Expect(Keyword.Cycle);
        var columns = CommaList(ColumnId);
        Expect(Keyword.Set);
        var mark = ColumnId();
        Expression? value = null;
        Expression? defaultValue = null;
        if (Accept(Keyword.To))
        {
            value = Constant();
            Expect(Keyword.Default);
            defaultValue = Constant();
        }

        Expect(Keyword.Using);
        return new CycleClause(columns, mark, value, defaultValue, ColumnId()) { Span = SpanFrom(start) };
    }
}
