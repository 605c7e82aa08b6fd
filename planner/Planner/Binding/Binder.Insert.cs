using Federation.Connectors.Spi;
using Federation.Planner.Functions;
using Federation.Planner.Typing;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>INSERT: the rows of its source in the columns of its table, as PostgreSQL's analyze.c transforms them.</summary>
public sealed partial class Binder
{
    /// <param name="defaults">What columns get that the statement does not name.</param>
    public static BoundInsert BindInsert(InsertStatement insert, ResolvedTable target, IReadOnlyDictionary<string, Expression> defaults,
        BindContext context)
    {
        var binder = new Binder(context) { _statement = insert.Source, _target = target };
        if (context.FindTable(TargetOf(insert)) is { View: not null } view)
            binder.UseView(TargetOf(insert), view, target,
                [.. target.Columns.Select(column => binder.NewColumn(column.Name, column.Type))]);
        var source = binder.WithChecks(binder.WithGenerated(binder.BindInsertSource(insert, target, defaults), target), target);
        var returning = insert.Returning.Count == 0 ? null : binder.BindQuery(ReturningQuery(insert), new BindScope(null));
        TextStyles.Require(source.Plan, context.Values.Format);
        if (returning is not null) binder.RequireRowByRow(returning.Plan);
        if (returning is not null) TextStyles.Require(returning.Plan, context.Values.Format);
        var parameters = binder._parameters.Resolve();
        var named = insert.Columns.Count > 0 || insert.Source is null ? insert.Columns.Select(column => column.Name)
            : binder._targetView?.View.Columns.Take(binder._width).Select(column => column.Name) ?? [];
        return new BoundInsert(
            target,
            new BoundQuery(source.Plan, source.Outputs.ToEquatableArray(), parameters)
                { Tables = binder._tables, Views = binder._views, HasSessionCalls = binder._hasSessionCalls, HasSteps = binder._hasSteps },
            returning is null
                ? null
                : new BoundQuery(binder.AddSystemColumns(returning.Plan), returning.Outputs.ToEquatableArray(), parameters)
                    { Tables = binder._tables, Views = binder._views, HasSessionCalls = binder._hasSessionCalls })
        {
            Views = binder.AccessOf(named),
            Given = binder._targetView is { } through ? named.Select(name => through.TargetOf(name).Path[^1]).ToEquatableArray() : [],
        };
    }

    /// <summary>How many values each row of an INSERT's source has.</summary>
    private int _width;

    /// <summary>Binds the default of a column that is declared. Raises the errors of a wrong one.</summary>
    public static Expr BindDefault(Expression expression, string column, SqlType type, BindContext context)
    {
        if (SyntaxTree.Find(expression, node => node is ColumnReference) is { } reference)
            throw new SqlException(SqlState.FeatureNotSupported, "cannot use column reference in DEFAULT expression")
                { Position = reference.Span.Position };
        if (FindSubquery(expression) is { } subquery)
            throw new SqlException(SqlState.FeatureNotSupported, "cannot use subquery in DEFAULT expression")
                { Position = subquery.Span.Position };
        var binder = new Binder(context);
        var bound = binder.BindExpression(expression, new BindScope(null), new ExpressionContext("DEFAULT expressions"));
        if (!bound.Type.IsUnknown
            && TypeRules.FindPath(type.AnnouncedOid, bound.Type.AnnouncedOid, CastContext.Assignment).Path == CoercionPath.None)
        {
            throw new SqlException(SqlState.DatatypeMismatch,
                $"column \"{column}\" is of type {type.WithoutModifier()} but default expression is of type {bound.Type.WithoutModifier()}")
            {
                Hint = "You will need to rewrite or cast the expression.",
            };
        }

        return binder.Coerce(bound, type, CastContext.Assignment, expression.Span);
    }

    /// <summary>RETURNING gives one row for each that was written.</summary>
    private void RequireRowByRow(LogicalPlan plan)
    {
        for (; plan is Project or Aggregate or Window or ProjectSet; plan = plan.Inputs[0])
        {
            switch (plan)
            {
                case Aggregate { Aggregates: [var first, ..] }:
                    throw NotInReturning(SqlState.GroupingError, "aggregate functions are", first.Expression);
                case Window { Calls: [var first, ..] }:
                    throw NotInReturning(SqlState.WindowingError, "window functions are", first.Expression);
                case ProjectSet { Calls: [var first, ..] }:
                    throw NotInReturning(SqlState.FeatureNotSupported, "set-returning functions are", first.Expression);
            }
        }
    }

    /// <summary>The query whose rows RETURNING gives, over whatever the table's name means when it is bound.</summary>
    public static Query ReturningQuery(InsertStatement insert) => new(new SelectBody(insert.Returning)
    {
        From = [new TableName(insert.Table)
            { Span = insert.Table.Span, Alias = insert.Alias is null ? null : new TableAlias(insert.Alias, [], []) }],
    });

    private QueryResult BindInsertSource(InsertStatement insert, ResolvedTable target, IReadOnlyDictionary<string, Expression> defaults)
    {
        var columns = InsertColumns(insert, _targetView?.View ?? target);
        var given = new Dictionary<string, Expr>(StringComparer.Ordinal);
        LogicalPlan input = Values.OneRow;
        if (insert.Source is { Body: ValuesBody values, With: null, OrderBy.Count: 0, Limit: null, Offset: null })
            (input, given) = BindRows(values, insert, columns, defaults);
        else if (insert.Source is { } query) (input, given) = BindSource(query, insert, columns, defaults);
        _width = given.Count;
        given = ToBase(given, "insert into");
        var assignments = target.Columns.Select(column => new Assignment(
            NewColumn(column.Name, column.Type), given.TryGetValue(column.Name, out var value) ? value : Default(column, defaults)))
                .ToArray();
        return new QueryResult(new Project(input, assignments.ToEquatableArray()),
            [.. assignments.Select(item => new OutputColumn(item.Column.Name, item.Column))]);
    }

