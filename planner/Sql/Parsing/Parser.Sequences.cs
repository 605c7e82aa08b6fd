using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>Sequences, and columns that are generated.</summary>
internal sealed partial class Parser
{
    /// <summary>Behind CREATE SEQUENCE.</summary>
    private CreateSequenceStatement CreateSequence(bool isTemporary)
    {
        var ifNotExists = IfNotExists();
        return new CreateSequenceStatement(RelationName(), ifNotExists, SequenceOptions()) { IsTemporary = isTemporary };
    }

    /// <summary>Behind ALTER SEQUENCE.</summary>
    private Statement AlterSequence(int start)
    {
        var before = _index;
        var ifExists = IfExists();
        var name = RelationName();
        if (Is(Keyword.Set) && Peek(1).Keyword is Keyword.Logged or Keyword.Unlogged)
            return SkipStatement(start, "ALTER SEQUENCE SET LOGGED");
        if (Current.Keyword is Keyword.Rename or Keyword.Set || (Is(Keyword.Owner) && NextIs(Keyword.To)))
        {
            _index = before;
            return AlterTable(start, DropKind.Sequence);
        }

        var options = SequenceOptions();
        return options.Count == 0 ? throw SyntaxError() : new AlterSequenceStatement(name, ifExists, options);
    }

    private EquatableArray<SequenceOption> SequenceOptions()
    {
        var options = new List<SequenceOption>();
        while (true)
        {
            var start = _index;
            if (SequenceOption() is not { } option) return options.ToEquatableArray();
            options.Add(option with { Span = SpanFrom(start) });
        }
    }

    /// <summary>Null in front of what is no option.</summary>
    private SequenceOption? SequenceOption()
    {
        switch (Current.Keyword)
        {
            case Keyword.As:
                Advance();
                return new SequenceOption(SequenceOptionKind.As) { Type = TypeName() };
            case Keyword.Cycle:
                Advance();
                return new SequenceOption(SequenceOptionKind.Cycle);
            case Keyword.No:
                Advance();
                if (Accept(Keyword.Cycle)) return new SequenceOption(SequenceOptionKind.Cycle) { IsOn = false };
                if (Accept(Keyword.Minvalue)) return new SequenceOption(SequenceOptionKind.MinValue);
                Expect(Keyword.Maxvalue);
                return new SequenceOption(SequenceOptionKind.MaxValue);
            case Keyword.Increment:
                Advance();
                Accept(Keyword.By);
                return Numbered(SequenceOptionKind.Increment);
            case Keyword.Minvalue:
                Advance();
                return Numbered(SequenceOptionKind.MinValue);
            case Keyword.Maxvalue:
                Advance();
                return Numbered(SequenceOptionKind.MaxValue);
            case Keyword.Cache:
                Advance();
                return Numbered(SequenceOptionKind.Cache);
            case Keyword.Start:
                Advance();
                Accept(Keyword.With);
                return Numbered(SequenceOptionKind.Start);
            case Keyword.Restart:
                Advance();
                return Accept(Keyword.With) || StartsNumber()
                    ? Numbered(SequenceOptionKind.Restart)
                    : new SequenceOption(SequenceOptionKind.Restart);
            case Keyword.Owned:
                Advance();
                Expect(Keyword.By);
                return new SequenceOption(SequenceOptionKind.OwnedBy) { Owner = AnyName() };
            default:
                return null;
        }
    }

    private bool StartsNumber() => Is('+') || Is('-') || Current.Kind is TokenKind.Integer or TokenKind.Number;

    private SequenceOption Numbered(SequenceOptionKind kind)
    {
        var isNegative = Is('-');
        if (isNegative || Is('+')) Advance();
        if (Current.Kind is not (TokenKind.Integer or TokenKind.Number)) throw SyntaxError();
        return new SequenceOption(kind) { Number = (isNegative ? "-" : "") + Advance().Text };
    }

    /// <summary>Behind a column's type or ADD: GENERATED … AS IDENTITY, or AS (expression) STORED.</summary>
    private (IdentityDefinition? Identity, Expression? Generated) GeneratedColumn()
    {
        var start = _index;
        Expect(Keyword.Generated);
        var (isAlways, when) = GeneratedWhen();
        Expect(Keyword.As);
        if (Accept(Keyword.Identity))
        {
            EquatableArray<SequenceOption> options = [];
            if (Accept('('))
            {
                options = SequenceOptions();
                if (options.Count == 0) throw SyntaxError();
                Expect(')');
            }

            return (new IdentityDefinition(isAlways, options) { Span = SpanFrom(start) }, null);
        }

        Expect('(');
        var expression = Expression();
        Expect(')');
        Expect(Keyword.Stored);
        return isAlways
            ? (null, expression)
            : throw ErrorAt(when, "for a generated column, GENERATED ALWAYS must be specified");
    }

    private (bool IsAlways, SourceSpan Place) GeneratedWhen()
    {
        var place = SpanOf(Current);
        if (Accept(Keyword.Always)) return (true, place);
        Expect(Keyword.By, Keyword.Default);
        return (false, place);
    }

    /// <summary>SET GENERATED, SET options and RESTART of ALTER COLUMN.</summary>
    private TableAction SetIdentity(string column)
    {
        bool? isAlways = null;
        var options = new List<SequenceOption>();
        do
        {
            if (Accept(Keyword.Set) && Accept(Keyword.Generated))
            {
                if (isAlways is not null) throw new SqlException(SqlState.SyntaxError, "conflicting or redundant options");
                isAlways = GeneratedWhen().IsAlways;
                continue;
            }

            var start = _index;
            options.Add((SequenceOption() ?? throw SyntaxError()) with { Span = SpanFrom(start) });
        }
        while (Is(Keyword.Set) || Is(Keyword.Restart));
        return new TableAction.SetIdentity(column, isAlways, options.ToEquatableArray());
    }
}
