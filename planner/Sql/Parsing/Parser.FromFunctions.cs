using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>Functions in FROM: one call, or ROWS FROM, with ordinality, aliases and column definitions.</summary>
internal sealed partial class Parser
{
    private FunctionTable? TryFunctionTable(int start, bool isLateral)
    {
        var item = _index;
        var call = TryWindowlessCall();
        if (call is null) return null;
        EquatableArray<FunctionTableItem> functions = [new FunctionTableItem(call, default) { Span = SpanFrom(item) }];
        return FinishFunctionTable(start, functions, isLateral, isRowsFrom: false);
    }

    private FunctionTable RowsFrom(int start, bool isLateral)
    {
        Skip(2);
        return FinishFunctionTable(start, ParenthesisedList(RowsFromItem), isLateral, isRowsFrom: true);
    }

    private FunctionTableItem RowsFromItem()
    {
        var start = _index;
        var call = TryWindowlessCall() ?? throw MissingCall();
        var definitions = Accept(Keyword.As) ? ParenthesisedList(ColumnDefinition) : default;
        return new FunctionTableItem(call, definitions) { Span = SpanFrom(start) };
    }

    private FunctionTable FinishFunctionTable(int start, EquatableArray<FunctionTableItem> functions, bool isLateral, bool isRowsFrom)
    {
        var withOrdinality = Is(Keyword.With) && NextIs(Keyword.Ordinality);
        if (withOrdinality)
        {
            Skip(2);
        }
        else if (Is(Keyword.With) && NextIs(Keyword.Time))
        {
            Advance();
            throw SyntaxError();
        }

        var alias = FunctionAlias();
        return new FunctionTable(functions, isLateral, withOrdinality, isRowsFrom) { Alias = alias, Span = SpanFrom(start) };
    }

    /// <summary>func_expr_windowless: a call without FILTER or OVER; null when the name is a table's.</summary>
    private Expression? TryWindowlessCall()
    {
        var start = _index;
        var form = TrySpecialForm();
        if (form is not null) return form;
        var distance = 1;
        var canCall = IsTypeOrFunctionName(Current);
        if (IsColumnId(Current))
        {
            for (; IsCharacter(Peek(distance), '.') && IsColumnLabel(Peek(distance + 1)); distance += 2) canCall = true;
        }

        return canCall && IsCharacter(Peek(distance), '(') ? Application(start, FunctionName()) : null;
    }

    private TableAlias? FunctionAlias()
    {
        var start = _index;
        if (!Is(Keyword.As) && !IsColumnId(Current)) return null;
        var hasAs = Accept(Keyword.As);
        var name = hasAs && Is('(') ? null : ColumnId();
        if (!Is('(')) return new TableAlias(name, default, default) { Span = SpanFrom(start) };
        // A name with a type behind it is a definition; a bare list of names renames columns.
        var isNames = name is not null && IsColumnId(Peek(1)) && (IsCharacter(Peek(2), ',') || IsCharacter(Peek(2), ')'));
        var alias = isNames
            ? new TableAlias(name, ColumnIdList(), default)
            : new TableAlias(name, default, ParenthesisedList(ColumnDefinition));
        return alias with { Span = SpanFrom(start) };
    }

    private ColumnDefinition ColumnDefinition()
    {
        var start = _index;
        var name = ColumnId();
        var type = TypeName();
        var collation = Accept(Keyword.Collate) ? AnyName() : null;
        return new ColumnDefinition(name, type) { Collation = collation, Span = SpanFrom(start) };
    }
}
