using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Execution;
using Federation.Plan;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Session.Catalogs;
using Federation.SessionApi;
using Federation.Sql;
using Federation.Sql.Printing;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// The actions of one ALTER TABLE on the columns of a table, in the order of PostgreSQL's passes (tablecmds.c): what is dropped first, then
/// types, new columns, and what is said of columns. Changes are collected, and recorded before rows have to be looked at.
/// </summary>
internal sealed partial class ColumnAlterations
{
    private static readonly string[] s_systemColumns = ["tableoid", "cmax", "xmax", "cmin", "xmin", "ctid"];

    private readonly QuerySession _session;
    private readonly SessionServices _services;
    private readonly ITableAlterer _format;
    private readonly List<ConnectorColumn> _columns;
    private readonly List<ColumnChange> _changes = [];
    private readonly List<(string Name, string? NewName)> _renamed = [];

    /// <summary>The table as the catalog has it.</summary>
    private TableEntry _recorded;

    /// <summary>The table as it is to be after the collected changes.</summary>
    private TableEntry _wanted;

    private IReadOnlyList<CatalogChange.Redefine> _views = [];

    /// <summary>The constraints of columns that were added.</summary>
    private readonly List<ConstraintDefinition> _constraints = [];

    private ColumnAlterations(QuerySession session, SessionServices services, TableEntry table, ITableAlterer format,
        IEnumerable<ConnectorColumn> columns)
    {
        _session = session;
        _services = services;
        _format = format;
        _columns = [.. columns];
        (_recorded, _wanted) = (table, table);
    }

    /// <summary>The table as the statement has left it.</summary>
    public TableEntry Table => _recorded;

    /// <summary>Raises 0A000 for a table whose columns cannot be changed.</summary>
    public static async ValueTask<ColumnAlterations> LoadAsync(QuerySession session, SessionServices services, TableEntry table,
        CancellationToken cancellationToken)
    {
        var format = services.Formats.FirstOrDefault(format => format.Name == table.Pointer.Format);
        if (format is not ITableAlterer alterer)
            throw new SqlException(SqlState.FeatureNotSupported, $"tables of format {table.Pointer.Format} cannot be altered");
        return new ColumnAlterations(session, services, table, alterer,
            (await format.LoadAsync(table.Pointer, null, cancellationToken)).Columns);
    }

    public async ValueTask RunAsync(IEnumerable<TableAction> actions, CancellationToken cancellationToken)
    {
        foreach (var pass in actions.GroupBy(Pass).OrderBy(pass => pass.Key))
        {
            foreach (var action in pass) await ApplyAsync(action, cancellationToken);
            await RetypeAsync(cancellationToken);
        }

        foreach (var constraint in _constraints) await AddConstraintAsync(constraint, cancellationToken);
        await RecordAsync(cancellationToken);
        await DropSequencesAsync(cancellationToken);
    }

    private static int Pass(TableAction action) => action switch
    {
        TableAction.DropColumn or TableAction.DropConstraint
            or TableAction.SetNotNull { IsNotNull: false } or TableAction.SetDefault { Default: null } or TableAction.DropIdentity
            or TableAction.DropExpression => 0,
        TableAction.SetType => 1,
        TableAction.AddColumn => 2,
        TableAction.SetNotNull => 3,
        _ => 4,
    };

    private async ValueTask ApplyAsync(TableAction action, CancellationToken cancellationToken)
    {
        switch (action)
        {
            case TableAction.AddColumn add: await AddAsync(add, cancellationToken); break;
            case TableAction.DropColumn drop: await DropAsync(drop, cancellationToken); break;
            case TableAction.SetType set: await SetTypeAsync(set, cancellationToken); break;
            case TableAction.SetNotNull set: await SetNotNullAsync(set, cancellationToken); break;
            case TableAction.SetDefault set: await SetDefaultAsync(set, cancellationToken); break;
            case TableAction.RenameColumn rename: await RenameAsync(rename, cancellationToken); break;
            case TableAction.AddIdentity add: await AddIdentityAsync(add, cancellationToken); break;
            case TableAction.SetIdentity set: await SetIdentityAsync(set, cancellationToken); break;
            case TableAction.DropIdentity drop: DropIdentity(drop); break;
            case TableAction.DropExpression drop: DropExpression(drop); break;
            case TableAction.AddConstraint add: _constraints.Add(add.Constraint); break;
            case TableAction.DropConstraint drop: await DropConstraintAsync(drop, cancellationToken); break;
            case TableAction.RenameConstraint rename: RenameConstraint(rename); break;
            case TableAction.SetPartitioning or TableAction.AddPartitionField or TableAction.DropPartitionField
                or TableAction.ReplacePartitionField or TableAction.SetOrder:
                _changes.AddRange(TableLayouts.ChangesOf(action));
                break;
            case TableAction.OwnerTo: break;
            default: throw new System.Diagnostics.UnreachableException(action.GetType().Name);
        }
    }

