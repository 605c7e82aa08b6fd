using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>INSERT and its ON CONFLICT.</summary>
internal sealed partial class Parser
{
    /// <param name="with">What stood in front of INSERT.</param>
    private InsertStatement Insert(int start, WithClause? with)
    {
        Expect(Keyword.Insert, Keyword.Into);
        var table = RelationName();
        var alias = Accept(Keyword.As) ? ColumnId() : null;
        var columns = Is('(') && !StartsParenthesisedQuery() ? ParenthesisedList(TargetColumn) : default;
        var overriding = Overriding();
        Query? source = null;
        // DEFAULT VALUES names no columns and overrides nothing.
        if (Is(Keyword.Default) && columns.Count == 0 && overriding is null) DefaultValues(with);
        else source = InsertSource(with);
        var onConflict = Is(Keyword.On) ? OnConflict() : null;
        var returning = ReturningClause();
        return new InsertStatement(table, alias, columns, source, returning)
        {
            Overriding = overriding,
            OnConflict = onConflict,
            Span = SpanFrom(start),
        };
    }

    private void DefaultValues(WithClause? with)
    {
        Expect(Keyword.Default, Keyword.Values);
        if (with is not null) throw ErrorAt(with.Span, SqlState.FeatureNotSupported, "WITH and DEFAULT VALUES are not supported together");
    }

    /// <summary>The query with the WITH in front of INSERT, which a WITH of the query's own sees.</summary>
    private Query InsertSource(WithClause? with)
    {
        var source = Query();
        if (with is null) return source;
        return source.With is null
            ? source with { With = with }
            : new Query(new NestedQuery(source) { Span = source.Span }) { With = with, Span = source.Span };
    }

    private string? Overriding()
    {
        if (!Accept(Keyword.Overriding)) return null;
        var isSystem = Accept(Keyword.System);
        if (!isSystem) Expect(Keyword.User);
        Expect(Keyword.Value);
        return isSystem ? "SYSTEM VALUE" : "USER VALUE";
    }

    private OnConflictClause OnConflict()
    {
        var start = _index;
        Expect(Keyword.On, Keyword.Conflict);
        var target = Is('(') || Is(Keyword.On) ? ConflictTarget() : null;
        Expect(Keyword.Do);
        if (Accept(Keyword.Nothing)) return new OnConflictClause(target, default, null) { Span = SpanFrom(start) };
        Expect(Keyword.Update);
        var set = SetClauses();
        var where = Accept(Keyword.Where) ? Expression() : null;
        return new OnConflictClause(target, set, where) { Span = SpanFrom(start) };
    }

    private ConflictTarget ConflictTarget()
    {
        var start = _index;
        if (Accept(Keyword.On))
        {
            Expect(Keyword.Constraint);
            return new ConflictTarget(default, null, ColumnId()) { Span = SpanFrom(start) };
        }

        var open = SpanOf(Current);
        var elements = ParenthesisedList(() => ConflictElement(open));
        var where = Accept(Keyword.Where) ? Expression() : null;
        return new ConflictTarget(elements, where, null) { Span = SpanFrom(start) };
    }

    /// <summary>index_elem: a column, a call, or an expression in parentheses, with its collation.</summary>
    /// <param name="target">Where the target begins, which is the place of its errors.</param>
    private Expression ConflictElement(SourceSpan target)
    {
        var start = _index;
        var element = ConflictKey();
        if (Is(Keyword.Collate))
        {
            var collate = SpanOf(Advance());
            element = new CollateExpression(element, AnyName()) { Span = SpanFrom(start), ErrorSpan = collate };
        }

        var hasNullsOrder = Is(Keyword.Nulls) && (NextIs(Keyword.First) || NextIs(Keyword.Last));
        if (IsColumnId(Current) && !hasNullsOrder)
            throw ErrorAt(SpanOf(Current), SqlState.FeatureNotSupported, "an operator class in ON CONFLICT is not supported");
        if (Is(Keyword.Asc) || Is(Keyword.Desc)) throw NotInConflict(target, "ASC/DESC");
        if (hasNullsOrder) throw NotInConflict(target, "NULLS FIRST/LAST");
        return element;
    }

    private Expression ConflictKey()
    {
        var start = _index;
        if (Accept('('))
        {
            var expression = Expression();
            Expect(')');
            return expression;
        }

        if (TryWindowlessCall() is { } call) return call;
        if (!IsColumnId(Current) || NextIs('.') || NextIs('[')) throw MissingCall();
        return new ColumnReference([ColumnId()]) { Span = SpanFrom(start) };
    }

    private SqlException NotInConflict(SourceSpan target, string option) =>
        ErrorAt(target, SqlState.InvalidColumnReference, $"{option} is not allowed in ON CONFLICT clause");
}
