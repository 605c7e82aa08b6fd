using Federation.Sql;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>CHECK constraints: as they are declared, and over the rows that a statement writes.</summary>
public sealed partial class Binder
{
    private static readonly ExpressionContext s_check = new("check constraints");

    /// <summary>Raises a message with its SQLSTATE, for a row. Stable, so that nothing computes it before there is a row.</summary>
    private static readonly FunctionEntry s_checkFailed = new(Oid.None, "check_failed", FunctionKind.Scalar, [], PgTypes.Text.Oid,
        IsStrict: false, ReturnsSet: false, Volatility.Stable)
    {
        Signature = "check_failed",
    };

    /// <summary>Binds the condition of a constraint that is declared. Raises the errors of a wrong one.</summary>
    /// <returns>The columns that it names, in the order in which it does, and what it is taken for.</returns>
    public static (IReadOnlyList<string> Columns, Expr Bound) BindCheck(Expression condition, string table,
        IReadOnlyList<(string Name, SqlType Type)> columns, BindContext context)
    {
        if (FindSubquery(condition) is { } subquery)
            throw new SqlException(SqlState.FeatureNotSupported, "cannot use subquery in check constraint")
                { Position = subquery.Span.Position };
        var binder = new Binder(context) { _statement = new Query(new SelectBody([new SelectItem(condition, null)])) };
        var own = columns.Select(column => binder.NewColumn(column.Name, column.Type)).ToArray();
        var bound = binder.BindCondition(condition, table, own);
        var named = PlanColumns.Of(bound);
        var columnNames = own.Where(column => named.Contains(column.Id)).Select(column => column.Name).ToHashSet(StringComparer.Ordinal);
        var order = new List<string>();
        SyntaxTree.Find(condition, node =>
        {
            if (node is ColumnReference { Name: var name } && columnNames.Remove(name)) order.Add(name);
            return false;
        });
        // What is left is named by the table as a whole.
        return ([.. order, .. columns.Select(column => column.Name).Where(columnNames.Contains)], bound);
    }

    /// <summary>The rows that a statement writes into a table, in the order of its columns.</summary>
    private QueryResult WithChecks(QueryResult rows, ResolvedTable target) => target.Checks.Count == 0 && _targetView is null ? rows
        : WithValues(rows, columns => CheckedByViews(columns, Checked(target, columns, null)));

    private QueryResult WithValues(QueryResult rows, Func<Column[], Expr[]> valuesOf)
    {
        var columns = rows.Outputs.Select(output => output.Column).ToArray();
        var assignments = columns.Zip(valuesOf(columns), (column, value) =>
            new Assignment(NewColumn(column.Name, column.Type), value)).ToArray();
        return new QueryResult(new Project(rows.Plan, assignments.ToEquatableArray()),
            [.. assignments.Select(item => new OutputColumn(item.Column.Name, item.Column))]);
    }

    /// <summary>
    /// The values of columns that a statement writes. A row that breaks a constraint raises 23514, for the first constraint by name. A NULL
    /// where there must be none is told of before, as in PostgreSQL.
    /// </summary>
    /// <param name="target">The table.</param>
    /// <param name="columns">The new values of its columns, in order.</param>
    /// <param name="isWritten">Which of the rows are written; null for all.</param>
    private Expr[] Checked(ResolvedTable target, IReadOnlyList<Column> columns, Expr? isWritten)
    {
        var values = columns.Select(column => (Expr)new ColumnRef(column)).ToArray();
        if (target.Checks.Count == 0 || columns.Count == 0) return values;
        var present = target.Columns.Select((column, i) => (column.IsNullable, Value: values[i])).Where(item => !item.IsNullable)
            .Select(item => (Expr)new Not(new IsNull(item.Value))).ToArray();
        var whens = target.Checks.OrderBy(check => check.Name, StringComparer.Ordinal).Select(check =>
        {
            var condition = BindCondition(SqlParser.ParseExpression(check.Condition), target.Source.Table, [.. columns]);
            Expr[] conditions = isWritten is null ? [.. present, new Not(condition)] : [isWritten, .. present, new Not(condition)];
            return new CaseWhen(Conjuncts.Combine(conditions), Failure(SqlState.CheckViolation,
                $"new row for relation \"{target.Source.Table}\" violates check constraint \"{check.Name}\"", values));
        }).ToEquatableArray();
        return [new Case(whens, values[0], columns[0].Type), .. values.Skip(1)];
    }

    /// <summary>
    /// The rows that a statement proposes for a table: they fulfil its constraints before anybody looks whether they are there already.
    /// </summary>
    private QueryResult WithPresence(QueryResult rows, ResolvedTable target) => target.Columns.All(column => column.IsNullable) ? rows
        : WithValues(rows, columns =>
    {
        var values = columns.Select(column => (Expr)new ColumnRef(column)).ToArray();
        var whens = target.Columns.Zip(values).Where(item => !item.First.IsNullable).Select(item => new CaseWhen(new IsNull(item.Second),
            Failure(SqlState.NotNullViolation, $"null value in column \"{item.First.Name}\" of relation \"{target.Source.Table}\" "
                + "violates not-null constraint", values))).ToEquatableArray();
        return [new Case(whens, values[0], columns[0].Type), .. values.Skip(1)];
    });

    private static Call Failure(SqlState state, string message, Expr[] row) =>
        new(s_checkFailed, [new Constant($"{state}|{message}", SqlType.Text), .. row], row[0].Type);

    private Expr BindCondition(Expression condition, string table, Column[] columns)
    {
        var entry = new RangeEntry(table, null, null,
            columns.Select(column => new ScopeColumn(column.Name, new ColumnRef(column))).ToArray());
        var scope = new BindScope(null) { Items = [new NamespaceItem(entry, IsTableVisible: true, AreColumnsVisible: true)] };
        return CoerceToBoolean(BindExpression(condition, scope, s_check), "CHECK", condition.Span);
    }
}
