using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>ALTER TABLE, ALTER VIEW and COMMENT ON what they alter.</summary>
internal sealed partial class Parser
{
    /// <summary>Behind ALTER TABLE or ALTER VIEW. Actions that no table here takes are told by their words.</summary>
    private Statement AlterTable(int start, DropKind kind)
    {
        var command = kind switch { DropKind.View => "ALTER VIEW", DropKind.Sequence => "ALTER SEQUENCE", _ => "ALTER TABLE" };
        if (kind == DropKind.Table && Is(Keyword.All)) return SkipStatement(start, "ALTER TABLE ALL IN TABLESPACE");
        var ifExists = IfExists();
        if (kind == DropKind.Table) Accept(Keyword.Only);
        var name = RelationName();
        if (kind == DropKind.Table) Accept('*');
        _definedTable = name.Name;
        var actions = new List<TableAction>();
        do
        {
            var first = _index;
            if (ActionOn(kind, actions.Count == 0) is not { } action)
            {
                var words = string.Join(' ', _tokens[first..Math.Min(first + 2, _tokens.Length)]
                    .Where(token => token.Kind == TokenKind.Keyword).Select(token => token.Text!.ToUpperInvariant()));
                return SkipStatement(start, words.Length == 0 ? command : $"{command} … {words}");
            }

            actions.Add(action with { Span = SpanFrom(first) });
        }
        while (actions[^1] is not (TableAction.RenameTo or TableAction.RenameColumn or TableAction.RenameConstraint
            or TableAction.SetSchema) && Accept(','));
        return new AlterTableStatement(kind, name, ifExists, actions.ToEquatableArray());
    }

    /// <summary>One action; null, with the words still to be read, for one that no table takes.</summary>
    private TableAction? ActionOn(DropKind kind, bool isFirst)
    {
        if (kind == DropKind.Table && LayoutAction() is { } layout) return layout;
        switch (Current.Keyword)
        {
            case Keyword.Rename when isFirst:
                return Rename();
            case Keyword.Set when isFirst && NextIs(Keyword.Schema):
                Skip(2);
                return new TableAction.SetSchema(ColumnId());
            case Keyword.Owner:
                Skip(1);
                Expect(Keyword.To);
                return new TableAction.OwnerTo(Role());
            case Keyword.Add when kind == DropKind.Table && StartsConstraint(1):
                Skip(1);
                return TableConstraint(out _) is { } constraint ? new TableAction.AddConstraint(constraint) : null;
            case Keyword.Add when kind == DropKind.Table:
                Skip(1);
                Accept(Keyword.Column);
                var ifNotExists = IfNotExists();
                return TableColumn(out _) is { } column ? new TableAction.AddColumn(column, ifNotExists) : null;
            case Keyword.Drop when kind == DropKind.Table && NextIs(Keyword.Constraint):
                Skip(2);
                var isOptional = IfExists();
                var constraintName = ColumnId();
                return new TableAction.DropConstraint(constraintName, isOptional, IsCascade());
            case Keyword.Drop when kind == DropKind.Table:
                Skip(1);
                Accept(Keyword.Column);
                var ifExists = IfExists();
                var dropped = ColumnId();
                return new TableAction.DropColumn(dropped, ifExists, IsCascade());
            case Keyword.Alter when !NextIs(Keyword.Constraint):
                return AlterColumn();
            default:
                return null;
        }
    }

    private TableAction Rename()
    {
        Expect(Keyword.Rename);
        if (Accept(Keyword.Constraint))
        {
            var constraint = ColumnId();
            Expect(Keyword.To);
            return new TableAction.RenameConstraint(constraint, ColumnId());
        }

        if (Accept(Keyword.To)) return new TableAction.RenameTo(ColumnId());
        Accept(Keyword.Column);
        var name = ColumnId();
        Expect(Keyword.To);
        return new TableAction.RenameColumn(name, ColumnId());
    }

