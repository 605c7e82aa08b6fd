using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>Names in expressions (columns, calls, typed literals) and the syntax around calls.</summary>
internal sealed partial class Parser
{
    /// <summary>A column, a call, or a typed literal <c>name 'string'</c>.</summary>
    private Expression NamePrimary()
    {
        var start = _index;
        var token = Current;
        if (!IsColumnId(token)) return FunctionOnlyName();
        // NULLS in front of FIRST and LAST is part of ORDER BY and no name.
        if (token.Keyword == Keyword.Nulls && (NextIs(Keyword.First) || NextIs(Keyword.Last))) throw SyntaxError();
        Advance();
        var parts = new List<string> { token.Text! };
        while (Accept('.'))
        {
            if (Accept('*')) return Indirection(new Star(parts.ToEquatableArray()) { Span = SpanFrom(start) });
            parts.Add(ColumnLabel());
        }

        var span = SpanFrom(start);
        // A word such as "between" names a column, and a function only behind a schema.
        var canCall = parts.Count > 1 || IsTypeOrFunctionName(token);
        var names = parts.ToEquatableArray();
        var name = new QualifiedName(names) { Span = span };
        if (canCall && Is('(')) return CallOrLiteral(start, name);
        if (canCall && Is(TokenKind.String)) return TypedLiteral(start, new TypeName(name, default, 0) { Span = span });
        return Indirection(new ColumnReference(names) { Span = span });
    }

    /// <summary>A word such as LEFT, which names functions and types only.</summary>
    private Expression FunctionOnlyName()
    {
        var start = _index;
        if (!IsTypeOrFunctionName(Current)) throw SyntaxError();
        var name = SingleName(Advance());
        if (Is('(')) return CallOrLiteral(start, name);
        if (Is(TokenKind.String)) return TypedLiteral(start, new TypeName(name, default, 0) { Span = name.Span });
        throw SyntaxError();
    }

    private CastExpression TypedLiteral(int start, TypeName type)
    {
        if (!Is(TokenKind.String)) throw SyntaxError();
        var literal = new StringLiteral(Current.Text!) { Span = SpanOf(Advance()) };
        return new CastExpression(literal, type) { Span = SpanFrom(start) };
    }

    /// <summary>A call with its clauses, or a literal of a type with modifiers: <c>name(1) 'string'</c>.</summary>
    private Expression CallOrLiteral(int start, QualifiedName name)
    {
        var call = Application(start, name);
        var canBeType = !call.IsStar && !call.IsDistinct && !call.IsVariadic && call.Arguments.Count > 0;
        if (!Is(TokenKind.String) || !canBeType) return CallClauses(start, call);
        foreach (var argument in call.Arguments)
            if (argument.Name is not null) throw ErrorAt(argument.Span, "type modifier cannot have parameter name");
        if (call.OrderBy.Count > 0) throw ErrorAt(_orderBySpan, "type modifier cannot have ORDER BY");
        var modifiers = call.Arguments.AsSpan().ToArray().Select(argument => argument.Value).ToEquatableArray();
        return TypedLiteral(start, new TypeName(name, modifiers, 0) { Span = call.Span });
    }

    /// <summary>name(arguments) without the clauses behind it.</summary>
    private FunctionCall Application(int start, QualifiedName name)
    {
        Expect('(');
        if (Accept(')')) return new FunctionCall(name, default) { Span = SpanFrom(start) };
        if (Accept('*'))
        {
            Expect(')');
            return new FunctionCall(name, default) { IsStar = true, Span = SpanFrom(start) };
        }

        var isDistinct = Accept(Keyword.Distinct);
        var isAll = !isDistinct && Accept(Keyword.All);
        var isVariadic = !isDistinct && !isAll && Accept(Keyword.Variadic);
        var arguments = new List<Argument> { Argument() };
        while (!isVariadic && Accept(','))
        {
            isVariadic = !isDistinct && !isAll && Accept(Keyword.Variadic);
            arguments.Add(Argument());
        }

        var orderBy = Is(Keyword.Order) ? OrderBy() : default;
        Expect(')');
        return new FunctionCall(name, arguments.ToEquatableArray())
        {
            IsDistinct = isDistinct,
            IsVariadic = isVariadic,
            OrderBy = orderBy,
            Span = SpanFrom(start),
        };
    }

    private Argument Argument() => Argument(endsAtSimilar: false);

    private Argument Argument(bool endsAtSimilar)
    {
        var start = _index;
        string? name = null;
        if (IsTypeOrFunctionName(Current) && Peek(1).Kind is TokenKind.ColonEquals or TokenKind.EqualsGreater)
        {
            name = Advance().Text;
            Advance();
        }

        return new Argument(name, WithLabels(isAllowed: false, isRestricted: false, endsAtSimilar)) { Span = SpanFrom(start) };
    }

    /// <summary>WITHIN GROUP, FILTER and OVER.</summary>
    private FunctionCall CallClauses(int start, FunctionCall call)
    {
        if (Is(Keyword.Within)) call = call with { WithinGroup = WithinGroup(call) };
        if (Accept(Keyword.Filter))
        {
            Expect('(');
            Expect(Keyword.Where);
            call = call with { Filter = Expression() };
            Expect(')');
        }

        if (Accept(Keyword.Over)) call = call with { Over = OverClause() };
        return call with { Span = SpanFrom(start) };
    }

