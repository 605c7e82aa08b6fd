using Federation.Sql;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>CHECK constraints: as they are declared, and over the rows that a statement writes.</summary>
public sealed partial class Binder
{
    private static readonly ExpressionContext s_check = new("check constraints");

    /// <summary>Raises 23514 with a message, for a row. Stable, so that nothing computes it before there is a row.</summary>
    private static readonly FunctionEntry s_checkFailed = new(Oid.None, "check_failed", FunctionKind.Scalar, [], PgTypes.Text.Oid,
        IsStrict: false, ReturnsSet: false, Volatility.Stable)
    {
        Signature = "check_failed",
    };

    /// <summary>Binds the condition of a constraint that is declared. Raises the errors of a wrong one.</summary>
    /// <returns>The columns that it names, in the order in which it does.</returns>
    public static IReadOnlyList<string> BindCheck(Expression condition, string table, IReadOnlyList<(string Name, SqlType Type)> columns,
        BindContext context)
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
        return [.. order, .. columns.Select(column => column.Name).Where(columnNames.Contains)];
    }

    /// <summary>
    /// The rows that a statement writes into a table, in the order of its columns. A row that breaks a constraint raises 23514, for the
    /// first constraint by name. A NULL where there must be none is told of before, as in PostgreSQL.
    /// </summary>
    private QueryResult WithChecks(QueryResult rows, ResolvedTable target)
    {
        if (target.Checks.Count == 0) return rows;
        var columns = rows.Outputs.Select(output => output.Column).ToArray();
        var assignments = columns.Select((column, i) =>
            new Assignment(NewColumn(column.Name, column.Type), i == 0 ? Checked(target, columns, null) : new ColumnRef(column))).ToArray();
        return new QueryResult(new Project(rows.Plan, assignments.ToEquatableArray()),
            [.. assignments.Select(item => new OutputColumn(item.Column.Name, item.Column))]);
    }

    /// <summary>The value of the first column of a row that is written, which raises the error of a row that breaks a constraint.</summary>
    /// <param name="columns">The row: the columns of the table in order.</param>
    /// <param name="isNew">Whether the row is written; null if each is.</param>
    private Expr Checked(ResolvedTable target, IReadOnlyList<Column> columns, Expr? isNew)
    {
        if (target.Checks.Count == 0) return new ColumnRef(columns[0]);
        var values = columns.Select(column => (Expr)new ColumnRef(column)).ToArray();
        var guards = target.Columns.Select((column, i) => (column.IsNullable, Value: values[i])).Where(item => !item.IsNullable)
            .Select(item => (Expr)new Not(new IsNull(item.Value)));
        if (isNew is not null) guards = guards.Prepend(isNew);
        var whens = target.Checks.OrderBy(check => check.Name, StringComparer.Ordinal).Select(check =>
        {
            var condition = BindCondition(SqlParser.ParseExpression(check.Condition), target.Source.Table, columns);
            var message = new Constant($"new row for relation \"{target.Source.Table}\" violates check constraint \"{check.Name}\"",
                SqlType.Text);
            return new CaseWhen(new And([.. guards, new Not(condition)]),
                new Call(s_checkFailed, [message, .. values], columns[0].Type));
        }).ToEquatableArray();
        return new Case(whens, values[0], columns[0].Type);
    }

    private Expr BindCondition(Expression condition, string table, IReadOnlyList<Column> columns)
    {
        var entry = new RangeEntry(table, null, null,
            columns.Select(column => new ScopeColumn(column.Name, new ColumnRef(column))).ToArray());
        var scope = new BindScope(null) { Items = [new NamespaceItem(entry, IsTableVisible: true, AreColumnsVisible: true)] };
        return CoerceToBoolean(BindExpression(condition, scope, s_check), "CHECK", condition.Span);
    }
}
