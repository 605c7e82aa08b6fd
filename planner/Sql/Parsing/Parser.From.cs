using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>FROM: tables, functions, derived tables and joins.</summary>
internal sealed partial class Parser
{
    /// <summary>One item of FROM with all its joins.</summary>
    private TableReference TableReference()
    {
        Enter();
        var table = Joins(TablePrimary());
        Leave();
        return table;
    }

    private TableReference Joins(TableReference left)
    {
        var links = 0;
        while (StartsJoin())
        {
            Enter();
            links++;
            left = Join(left);
        }

        _depth -= links;
        return left;
    }

    private bool StartsJoin() =>
        Current.Keyword is Keyword.Join or Keyword.Cross or Keyword.Natural or Keyword.Inner
            or Keyword.Left or Keyword.Right or Keyword.Full;

    private JoinTable Join(TableReference left)
    {
        if (Accept(Keyword.Cross))
        {
            Expect(Keyword.Join);
            var crossed = TablePrimary();
            return new JoinTable(JoinKind.Cross, left, crossed) { Span = SpanFrom(left) };
        }

        var isNatural = Accept(Keyword.Natural);
        var kind = JoinKindOf();
        Expect(Keyword.Join);
        if (isNatural) return new JoinTable(kind, left, TablePrimary()) { IsNatural = true, Span = SpanFrom(left) };
        // Joins behind the right side belong to it until the condition of this one comes.
        var join = new JoinTable(kind, left, TableReference());
        if (Accept(Keyword.Using))
        {
            join = join with { Using = ColumnIdList() };
            if (Accept(Keyword.As)) join = join with { UsingAlias = ColumnId() };
        }
        else
        {
            Expect(Keyword.On);
            join = join with { On = Expression() };
        }

        return join with { Span = SpanFrom(left) };
    }

    private JoinKind JoinKindOf()
    {
        var kind = Current.Keyword switch
        {
            Keyword.Left => JoinKind.Left,
            Keyword.Right => JoinKind.Right,
            Keyword.Full => JoinKind.Full,
            _ => JoinKind.Inner,
        };
        if (kind != JoinKind.Inner)
        {
            Advance();
            Accept(Keyword.Outer);
        }
        else
        {
            Accept(Keyword.Inner);
        }

        return kind;
    }

    private TableReference TablePrimary()
    {
        var start = _index;
        var isLateral = Accept(Keyword.Lateral);
        if (Is(Keyword.Xmltable) && NextIs('(')) throw ErrorAt(SpanOf(Current), SqlState.FeatureNotSupported, "xmltable is not supported");
        if (Is('('))
        {
            if (isLateral) return DerivedTable(start, ParenthesisedQuery(), isLateral);
            var content = ParenthesisedTable();
            return content.Query is not null ? DerivedTable(start, content.Query, isLateral) : ParenthesisedJoin(start, content.Join!);
        }

        if (Is(Keyword.Rows) && NextIs(Keyword.From)) return RowsFrom(start, isLateral);
        if (!isLateral && Is(Keyword.Only)) return Table(start);
        var function = TryFunctionTable(start, isLateral);
        if (function is { IsRowsFrom: false, WithOrdinality: false, Functions: [{ Definitions.Count: 0, Call: FunctionCall call }] }
            && call.Name.Parts is [.., "system", "table_changes"])
            return new TableName(call.Name) { Changes = call.Arguments, Alias = function.Alias, Span = function.Span };
        if (function is not null) return function;
        return isLateral || !IsColumnId(Current) ? throw MissingCall() : Table(start);
    }

    /// <summary>What stood in parentheses in FROM: a query, or a join.</summary>
    private readonly record struct ParenthesisedTableContent(Query? Query, JoinTable? Join);

    private ParenthesisedTableContent ParenthesisedTable()
    {
        Enter();
        Expect('(');
        var content = StartsQuery(0) ? new ParenthesisedTableContent(Query(), null) : InnerTable();
        Expect(')');
        Leave();
        return content;
    }

