using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>UPDATE, DELETE and TRUNCATE, and the clauses that all statements share that change rows.</summary>
internal sealed partial class Parser
{
    /// <summary>INSERT, UPDATE, DELETE or MERGE; null when none begins here.</summary>
    /// <param name="with">What stood in front of the statement.</param>
    private Statement? DataChange(int start, WithClause? with) => Current.Keyword switch
    {
        Keyword.Insert => Insert(start, with),
        Keyword.Update => Update(start, with),
        Keyword.Delete => Delete(start, with),
        Keyword.Merge => Merge(start, with),
        _ => null,
    };

    private UpdateStatement Update(int start, WithClause? with)
    {
        Expect(Keyword.Update);
        var (table, alias) = ChangedTable();
        var set = SetClauses();
        var from = Accept(Keyword.From) ? CommaList(TableReference) : default;
        var where = WhereOrCurrentOf();
        var returning = ReturningClause();
        return new UpdateStatement(table.Name, alias, set)
        {
            IsOnly = table.IsOnly,
            With = with,
            From = from,
            Where = where,
            Returning = returning,
            Span = SpanFrom(start),
        };
    }

    private DeleteStatement Delete(int start, WithClause? with)
    {
        Expect(Keyword.Delete, Keyword.From);
        var (table, alias) = ChangedTable();
        var usingTables = Accept(Keyword.Using) ? CommaList(TableReference) : default;
        var where = WhereOrCurrentOf();
        var returning = ReturningClause();
        return new DeleteStatement(table.Name, alias)
        {
            IsOnly = table.IsOnly,
            With = with,
            Using = usingTables,
            Where = where,
            Returning = returning,
            Span = SpanFrom(start),
        };
    }

    /// <summary>
    /// relation_expr_opt_alias: SET is no alias unless AS stands in front of it, in DELETE and MERGE too, as the grammar's tables have it.
    /// </summary>
    private (TableName Table, string? Alias) ChangedTable()
    {
        var table = RelationExpression();
        var hasAlias = Accept(Keyword.As) || (IsColumnId(Current) && !Is(Keyword.Set));
        return (table, hasAlias ? ColumnId() : null);
    }

    private EquatableArray<SetClause> SetClauses()
    {
        Expect(Keyword.Set);
        return CommaList(SetClause);
    }

    private SetClause SetClause()
    {
        var start = _index;
        var isRow = Is('(');
        var columns = isRow ? ParenthesisedList(TargetColumn) : [TargetColumn()];
        Expect('=');
        return new SetClause(columns, Expression(), isRow) { Span = SpanFrom(start) };
    }

    /// <summary>
    /// A column that gets a value. Fields and elements of columns are not assigned to; a field is told only when the table is known, since
    /// the name before it is more often that of the table.
    /// </summary>
    private ColumnReference TargetColumn()
    {
        var start = _index;
        var name = ColumnId();
        var part = SpanOf(Current);
        if (Is('.') && IsColumnLabel(Peek(1)) && !IsCharacter(Peek(2), '.') && !IsCharacter(Peek(2), '['))
        {
            Skip(1);
            return new ColumnReference([name, ColumnLabel()]) { Span = SpanFrom(start) };
        }

        if (!Is('.') && !Is('[')) return new ColumnReference([name]) { Span = SpanFrom(start) };
        Indirection(new NullLiteral());
        throw ErrorAt(part, SqlState.FeatureNotSupported, "assignment into a part of a column is not supported");
    }

    private Expression? WhereOrCurrentOf()
    {
        if (!Accept(Keyword.Where)) return null;
        if (!Is(Keyword.Current) || !NextIs(Keyword.Of)) return Expression();
        var start = _index;
        Skip(2);
        return new CurrentOfCursor(ColumnId()) { Span = SpanFrom(start) };
    }

    private EquatableArray<SelectItem> ReturningClause() => Accept(Keyword.Returning) ? CommaList(SelectItem) : default;

    private TruncateStatement Truncate()
    {
        Expect(Keyword.Truncate);
        Accept(Keyword.Table);
        var tables = CommaList(() => RelationExpression().Name);
        var restarts = Accept(Keyword.Restart);
        if (restarts || Accept(Keyword.Continue)) Expect(Keyword.Identity);
        var isCascade = Accept(Keyword.Cascade);
        if (!isCascade) Accept(Keyword.Restrict);
        return new TruncateStatement(tables, restarts, isCascade);
    }
}
