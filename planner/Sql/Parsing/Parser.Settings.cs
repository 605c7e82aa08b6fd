using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>SET, RESET, SHOW.</summary>
internal sealed partial class Parser
{
    private Statement Set()
    {
        var start = _index;
        Advance();
        if (Is(Keyword.Constraints) && !NamesSetting(1)) return SkipStatement(start, "SET CONSTRAINTS");
        var scope = SettingScope.Session;
        if (Is(Keyword.Local) && !NamesSetting(1))
        {
            Advance();
            scope = SettingScope.Local;
        }
        else if (Is(Keyword.Session) && !NamesSetting(1) && Peek(1).Keyword is not (Keyword.Characteristics or Keyword.Authorization))
        {
            Advance();
        }

        if (Is(Keyword.Transaction) && !NamesSetting(1)) return SetTransaction(scope);
        if (Is(Keyword.Session) && NextIs(Keyword.Characteristics))
        {
            Skip(2);
            Expect(Keyword.As, Keyword.Transaction);
            return new SetTransactionStatement(TransactionModes(isRequired: true)!, IsSession: true);
        }

        return TrySpecialSetting(scope) ?? GenericSetting(start, scope);
    }

    /// <summary>Whether the token at a distance shows that the word before it is the name of a setting.</summary>
    private bool NamesSetting(int distance) =>
        Peek(distance).Keyword == Keyword.To || IsCharacter(Peek(distance), '=') || IsCharacter(Peek(distance), '.');

    private Statement SetTransaction(SettingScope scope)
    {
        Advance();
        if (!Accept(Keyword.Snapshot)) return new SetTransactionStatement(TransactionModes(isRequired: true)!, IsSession: false);
        return new SetStatement("transaction_snapshot", [StringLiteralNode()], scope);
    }

    private StringLiteral StringLiteralNode()
    {
        if (!Is(TokenKind.String)) throw SyntaxError();
        return new StringLiteral(Current.Text!) { Span = SpanOf(Advance()) };
    }

    /// <summary>The settings with a syntax of their own; null when the next word is a setting's name.</summary>
    private SetStatement? TrySpecialSetting(SettingScope scope)
    {
        if (NamesSetting(1)) return null;
        switch (Current.Keyword)
        {
            case Keyword.Time when NextIs(Keyword.Zone):
                Skip(2);
                return new SetStatement("timezone", TimeZoneValue(), scope);
            case Keyword.Catalog:
                var place = SpanOf(Peek(1));
                Advance();
                Expect(TokenKind.String);
                throw ErrorAt(place, SqlState.FeatureNotSupported, "current database cannot be changed");
            case Keyword.Schema:
                Advance();
                return new SetStatement("search_path", [StringLiteralNode()], scope);
            case Keyword.Names:
                Advance();
                if (Is(TokenKind.String)) return new SetStatement("client_encoding", [StringLiteralNode()], scope);
                Accept(Keyword.Default);
                return new SetStatement("client_encoding", default, scope);
            case Keyword.Role:
                Advance();
                return new SetStatement("role", [WordOrString()], scope);
            case Keyword.Session when NextIs(Keyword.Authorization):
                Skip(2);
                return new SetStatement("session_authorization", Accept(Keyword.Default) ? default : [WordOrString()], scope);
            case Keyword.Xml when NextIs(Keyword.Option):
                Skip(2);
                if (!Is(Keyword.Document) && !Is(Keyword.Content)) throw SyntaxError();
                return new SetStatement("xmloption", [WordOrString()], scope);
            default:
                return null;
        }
    }

    private EquatableArray<Expression> TimeZoneValue()
    {
        if (Accept(Keyword.Default) || Accept(Keyword.Local)) return default;
        if (Is(Keyword.Interval)) return [TimeZoneInterval()];
        if (Is(TokenKind.String)) return [StringLiteralNode()];
        if (!Is(TokenKind.Identifier)) return [OptionNumber()];
        return [new StringLiteral(Current.Text!) { Span = SpanOf(Advance()) }];
    }

    private CastExpression TimeZoneInterval()
    {
        var fields = Peek(2);
        if (Peek(1).Kind != TokenKind.String && !NextIs('('))
        {
            Advance();
            throw SyntaxError();
        }

        var literal = (CastExpression)TryKeywordLiteral()!;
        return literal.Type.IntervalFields is null or "hour" or "hour to minute"
            ? literal
            : throw ErrorAt(SpanOf(fields), "time zone interval must be HOUR or HOUR TO MINUTE");
    }

    private Statement GenericSetting(int start, SettingScope scope)
    {
        var name = SettingName();
        if (Is(Keyword.From) && NextIs(Keyword.Current))
        {
            Skip(2);
            return new UnsupportedStatement("SET") { Span = SpanFrom(start) };
        }

        if (!Accept(Keyword.To)) Expect('=');
        return Accept(Keyword.Default) ? new SetStatement(name, default, scope) : new SetStatement(name, CommaList(SettingValue), scope);
    }

    private string SettingName()
    {
        var name = ColumnId();
        while (Accept('.')) name += "." + ColumnId();
        return name;
    }

    /// <summary>A word, string or number; words are strings to every setting and option.</summary>
    private Expression SettingValue() =>
        Is('+') || Is('-') || Is(TokenKind.Integer) || Is(TokenKind.Number) ? OptionNumber() : BooleanOrString();

    /// <summary>A number whose plus sign, if any, is dropped.</summary>
    private Expression OptionNumber()
    {
        Accept('+');
        return SignedNumber();
    }

    private StringLiteral BooleanOrString()
    {
        if (!Is(Keyword.True) && !Is(Keyword.False) && !Is(Keyword.On)) return WordOrString();
        return new StringLiteral(Current.Text!) { Span = SpanOf(Advance()) };
    }

    private StringLiteral WordOrString()
    {
        if (!Is(TokenKind.String) && !IsNonReservedWord(Current)) throw SyntaxError();
        return new StringLiteral(Current.Text!) { Span = SpanOf(Advance()) };
    }

    private ResetStatement Reset()
    {
        Advance();
        return new ResetStatement(SettingOrAll());
    }

    private ShowStatement Show()
    {
        Advance();
        return new ShowStatement(SettingOrAll());
    }

    private string? SettingOrAll()
    {
        if (Accept(Keyword.All)) return null;
        switch (Current.Keyword)
        {
            case Keyword.Time when NextIs(Keyword.Zone):
                Skip(2);
                return "timezone";
            case Keyword.Session when NextIs(Keyword.Authorization):
                Skip(2);
                return "session_authorization";
            case Keyword.Transaction when NextIs(Keyword.Isolation):
                Skip(2);
                Expect(Keyword.Level);
                return "transaction_isolation";
            default:
                return SettingName();
        }
    }
}
