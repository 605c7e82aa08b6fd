using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>MERGE, with the RETURNING and WHEN NOT MATCHED BY of PostgreSQL 17.</summary>
internal sealed partial class Parser
{
    private MergeStatement Merge(int start, WithClause? with)
    {
        Expect(Keyword.Merge, Keyword.Into);
        var (table, alias) = ChangedTable();
        Expect(Keyword.Using);
        var source = TableReference();
        Expect(Keyword.On);
        var on = Expression();
        var clauses = new List<MergeClause>();
        do clauses.Add(MergeClause());
        while (Is(Keyword.When));
        var returning = ReturningClause();
        return new MergeStatement(table.Name, alias, source, on, clauses.ToEquatableArray())
        {
            IsOnly = table.IsOnly,
            With = with,
            Returning = returning,
            Span = SpanFrom(start),
        };
    }

    private MergeClause MergeClause()
    {
        var start = _index;
        Expect(Keyword.When);
        var match = WhenMatched();
        var condition = Accept(Keyword.And) ? Expression() : null;
        Expect(Keyword.Then);
        return new MergeClause(match, condition, ActionFor(match)) { Span = SpanFrom(start) };
    }

    private MergeMatch WhenMatched()
    {
        if (Accept(Keyword.Matched)) return MergeMatch.Matched;
        Expect(Keyword.Not, Keyword.Matched);
        if (!Accept(Keyword.By)) return MergeMatch.NotMatchedByTarget;
        // SOURCE and TARGET are no keywords of PostgreSQL 15.
        var match = Current switch
        {
            { Kind: TokenKind.Identifier, Text: "source" } => MergeMatch.NotMatchedBySource,
            { Kind: TokenKind.Identifier, Text: "target" } => MergeMatch.NotMatchedByTarget,
            _ => throw SyntaxError(),
        };
        Advance();
        return match;
    }

    /// <summary>Rows of the source alone are inserted; rows of the target are updated or deleted.</summary>
    private MergeAction ActionFor(MergeMatch match)
    {
        var start = _index;
        MergeAction action;
        if (Accept(Keyword.Do))
        {
            Expect(Keyword.Nothing);
            action = new MergeDoNothing();
        }
        else if (match == MergeMatch.NotMatchedByTarget)
        {
            action = MergeInsert();
        }
        else if (Accept(Keyword.Delete))
        {
            action = new MergeDelete();
        }
        else
        {
            Expect(Keyword.Update);
            action = new MergeUpdate(SetClauses());
        }

        return action with { Span = SpanFrom(start) };
    }

    private MergeInsert MergeInsert()
    {
        Expect(Keyword.Insert);
        if (Accept(Keyword.Default))
        {
            Expect(Keyword.Values);
            return new MergeInsert(default, default);
        }

        var columns = Is('(') ? ParenthesisedList(TargetColumn) : default;
        var overriding = Overriding();
        Expect(Keyword.Values);
        return new MergeInsert(columns, ParenthesisedList(Expression)) { Overriding = overriding };
    }
}
