using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>Type names: the spellings of the standard become the names of the catalog here.</summary>
internal sealed partial class Parser
{
    /// <summary>A type with SETOF and array bounds.</summary>
    private TypeName TypeName()
    {
        var start = _index;
        var isSetOf = Accept(Keyword.Setof);
        var type = SimpleTypeName();
        var dimensions = 0;
        if (Accept(Keyword.Array))
        {
            dimensions = 1;
            if (Accept('['))
            {
                Expect(TokenKind.Integer);
                Expect(']');
            }
        }
        else
        {
            while (Accept('['))
            {
                Accept(TokenKind.Integer);
                Expect(']');
                dimensions++;
            }
        }

        return type with { ArrayDimensions = dimensions, IsSetOf = isSetOf, Span = SpanFrom(start) };
    }

    private TypeName SimpleTypeName() => TryKeywordType(isLiteral: false) ?? GenericTypeName();

    private TypeName GenericTypeName()
    {
        var start = _index;
        if (!IsTypeOrFunctionName(Current)) throw SyntaxError();
        var parts = new List<string> { Advance().Text! };
        while (Accept('.')) parts.Add(ColumnLabel());
        var name = new QualifiedName(parts.ToEquatableArray()) { Span = SpanFrom(start) };
        return new TypeName(name, OptionalModifiers(), 0) { Span = SpanFrom(start) };
    }

    private EquatableArray<Expression> OptionalModifiers() => Is('(') ? ParenthesisedList(Expression) : default;

    /// <summary>
    /// A type that is spelled with keywords; null when none begins here. Where it types a literal, a length that is not written is none,
    /// instead of the 1 it is elsewhere.
    /// </summary>
    private TypeName? TryKeywordType(bool isLiteral)
    {
        var start = _index;
        var type = Current.Keyword switch
        {
            Keyword.Int or Keyword.Integer => PlainType("int4"),
            Keyword.Smallint => PlainType("int2"),
            Keyword.Bigint => PlainType("int8"),
            Keyword.Real => PlainType("float4"),
            Keyword.Boolean => PlainType("bool"),
            Keyword.Float => FloatType(),
            Keyword.Double => NextIs(Keyword.Precision) ? DoubleType() : null,
            Keyword.Decimal or Keyword.Dec or Keyword.Numeric => NumericType(),
            Keyword.Bit => BitType(isLiteral),
            Keyword.Character or Keyword.Char or Keyword.Varchar or Keyword.National or Keyword.Nchar => CharacterType(isLiteral),
            Keyword.Timestamp or Keyword.Time => DateTimeType(),
            Keyword.Interval => IntervalType(isLiteral),
            _ => null,
        };
        return type is null ? null : type with { Span = SpanFrom(start) };
    }

    private TypeName SystemType(int start, string name, params ReadOnlySpan<Expression> modifiers) =>
        new(SystemName(name, SpanFrom(start)), EquatableArray.Create(modifiers), 0);

    private TypeName PlainType(string name)
    {
        var start = _index;
        Advance();
        return SystemType(start, name);
    }

    private TypeName DoubleType()
    {
        var start = _index;
        Skip(2);
        return SystemType(start, "float8");
    }

    private TypeName FloatType()
    {
        var start = _index;
        Advance();
        if (!Is('(')) return SystemType(start, "float8");
        var place = SpanOf(Peek(1));
        return ParenthesisedInteger() switch
        {
            < 1 => throw ErrorAt(place, SqlState.InvalidParameterValue, "precision for type float must be at least 1 bit"),
            <= 24 => SystemType(start, "float4"),
            <= 53 => SystemType(start, "float8"),
            _ => throw ErrorAt(place, SqlState.InvalidParameterValue, "precision for type float must be less than 54 bits"),
        };
    }

    private TypeName NumericType()
    {
        var start = _index;
        Advance();
        var modifiers = OptionalModifiers();
        return SystemType(start, "numeric", modifiers.AsSpan());
    }

    private TypeName BitType(bool isLiteral)
    {
        var start = _index;
        Advance();
        var name = Accept(Keyword.Varying) ? "varbit" : "bit";
        if (Is('(')) return SystemType(start, name, OptionalModifiers().AsSpan());
        return name == "bit" && !isLiteral ? SystemType(start, name, new NumberLiteral("1")) : SystemType(start, name);
    }

    private TypeName CharacterType(bool isLiteral)
    {
        var start = _index;
        var word = Advance().Keyword;
        if (word == Keyword.National && !Accept(Keyword.Character)) Expect(Keyword.Char);
        var name = word == Keyword.Varchar || Accept(Keyword.Varying) ? "varchar" : "bpchar";
        if (Is('('))
        {
            var place = SpanOf(Peek(1));
            var length = ParenthesisedInteger();
            return SystemType(start, name, Number(length, place));
        }

        return name == "bpchar" && !isLiteral ? SystemType(start, name, new NumberLiteral("1")) : SystemType(start, name);
    }