    /// <summary>The columns that the source's values are for.</summary>
    private static IReadOnlyList<ConnectorColumn> InsertColumns(InsertStatement insert, ResolvedTable target)
    {
        if (insert.Columns.Count == 0) return [.. target.Columns];
        var columns = new List<ConnectorColumn>();
        foreach (var reference in insert.Columns)
        {
            var column = SetColumn(reference, target);
            if (columns.Contains(column)) throw new SqlException(SqlState.DuplicateColumn,
                $"column \"{column.Name}\" specified more than once") { Position = reference.Span.Position };
            columns.Add(column);
        }

        return columns;
    }

    /// <summary>Rows in which every value is for a column of known type: literals take it, and DEFAULT means the column's own.</summary>
    private (LogicalPlan Input, Dictionary<string, Expr> Given) BindRows(
        ValuesBody values, InsertStatement insert, IReadOnlyList<ConnectorColumn> columns, IReadOnlyDictionary<string, Expression> defaults)
    {
        var width = values.Rows[0].Count;
        RequireWidth(width, width > columns.Count ? values.Rows[0][columns.Count].Span : values.Span, insert, columns);
        var outputs = columns.Take(width).Select(column => NewColumn(column.Name, column.Type)).ToArray();
        var rows = values.Rows.Select(row =>
        {
            if (row.Count != width) throw new SqlException(SqlState.SyntaxError, "VALUES lists must all be the same length")
                { Position = row.Count > 0 ? row[0].Span.Position : values.Span.Position };
            return row.Select((item, i) => item is DefaultValue
                ? Default(BaseOf(columns[i]), defaults)
                : GivenValue(BindExpression(item, new BindScope(null), ExpressionContext.Values), columns[i], item.Span, insert, defaults))
                .ToEquatableArray();
        }).ToEquatableArray();
        return (new Values(rows, outputs.ToEquatableArray()),
            outputs.ToDictionary(output => output.Name, output => (Expr)new ColumnRef(output), StringComparer.Ordinal));
    }

    private (LogicalPlan Input, Dictionary<string, Expr> Given) BindSource(Query query, InsertStatement insert,
        IReadOnlyList<ConnectorColumn> columns, IReadOnlyDictionary<string, Expression> defaults)
    {
        var bound = BindQuery(query, new BindScope(null), resolvesUnknown: false);
        // Columns that are not named are filled up; fewer values than named columns are an error.
        RequireWidth(bound.Outputs.Count, query.Span, insert, columns);
        var given = new Dictionary<string, Expr>(StringComparer.Ordinal);
        for (var i = 0; i < bound.Outputs.Count; i++)
        {
            var value = PendingValue(bound, i);
            given[columns[i].Name] = GivenValue(value, columns[i], _spans.TryGetValue(value, out var span) ? span : query.Span, insert,
                defaults);
        }

        return (PendingInput(bound), given);
    }

    /// <param name="span">Of the first value too many.</param>
    private static void RequireWidth(int width, SourceSpan span, InsertStatement insert, IReadOnlyList<ConnectorColumn> columns)
    {
        if (width > columns.Count)
            throw new SqlException(SqlState.SyntaxError, "INSERT has more expressions than target columns") { Position = span.Position };
        if (width < insert.Columns.Count)
            throw new SqlException(SqlState.SyntaxError, "INSERT has more target columns than expressions")
                { Position = insert.Columns[width].Span.Position };
    }

    /// <summary>A value that the statement gives for a column. Raises 428C9 for one that takes none.</summary>
    private Expr GivenValue(Expr value, ConnectorColumn column, SourceSpan span, InsertStatement insert,
        IReadOnlyDictionary<string, Expression> defaults)
    {
        var fitting = ForColumn(value, column, span);
        column = BaseOf(column);
        RequireInsertable(column, insert.Overriding);
        return IsOverridden(column, insert.Overriding) ? Default(column, defaults) : fitting;
    }

    private Expr Default(ConnectorColumn column, IReadOnlyDictionary<string, Expression> defaults) =>
        NextOfIdentity(column) is { } next ? next : defaults.TryGetValue(column.Name, out var expression)
        ? ForColumn(BindExpression(expression, new BindScope(null), new ExpressionContext("DEFAULT")), column, expression.Span)
        : new Constant(null, column.Type);

    private Expr ForColumn(Expr value, ConnectorColumn column, SourceSpan span)
    {
        if (!value.Type.IsUnknown
            && TypeRules.FindPath(column.Type.AnnouncedOid, value.Type.AnnouncedOid, CastContext.Assignment).Path == CoercionPath.None)
        {
            throw new SqlException(SqlState.DatatypeMismatch,
                $"column \"{column.Name}\" is of type {column.Type.WithoutModifier()} but expression is of type "
                    + $"{value.Type.WithoutModifier()}")
            {
                Position = span.Position,
                Hint = "You will need to rewrite or cast the expression.",
            };
        }

        return Coerce(value, column.Type, CastContext.Assignment, span);
    }
}
