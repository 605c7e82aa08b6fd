using Federation.Connectors.Spi;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>
/// UPDATE and DELETE: the rows of the target that change, each with its identity and its new values, as a query (analyze.c).
/// </summary>
public sealed partial class Binder
{
    /// <summary>The names and rows that the parts of a change are bound over.</summary>
    /// <param name="Target">The scope's entry of the target.</param>
    /// <param name="Others">Entries of FROM or USING.</param>
    private sealed record ChangeInput(LogicalPlan Plan, ChangedTable Target, List<NamespaceItem> Others);

    /// <summary>A scan of the target that gives the identity of each row as well.</summary>
    private sealed record ChangedTable(ResolvedTable Table, LogicalPlan Plan, NamespaceItem Item, Column File, Column Position)
    {
        /// <summary>The target's own columns, in order.</summary>
        public IEnumerable<Column> Columns => Plan.Columns.Take(Table.Columns.Count);

        /// <summary>What the statement names: the table, or a view above it.</summary>
        public ResolvedTable Named { get; init; } = Table;
    }

    /// <summary>A change whose parts are bound.</summary>
    /// <param name="Reads">A plan that names what the statement names, for the rights that it needs.</param>
    private sealed record ChangeParts(ChangedTable Target, QueryResult Rows, LogicalPlan Reads)
    {
        public EquatableArray<string>? Updated { get; init; }

        public EquatableArray<string>? Inserted { get; init; }

        public bool Deletes { get; init; }

        public EquatableArray<ViewAccess> Views { get; init; }
    }

    /// <param name="defaults">What columns get by DEFAULT, and in rows of MERGE that do not name them.</param>
    public static BoundChange BindChange(DataChangeStatement statement, IReadOnlyDictionary<string, Expression> defaults,
        BindContext context)
    {
        var binder = new Binder(context) { _statement = statement };
        var scope = new BindScope(null);
        var definitions = statement.With is null ? [] : binder.BindWith(statement.With, scope);
        var bound = statement switch
        {
            UpdateStatement update => binder.BindUpdate(update, defaults, scope),
            DeleteStatement delete => binder.BindDelete(delete, scope),
            MergeStatement merge => binder.BindMerge(merge, defaults, scope),
            _ => throw new System.Diagnostics.UnreachableException(statement.GetType().Name),
        };
        return binder.Finished(bound, definitions, statement is not DeleteStatement, statement.Returning.Count);
    }

    /// <param name="returningCount">How many items RETURNING has.</param>
    private BoundChange Finished(ChangeParts parts, List<CteDefinition> definitions, bool hasNewRows, int returningCount)
    {
        var (target, outputs) = (parts.Target, parts.Rows.Outputs);
        TextStyles.Require(Defining(parts.Rows.Plan), _context.Values.Format);
        return new BoundChange(
            target.Table,
            new BoundQuery(AddSystemColumns(Defining(parts.Rows.Plan)), outputs.ToEquatableArray(), _parameters.Resolve())
                { Tables = _tables, Views = _views, HasSessionCalls = _hasSessionCalls, HasSteps = _hasSteps },
            hasNewRows,
            returningCount == 0 ? null : outputs.Count - BoundChange.FirstNewColumn - (hasNewRows ? target.Table.Columns.Count : 0),
            new ChangeRights(parts.Updated, parts.Inserted, parts.Deletes, ReadsOf(target, Defining(parts.Reads)))
                { Views = parts.Views });

        LogicalPlan Defining(LogicalPlan plan) => definitions.Count == 0 ? plan : new With(definitions.ToEquatableArray(), plan);
    }

    /// <summary>Hidden columns are nobody's to allow, nor is a target of which nothing is named.</summary>
    private Dictionary<TableSource, IReadOnlySet<string>> ReadsOf(ChangedTable target, LogicalPlan plan)
    {
        var reads = ReadColumns.Of(plan).ToDictionary(item => item.Key, IReadOnlySet<string> (item) => item.Value
            .Where(name => name is not (RowIdentity.File or RowIdentity.Position)).ToHashSet(StringComparer.Ordinal));
        var isUnread = _targetView is not null && !_readsView;
        if (reads.TryGetValue(target.Table.Source, out var named) && (named.Count == 0 || isUnread)) reads.Remove(target.Table.Source);
        return reads;
    }

    /// <summary>The table that a statement changes, as it stands in FROM.</summary>
    public static TableName TargetOf(DataChangeStatement statement) => new(statement.Table)
    {
        Span = statement.Table.Span,
        IsOnly = statement.IsOnly,
        Alias = statement.Alias is null ? null : new TableAlias(statement.Alias, [], []),
    };