    private TableAction? AlterColumn()
    {
        Expect(Keyword.Alter);
        Accept(Keyword.Column);
        var name = ColumnId();
        if (Accept(Keyword.Type)) return ColumnType(name);
        if (Is(Keyword.Add) && NextIs(Keyword.Generated))
        {
            var place = SpanOf(Advance());
            return GeneratedColumn().Identity is { } identity
                ? new TableAction.AddIdentity(name, identity)
                : throw SyntaxFailure.At(_text, SqlState.SyntaxError, "syntax error", place.Start, null);
        }

        if (Is(Keyword.Restart) || (Is(Keyword.Set) && Peek(1).Keyword is Keyword.Generated or Keyword.Increment or Keyword.Minvalue
            or Keyword.Maxvalue or Keyword.No or Keyword.Cache or Keyword.Cycle or Keyword.Start or Keyword.Restart or Keyword.Owned))
            return SetIdentity(name);
        if (Is(Keyword.Drop) && Peek(1).Keyword is Keyword.Identity or Keyword.Expression)
        {
            Advance();
            var isIdentity = Advance().Keyword == Keyword.Identity;
            var ifExists = IfExists();
            return isIdentity ? new TableAction.DropIdentity(name, ifExists) : new TableAction.DropExpression(name, ifExists);
        }

        var isSet = Is(Keyword.Set);
        if (!isSet && !Is(Keyword.Drop)) return null;
        switch (Peek(1).Keyword)
        {
            case Keyword.Data when isSet:
                Skip(2);
                Expect(Keyword.Type);
                return ColumnType(name);
            case Keyword.Not:
                Skip(2);
                Expect(Keyword.Null);
                return new TableAction.SetNotNull(name, isSet);
            case Keyword.Default:
                Skip(2);
                return new TableAction.SetDefault(name, isSet ? Expression() : null);
            default:
                return null;
        }
    }

    private TableAction.SetType ColumnType(string name)
    {
        var type = TypeName();
        return new TableAction.SetType(name, type, Accept(Keyword.Using) ? Expression() : null);
    }

    /// <summary>CASCADE, or RESTRICT or nothing.</summary>
    private bool IsCascade()
    {
        if (Accept(Keyword.Cascade)) return true;
        Accept(Keyword.Restrict);
        return false;
    }

    /// <summary>Behind CREATE VIEW.</summary>
    private Statement CreateView(int start, bool isReplace, bool isTemporary)
    {
        var name = RelationName();
        var columns = Is('(') ? ParenthesisedList(ColumnId) : default;
        if (Is(Keyword.With)) return SkipStatement(start, "CREATE VIEW WITH (options)");
        Expect(Keyword.As);
        var query = Query();
        string? checkOption = null;
        if (Accept(Keyword.With))
        {
            checkOption = Accept(Keyword.Local) ? "local" : "cascaded";
            if (checkOption == "cascaded") Accept(Keyword.Cascaded);
            Expect(Keyword.Check, Keyword.Option);
        }

        return new CreateViewStatement(name, columns, query, isReplace) { IsTemporary = isTemporary, CheckOption = checkOption };
    }

    /// <summary>COMMENT ON relations and columns; other objects are told by the command alone.</summary>
    private Statement Comment()
    {
        var start = _index;
        Expect(Keyword.Comment);
        if (!Is(Keyword.On) || Peek(1).Keyword is not (Keyword.Table or Keyword.View or Keyword.Column))
            return SkipStatement(start, "COMMENT");
        var kind = Peek(1).Keyword;
        Skip(2);
        var name = kind == Keyword.Column ? AnyName() : RelationName();
        string? column = null;
        if (kind == Keyword.Column)
        {
            if (name.Parts.Count == 1) throw new SqlException(SqlState.SyntaxError, "column name must be qualified");
            column = name.Name;
            name = name with { Parts = name.Parts.Take(name.Parts.Count - 1).ToEquatableArray() };
        }

        Expect(Keyword.Is);
        var text = Accept(Keyword.Null) ? null : StringConstant();
        return new CommentStatement(kind == Keyword.View ? DropKind.View : DropKind.Table, name, column, text);
    }
}
