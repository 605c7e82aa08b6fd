using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>CREATE TABLE and CREATE TABLE AS.</summary>
internal sealed partial class Parser
{
    /// <summary>CREATE TABLE, up to and without its name. Forms that no table here can have are told by their words.</summary>
    private Statement CreateTable(int start)
    {
        if (_tokens[_index - 2].Keyword is Keyword.Temp or Keyword.Temporary)
            return SkipStatement(start, HasTopLevelAs() ? "CREATE TEMPORARY TABLE AS" : "CREATE TEMPORARY TABLE");
        var ifNotExists = IfNotExists();
        var name = RelationName();
        if (Is(Keyword.Of) || Is(Keyword.Partition)) return SkipStatement(start, $"CREATE TABLE {Current.Text!.ToUpperInvariant()}");
        if (!HasTopLevelAs()) return CreatePlainTable(start, name, ifNotExists);
        var columns = Is('(') ? ParenthesisedList(ColumnId) : default;
        var (partitionedBy, options) = TableOptions();
        Expect(Keyword.As);
        if (Is(Keyword.Execute)) return SkipStatement(start, "CREATE TABLE AS EXECUTE");
        var query = Query();
        var withData = true;
        if (Accept(Keyword.With))
        {
            withData = !Accept(Keyword.No);
            Expect(Keyword.Data);
        }

        return new CreateTableAsStatement(name, ifNotExists, columns, query, withData)
            { PartitionedBy = partitionedBy, Options = options, Span = SpanFrom(start) };
    }

    private Statement CreatePlainTable(int start, QualifiedName name, bool ifNotExists)
    {
        var columns = new List<TableColumn>();
        var constraints = new List<ConstraintDefinition>();
        var open = _index;
        Expect('(');
        if (!Is(')'))
        {
            do
            {
                string? unsupported = null;
                if (StartsConstraint(0))
                {
                    if (TableConstraint(out unsupported) is { } constraint)
                    {
                        constraints.Add(constraint);
                        continue;
                    }
                }
                else if (Is(Keyword.Like))
                {
                    unsupported = "LIKE";
                }
                else if (TableColumn(out unsupported) is { } column)
                {
                    columns.Add(column);
                    continue;
                }

                _index = open;
                return SkipStatement(start, $"CREATE TABLE with {unsupported}");
            }
            while (Accept(','));
        }

        Expect(')');
        if (Is(Keyword.Inherits) || Is(Keyword.Partition))
            return SkipStatement(start, $"CREATE TABLE with {Current.Text!.ToUpperInvariant()}");
        var (partitionedBy, options) = TableOptions();
        if (Is(Keyword.On) || Is(Keyword.Tablespace) || Is(Keyword.Using))
            return SkipStatement(start, $"CREATE TABLE with {Current.Text!.ToUpperInvariant()}");
        return new CreateTableStatement(name, ifNotExists, columns.ToEquatableArray())
        {
            Constraints = constraints.ToEquatableArray(), PartitionedBy = partitionedBy, Options = options, Span = SpanFrom(start),
        };
    }

    /// <summary>PARTITIONED BY (columns) and WITH (options), in either order.</summary>
    private (EquatableArray<string> PartitionedBy, EquatableArray<OptionItem> Options) TableOptions()
    {
        EquatableArray<string> partitionedBy = default;
        EquatableArray<OptionItem> options = default;
        while (true)
        {
            if (Is(TokenKind.Identifier) && Current.Text == "partitioned")
            {
                Advance();
                Expect(Keyword.By);
                partitionedBy = ParenthesisedList(ColumnId);
            }
            else if (Is(Keyword.With) && IsCharacter(Peek(1), '('))
            {
                Advance();
                options = ParenthesisedList(TableOption);
            }
            else if (Is(Keyword.Without))
            {
                Advance();
                if (Current.Text != "oids") throw SyntaxError();
                Advance();
            }
            else
            {
                return (partitionedBy, options);
            }
        }
    }

    private OptionItem TableOption()
    {
        var start = _index;
        var name = ColumnLabel();
        while (Accept('.')) name += "." + ColumnLabel();
        return new OptionItem(name, Accept('=') ? SettingValue() : null) { Span = SpanFrom(start) };
    }
}
