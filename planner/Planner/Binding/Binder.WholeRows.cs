using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>
/// A table's name as a value: its row. On the side of an outer join that is made up it is NULL, which is not the row whose columns are all
/// NULL.
/// </summary>
public sealed partial class Binder
{
    private HashSet<string>? _mentioned;

    private static Expr WholeRow(RangeEntry entry)
    {
        if (entry is { IsScalarFunction: true, Columns: [var only] }) return Touch(only.Value);
        var columns = entry.Columns.Select((column, i) => entry.FieldNames is { } names ? column with { Name = names[i] } : column)
            .Where(column => !column.IsHidden).ToArray();
        var row = new RowOf(
            columns.Select(column => column.Value).ToEquatableArray(),
            SqlType.Record(columns.Select(column => new RecordField(column.Name, column.Value.Type)).ToArray()));
        return entry.Presence is { } presence
            ? new Case([new CaseWhen(new IsNull(new ColumnRef(presence)), new Constant(null, row.Type))], row, row.Type)
            : row;
    }

    /// <summary>The row itself where it does not matter whether it is NULL or all of its fields are: in comparisons.</summary>
    private static Expr Fields(Expr expression) =>
        expression is Case { Whens: [{ Condition: IsNull { Operand: ColumnRef }, Result: Constant { Value: null } }], Else: RowOf row }
            ? row
            : expression;

    /// <summary>
    /// A side of a join that may be made up, with a column that says where it is not, if the statement may name a whole row of it.
    /// </summary>
    private FromResult Optional(FromResult side)
    {
        bool IsNamed(NamespaceItem item) =>
            item is { IsTableVisible: true, Entry: { Presence: null, Alias: { } alias } } && Mentioned().Contains(alias);
        if (!side.Items.Exists(IsNamed)) return side;
        var presence = NewColumn("present", SqlType.Bool);
        var passed = side.Plan.Columns.Select(column => new Assignment(column, new ColumnRef(column)));
        var plan = new Project(side.Plan, passed.Append(new Assignment(presence, new Constant(true, SqlType.Bool))).ToEquatableArray());
        return new FromResult(plan,
            side.Items.ConvertAll(item => IsNamed(item) ? item with { Entry = item.Entry with { Presence = presence } } : item));
    }

    /// <summary>The names that stand alone in the statement, or before a star: they may be those of tables.</summary>
    private HashSet<string> Mentioned()
    {
        if (_mentioned is not null) return _mentioned;
        var names = new HashSet<string>(StringComparer.Ordinal);
        SyntaxTree.Find(_statement!, node =>
        {
            if (node is ColumnReference { Parts: [var name] }) names.Add(name);
            if (node is Star { Qualifier: [.., var table] }) names.Add(table);
            return false;
        });
        return _mentioned = names;
    }
}
