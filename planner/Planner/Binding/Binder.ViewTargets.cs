using Federation.Connectors.Spi;
using Federation.Plan;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>
/// Statements that change rows through views become statements on the table below (rewriteTargetView in rewriteHandler.c): the names of the
/// view's columns stand for what its query makes of the table's.
/// </summary>
public sealed partial class Binder
{
    /// <summary>A relation's columns over the columns of the table below it.</summary>
    /// <param name="Targets">What of the table each column is.</param>
    /// <param name="Conditions">Of the views, the lowest first.</param>
    private sealed record ViewRows(RangeEntry Entry, IReadOnlyList<ViewColumnTarget> Targets, IReadOnlyList<ViewCondition> Conditions)
    {
        /// <summary>All columns of the views.</summary>
        public IReadOnlyList<Expr> Named { get; init; } = [];
    }

    /// <param name="Path">
    /// What the column is called in the relation and in each one below it, the table last; none for a column that is computed.
    /// </param>
    /// <param name="View">The view that computes it.</param>
    /// <param name="Column">How that view calls it.</param>
    private sealed record ViewColumnTarget(EquatableArray<string> Path, string View, string Column)
    {
        public bool IsComputed => Path.Count == 0;
    }

    /// <param name="IsChecked">WITH CHECK OPTION: rows that are written must fulfil it.</param>
    private sealed record ViewCondition(string View, Expr? Condition, bool IsChecked);

    /// <summary>The view that the statement changes rows through.</summary>
    /// <param name="Name">As it stands in the statement.</param>
    /// <param name="Base">The table below.</param>
    private sealed record TargetView(TableName Name, ResolvedTable View, ResolvedTable Base, IReadOnlyList<ViewColumnTarget> Targets)
    {
        public ViewColumnTarget TargetOf(string column)
        {
            for (var i = 0; i < View.Columns.Count; i++)
                if (View.Columns[i].Name == column)
                    return Targets[i];
            throw new System.Diagnostics.UnreachableException(column);
        }
    }

    /// <summary>Set while a statement is bound that changes rows through a view.</summary>
    private TargetView? _targetView;

    /// <summary>Makes a statement's name for a view stand for rows of the table below.</summary>
    private ViewRows UseView(TableName name, ResolvedTable view, ResolvedTable table, IReadOnlyList<Column> columns)
    {
        var rows = BindViewRows(name, view, table, columns, cascades: false);
        _targetView = new TargetView(name, view, table, rows.Targets);
        return rows;
    }

    private ViewRows BindViewRows(TargetView view, IReadOnlyList<Column> columns) =>
        BindViewRows(view.Name, view.View, view.Base, columns, cascades: false);

    /// <param name="columns">The columns of the table, or their new values, in order.</param>
    /// <param name="cascades">A view above wants the conditions below it checked.</param>
    private ViewRows BindViewRows(TableName name, ResolvedTable relation, ResolvedTable table, IReadOnlyList<Column> columns,
        bool cascades)
    {
        if (relation.View is not { } view)
        {
            var positions = table.Columns.Select((column, i) => (column.Name, Index: i))
                .ToDictionary(item => item.Name, item => item.Index, StringComparer.Ordinal);
            return new ViewRows(
                EntryOf(name, relation, [.. relation.Columns.Select((column, i) => new ScopeColumn(
                    i < relation.SeenAs.Count ? relation.SeenAs[i] : column.Name, new ColumnRef(columns[positions[column.Name]])))]),
                [.. relation.Columns.Select(column => new ViewColumnTarget([column.Name], "", ""))], []);
        }

        var body = (SelectBody)view.Query.Body;
        var source = UpdatableViews.SourceOf(view.Query);
        return Within(view, () =>
        {
            var below = BindViewRows(source, view.FindTable(source)!, table, columns, cascades || view.CheckOption == "cascaded");
            var scope = new BindScope(null)
                { Items = [new NamespaceItem(below.Entry, IsTableVisible: true, AreColumnsVisible: true)] };
            var condition = body.Where is null ? null
                : CoerceToBoolean(BindExpression(body.Where, scope, ExpressionContext.Where), "WHERE", body.Where.Span);
            var values = BindSelectList(new SelectBody(body.Items), scope, resolvesUnknown: true);
            var entry = EntryOf(name, relation, [.. relation.Columns.Select((column, i) => new ScopeColumn(
                i < relation.SeenAs.Count ? relation.SeenAs[i] : column.Name, values[column.Number - 1].Value))]);
            var isChecked = cascades || view.CheckOption is not null;
            return new ViewRows(entry,
                [.. relation.Columns.Select(column =>
                    TargetIn(below, values[column.Number - 1].Value, relation.Source.Table, column.Name))],
                [.. below.Conditions, new ViewCondition(relation.Source.Table, condition, isChecked)])
                { Named = [.. below.Named, .. values.Select(value => value.Value)] };
        });
    }

