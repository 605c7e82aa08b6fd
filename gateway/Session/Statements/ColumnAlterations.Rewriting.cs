using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Plan;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Planner.Typing;
using Federation.Session.Catalogs;
using Federation.Sql;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// Types that do not hold every value of the former one, and new columns with a value for each row: all rows are written anew, by the
/// workers, as a change of the transaction. Rows that others add meanwhile make its commit fail with 40001.
/// </summary>
internal sealed partial class ColumnAlterations
{
    /// <summary>Columns that get another type and have to be written anew, which all see the rows before the statement.</summary>
    private readonly List<(string Column, SqlType Type, Expression? Using)> _retyped = [];

    /// <summary>Gives the columns that were collected their new types. Raises the errors of values that do not fit.</summary>
    private async ValueTask RetypeAsync(CancellationToken cancellationToken)
    {
        if (_retyped.Count == 0) return;
        var retyped = _retyped.ToDictionary(item => item.Column);
        _retyped.Clear();
        await RecordAsync(cancellationToken);
        var columns = _columns.Select(column => (column.Name, column.Type)).ToArray();
        foreach (var transform in retyped.Values.Select(item => item.Using).OfType<Expression>())
            await _session.Names.ResolvingAsync(() =>
            {
                Binder.RequireTransform(transform, _wanted.Name, columns, _session.Nameless);
                return ValueTask.FromResult(0);
            }, cancellationToken);
        var query = await BindRowsAsync([.. _columns.Select(column => retyped.TryGetValue(column.Name, out var item)
            ? (item.Using ?? new ColumnReference([column.Name]), new RewrittenColumn(item.Type, Mismatch(column, item.Type, item.Using)))
            : Kept(column))], cancellationToken);
        foreach (var item in retyped.Values) await ConvertDefaultAsync(item.Column, item.Type, cancellationToken);
        await RewriteAsync(query, retyped.Values.Select(item => new ColumnChange.Retype(item.Column, item.Type)), cancellationToken);
        for (var i = 0; i < _columns.Count; i++)
            if (retyped.TryGetValue(_columns[i].Name, out var item)) _columns[i] = _columns[i] with { Type = item.Type };
        foreach (var constraint in _wanted.Constraints.Where(constraint => retyped.Keys.Any(constraint.Mentions)).ToArray())
            await RequireStillAsync(constraint, cancellationToken);
    }

    /// <summary>The value of a new column in the rows that are there, when it is not the same in all of them; null else.</summary>
    private Expression? ComputedValue(TableColumn declared)
    {
        if (SequenceOf(declared.Name) is { } sequence)
            return SqlParser.ParseExpression($"nextval({SequenceRules.ReferenceTo(sequence.Sequence)})");
        if (_wanted.Generated.FirstOrDefault(item => item.Key == declared.Name) is { Value: { } generated })
            return SqlParser.ParseExpression(generated);
        return IsVolatile(declared)
            ? SqlParser.ParseExpression(_wanted.Defaults.First(item => item.Key == declared.Name).Value)
            : null;
    }

    private bool IsVolatile(TableColumn declared)
    {
        if (declared.Default is not { } expression) return false;
        var type = ((ITableWriter)_format).StoredType(TableStatements.Column(declared).Type);
        return PlanRewriter.IsVolatile(WithoutPosition(() =>
            Binder.BindDefault(expression, declared.Name, type, _session.Nameless)));
    }

    /// <summary>Adds a column whose value is computed for each of the rows that are there.</summary>
    /// <param name="value">The value; it may name columns of the table.</param>
    private async ValueTask AddComputedAsync(NewColumn column, Expression value, CancellationToken cancellationToken)
    {
        var type = ((ITableWriter)_format).StoredType(column.Type);
        var computed = (value, new RewrittenColumn(type, new SqlException(SqlState.DatatypeMismatch,
            $"column \"{column.Name}\" is of type {type.WithoutModifier()} but its values are of another type")));
        var query = await BindRowsAsync([.. _columns.Select(Kept), computed], cancellationToken);
        await RewriteAsync(query, [new ColumnChange.Add(column, null)], cancellationToken);
        _columns.Add(new ConnectorColumn(column.Name, type, column.IsNullable));
    }

    private static (Expression Value, RewrittenColumn Column) Kept(ConnectorColumn column) =>
        (new ColumnReference([column.Name]), new RewrittenColumn(null, Impossible));

    /// <summary>The query that gives each column that the table is to have a value, from the rows of the table as it is recorded.</summary>
    private async ValueTask<BoundQuery> BindRowsAsync(IReadOnlyList<(Expression Value, RewrittenColumn Column)> values,
        CancellationToken cancellationToken)
    {
        var table = $"{TableResolver.ManagedCatalog}.{Quoted(_recorded.Schema)}.{Quoted(_recorded.Name)}";
        var from = ((SelectBody)ViewTexts.Parse($"SELECT 1 FROM {table}").Body).From;
        var items = values.Select(item => new SelectItem(item.Value, null)).ToEquatableArray();
        return await WithoutPositionAsync(() => _session.Analyzer.BindRewriteAsync(new Query(new SelectBody(items) { From = from }),
            [.. values.Select(item => item.Column)], cancellationToken));
    }

