using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>INSERT.</summary>
internal sealed partial class Parser
{
    /// <param name="with">What stood in front of INSERT.</param>
    private Statement Insert(int start, WithClause? with)
    {
        Expect(Keyword.Insert, Keyword.Into);
        var table = RelationName();
        var alias = Accept(Keyword.As) ? ColumnId() : null;
        var columns = Is('(') && !StartsParenthesisedQuery() ? ParenthesisedList(InsertColumn) : default;
        if (Is(Keyword.Overriding)) return SkipStatement(start, "INSERT with OVERRIDING");
        Query? source = null;
        if (Accept(Keyword.Default)) Expect(Keyword.Values);
        else source = InsertSource();
        if (with is not null && source is not null)
            source = source with
            {
                With = source.With is null ? with : throw new SqlException(SqlState.SyntaxError, "multiple WITH clauses not allowed")
                    { Position = with.Span.Position },
            };
        if (Is(Keyword.On)) return SkipStatement(start, "INSERT with ON CONFLICT");
        var returning = Accept(Keyword.Returning) ? CommaList(SelectItem) : default;
        return new InsertStatement(table, alias, columns, source, returning) { Span = SpanFrom(start) };
    }

    private ColumnReference InsertColumn()
    {
        var start = _index;
        var name = ColumnId();
        if (Is('.') || Is('[')) throw new SqlException(SqlState.FeatureNotSupported, "INSERT into a part of a column is not supported")
            { Position = SpanOf(Current).Position };
        return new ColumnReference([name]) { Span = SpanFrom(start) };
    }

    /// <summary>A query; DEFAULT may stand for a value when the rows are all of it.</summary>
    private Query InsertSource()
    {
        if (!Is(Keyword.Values)) return Query();
        var start = _index;
        Advance();
        var rows = CommaList(() => ParenthesisedList(InsertValue));
        if (AtEnd || Is(';') || Is(')') || Is(Keyword.Returning) || Is(Keyword.On))
        {
            var body = new ValuesBody(rows) { Span = SpanFrom(start) };
            return new Query(body) { Span = body.Span };
        }

        _index = start;
        return Query();
    }

    private Expression InsertValue() => Is(Keyword.Default) ? new DefaultValue { Span = SpanOf(Advance()) } : Expression();
}