    private static ViewColumnTarget TargetIn(ViewRows below, Expr value, string view, string column)
    {
        for (var i = 0; i < below.Entry.Columns.Count; i++)
        {
            var known = below.Entry.Columns[i];
            if (!ReferenceEquals(known.Value, value)
                && !(known.Value is ColumnRef first && value is ColumnRef second && first.Column == second.Column)) continue;
            var target = below.Targets[i];
            return target.IsComputed ? target : target with { Path = [column, .. target.Path] };
        }

        return new ViewColumnTarget([], view, column);
    }

    /// <summary>
    /// The column of the table that a column of the target is; the column itself if the target is a table, or computes it.
    /// </summary>
    private ConnectorColumn BaseOf(ConnectorColumn column) =>
        _targetView is { } view && view.TargetOf(column.Name) is { IsComputed: false } target
            ? view.Base.Columns.First(item => item.Name == target.Path[^1])
            : column;

    /// <summary>Values by the columns of the table. Raises 0A000 for a column that the view computes.</summary>
    /// <param name="verb">What the statement does, for errors: "insert into" or "update".</param>
    private Dictionary<string, Expr> ToBase(Dictionary<string, Expr> given, string verb)
    {
        if (_targetView is not { } view) return given;
        var values = new Dictionary<string, Expr>(StringComparer.Ordinal);
        foreach (var (name, value) in given)
        {
            var target = view.TargetOf(name);
            if (target.IsComputed)
                throw new SqlException(SqlState.FeatureNotSupported, $"cannot {verb} column \"{target.Column}\" of view \"{target.View}\"")
                    { Detail = "View columns that are not columns of their base relation are not updatable." };
            if (!values.TryAdd(target.Path[^1], value))
                throw new SqlException(SqlState.SyntaxError, $"multiple assignments to same column \"{target.Path[^1]}\"");
        }

        return values;
    }

    /// <summary>The views that the statement goes through, the one that it names first, with the columns of each that get values.</summary>
    private EquatableArray<ViewAccess> AccessOf(IEnumerable<string> columns)
    {
        if (_targetView is not { } view) return [];
        var paths = columns.Select(column => view.TargetOf(column).Path).ToArray();
        var levels = new List<ViewAccess>();
        for (var table = view.View; table.View is { } below; table = below.FindTable(UpdatableViews.SourceOf(below.Query))!)
            levels.Add(new ViewAccess(table.Source, paths.Select(path => path[levels.Count]).ToEquatableArray()));
        return levels.ToEquatableArray();
    }

    private bool _readsView;

    /// <summary>What the owners of the views need to read for a statement that reads of the view.</summary>
    private IReadOnlyList<Expr> _namedByViews = [];

    /// <summary>
    /// A statement that reads columns of the view needs the right to, as it does for each view below; and the owners need it for all that
    /// their views name.
    /// </summary>
    /// <param name="columns">Of the table.</param>
    private void NoteReads(IEnumerable<Column> columns, params ReadOnlySpan<SyntaxNode?> parts)
    {
        if (_targetView is not { } view) return;
        foreach (var part in parts)
        {
            if (part is null || SyntaxTree.Find(part, node => node is ColumnReference or Star) is null) continue;
            for (var table = view.View; table.View is { } below; table = below.FindTable(UpdatableViews.SourceOf(below.Query))!)
                _views.Add(table.Source);
            _readsView = true;
            _namedByViews = BindViewRows(view, [.. columns]).Named;
            return;
        }
    }

    /// <summary>
    /// The values of columns that a statement writes through a view. A row that breaks the condition of one with a CHECK OPTION raises
    /// 44000, the lowest view's first. The table's own constraints are told of before.
    /// </summary>
    /// <param name="values">What <see cref="Checked"/> gives for the columns.</param>
    private Expr[] CheckedByViews(IReadOnlyList<Column> columns, Expr[] values)
    {
        if (_targetView is not { } view || columns.Count == 0) return values;
        var checks = BindViewRows(view, columns).Conditions.Where(item => item is { IsChecked: true, Condition: not null }).ToArray();
        if (checks.Length == 0) return values;
        var own = columns.Select(column => (Expr)new ColumnRef(column)).ToArray();
        var value = checks.Reverse().Aggregate(own[0], (inner, check) => new Case([new CaseWhen(check.Condition!, inner)],
            Failure(SqlState.WithCheckOptionViolation, $"new row violates check option for view \"{check.View}\"", own), own[0].Type));
        // A NULL where there must be none is told of when the row is written.
        var missing = view.Base.Columns.Select((column, i) => (column.IsNullable, Value: own[i])).Where(item => !item.IsNullable)
            .Select(item => (Expr)new IsNull(item.Value)).ToArray();
        if (missing.Length > 0) value = new Case([new CaseWhen(Conjuncts.Either([.. missing]), own[0])], value, own[0].Type);
        return [values[0] is Case constraints ? constraints with { Else = value } : value, .. values.Skip(1)];
    }

    private static RangeEntry EntryOf(TableName name, ResolvedTable relation, IReadOnlyList<ScopeColumn> columns) => ApplyAlias(
        name.Alias?.Name is { } alias
            ? new RangeEntry(alias, null, null, columns)
            : new RangeEntry(relation.Source.Table, name.Name.Qualifier ?? relation.Source.Schema, relation.Source.Catalog, columns),
        name.Alias);
}