    private async ValueTask AddAsync(TableAction.AddColumn add, CancellationToken cancellationToken)
    {
        var name = add.Column.Name;
        if (s_systemColumns.Contains(name))
            throw new SqlException(SqlState.DuplicateColumn, $"column name \"{name}\" conflicts with a system column name");
        if (_columns.Exists(column => column.Name == name))
        {
            if (!add.IfNotExists) throw Taken(name);
            _session.Notify(NoticeSeverity.Notice, SqlState.DuplicateColumn,
                $"column \"{name}\" of relation \"{_wanted.Name}\" already exists, skipping");
            return;
        }

        var column = TableStatements.Column(add.Column);
        TableStatements.NoteStoredType(_session, (ITableWriter)_format, column);
        // Values that are computed from the table's rows find all changes that come before.
        if (_changes.Count > 0 && ColumnValues.IsComputed(add.Column)) await RecordAsync(cancellationToken);
        await DeclareAsync(add.Column, column, cancellationToken);
        if (ComputedValue(add.Column) is { } value)
        {
            await AddComputedAsync(column, value, cancellationToken);
        }
        else
        {
            var initial = add.Column.Default is { } expression ? await InitialAsync(expression, column, cancellationToken) : null;
            if (!column.IsNullable && initial is null && await HasRowsAsync("", cancellationToken)) throw HoldsNull(name);
            _changes.Add(new ColumnChange.Add(column, initial));
            _columns.Add(new ConnectorColumn(name, ((ITableWriter)_format).StoredType(column.Type), column.IsNullable));
        }

        _constraints.AddRange(add.Column.Constraints);
    }

    /// <summary>Rows that are there must fulfil it, unless it is NOT VALID; those that come are refused else.</summary>
    private async ValueTask AddConstraintAsync(ConstraintDefinition definition, CancellationToken cancellationToken)
    {
        await RecordAsync(cancellationToken);
        var maker = new TableConstraints(_session.Nameless, _wanted.Name, isNew: false);
        var columns = _columns.Select(column => (column.Name, column.Type)).ToArray();
        if (definition.Type == ConstraintType.ForeignKey)
        {
            var key = await ForeignKeys.MakeAsync(_session, definition,
                new ForeignKeys.Owner(_wanted.Schema, _wanted.Name, columns, [.. _wanted.Constraints]), cancellationToken);
            _wanted = _wanted with { Constraints = _wanted.Constraints.Append(key).ToEquatableArray() };
            return;
        }

        var constraint = WithoutPosition(() => maker.Make(definition, columns, [.. _wanted.Constraints]));
        if (constraint.IsValidated && constraint.Condition is { } condition
            && await HasRowsAsync($"WHERE NOT ({condition})", cancellationToken))
        {
            throw new SqlException(SqlState.CheckViolation,
                $"check constraint \"{constraint.Name}\" of relation \"{_wanted.Name}\" is violated by some row");
        }

        if (constraint.Kind != ConstraintKind.Check) await RequireKeyAsync(constraint, cancellationToken);
        // Nobody adds rows meanwhile without looking at the constraint.
        _changes.Add(new ColumnChange.KeepRows());
        _wanted = _wanted with { Constraints = _wanted.Constraints.Append(constraint).ToEquatableArray() };
    }

    /// <summary>The columns of a primary key take no NULL from now on, and no key is there twice.</summary>
    private async ValueTask RequireKeyAsync(TableConstraint key, CancellationToken cancellationToken)
    {
        await RecordAsync(cancellationToken);
        var names = string.Join(", ", key.Columns.Select(Quoted));
        var present = string.Join(" AND ", key.Columns.Select(column => $"{Quoted(column)} IS NOT NULL"));
        if (await HasRowsAsync($"WHERE {present} GROUP BY {names} HAVING count(*) > 1", cancellationToken))
            throw new SqlException(SqlState.UniqueViolation, $"could not create unique index \"{key.Name}\"")
                { Detail = $"A key of ({string.Join(", ", key.Columns)}) is there more than once." };
        if (key.Kind == ConstraintKind.PrimaryKey)
            foreach (var column in key.Columns)
                await SetNotNullAsync(new TableAction.SetNotNull(column, IsNotNull: true), cancellationToken);
    }

