using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>COPY. The options of the old syntax become those of the new one.</summary>
internal sealed partial class Parser
{
    private Statement Copy()
    {
        var start = _index;
        Advance();
        if (Is('(')) return CopyQuery(start);
        var options = new List<OptionItem>();
        if (Is(Keyword.Binary)) options.Add(CopyFormat());
        var table = RelationName();
        var columns = Is('(') ? ColumnIdList() : default;
        var isFrom = Accept(Keyword.From);
        if (!isFrom) Expect(Keyword.To);
        var (file, isProgram) = CopyFile();
        if (Is(Keyword.Using) || Is(Keyword.Delimiters))
        {
            Accept(Keyword.Using);
            Expect(Keyword.Delimiters);
            options.Add(new OptionItem("delimiter", StringLiteralNode()));
        }

        CopyOptions(options);
        var where = Is(Keyword.Where) ? CopyWhere(isFrom) : null;
        return new CopyStatement(null, table, columns, isFrom, options.ToEquatableArray())
        {
            FileName = file,
            IsProgram = isProgram,
            Where = where,
        };
    }

    private Statement CopyQuery(int start)
    {
        Expect('(');
        var source = PreparableStatement();
        Expect(')');
        Expect(Keyword.To);
        var (file, isProgram) = CopyFile();
        var options = new List<OptionItem>();
        CopyOptions(options);
        return source is SelectStatement select
            ? new CopyStatement(select.Query, null, default, false, options.ToEquatableArray()) { FileName = file, IsProgram = isProgram }
            : new UnsupportedStatement("COPY") { Span = SpanFrom(start) };
    }

    private Expression CopyWhere(bool isFrom)
    {
        var where = SpanOf(Advance());
        var condition = Expression();
        return isFrom ? condition : throw ErrorAt(where, "WHERE clause not allowed with COPY TO");
    }

    private (string? File, bool IsProgram) CopyFile()
    {
        var isProgram = Accept(Keyword.Program);
        if (Accept(Keyword.Stdin) || Accept(Keyword.Stdout))
            return isProgram ? throw new SqlException(SqlState.SyntaxError, "STDIN/STDOUT not allowed with PROGRAM") : (null, false);
        return (StringConstant(), isProgram);
    }

    private void CopyOptions(List<OptionItem> options)
    {
        Accept(Keyword.With);
        if (Is('('))
        {
            options.AddRange(ParenthesisedList(CopyOption).AsSpan());
            return;
        }

        while (TryOldCopyOption() is { } option) options.Add(option);
    }

    private OptionItem CopyOption()
    {
        var start = _index;
        var name = ColumnLabel();
        Expression? value = null;
        if (Is('*')) value = new Star(default) { Span = SpanOf(Advance()) };
        else if (Is('(')) value = new ArrayExpression(ParenthesisedList<Expression>(BooleanOrString));
        else if (!Is(',') && !Is(')')) value = SettingValue();
        return new OptionItem(name, value) { Span = SpanFrom(start) };
    }

    private OptionItem? TryOldCopyOption()
    {
        switch (Current.Keyword)
        {
            case Keyword.Binary or Keyword.Csv:
                return CopyFormat();
            case Keyword.Freeze or Keyword.Header:
                return FlagOption(Current.Text!);
            case Keyword.Delimiter or Keyword.Null or Keyword.Quote or Keyword.Escape:
                var name = Advance().Text!;
                Accept(Keyword.As);
                return new OptionItem(name, StringLiteralNode());
            case Keyword.Encoding:
                Advance();
                return new OptionItem("encoding", StringLiteralNode());
            case Keyword.Force:
                Advance();
                return CopyForce();
            default:
                return null;
        }
    }

    private OptionItem CopyFormat()
    {
        var word = Advance();
        var format = new StringLiteral(word.Text!) { Span = SpanOf(word) };
        return new OptionItem("format", format) { Span = format.Span };
    }

    private OptionItem CopyForce()
    {
        if (Accept(Keyword.Quote))
        {
            if (Is('*')) return new OptionItem("force_quote", new Star(default) { Span = SpanOf(Advance()) });
            return new OptionItem("force_quote", ForcedColumns());
        }

        var name = Accept(Keyword.Not) ? "force_not_null" : "force_null";
        Expect(Keyword.Null);
        return new OptionItem(name, ForcedColumns());
    }

    private ArrayExpression ForcedColumns() =>
        new(CommaList<Expression>(() => new StringLiteral(ColumnId()) { Span = SpanOf(_tokens[_index - 1]) }));
}
