using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>EXPLAIN, prepared statements, CALL, DISCARD and notifications.</summary>
internal sealed partial class Parser
{
    private ExplainStatement Explain()
    {
        Advance();
        var options = new List<OptionItem>();
        if (Is('(') && !StartsParenthesisedQuery())
        {
            options.AddRange(ParenthesisedList(UtilityOption).AsSpan());
        }
        else
        {
            if (Is(Keyword.Analyze) || Is(Keyword.Analyse)) options.Add(FlagOption("analyze"));
            if (Is(Keyword.Verbose)) options.Add(FlagOption("verbose"));
        }

        return new ExplainStatement(options.ToEquatableArray(), ExplainableStatement());
    }

    private OptionItem FlagOption(string name) => new(name, null) { Span = SpanOf(Advance()) };

    private OptionItem UtilityOption()
    {
        var start = _index;
        var name = Is(Keyword.Analyze) || Is(Keyword.Analyse) ? "analyze" : null;
        if (name is null) name = NonReservedWord();
        else Advance();
        var value = Is(',') || Is(')') ? null : SettingValue();
        return new OptionItem(name, value) { Span = SpanFrom(start) };
    }

    private Statement ExplainableStatement()
    {
        var start = _index;
        var statement = Current.Keyword switch
        {
            Keyword.Declare => DeclareCursor(),
            Keyword.Execute => Execute(),
            Keyword.Create => Create(),
            Keyword.Refresh => OtherCommand(),
            _ => MakingTable(PreparableStatement()),
        };
        if (statement is CreateTableStatement or CreateSchemaStatement or CreateViewStatement)
        {
            _index = start + 1;
            throw SyntaxError();
        }

        if (statement is UnsupportedStatement unsupported && unsupported.Command.StartsWith("CREATE", StringComparison.Ordinal)
            && unsupported.Command is not ("CREATE TABLE AS" or "CREATE MATERIALIZED VIEW"))
        {
            _index = start + 1;
            throw SyntaxError();
        }

        return statement with { Span = SpanFrom(start) };
    }

    private PrepareStatement Prepare()
    {
        Advance();
        var name = ColumnId();
        var types = Is('(') ? ParenthesisedList(TypeName) : default;
        Expect(Keyword.As);
        return new PrepareStatement(name, types, PreparableStatement());
    }

    private ExecuteStatement Execute()
    {
        Advance();
        var name = ColumnId();
        return new ExecuteStatement(name, Is('(') ? ParenthesisedList(Expression) : default);
    }

    private static readonly string[] LockModes =
        ["ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE",
            "ACCESS EXCLUSIVE"];

    private DeallocateStatement Deallocate()
    {
        Advance();
        if (Is(Keyword.Prepare) && (IsColumnId(Peek(1)) || NextIs(Keyword.All))) Advance();
        return new DeallocateStatement(Accept(Keyword.All) ? null : ColumnId());
    }

    private DiscardStatement Discard()
    {
        Advance();
        var target = Current.Keyword switch
        {
            Keyword.All => DiscardTarget.All,
            Keyword.Plans => DiscardTarget.Plans,
            Keyword.Sequences => DiscardTarget.Sequences,
            Keyword.Temp or Keyword.Temporary => DiscardTarget.Temporary,
            _ => throw SyntaxError(),
        };
        Advance();
        return new DiscardStatement(target);
    }

    private CallStatement Call()
    {
        Advance();
        var start = _index;
        return new CallStatement(Application(start, FunctionName()));
    }

    private LockStatement Lock()
    {
        Advance();
        Accept(Keyword.Table);
        var tables = CommaList(LockedTable);
        var mode = "ACCESS EXCLUSIVE";
        if (Accept(Keyword.In))
        {
            mode = "";
            while (!LockModes.Contains(mode) || !Is(Keyword.Mode))
            {
                mode = $"{mode} {Current.Text?.ToUpperInvariant()}".TrimStart();
                if (!LockModes.Any(known => known == mode || known.StartsWith(mode + " ", StringComparison.Ordinal))) throw SyntaxError();
                Advance();
            }

            Expect(Keyword.Mode);
        }

        return new LockStatement(tables, mode, Accept(Keyword.Nowait));
    }

    private LockedTable LockedTable()
    {
        var isOnly = Accept(Keyword.Only);
        var isEnclosed = isOnly && Accept('(');
        var name = RelationName();
        if (isEnclosed) Expect(')');
        if (!isOnly) Accept('*');
        return new LockedTable(name, isOnly);
    }

    private NotifyStatement Notify()
    {
        var word = Advance();
        var command = word.Text!.ToUpperInvariant();
        if (word.Keyword == Keyword.Unlisten && Accept('*')) return new NotifyStatement(command, null, null);
        var channel = ColumnId();
        var payload = word.Keyword == Keyword.Notify && Accept(',') ? StringConstant() : null;
        return new NotifyStatement(command, channel, payload);
    }
}
