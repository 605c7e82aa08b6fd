using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>Operands that begin with a keyword, and the calls that have a syntax of their own.</summary>
internal sealed partial class Parser
{
    private Expression KeywordPrimary()
    {
        var start = _index;
        switch (Current.Keyword)
        {
            case Keyword.True or Keyword.False or Keyword.Null:
                return Constant();
            case Keyword.Case:
                return Case();
            case Keyword.Array:
                Advance();
                if (!Is('(')) return ArrayItems(start);
                return new ArrayQueryExpression(ParenthesisedQuery()) { Span = SpanFrom(start) };
            case Keyword.Exists when NextIs('('):
                Advance();
                return new ExistsExpression(ParenthesisedQuery()) { Span = SpanFrom(start) };
            case Keyword.Row when NextIs('('):
                return OverlapsOrRow(ExplicitRow());
            case Keyword.Grouping when NextIs('('):
                Advance();
                return new GroupingExpression(ParenthesisedList(Expression)) { Span = SpanFrom(start) };
            case Keyword.Unique:
                Advance();
                ParenthesisedQuery();
                throw ErrorAt(SpanOf(_tokens[start]), SqlState.FeatureNotSupported, "UNIQUE predicate is not yet implemented");
            default:
                return TrySpecialForm() ?? TryKeywordLiteral() ?? NamePrimary();
        }
    }

    /// <summary>func_expr_common_subexpr: the calls with their own syntax; null when none begins here.</summary>
    private Expression? TrySpecialForm()
    {
        var start = _index;
        var keyword = Current.Keyword;
        if (IsValueFunction(keyword)) return ValueFunction();
        if (keyword == Keyword.Collation)
        {
            if (!NextIs(Keyword.For)) return null;
        }
        else if (!NextIs('(') && keyword != Keyword.Cast)
        {
            return null;
        }

        var name = SpanOf(Current);
        Expression? form = keyword switch
        {
            Keyword.Collation => CollationFor(name),
            Keyword.Cast => CastCall(),
            Keyword.Treat => Treat(name),
            Keyword.Extract => Extract(name),
            Keyword.Normalize => Normalize(name),
            Keyword.Overlay => Overlay(name),
            Keyword.Position => Position(name),
            Keyword.Substring => Substring(name),
            Keyword.Trim => Trim(name),
            Keyword.Nullif => NullIf(),
            Keyword.Coalesce => Builtin(BuiltinForm.Coalesce),
            Keyword.Greatest => Builtin(BuiltinForm.Greatest),
            Keyword.Least => Builtin(BuiltinForm.Least),
            Keyword.Xmlconcat or Keyword.Xmlelement or Keyword.Xmlexists or Keyword.Xmlforest or Keyword.Xmlparse or Keyword.Xmlpi
                or Keyword.Xmlroot or Keyword.Xmlserialize or Keyword.Xmltable =>
                throw ErrorAt(name, SqlState.FeatureNotSupported, $"{_tokens[start].Text} is not supported"),
            _ => null,
        };
        return form is null ? null : form with { Span = SpanFrom(start) };
    }

    private bool IsValueFunction(Keyword keyword) => keyword switch
    {
        Keyword.CurrentDate or Keyword.CurrentTime or Keyword.CurrentTimestamp or Keyword.Localtime or Keyword.Localtimestamp
            or Keyword.CurrentRole or Keyword.CurrentUser or Keyword.SessionUser or Keyword.User or Keyword.CurrentCatalog => true,
        // With parentheses it is an ordinary function, with a string a type.
        Keyword.CurrentSchema => !NextIs('(') && Peek(1).Kind != TokenKind.String,
        _ => false,
    };

    private SqlValueFunction ValueFunction()
    {
        var start = _index;
        var word = Advance();
        int? precision = null;
        var takesPrecision = word.Keyword is Keyword.CurrentTime or Keyword.CurrentTimestamp or Keyword.Localtime or Keyword.Localtimestamp;
        if (takesPrecision && Is('(')) precision = ParenthesisedInteger();
        return new SqlValueFunction(word.Text!, precision) { Span = SpanFrom(start) };
    }

    private int ParenthesisedInteger()
    {
        Expect('(');
        var number = IntegerValue(Expect(TokenKind.Integer));
        Expect(')');
        return number;
    }

    private static int IntegerValue(Token token) => int.Parse(token.Text!, System.Globalization.CultureInfo.InvariantCulture);

    private FunctionCall CollationFor(SourceSpan name)
    {
        Skip(2);
        Expect('(');
        var operand = Expression();
        Expect(')');
        return SystemCall("pg_collation_for", name, operand);
    }

    private CastExpression CastCall()
    {
        var start = _index;
        Advance();
        Expect('(');
        var operand = Expression();
        Expect(Keyword.As);
        var type = TypeName();
        Expect(')');
        return new CastExpression(operand, type) { Span = SpanFrom(start) };
    }

    /// <summary>TREAT(x AS type) calls the function named like the type.</summary>
    private FunctionCall Treat(SourceSpan name)
    {
        Advance();
        Expect('(');
        var operand = Expression();
        Expect(Keyword.As);
        var type = TypeName();
        Expect(')');
        return SystemCall(type.Name.Name, name, operand);
    }