    private ChangeParts BindUpdate(UpdateStatement update,
        IReadOnlyDictionary<string, Expression> defaults, BindScope scope)
    {
        var input = BindChangeInput(update, update.From, update.Where, scope);
        var target = input.Target;
        var set = BindSet(update.Set, target.Named, defaults, scope, ref input);
        var given = ToBase(set, "update");
        NoteReads(target.Columns, [update.Where, .. update.Set.Select(clause => clause.Value), .. update.Returning]);
        var values = target.Table.Columns.Zip(target.Columns, (column, old) =>
            given.TryGetValue(column.Name, out var value) ? value : new ColumnRef(old));
        var (plan, columns) = Computed(input.Plan, target.Table, values);
        var returning = BindReturning(update.Returning, WithValues(target, columns), input.Others, scope);
        var rows = ChangedRows(plan, target, new Constant((short)RowAction.Update, SqlType.Int2), columns, returning);
        return new ChangeParts(target, rows, Named(input.Plan, target, given.Values, columns, returning))
            { Updated = given.Keys.ToEquatableArray(), Views = AccessOf(set.Keys) };
    }

    private ChangeParts BindDelete(DeleteStatement delete, BindScope scope)
    {
        var input = BindChangeInput(delete, delete.Using, delete.Where, scope);
        var returning = BindReturning(delete.Returning, input.Target.Item, input.Others, scope);
        NoteReads(input.Target.Columns, [delete.Where, .. delete.Returning]);
        var rows = ChangedRows(input.Plan, input.Target, new Constant((short)RowAction.Delete, SqlType.Int2), [], returning);
        return new ChangeParts(input.Target, rows, Named(input.Plan, input.Target, [], [], returning)) 
            { Deletes = true, Views = AccessOf([]) };
    }

    /// <summary>A plan that names the columns which the values and RETURNING name: new values by the columns that they are for.</summary>
    private Project Named(LogicalPlan input, ChangedTable target, IEnumerable<Expr> values, Column[] newColumns,
        List<SelectColumn> returning)
    {
        var old = newColumns.Zip(target.Columns).ToDictionary(pair => pair.First, pair => pair.Second);
        var returned = returning.Select(column => PlanRewriter.Rewrite(column.Value, expression =>
            expression is ColumnRef reference && old.TryGetValue(reference.Column, out var column) ? new ColumnRef(column) : expression));
        return new Project(input, values.Concat(returned)
            .Concat(_namedByViews).Select(value => new Assignment(NewColumn("named", value.Type), value)).ToEquatableArray());
    }

    /// <summary>The target joined with the other tables; of several partners of a row one is taken, as in PostgreSQL.</summary>
    private ChangeInput BindChangeInput(DataChangeStatement statement, EquatableArray<TableReference> others, Expression? where,
        BindScope scope)
    {
        if (where is CurrentOfCursor current)
            throw new SqlException(SqlState.FeatureNotSupported, "WHERE CURRENT OF is not supported")
                { Position = current.Span.Position };
        var target = BindTarget(TargetOf(statement));
        LogicalPlan plan = target.Plan;
        List<NamespaceItem> items = [];
        if (others.Count > 0)
        {
            scope.Hidden = [target.Item];
            var from = BindFrom(others, scope);
            scope.Hidden = [];
            items = scope.Items;
            RequireDistinctAliases([target.Item], items);
            plan = MakeJoin(JoinType.Inner, plan, from, new Constant(true, SqlType.Bool));
        }

        scope.Items = [target.Item, .. items];
        if (where is not null)
            plan = new Filter(plan, CoerceToBoolean(BindExpression(where, scope, ExpressionContext.Where), "WHERE", where.Span));
        if (others.Count > 0)
            plan = new DistinctOn(plan, [new ColumnRef(target.File), new ColumnRef(target.Position)], []);
        return new ChangeInput(plan, target, items);
    }

    private ChangedTable BindTarget(TableName name)
    {
        if (_context.FindTable(name) is { View: not null } view) return BindTargetView(name, view);
        // A common table expression of the name is not what is changed.
        var bound = BindTableName(name, new BindScope(null));
        var scan = (Scan)bound.Plan;
        var file = NewColumn("file", RowIdentity.FileType);
        var position = NewColumn("position", RowIdentity.PositionType);
        var plan = scan with
        {
            Outputs = [.. scan.Outputs, new ScanColumn(file, RowIdentity.File), new ScanColumn(position, RowIdentity.Position)],
        };
        _target = _tables[scan.Source];
        return new ChangedTable(_target, plan, bound.Items[0], file, position);
    }

