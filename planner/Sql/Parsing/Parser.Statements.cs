using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>The text as a whole, and which statement its first words begin.</summary>
internal sealed partial class Parser
{
    public IReadOnlyList<ParsedStatement> Statements()
    {
        var statements = new List<ParsedStatement>();
        while (true)
        {
            if (!Is(';') && !AtEnd)
            {
                var start = _index;
                var statement = Statement();
                if (!Is(';')) ExpectEnd();
                var span = SpanFrom(start);
                statements.Add(new ParsedStatement(statement with { Span = span }, span.Start, span.Length));
            }

            if (AtEnd) return statements;
            Expect(';');
        }
    }

    public Expression SingleExpression()
    {
        var expression = Expression();
        ExpectEnd();
        return expression;
    }

    public TypeName SingleTypeName()
    {
        var type = TypeName();
        ExpectEnd();
        return type;
    }

    private Statement Statement() => Current.Keyword switch
    {
        Keyword.Explain => Explain(),
        Keyword.Set => Set(),
        Keyword.Reset => Reset(),
        Keyword.Show => Show(),
        Keyword.Begin or Keyword.Start or Keyword.Commit or Keyword.End or Keyword.Rollback or Keyword.Abort or Keyword.Savepoint
            or Keyword.Release => Transaction(),
        Keyword.Prepare => NextIs(Keyword.Transaction) ? Transaction() : Prepare(),
        Keyword.Execute => Execute(),
        Keyword.Deallocate => Deallocate(),
        Keyword.Discard => Discard(),
        Keyword.Declare => DeclareCursor(),
        Keyword.Fetch or Keyword.Move => Fetch(),
        Keyword.Close => Close(),
        Keyword.Copy => Copy(),
        Keyword.Truncate => Truncate(),
        Keyword.Call => Call(),
        Keyword.Listen or Keyword.Unlisten or Keyword.Notify => Notify(),
        Keyword.Lock => Lock(),
        Keyword.Create => Create(),
        Keyword.Alter => Alter(),
        Keyword.Drop => Drop(),
        _ => TryPreparableStatement() is { } statement ? MakingTable(statement) : OtherCommand(),
    };

    /// <summary>What PREPARE, WITH and COPY take: a query or a statement that changes rows.</summary>
    private Statement PreparableStatement() => TryPreparableStatement() ?? throw SyntaxError();

    private Statement? TryPreparableStatement()
    {
        var start = _index;
        if (Is(Keyword.With)) return StatementWith(start);
        if (Is('(') || StartsQuery(0) || Is(Keyword.Values))
        {
            var query = Query();
            return new SelectStatement(query) { Span = query.Span };
        }

        return DataChange(start, null);
    }

    /// <summary>A query with INTO makes a table of its rows, as CREATE TABLE AS does.</summary>
    private static Statement MakingTable(Statement statement)
    {
        if (statement is not SelectStatement { Query: var query } || TakeInto(query) is not var (into, rest)) return statement;
        return new CreateTableAsStatement(into.Name, IfNotExists: false, default, rest, WithData: true)
        {
            Temporary = into.IsTemporary ? new TemporaryTable(null) { Span = into.Span } : null, Span = statement.Span,
        };
    }

    /// <summary>The INTO of the first SELECT of a query, and the query without it; null for none.</summary>
    private static (IntoClause Into, Query Without)? TakeInto(Query query) =>
        TakeInto(query.Body) is var (into, body) ? (into, query with { Body = body }) : null;

    private static (IntoClause Into, QueryBody Without)? TakeInto(QueryBody body)
    {
        switch (body)
        {
            case SelectBody { Into: { } into } select: return (into, select with { Into = null });
            case NestedQuery nested when TakeInto(nested.Query) is var (into, rest): return (into, nested with { Query = rest });
            case SetOperation operation:
                if (TakeInto(operation.Right) is var (late, _))
                    throw new SqlException(SqlState.SyntaxError, "INTO is only allowed on first SELECT of UNION/INTERSECT/EXCEPT")
                        { Position = late.Name.Span.Position };
                return TakeInto(operation.Left) is var (first, left) ? (first, operation with { Left = left }) : null;
            default: return null;
        }
    }

    private Statement StatementWith(int start)
    {
        Enter();
        var with = WithClause();
        var statement = DataChange(start, with);
        if (statement is null)
        {
            if (Is(Keyword.With) || (!Is('(') && !Is(Keyword.Values) && !StartsQuery(0))) throw SyntaxError();
            var query = FinishQuery(start, SetOperand(), with);
            statement = new SelectStatement(query) { Span = query.Span };
        }

        Leave();
        return statement;
    }
}