    private FunctionCall Extract(SourceSpan name)
    {
        Advance();
        Expect('(');
        var isField = Current.Kind is TokenKind.Identifier or TokenKind.String
            || Current.Keyword is Keyword.Year or Keyword.Month or Keyword.Day or Keyword.Hour or Keyword.Minute or Keyword.Second;
        if (!isField) throw SyntaxError();
        var field = new StringLiteral(Current.Text!) { Span = SpanOf(Advance()) };
        Expect(Keyword.From);
        var source = Expression();
        Expect(')');
        return SystemCall("extract", name, field, source);
    }

    private FunctionCall Normalize(SourceSpan name)
    {
        Advance();
        Expect('(');
        var operand = Expression();
        Expression? form = null;
        if (Accept(',')) form = TryNormalForm() ?? throw SyntaxError();
        Expect(')');
        return form is null ? SystemCall("normalize", name, operand) : SystemCall("normalize", name, operand, form);
    }

    private FunctionCall Overlay(SourceSpan name)
    {
        Advance();
        Expect('(');
        if (Accept(')')) return PlainCall("overlay", name, []);
        var arguments = new List<Argument> { Argument() };
        if (arguments[0].Name is not null || !Accept(Keyword.Placing)) return FinishPlainCall("overlay", name, arguments);
        var replacement = Expression();
        Expect(Keyword.From);
        var start = Expression();
        var count = Accept(Keyword.For) ? Expression() : null;
        Expect(')');
        var source = arguments[0].Value;
        return count is null
            ? SystemCall("overlay", name, source, replacement, start)
            : SystemCall("overlay", name, source, replacement, start, count);
    }

    private FunctionCall Position(SourceSpan name)
    {
        Advance();
        Expect('(');
        var sought = RestrictedExpression();
        Expect(Keyword.In);
        var source = RestrictedExpression();
        Expect(')');
        return SystemCall("position", name, source, sought);
    }

    /// <summary>The comma form is an ordinary call, found by the search path; the forms with words are calls of pg_catalog.</summary>
    private FunctionCall Substring(SourceSpan name)
    {
        Advance();
        Expect('(');
        if (Accept(')')) return PlainCall("substring", name, []);
        var arguments = new List<Argument> { Argument(endsAtSimilar: true) };
        var source = arguments[0].Value;
        if (arguments[0].Name is not null) return FinishPlainCall("substring", name, arguments);
        FunctionCall call;
        if (Accept(Keyword.From))
        {
            var start = Expression();
            call = Accept(Keyword.For)
                ? SystemCall("substring", name, source, start, Expression())
                : SystemCall("substring", name, source, start);
        }
        else if (Accept(Keyword.For))
        {
            var count = Expression();
            call = Accept(Keyword.From)
                ? SystemCall("substring", name, source, Expression(), count)
                : SystemCall("substring", name, source, new NumberLiteral("1"), AsInteger(count));
        }
        else if (Accept(Keyword.Similar))
        {
            var pattern = Expression();
            Expect(Keyword.Escape);
            call = SystemCall("substring", name, source, pattern, Expression());
        }
        else
        {
            return FinishPlainCall("substring", name, arguments);
        }

        Expect(')');
        return call;
    }

    /// <summary>Without the cast, substring(text FOR numeric) would find the function that takes a pattern.</summary>
    private static CastExpression AsInteger(Expression count) =>
        new(count, new TypeName(SystemName("int4", count.Span), default, 0) { Span = count.Span }) { Span = count.Span };

    private FunctionCall Trim(SourceSpan name)
    {
        Advance();
        Expect('(');
        var function = "btrim";
        if (Accept(Keyword.Leading)) function = "ltrim";
        else if (Accept(Keyword.Trailing)) function = "rtrim";
        else Accept(Keyword.Both);
        var arguments = new List<Expression>();
        if (Accept(Keyword.From))
        {
            arguments.AddRange(CommaList(Expression).AsSpan());
        }
        else
        {
            arguments.Add(Expression());
            if (Accept(Keyword.From))
            {
                var characters = arguments[0];
                arguments.Clear();
                arguments.AddRange(CommaList(Expression).AsSpan());
                arguments.Add(characters);
            }
            else
            {
                while (Accept(',')) arguments.Add(Expression());
            }
        }

        Expect(')');
        return SystemCall(function, name, arguments.ToArray());
    }

    private BuiltinExpression NullIf()
    {
        Advance();
        Expect('(');
        var first = Expression();
        Expect(',');
        var second = Expression();
        Expect(')');
        return new BuiltinExpression(BuiltinForm.NullIf, [first, second]);
    }

    private BuiltinExpression Builtin(BuiltinForm form)
    {
        Advance();
        return new BuiltinExpression(form, ParenthesisedList(Expression));
    }

    private FunctionCall FinishPlainCall(string function, SourceSpan name, List<Argument> arguments)
    {
        while (Accept(',')) arguments.Add(Argument());
        Expect(')');
        return PlainCall(function, name, arguments);
    }

    private static FunctionCall PlainCall(string function, SourceSpan name, List<Argument> arguments) =>
        new(new QualifiedName([function]) { Span = name }, arguments.ToEquatableArray()) { Span = name };
}