    /// <summary>The rows of the table below a view that fulfil the views' conditions, by the names of the view's columns.</summary>
    private ChangedTable BindTargetView(TableName name, ResolvedTable view)
    {
        var (table, context) = (UpdatableViews.BaseOf(view), _context);
        _context = context with { FindTable = _ => table };
        var target = BindTarget(name with { Alias = null });
        _context = context;
        var rows = UseView(name, view, table, [.. target.Columns]);
        var conditions = rows.Conditions.Select(item => item.Condition).OfType<Expr>().ToArray();
        return target with
        {
            Plan = conditions.Length == 0 ? target.Plan : new Filter(target.Plan, Conjuncts.Combine(conditions)),
            Item = new NamespaceItem(rows.Entry, IsTableVisible: true, AreColumnsVisible: true),
            Named = view,
        };
    }

    /// <summary>
    /// The values of SET by column. A row of values that is a subquery is computed once, as a column that <paramref name="input"/> gets.
    /// </summary>
    private Dictionary<string, Expr> BindSet(EquatableArray<SetClause> clauses, ResolvedTable table,
        IReadOnlyDictionary<string, Expression> defaults, BindScope scope, ref ChangeInput input)
    {
        var given = new Dictionary<string, Expr>(StringComparer.Ordinal);
        foreach (var clause in clauses)
        {
            var columns = clause.Columns.Select(reference => SetColumn(reference, table)).ToArray();
            for (var i = 0; i < columns.Length; i++)
                if (given.ContainsKey(columns[i].Name) || columns.Take(i).Contains(columns[i]))
                    throw new SqlException(SqlState.SyntaxError, $"multiple assignments to same column \"{columns[i].Name}\"");
            if (!clause.IsRow)
            {
                given.Add(columns[0].Name, SetValue(clause.Value, columns[0], defaults, scope));
                continue;
            }

            if (clause.Value is RowExpression row)
            {
                RequireSetWidth(row.Items.Count, columns.Length, clause.Value);
                for (var i = 0; i < columns.Length; i++) given.Add(columns[i].Name, SetValue(row.Items[i], columns[i], defaults, scope));
                continue;
            }

            if (clause.Value is not ScalarQueryExpression query)
                throw new SqlException(SqlState.FeatureNotSupported,
                    "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression")
                        { Position = clause.Value.Span.Position };
            var (record, width) = BindRowQuery(query, columns.Length, scope);
            RequireSetWidth(width, columns.Length, clause.Value);
            var column = NewColumn("row", record.Type);
            input = input with { Plan = Extended(input.Plan, [new Assignment(column, record)]) };
            for (var i = 0; i < columns.Length; i++)
                given.Add(columns[i].Name,
                    SetValue(new FieldOf(new ColumnRef(column), i, record.Type.Fields[i].Type), columns[i], clause.Value.Span));
        }

        return given;
    }

    /// <summary>The column that a statement gives a value. What follows its name would be a part of the value.</summary>
    private static ConnectorColumn SetColumn(ColumnReference reference, ResolvedTable table)
    {
        var name = reference.Parts[0];
        var column = table.Columns.FirstOrDefault(column => column.Name == name)
            ?? throw new SqlException(SqlState.UndefinedColumn, $"column \"{name}\" of relation \"{table.Source.Table}\" does not exist")
                { Position = reference.Span.Position };
        return reference.Parts.Count == 1 ? column
            : throw new SqlException(SqlState.FeatureNotSupported, "assignment into a part of a column is not supported")
                { Position = reference.Span.Position };
    }

    private Expr SetValue(Expression value, ConnectorColumn column, IReadOnlyDictionary<string, Expression> defaults, BindScope scope) =>
        value is DefaultValue
        ? _targetView is null ? Default(column, defaults)
        // PostgreSQL takes the view's own default, and views here have none.
        : new Constant(null, column.Type)
        : SetValue(BindExpression(value, scope, ExpressionContext.Update), column, value.Span);

    private Expr SetValue(Expr value, ConnectorColumn column, SourceSpan span)
    {
        var fitting = ForColumn(value, column, span);
        RequireUpdatable(BaseOf(column));
        return fitting;
    }

    private static void RequireSetWidth(int values, int columns, Expression value)
    {
        if (values != columns)
            throw new SqlException(SqlState.SyntaxError, "number of columns does not match number of values")
                { Position = value.Span.Position };
    }