    /// <summary>Changes the columns, and puts the rows of the query in the place of all that the table has.</summary>
    private async ValueTask RewriteAsync(BoundQuery query, IEnumerable<ColumnChange> changes, CancellationToken cancellationToken)
    {
        var hasRows = await HasRowsAsync("", cancellationToken);
        _changes.AddRange(changes);
        _changes.Add(new ColumnChange.KeepRows());
        await RecordAsync(cancellationToken);
        if (!hasRows) return;
        await TableWriting.ReplaceAsync(_session, _services, _recorded, QueryStatements.OwnRequest(_session, _services, query),
            cancellationToken);
        var catalog = await _session.Transaction.GetCatalogAsync(cancellationToken);
        _recorded = _wanted = (await catalog.FindTableAsync(_recorded.Schema, _recorded.Name, cancellationToken))!;
    }

    /// <summary>A default keeps its value: it is brought to the former type first, as PostgreSQL has it.</summary>
    private async ValueTask ConvertDefaultAsync(string column, SqlType type, CancellationToken cancellationToken)
    {
        if (_wanted.Defaults.FirstOrDefault(item => item.Key == column) is not { Value: { } text }) return;
        var former = Find(column).Type;
        var expression = SqlParser.ParseExpression($"CAST({text} AS {former})");
        string converted;
        try
        {
            converted = await WithoutPositionAsync(() =>
                ColumnValues.DefaultAsync(_session, expression, column, type, cancellationToken));
        }
        catch (SqlException error) when (error.State == SqlState.DatatypeMismatch)
        {
            throw new SqlException(SqlState.DatatypeMismatch,
                $"default for column \"{column}\" cannot be cast automatically to type {type}");
        }

        _wanted = _wanted with
        {
            Defaults = _wanted.Defaults.Select(item => item.Key == column ? KeyValuePair.Create(column, converted) : item)
                .ToEquatableArray(),
        };
    }

    /// <summary>Constraints that mention a column of another type hold for its new values.</summary>
    private async ValueTask RequireStillAsync(TableConstraint constraint, CancellationToken cancellationToken)
    {
        if (constraint.Condition is { } condition)
        {
            var columns = _columns.Select(column => (column.Name, column.Type)).ToArray();
            var maker = new TableConstraints(_session.Nameless, _wanted.Name, isNew: false);
            // Binding it says what the new type does not know.
            var definition = new ConstraintDefinition(constraint.Name, ConstraintType.Check, [])
                { Condition = SqlParser.ParseExpression(condition), IsNotValid = !constraint.IsValidated };
            WithoutPosition(() => maker.Make(definition, columns, []));
            if (constraint.IsValidated && await HasRowsAsync($"WHERE NOT ({condition})", cancellationToken))
                throw new SqlException(SqlState.CheckViolation,
                    $"check constraint \"{constraint.Name}\" of relation \"{_wanted.Name}\" is violated by some row");
        }
        else if (constraint.Kind is ConstraintKind.PrimaryKey or ConstraintKind.Unique)
        {
            await RequireKeyAsync(constraint, cancellationToken);
        }
    }

    /// <summary>Raises the errors of columns whose values something else than the statement gives.</summary>
    private async ValueTask RequireRetypableAsync(TableAction.SetType set, SqlType type, CancellationToken cancellationToken)
    {
        if (_wanted.Generated.Any(item => item.Key == set.Column))
            throw set.Using is null
                ? new SqlException(SqlState.FeatureNotSupported,
                    $"column \"{set.Column}\" is generated and cannot be changed to type {type}")
                : new SqlException(SqlState.InvalidColumnDefinition, "cannot specify USING when altering type of generated column")
                    { Detail = $"Column \"{set.Column}\" is a generated column." };
        if (SequenceOf(set.Column) is { } sequence && type.Base != PgTypes.Int2 && type.Base != PgTypes.Int4 && type.Base != PgTypes.Int8)
            throw sequence.IsIdentity
                ? new SqlException(SqlState.InvalidParameterValue, "identity column type must be smallint, integer, or bigint")
                : new SqlException(SqlState.FeatureNotSupported,
                    $"column \"{set.Column}\" owns a sequence and cannot be changed to type {type}");
        await RequireNoReferenceAsync(set.Column, cancellationToken);
    }

    /// <summary>Raises 0A000 for a column of a foreign key, which would have to be compared anew.</summary>
    private async ValueTask RequireNoReferenceAsync(string column, CancellationToken cancellationToken)
    {
        var catalog = await _session.Transaction.GetCatalogAsync(cancellationToken);
        var references = await ForeignKeyRules.ReferencesAsync(catalog, _recorded, cancellationToken);
        var key = _wanted.Constraints.FirstOrDefault(item => item.Target is { } target
            && (item.Columns.Contains(column) || (target.Table == Oid.None && target.Columns.Contains(column))))
            ?? references.Select(item => item.Key).FirstOrDefault(item => item.Target!.Columns.Contains(column));
        if (key is not null)
            throw new SqlException(SqlState.FeatureNotSupported, "cannot alter type of a column used in a foreign key constraint")
                { Detail = $"Constraint \"{key.Name}\" needs column \"{column}\"." };
    }

    private static SqlException Impossible { get; } = new(SqlState.DatatypeMismatch, "a column that stays is not converted");

    private static SqlException Mismatch(ConnectorColumn column, SqlType type, Expression? transform) => transform is null
        ? new SqlException(SqlState.DatatypeMismatch, $"column \"{column.Name}\" cannot be cast automatically to type {type}")
            { Hint = $"You might need to specify \"USING {Quoted(column.Name)}::{type}\"." }
        : new SqlException(SqlState.DatatypeMismatch,
            $"result of USING clause for column \"{column.Name}\" cannot be cast automatically to type {type}")
            { Hint = "You might need to add an explicit cast." };
}