    private EquatableArray<SortItem> WithinGroup(FunctionCall call)
    {
        var within = SpanOf(Advance());
        Expect(Keyword.Group);
        Expect('(');
        var items = OrderBy();
        Expect(')');
        if (call.OrderBy.Count > 0) throw ErrorAt(within, "cannot use multiple ORDER BY clauses with WITHIN GROUP");
        if (call.IsDistinct) throw ErrorAt(within, "cannot use DISTINCT with WITHIN GROUP");
        return call.IsVariadic ? throw ErrorAt(within, "cannot use VARIADIC with WITHIN GROUP") : items;
    }

    private WindowDefinition OverClause()
    {
        var start = _index;
        if (Is('(')) return WindowSpecification();
        var name = ColumnId();
        return new WindowDefinition(name, default, default, null) { IsReference = true, Span = SpanFrom(start) };
    }

    private NamedWindow NamedWindow()
    {
        var start = _index;
        var name = ColumnId();
        Expect(Keyword.As);
        return new NamedWindow(name, WindowSpecification()) { Span = SpanFrom(start) };
    }

    private WindowDefinition WindowSpecification()
    {
        var start = _index;
        Expect('(');
        var startsClause = Current.Keyword is Keyword.Partition or Keyword.Range or Keyword.Rows or Keyword.Groups;
        var name = !startsClause && IsColumnId(Current) ? Advance().Text : null;
        EquatableArray<Expression> partitionBy = default;
        if (Accept(Keyword.Partition))
        {
            Expect(Keyword.By);
            partitionBy = CommaList(Expression);
        }

        var orderBy = Is(Keyword.Order) ? OrderBy() : default;
        var frame = Current.Keyword is Keyword.Range or Keyword.Rows or Keyword.Groups ? WindowFrame() : null;
        Expect(')');
        return new WindowDefinition(name, partitionBy, orderBy, frame) { Span = SpanFrom(start) };
    }

    private WindowFrame WindowFrame()
    {
        var start = _index;
        var mode = Advance().Keyword switch
        {
            Keyword.Range => FrameMode.Range,
            Keyword.Rows => FrameMode.Rows,
            _ => FrameMode.Groups,
        };
        FrameBound first;
        FrameBound? last = null;
        if (Accept(Keyword.Between))
        {
            first = FrameBound();
            Expect(Keyword.And);
            last = FrameBound();
        }
        else
        {
            first = FrameBound();
        }

        CheckFrame(first, last);
        return new WindowFrame(mode, first, last, FrameExclusion()) { Span = SpanFrom(start) };
    }

    private void CheckFrame(FrameBound first, FrameBound? last)
    {
        if (first.Kind == FrameBoundKind.UnboundedFollowing)
            throw ErrorAt(first.Span, SqlState.WindowingError, "frame start cannot be UNBOUNDED FOLLOWING");
        if (last is null)
        {
            if (first.Kind == FrameBoundKind.Following)
                throw ErrorAt(first.Span, SqlState.WindowingError, "frame starting from following row cannot end with current row");
            return;
        }

        var message = (first.Kind, last.Kind) switch
        {
            (_, FrameBoundKind.UnboundedPreceding) => "frame end cannot be UNBOUNDED PRECEDING",
            (FrameBoundKind.CurrentRow, FrameBoundKind.Preceding) => "frame starting from current row cannot have preceding rows",
            (FrameBoundKind.Following, FrameBoundKind.Preceding or FrameBoundKind.CurrentRow) =>
                "frame starting from following row cannot have preceding rows",
            _ => null,
        };
        if (message is not null) throw ErrorAt(last.Span, SqlState.WindowingError, message);
    }

    private FrameBound FrameBound()
    {
        var start = _index;
        if (Is(Keyword.Unbounded) && (NextIs(Keyword.Preceding) || NextIs(Keyword.Following)))
        {
            Advance();
            var kind = Advance().Keyword == Keyword.Preceding ? FrameBoundKind.UnboundedPreceding : FrameBoundKind.UnboundedFollowing;
            return new FrameBound(kind, null) { Span = SpanFrom(start) };
        }

        if (Is(Keyword.Current) && NextIs(Keyword.Row))
        {
            Skip(2);
            return new FrameBound(FrameBoundKind.CurrentRow, null) { Span = SpanFrom(start) };
        }

        var offset = Expression();
        var isPreceding = Accept(Keyword.Preceding);
        if (!isPreceding) Expect(Keyword.Following);
        return new FrameBound(isPreceding ? FrameBoundKind.Preceding : FrameBoundKind.Following, offset) { Span = SpanFrom(start) };
    }

    private FrameExclusion FrameExclusion()
    {
        if (!Accept(Keyword.Exclude)) return Syntax.FrameExclusion.NoOthers;
        if (Accept(Keyword.Group)) return Syntax.FrameExclusion.Group;
        if (Accept(Keyword.Ties)) return Syntax.FrameExclusion.Ties;
        if (Accept(Keyword.Current))
        {
            Expect(Keyword.Row);
            return Syntax.FrameExclusion.CurrentRow;
        }

        Expect(Keyword.No);
        Expect(Keyword.Others);
        return Syntax.FrameExclusion.NoOthers;
    }
}
