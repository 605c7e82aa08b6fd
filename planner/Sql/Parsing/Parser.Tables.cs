using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>CREATE TABLE and CREATE TABLE AS.</summary>
internal sealed partial class Parser
{
    /// <summary>CREATE TABLE, up to and without its name. Forms that no table here can have are told by their words.</summary>
    private Statement CreateTable(int start, bool isTemporary)
    {
        var ifNotExists = IfNotExists();
        var name = RelationName();
        if (Is(Keyword.Of) || Is(Keyword.Partition)) return SkipStatement(start, $"CREATE TABLE {Current.Text!.ToUpperInvariant()}");
        if (!HasTopLevelAs()) return CreatePlainTable(start, name, ifNotExists, isTemporary);
        var columns = Is('(') ? ParenthesisedList(ColumnId) : default;
        var layout = TableLayout();
        var temporary = Temporary(isTemporary);
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
            { Layout = layout, Temporary = temporary, Span = SpanFrom(start) };
    }

    /// <summary>ON COMMIT, which only temporary tables have.</summary>
    private TemporaryTable? Temporary(bool isTemporary)
    {
        var start = _index;
        OnCommit? onCommit = null;
        if (Accept(Keyword.On))
        {
            Expect(Keyword.Commit);
            onCommit = Accept(Keyword.Drop) ? OnCommit.Drop : Is(Keyword.Delete) ? OnCommit.DeleteRows : OnCommit.PreserveRows;
            if (onCommit != OnCommit.Drop)
            {
                if (!Accept(Keyword.Delete)) Expect(Keyword.Preserve);
                Expect(Keyword.Rows);
            }
        }

        if (isTemporary) return new TemporaryTable(onCommit) { Span = SpanFrom(start) };
        return onCommit is null
            ? null
            : throw new SqlException(SqlState.InvalidTableDefinition, "ON COMMIT can only be used on temporary tables");
    }

    private Statement CreatePlainTable(int start, QualifiedName name, bool ifNotExists, bool isTemporary)
    {
        _definedTable = name.Name;
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
        var layout = TableLayout();
        var temporary = Temporary(isTemporary);
        if (Is(Keyword.Tablespace) || Is(Keyword.Using))
            return SkipStatement(start, $"CREATE TABLE with {Current.Text!.ToUpperInvariant()}");
        return new CreateTableStatement(name, ifNotExists, columns.ToEquatableArray())
        {
            Constraints = constraints.ToEquatableArray(), Layout = layout, Temporary = temporary,
            Span = SpanFrom(start),
        };
    }
}