    private static NumberLiteral Number(int value, SourceSpan span) =>
        new(value.ToString(System.Globalization.CultureInfo.InvariantCulture)) { Span = span };

    private TypeName DateTimeType()
    {
        var start = _index;
        var name = Advance().Keyword == Keyword.Time ? "time" : "timestamp";
        NumberLiteral? precision = null;
        if (Is('('))
        {
            var place = SpanOf(Peek(1));
            precision = Number(ParenthesisedInteger(), place);
        }

        if (Is(Keyword.With) && NextIs(Keyword.Time))
        {
            Skip(2);
            Expect(Keyword.Zone);
            name += "tz";
        }
        else if (Accept(Keyword.Without))
        {
            Expect(Keyword.Time);
            Expect(Keyword.Zone);
        }

        return precision is null ? SystemType(start, name) : SystemType(start, name, precision);
    }

    private TypeName IntervalType(bool isLiteral)
    {
        var start = _index;
        Advance();
        if (Is('('))
        {
            var place = SpanOf(Peek(1));
            return SystemType(start, "interval", Number(ParenthesisedInteger(), place));
        }

        return isLiteral ? SystemType(start, "interval") : IntervalFields(SystemType(start, "interval"));
    }

    /// <summary>YEAR, DAY TO SECOND(3) and the like; nothing leaves the type as it is.</summary>
    private TypeName IntervalFields(TypeName type)
    {
        var first = Current.Keyword;
        switch (first)
        {
            case Keyword.Year or Keyword.Month or Keyword.Day or Keyword.Hour or Keyword.Minute:
                Advance();
                break;
            case Keyword.Second:
                return SecondField(type, "second");
            default:
                return type;
        }

        var name = Keywords.WordOf(first);
        if (first == Keyword.Month || !Accept(Keyword.To)) return type with { IntervalFields = name };
        var last = Current;
        var isLegal = (first, last.Keyword) switch
        {
            (Keyword.Year, Keyword.Month) => true,
            (Keyword.Day, Keyword.Hour or Keyword.Minute or Keyword.Second) => true,
            (Keyword.Hour, Keyword.Minute or Keyword.Second) => true,
            (Keyword.Minute, Keyword.Second) => true,
            _ => false,
        };
        if (!isLegal) throw SyntaxError();
        if (last.Keyword == Keyword.Second) return SecondField(type, name + " to second");
        Advance();
        return type with { IntervalFields = $"{name} to {last.Text}" };
    }

    private TypeName SecondField(TypeName type, string fields)
    {
        Expect(Keyword.Second);
        type = type with { IntervalFields = fields };
        if (!Is('(')) return type;
        var place = SpanOf(Peek(1));
        return type with { Modifiers = [Number(ParenthesisedInteger(), place)] };
    }

    /// <summary>A literal typed by keywords: <c>double precision '1'</c>; null when the words are a column's name.</summary>
    private Expression? TryKeywordLiteral()
    {
        var next = Peek(1);
        var takesLiteral = Current.Keyword switch
        {
            Keyword.Int or Keyword.Integer or Keyword.Smallint or Keyword.Bigint or Keyword.Real or Keyword.Boolean =>
                next.Kind == TokenKind.String,
            Keyword.Float or Keyword.Decimal or Keyword.Dec or Keyword.Numeric or Keyword.Varchar or Keyword.Interval =>
                next.Kind == TokenKind.String || IsCharacter(next, '('),
            Keyword.Bit or Keyword.Character or Keyword.Char or Keyword.Nchar =>
                next.Kind == TokenKind.String || IsCharacter(next, '(') || next.Keyword == Keyword.Varying,
            Keyword.Double => next.Keyword == Keyword.Precision,
            Keyword.National => next.Keyword is Keyword.Character or Keyword.Char,
            Keyword.Timestamp or Keyword.Time => next.Kind == TokenKind.String || IsCharacter(next, '(')
                || next.Keyword == Keyword.Without || (next.Keyword == Keyword.With && Peek(2).Keyword == Keyword.Time),
            _ => false,
        };
        if (!takesLiteral) return null;
        var start = _index;
        var isInterval = Is(Keyword.Interval);
        var type = TryKeywordType(isLiteral: true)!;
        var literal = TypedLiteral(start, type);
        if (!isInterval || type.Modifiers.Count > 0) return literal;
        return literal with { Type = IntervalFields(type), Span = SpanFrom(start) };
    }
}