    private async ValueTask DropConstraintAsync(TableAction.DropConstraint drop, CancellationToken cancellationToken)
    {
        if (_wanted.Constraints.All(constraint => constraint.Name != drop.Name || constraint.Index is not null))
        {
            if (!drop.IfExists) throw NoConstraint(drop.Name);
            _session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, $"{NoConstraint(drop.Name).Message}, skipping");
            return;
        }

        await ReleaseKeyAsync(drop.Name, $"constraint {drop.Name} on {DependentViews.Described(_session, _recorded)}",
            $"index {drop.Name}", drop.IsCascade, cancellationToken);
        _wanted = _wanted with
        {
            Constraints = _wanted.Constraints.Where(constraint => constraint.Name != drop.Name).ToEquatableArray(),
        };
    }

    /// <summary>Adds an index; the rows that are there must fit a unique one.</summary>
    public async ValueTask AddIndexAsync(TableConstraint index, CancellationToken cancellationToken)
    {
        if (index.Kind == ConstraintKind.Unique)
        {
            await RequireKeyAsync(index, cancellationToken);
            _changes.Add(new ColumnChange.KeepRows());
        }

        _wanted = _wanted with { Constraints = _wanted.Constraints.Append(index).ToEquatableArray() };
        await RecordAsync(cancellationToken);
    }

    public async ValueTask DropIndexAsync(TableConstraint index, bool isCascade, CancellationToken cancellationToken)
    {
        await ReleaseKeyAsync(index.Name, $"index {index.Name}", $"index {index.Name}", isCascade, cancellationToken);
        _wanted = _wanted with { Constraints = _wanted.Constraints.Where(item => item.Name != index.Name).ToEquatableArray() };
        await RecordAsync(cancellationToken);
    }

    private void RenameConstraint(TableAction.RenameConstraint rename)
    {
        if (_wanted.Constraints.All(constraint => constraint.Name != rename.Name || constraint.Index is not null))
            throw new SqlException(SqlState.UndefinedObject, $"constraint \"{rename.Name}\" for table \"{_wanted.Name}\" does not exist");
        if (_wanted.Constraints.Any(constraint => constraint.Name == rename.NewName))
            throw new SqlException(SqlState.DuplicateObject,
                $"constraint \"{rename.NewName}\" for relation \"{_wanted.Name}\" already exists");
        _wanted = _wanted with
        {
            Constraints = _wanted.Constraints
                .Select(constraint => constraint.Name == rename.Name ? constraint with { Name = rename.NewName } : constraint)
                .ToEquatableArray(),
        };
    }

    private SqlException NoConstraint(string name) =>
        new(SqlState.UndefinedObject, $"constraint \"{name}\" of relation \"{_wanted.Name}\" does not exist");

    /// <summary>What the column is in the rows that are there: the default, computed once.</summary>
    private async ValueTask<object?> InitialAsync(Expression expression, NewColumn column, CancellationToken cancellationToken)
    {
        var stored = ((ITableWriter)_format).StoredType(column.Type);
        var bound = WithoutPosition(() => Binder.BindDefault(expression, column.Name, stored, _session.Nameless));
        var execution = _session.Execution([]);
        bound = PlanRewriter.Rewrite(bound, item => QueryPlanner.Substitute(item, execution));
        return bound is Constant constant
            ? constant.Value
            : (await Constants.ComputeAsync(_session, _services, [bound], cancellationToken))[0];
    }

    private async ValueTask DropAsync(TableAction.DropColumn drop, CancellationToken cancellationToken)
    {
        if (s_systemColumns.Contains(drop.Name))
            throw new SqlException(SqlState.FeatureNotSupported, $"cannot drop system column \"{drop.Name}\"");
        if (!_columns.Exists(column => column.Name == drop.Name))
        {
            var missing = new SqlException(SqlState.UndefinedColumn,
                $"column \"{drop.Name}\" of relation \"{_wanted.Name}\" does not exist");
            if (!drop.IfExists) throw missing;
            _session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, $"{missing.Message}, skipping");
            return;
        }

        if (_columns.Count == 1) throw new SqlException(SqlState.FeatureNotSupported, "tables without columns are not supported");
        DropComputedFrom(drop);
        foreach (var key in _wanted.Constraints.Where(item => item.Target is null && item.Columns.Contains(drop.Name)).ToArray())
            await ReleaseKeyAsync(key.Name, $"column {drop.Name} of {DependentViews.Described(_session, _recorded)}",
                $"column {drop.Name} of {DependentViews.Described(_session, _recorded)}", drop.IsCascade, cancellationToken);
        var views = await DependentViews.TakeAsync(_session, $"column {drop.Name} of {DependentViews.Described(_session, _recorded)}",
            await UsersAsync(drop.Name, cancellationToken), drop.IsCascade, new HashSet<Oid>(), cancellationToken);
        foreach (var view in views)
        {
            var catalog = await _session.Transaction.GetCatalogAsync(cancellationToken);
            if (await catalog.FindAsync(view.Key, cancellationToken) is not null)
                await _session.Transaction.ChangeAsync(new CatalogChange.Drop(view.Key, Cascade: true), cancellationToken);
        }

        _changes.Add(new ColumnChange.Drop(drop.Name));
        _columns.RemoveAll(column => column.Name == drop.Name);
        _renamed.Add((drop.Name, null));
        _wanted = _wanted with
        {
            Defaults = _wanted.Defaults.Where(item => item.Key != drop.Name).ToEquatableArray(),
            Generated = _wanted.Generated.Where(item => item.Key != drop.Name).ToEquatableArray(),
            Sequences = Released(drop.Name),
            ColumnComments = _wanted.ColumnComments.Where(item => item.Key != drop.Name).ToEquatableArray(),
            Constraints = _wanted.Constraints.Where(constraint => !constraint.Mentions(drop.Name)).ToEquatableArray(),
        };
    }

    private async ValueTask SetTypeAsync(TableAction.SetType set, CancellationToken cancellationToken)
    {
        var present = Find(set.Column);
        var type = ((ITableWriter)_format).StoredType(WithoutPosition(() => TypeNames.Bind(set.Type)));
        if (await UsersAsync(set.Column, cancellationToken) is [var view, ..])
        {
            throw new SqlException(SqlState.FeatureNotSupported, "cannot alter type of a column used by a view or rule")
            {
                Detail = $"rule _RETURN on {DependentViews.Described(_session, view)} depends on column \"{set.Column}\"",
            };
        }

        if (ComputedFrom(set.Column).FirstOrDefault() is { } computed)
            throw new SqlException(SqlState.FeatureNotSupported, "cannot alter type of a column used by a generated column")
                { Detail = $"Column \"{set.Column}\" is used by generated column \"{computed}\"." };
        if (_retyped.Exists(item => item.Column == set.Column))
            throw new SqlException(SqlState.FeatureNotSupported, $"cannot alter type of column \"{set.Column}\" twice");
        if (type == present.Type && set.Using is null) return;
        if (set.Using is not null || !Widenings.Contain(present.Type, type))
        {
            await RequireRetypableAsync(set, type, cancellationToken);
            _retyped.Add((set.Column, type, set.Using));
            return;
        }

        _changes.Add(new ColumnChange.Widen(set.Column, type));
        _columns[_columns.IndexOf(present)] = present with { Type = type };
    }

    private async ValueTask SetNotNullAsync(TableAction.SetNotNull set, CancellationToken cancellationToken)
    {
        var present = Find(set.Column);
        if (!set.IsNotNull && SequenceOf(set.Column) is { IsIdentity: true }) throw IsIdentity(set.Column);
        if (present.IsNullable == !set.IsNotNull) return;
        if (set.IsNotNull)
        {
            await RecordAsync(cancellationToken);
            if (await HasRowsAsync($"WHERE {Quoted(set.Column)} IS NULL", cancellationToken)) throw HoldsNull(set.Column);
        }

        _changes.Add(new ColumnChange.SetNullable(set.Column, !set.IsNotNull));
        _columns[_columns.IndexOf(present)] = present with { IsNullable = !set.IsNotNull };
    }

    private async ValueTask RenameAsync(TableAction.RenameColumn rename, CancellationToken cancellationToken)
    {
        if (s_systemColumns.Contains(rename.Name))
            throw new SqlException(SqlState.FeatureNotSupported, $"cannot rename system column \"{rename.Name}\"");
        var present = _columns.Find(column => column.Name == rename.Name)
            ?? throw new SqlException(SqlState.UndefinedColumn, $"column \"{rename.Name}\" does not exist");
        if (s_systemColumns.Contains(rename.NewName))
            throw new SqlException(SqlState.DuplicateColumn, $"column name \"{rename.NewName}\" conflicts with a system column name");
        if (_columns.Exists(column => column.Name == rename.NewName)) throw Taken(rename.NewName);
        _changes.Add(new ColumnChange.Rename(rename.Name, rename.NewName));
        _columns[_columns.IndexOf(present)] = present with { Name = rename.NewName };
        _renamed.Add((rename.Name, rename.NewName));
        _wanted = _wanted with
        {
            Defaults = Renamed(_wanted.Defaults, rename.Name, rename.NewName),
            Sequences = _wanted.Sequences.Select(item => item.Column == rename.Name ? item with { Column = rename.NewName } : item)
                .ToEquatableArray(),
            Generated = Renamed(_wanted.Generated, rename.Name, rename.NewName)
                .Select(item => KeyValuePair.Create(item.Key, TableConstraints.Renamed(item.Value, rename.Name, rename.NewName)))
                .ToEquatableArray(),
            ColumnComments = Renamed(_wanted.ColumnComments, rename.Name, rename.NewName),
            Constraints = _wanted.Constraints
                .Select(constraint => constraint.Mentions(rename.Name)
                    ? TableConstraints.Renamed(constraint, rename.Name, rename.NewName)
                    : constraint).ToEquatableArray(),
        };
        await RenameReferencedAsync(rename.Name, rename.NewName, cancellationToken);
        _views = await DependentViews.RenamedAsync(_session, _recorded, rename.Name, rename.NewName, cancellationToken);
    }

    /// <summary>Records what was collected, which the transaction sees from now on.</summary>
    private async ValueTask RecordAsync(CancellationToken cancellationToken)
    {
        if (_changes.Count > 0)
        {
            var update = await _format.AlterAsync(_recorded.Pointer, _changes.ToEquatableArray(), cancellationToken);
            await TableWriting.RecordAsync(_session, _recorded, update, cancellationToken);
            _changes.Clear();
        }

        if (_wanted != _recorded || _views.Count > 0)
        {
            await _session.Transaction.ChangeAsync(new CatalogChange.Redefine(_recorded, _wanted) { Views = _views }, cancellationToken);
            _views = [];
        }

        await TableRights.MoveColumnsAsync(_session, _recorded, _renamed, cancellationToken);
        _renamed.Clear();
        var catalog = await _session.Transaction.GetCatalogAsync(cancellationToken);
        _recorded = _wanted = (await catalog.FindTableAsync(_recorded.Schema, _recorded.Name, cancellationToken))!;
    }

    /// <summary>The views that cannot do without a column.</summary>
    private async ValueTask<IReadOnlyList<ViewEntry>> UsersAsync(string column, CancellationToken cancellationToken) =>
        await (await _session.Transaction.GetCatalogAsync(cancellationToken)).FindViewsAsync(
            source => source.Relation == _recorded.Oid && source.Used.Contains(column), cancellationToken);

    /// <summary>Whether the table, with what is recorded of the changes, has a row.</summary>
    /// <param name="where">WHERE and a condition, or nothing.</param>
    private async ValueTask<bool> HasRowsAsync(string where, CancellationToken cancellationToken)
    {
        var text = $"SELECT 1 FROM {TableResolver.ManagedCatalog}.{Quoted(_recorded.Schema)}.{Quoted(_recorded.Name)} {where} LIMIT 1";
        var query = await _session.Analyzer.BindAsync(ViewTexts.Parse(text), cancellationToken);
        var request = QueryStatements.OwnRequest(_session, _services, query);
        var hasRows = false;
        await foreach (var batch in _services.Runner.Run(request).ReadAsync(cancellationToken))
            using (batch)
                hasRows |= batch.RowCount > 0;
        return hasRows;
    }

    /// <summary>PostgreSQL says no positions within actions.</summary>
    private static T WithoutPosition<T>(Func<T> bind)
    {
        try
        {
            return bind();
        }
        catch (SqlException error)
        {
            throw error.Moved(0);
        }
    }

    private ConnectorColumn Find(string name) => _columns.Find(column => column.Name == name)
        ?? throw (s_systemColumns.Contains(name)
            ? new SqlException(SqlState.FeatureNotSupported, $"cannot alter system column \"{name}\"")
            : new SqlException(SqlState.UndefinedColumn, $"column \"{name}\" of relation \"{_wanted.Name}\" does not exist"));

    private SqlException Taken(string name) =>
        new(SqlState.DuplicateColumn, $"column \"{name}\" of relation \"{_wanted.Name}\" already exists");

    private SqlException HoldsNull(string name) =>
        new(SqlState.NotNullViolation, $"column \"{name}\" of relation \"{_wanted.Name}\" contains null values");

    private static EquatableArray<KeyValuePair<string, string>> Renamed(EquatableArray<KeyValuePair<string, string>> items, string name,
        string newName) =>
        items.Select(item => item.Key == name ? KeyValuePair.Create(newName, item.Value) : item).ToEquatableArray();

    private static string Quoted(string name) => SqlPrinter.QuoteReserved(name);
}
