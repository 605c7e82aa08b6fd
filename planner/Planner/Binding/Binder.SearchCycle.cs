using Federation.Sql.Syntax;
using SetOperation = Federation.Sql.Syntax.SetOperation;

namespace Federation.Planner.Binding;

/// <summary>SEARCH and CYCLE of a recursive query: their checks, and the values of the columns they add.</summary>
public sealed partial class Binder
{
    private SearchColumns BindSearchColumns(CommonTableExpression table, SetOperation union, string[] names, QueryResult start,
        BindScope scope)
    {
        if (table.Search is null && table.Cycle is null) return SearchColumns.None;
        if (SearchColumns.Unnest(union.Left) is SetOperation) throw SearchColumns.Refused("left side of the UNION must be a SELECT");
        if (SearchColumns.Unnest(union.Right) is not SelectBody) throw SearchColumns.Refused("right side of the UNION must be a SELECT");
        CheckSearchNames(table, names);
        var added = new List<SearchColumns.Added>();
        if (table.Search is { } search)
        {
            var keys = search.Columns.Select(column => Array.IndexOf(names, column)).ToArray();
            added.Add(search.IsBreadthFirst ? BreadthFirst(search.Sequence, keys, start) : Path(search.Sequence, keys, start));
        }

        if (table.Cycle is { } cycle)
        {
            var keys = cycle.Columns.Select(column => Array.IndexOf(names, column)).ToArray();
            var (value, open) = BindCycleMarks(cycle, scope);
            added.Add(new SearchColumns.Added(cycle.Mark, NewColumn(cycle.Mark, value.Type), open, (own, hidden) =>
            {
                var row = KeyRow(keys, own);
                var place = new Call(_catalog.FunctionsNamed("array_position")[0], [new ColumnRef(hidden[cycle.Path]), row], SqlType.Int4);
                return new Case([new CaseWhen(new Not(new IsNull(place)), value)], open, value.Type);
            }));
            added.Add(Path(cycle.Path, keys, start));
        }

        return new SearchColumns(added, table.Cycle?.Value) { NewColumn = NewColumn, MarkName = table.Cycle?.Mark };
    }

    /// <summary>An array of the keys of the rows on the way to this one, itself the last.</summary>
    private SearchColumns.Added Path(string name, int[] keys, QueryResult start)
    {
        var row = KeyRow(keys, start.Outputs.Select(output => output.Column).ToArray());
        var first = new ArrayOf([row], SqlType.Array(row.Type));
        return new SearchColumns.Added(name, NewColumn(name, first.Type), first, (own, hidden) =>
            new Call(_catalog.FunctionsNamed("array_append")[0], [new ColumnRef(hidden[name]), KeyRow(keys, own)], first.Type));
    }

    /// <summary>The depth of the row, then its keys.</summary>
    private SearchColumns.Added BreadthFirst(string name, int[] keys, QueryResult start)
    {
        RowOf At(Expr depth, IReadOnlyList<Column> row) => Row([depth, .. keys.Select(key => (Expr)new ColumnRef(row[key]))]);
        var first = At(new Constant(0L, SqlType.Int8), start.Outputs.Select(output => output.Column).ToArray());
        return new SearchColumns.Added(name, NewColumn(name, first.Type), first, (own, hidden) =>
            At(new Call(_catalog.Function("int8pl", SqlType.Int8, SqlType.Int8),
                [new FieldOf(new ColumnRef(hidden[name]), 0, SqlType.Int8), new Constant(1L, SqlType.Int8)], SqlType.Int8), own));
    }

    private static RowOf KeyRow(int[] keys, IReadOnlyList<Column> row) => Row(keys.Select(key => (Expr)new ColumnRef(row[key])));

    private static RowOf Row(IEnumerable<Expr> items)
    {
        var fields = items.ToEquatableArray();
        return new RowOf(fields, SqlType.Record(fields.Select((item, i) => new RecordField($"f{i + 1}", item.Type)).ToArray()));
    }

    private (Expr Value, Expr Default) BindCycleMarks(CycleClause cycle, BindScope scope)
    {
        if (cycle.Value is null || cycle.Default is null) return (new Constant(true, SqlType.Bool), new Constant(false, SqlType.Bool));
        var context = new ExpressionContext("CYCLE");
        var (_, unified) = Unify("CYCLE",
            [BindExpression(cycle.Value, new BindScope(scope), context), BindExpression(cycle.Default, new BindScope(scope), context)]);
        unified = unified.Select(ResolveUnknown).ToArray();
        RequireEquality(unified[0], default);
        return (unified[0], unified[1]);
    }

    private static void CheckSearchNames(CommonTableExpression table, string[] names)
    {
        static SqlException At(SyntaxNode clause, SqlState state, string message) =>
            new(state, message) { Position = clause.Span.Position };
        void CheckColumns(SyntaxNode clause, string kind, EquatableArray<string> columns)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var column in columns)
            {
                if (!names.Contains(column))
                    throw At(clause, SqlState.SyntaxError, $"{kind} column \"{column}\" not in WITH query column list");
                if (!seen.Add(column)) throw At(clause, SqlState.DuplicateColumn, $"{kind} column \"{column}\" specified more than once");
            }
        }

        void CheckNew(SyntaxNode clause, string what, string name)
        {
            if (names.Contains(name))
                throw At(clause, SqlState.SyntaxError, $"{what} column name \"{name}\" already used in WITH query column list");
        }

        if (table.Search is { } search)
        {
            CheckColumns(search, "search", search.Columns);
            CheckNew(search, "search sequence", search.Sequence);
        }

        if (table.Cycle is not { } cycle) return;
        CheckColumns(cycle, "cycle", cycle.Columns);
        CheckNew(cycle, "cycle mark", cycle.Mark);
        CheckNew(cycle, "cycle path", cycle.Path);
        if (cycle.Mark == cycle.Path)
            throw At(cycle, SqlState.SyntaxError, "cycle mark column name and cycle path column name are the same");
        if (table.Search is not { Sequence: var sequence } both) return;
        if (sequence == cycle.Mark)
            throw At(both, SqlState.SyntaxError, "search sequence column name and cycle mark column name are the same");
        if (sequence == cycle.Path)
            throw At(both, SqlState.SyntaxError, "search sequence column name and cycle path column name are the same");
    }
}
