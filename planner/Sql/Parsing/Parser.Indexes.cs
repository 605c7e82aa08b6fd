using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>CREATE INDEX.</summary>
internal sealed partial class Parser
{
    /// <summary>Behind CREATE INDEX.</summary>
    private Statement CreateIndex(int start, bool isUnique)
    {
        var isConcurrent = Accept(Keyword.Concurrently);
        var ifNotExists = IfNotExists();
        var name = Is(Keyword.On) ? null : ColumnId();
        if (ifNotExists && name is null) throw SyntaxError();
        Expect(Keyword.On);
        Accept(Keyword.Only);
        var table = RelationName();
        var method = Accept(Keyword.Using) ? ColumnId() : "btree";
        var elements = ParenthesisedList(IndexElement);
        var included = Accept(Keyword.Include) ? ParenthesisedList(ColumnId) : [];
        if (Is(Keyword.Nulls)) return SkipStatement(start, "CREATE INDEX with NULLS NOT DISTINCT");
        if (Is(Keyword.With)) return SkipStatement(start, "CREATE INDEX WITH (options)");
        if (Is(Keyword.Tablespace)) return SkipStatement(start, "CREATE INDEX TABLESPACE");
        var where = Accept(Keyword.Where) ? Expression() : null;
        return new CreateIndexStatement(name, table, isUnique, ifNotExists, elements)
        {
            Method = method, Included = included, Where = where, IsConcurrent = isConcurrent,
        };
    }

    private IndexElement IndexElement()
    {
        var start = _index;
        var key = ConflictKey();
        var collation = Accept(Keyword.Collate) ? AnyName() : null;
        var hasNullsOrder = Is(Keyword.Nulls) && (NextIs(Keyword.First) || NextIs(Keyword.Last));
        var operatorClass = IsColumnId(Current) && !hasNullsOrder && !Is(Keyword.Asc) && !Is(Keyword.Desc) ? AnyName() : null;
        var isDescending = Accept(Keyword.Desc);
        if (!isDescending) Accept(Keyword.Asc);
        bool? nullsFirst = null;
        if (Is(Keyword.Nulls) && (NextIs(Keyword.First) || NextIs(Keyword.Last)))
        {
            Advance();
            nullsFirst = Advance().Keyword == Keyword.First;
        }

        return new IndexElement(key, isDescending, nullsFirst)
        {
            Collation = collation, OperatorClass = operatorClass, Span = SpanFrom(start),
        };
    }

    /// <summary>Behind DROP INDEX.</summary>
    private DropStatement DropIndexes()
    {
        var isConcurrent = Accept(Keyword.Concurrently);
        return DropObjects(DropKind.Index) with { IsConcurrent = isConcurrent };
    }
}