    private ParenthesisedTableContent InnerTable()
    {
        var start = _index;
        TableReference first;
        if (StartsParenthesisedQuery())
        {
            var inner = ParenthesisedTable();
            if (inner.Query is not null && Is(')')) return inner;
            if (inner.Query is not null && ContinuesQuery())
            {
                var operand = new NestedQuery(inner.Query) { Span = SpanFrom(start) };
                return new ParenthesisedTableContent(FinishQuery(start, operand, null), null);
            }

            // Only an alias or a join makes a table of a query here; anything else is no part of either.
            var isTable = inner.Query is null || Is(Keyword.As) || IsColumnId(Current) || StartsJoin();
            if (!isTable) throw SyntaxError();
            first = inner.Query is not null ? DerivedTable(start, inner.Query, isLateral: false) : ParenthesisedJoin(start, inner.Join!);
        }
        else
        {
            first = TablePrimary();
        }

        // Only a join may stand in parentheses, not a table alone; a join with its own parentheses is one still.
        return Joins(first) is JoinTable { Alias: null } join ? new ParenthesisedTableContent(null, join) : throw SyntaxError();
    }

    private JoinTable ParenthesisedJoin(int start, JoinTable join) =>
        IsColumnId(Current) || Is(Keyword.As)
            ? join with { Alias = AliasClause(), Span = SpanFrom(start) }
            : join with { Span = SpanFrom(start) };

    private QueryTable DerivedTable(int start, Query query, bool isLateral)
    {
        var place = SpanFrom(start);
        var alias = OptionalAlias();
        if (alias is not null) return new QueryTable(query, isLateral) { Alias = alias, Span = SpanFrom(start) };
        var isValues = query.Body is ValuesBody;
        throw ErrorAt(
            isLateral ? new SourceSpan(_tokens[start + 1].Start, 1) : place,
            isValues ? "VALUES in FROM must have an alias" : "subquery in FROM must have an alias",
            isValues ? "For example, FROM (VALUES ...) [AS] foo." : "For example, FROM (SELECT ...) [AS] foo.");
    }

    /// <summary>A table by name, with its version, alias and sample.</summary>
    private TableName Table(int start)
    {
        var table = RelationExpression();
        if (IsTimeTravel()) table = TimeTravel(table);
        table = table with { Alias = OptionalAlias() };
        if (Is(Keyword.Tablesample)) table = table with { Sample = TableSample() };
        return table with { Span = SpanFrom(start) };
    }

    /// <summary>name, name *, ONLY name, ONLY (name)</summary>
    private TableName RelationExpression()
    {
        var start = _index;
        if (!Accept(Keyword.Only))
        {
            var name = RelationName();
            Accept('*');
            return new TableName(name) { Span = SpanFrom(start) };
        }

        QualifiedName only;
        if (Accept('('))
        {
            only = RelationName();
            Expect(')');
        }
        else
        {
            only = RelationName();
        }

        return new TableName(only) { IsOnly = true, Span = SpanFrom(start) };
    }

    /// <summary>FOR VERSION AS OF and its kin; two words further than FOR UPDATE, so that the two do not meet.</summary>
    private bool IsTimeTravel() =>
        Is(Keyword.For)
        && (Peek(1).Keyword is Keyword.Version or Keyword.Timestamp
            || Peek(1) is { Kind: TokenKind.Identifier, Text: "system_version" or "system_time" })
        && Peek(2).Keyword == Keyword.As
        && Peek(3).Keyword == Keyword.Of;

    private TableName TimeTravel(TableName table)
    {
        Advance();
        var isVersion = Current.Keyword == Keyword.Version || Current.Text == "system_version";
        Skip(3);
        var point = Expression();
        return isVersion ? table with { Version = point } : table with { Timestamp = point };
    }

    private TableSample TableSample()
    {
        var start = _index;
        Expect(Keyword.Tablesample);
        var method = FunctionName();
        var arguments = ParenthesisedList(Expression);
        Expression? repeatable = null;
        if (Accept(Keyword.Repeatable))
        {
            Expect('(');
            repeatable = Expression();
            Expect(')');
        }

        return new TableSample(method, arguments, repeatable) { Span = SpanFrom(start) };
    }

    private TableAlias? OptionalAlias() => Is(Keyword.As) || IsColumnId(Current) ? AliasClause() : null;

    private TableAlias AliasClause()
    {
        var start = _index;
        Accept(Keyword.As);
        var name = ColumnId();
        var columns = Is('(') ? ColumnIdList() : default;
        return new TableAlias(name, columns, default) { Span = SpanFrom(start) };
    }
}
