using System.Text;
using Federation.Core.Values;
using Federation.Execution;
using Federation.Plan;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>Values of expressions without columns, as EXECUTE, CALL and FOR … AS OF take them.</summary>
internal static class Constants
{
    /// <summary>The CLR form of the value. Raises 0A000 for what only the kernel can compute.</summary>
    public static object? Evaluate(QuerySession session, Expression expression, SqlType? target)
    {
        var execution = session.Execution([]);
        var bound = PlanRewriter.Rewrite(Binder.BindScalar(expression, target, session.Nameless),
            item => QueryPlanner.Substitute(item, execution));
        return bound is Constant constant
            ? constant.Value
            : throw new SqlException(SqlState.FeatureNotSupported, "only constants and session functions are supported here")
                { Position = expression.Span.Position };
    }

    /// <summary>An argument of EXECUTE with the type of its parameter, a constant where no kernel is needed for it.</summary>
    public static Expr BindArgument(QuerySession session, Expression expression, int number, SqlType target)
    {
        var execution = session.Execution([]);
        return PlanRewriter.Rewrite(Binder.BindArgument(expression, number, target, session.Nameless),
            item => QueryPlanner.Substitute(item, execution));
    }

    /// <summary>
    /// The CLR forms of expressions, computed as one row of a query. They come back in their text forms, which say all of a value.
    /// </summary>
    public static async ValueTask<EquatableArray<object?>> ComputeAsync(QuerySession session, SessionServices services, Expr[] expressions,
        CancellationToken cancellationToken)
    {
        var items = expressions.Select((expression, i) =>
        {
            var text = expression.Type.HasSameBase(SqlType.Text) ? expression : new Cast(expression, SqlType.Text, IsExplicit: true);
            return new Assignment(new Column(i + 1, $"a{i + 1}", SqlType.Text), text);
        }).ToEquatableArray();
        var outputs = items.Select(item => new OutputColumn(item.Column.Name, item.Column)).ToEquatableArray();
        var query = new BoundQuery(new Project(Federation.Plan.Values.OneRow, items), outputs, []);
        var request = QueryStatements.OwnRequest(session, services, query);
        var values = new object?[expressions.Length];
        await foreach (var batch in services.Runner.Run(request).ReadAsync(cancellationToken))
        {
            using (batch)
            {
                for (var i = 0; i < values.Length && batch.RowCount > 0; i++)
                    values[i] = batch.Columns[i].IsNull(0)
                        ? null
                        : ValueText.Parse(Encoding.UTF8.GetString(batch.Columns[i].GetBytes(0)), expressions[i].Type, session.Values);
            }
        }

        return values.ToEquatableArray();
    }
}