    /// <summary>A subquery of several columns as a record, NULL when it gives no row; and how many columns it has.</summary>
    private (Expr Record, int Width) BindRowQuery(ScalarQueryExpression query, int width, BindScope scope)
    {
        const string Alias = "row";
        var names = Enumerable.Range(1, width).Select(i => $"column{i}").ToEquatableArray();
        var given = query.Query.Body is SelectBody { Items: var items } && !items.Any(item => item.Expression is Star or FieldStar)
            ? items.Count
            : width;
        if (given != width) return (new Constant(null, SqlType.Unknown), given);
        var row = new RowExpression(names.Select(name => (Expression)new ColumnReference([Alias, name]) { Span = query.Span })
            .ToEquatableArray(), IsExplicit: true) { Span = query.Span };
        var from = new QueryTable(query.Query, IsLateral: false) { Span = query.Span, Alias = new TableAlias(Alias, names, []) };
        var wrapped = new Query(new SelectBody([new SelectItem(row, null) { Span = query.Span }]) { From = [from], Span = query.Span })
            { Span = query.Span };
        return (BindExpression(query with { Query = wrapped }, scope, ExpressionContext.Update), width);
    }

    /// <summary>The rows with the new values of the table's columns beside everything else.</summary>
    private (LogicalPlan Plan, Column[] Columns) Computed(LogicalPlan input, ResolvedTable table, IEnumerable<Expr> values)
    {
        var assignments = table.Columns
            .Zip(values, (column, value) => new Assignment(NewColumn(column.Name, column.Type), value)).ToArray();
        var (plan, columns) = (Extended(input, assignments), Array.ConvertAll(assignments, assignment => assignment.Column));
        if (table.Generated.Count == 0) return (plan, columns);
        var computed = columns.Zip(Generated(table, columns), (column, value) =>
            value is ColumnRef ? new Assignment(column, value) : new Assignment(NewColumn(column.Name, column.Type), value)).ToArray();
        return (Extended(plan, computed.Where(assignment => !assignment.IsPassThrough)),
            Array.ConvertAll(computed, assignment => assignment.Column));
    }

    private static Project Extended(LogicalPlan input, IEnumerable<Assignment> added) => new(input,
        input.Columns.Select(column => new Assignment(column, new ColumnRef(column))).Concat(added).ToEquatableArray());

    /// <summary>The target's names with the values that its rows have after the change.</summary>
    private NamespaceItem WithValues(ChangedTable target, IReadOnlyList<Column> columns) => target.Item with
    {
        Entry = _targetView is { } view ? BindViewRows(view, columns).Entry : target.Item.Entry with
        {
            Columns = [.. target.Item.Entry.Columns.Select((column, i) =>
                i < columns.Count ? column with { Value = new ColumnRef(columns[i]) } : column)],
        },
    };

    private List<SelectColumn> BindReturning(EquatableArray<SelectItem> items, NamespaceItem target, List<NamespaceItem> others,
        BindScope scope)
    {
        if (items.Count == 0) return [];
        scope.Items = [target, .. others];
        var columns = BindSelectList(new SelectBody(items), scope, resolvesUnknown: true);
        foreach (var column in columns)
        {
            if (ContainsAggregate(column.Value)) throw NotInReturning(SqlState.GroupingError, "aggregate functions are", column.Value);
            if (PlanRewriter.Contains(column.Value, item => item is WindowCall))
                throw NotInReturning(SqlState.WindowingError, "window functions are", column.Value);
            if (ContainsSet(column.Value))
                throw NotInReturning(SqlState.FeatureNotSupported, "set-returning functions are", column.Value);
        }

        return columns;
    }

    private SqlException NotInReturning(SqlState state, string what, Expr value) =>
        new(state, $"{what} not allowed in RETURNING") { Position = PositionOf(value) };

    /// <summary>The outputs of <see cref="BoundChange.Rows"/>.</summary>
    /// <param name="isWritten">Which of the rows have new values; null for all.</param>
    private QueryResult ChangedRows(LogicalPlan plan, ChangedTable target, Expr action, IReadOnlyList<Column> newColumns,
        List<SelectColumn> returning, Expr? isWritten = null)
    {
        var (outputs, assignments) = (new List<OutputColumn>(), new List<Assignment>());
        Add("file", new ColumnRef(target.File));
        Add("position", new ColumnRef(target.Position));
        Add("action", action);
        var values = CheckedByViews(newColumns, Checked(target.Table, newColumns, isWritten));
        for (var i = 0; i < values.Length; i++) Add(newColumns[i].Name, values[i]);
        foreach (var column in returning)
        {
            Add(column.Name, column.Value);
            outputs[^1] = outputs[^1] with { TableOid = column.TableOid, AttributeNumber = column.AttributeNumber };
            PassDomain(column.Value, outputs[^1].Column);
        }

        return new QueryResult(new Project(plan, assignments.ToEquatableArray()), outputs);

        void Add(string name, Expr value)
        {
            var column = NewColumn(name, value.Type);
            assignments.Add(new Assignment(column, value));
            outputs.Add(new OutputColumn(name, column));
        }
    }
}
