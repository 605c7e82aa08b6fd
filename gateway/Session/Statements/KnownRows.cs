using Federation.Core.Values;
using Federation.Execution;
using Federation.Plan;
using Federation.Planner;
using ExecutionContext = Federation.Planner.ExecutionContext;

namespace Federation.Session.Statements;

/// <summary>The rows of VALUES that are known without a kernel: most of what applications insert.</summary>
internal static class KnownRows
{
    /// <summary>Types whose constants are the values that a kernel would give.</summary>
    private static readonly HashSet<PgType> s_known =
    [
        PgTypes.Bool, PgTypes.Int2, PgTypes.Int4, PgTypes.Int8, PgTypes.Float8, PgTypes.Numeric, PgTypes.Text, PgTypes.Varchar,
        PgTypes.Date, PgTypes.Timestamp, PgTypes.Timestamptz, PgTypes.Uuid, PgTypes.Bytea,
    ];

    /// <summary>The rows in the CLR forms of Values.cs; null where something has to be computed.</summary>
    public static EquatableArray<EquatableArray<object?>>? TryCompute(QueryRequest request)
    {
        var query = request.Query;
        if (query.HasSessionCalls || query.HasSteps || !query.Outputs.All(output => IsKnown(output.Column.Type))) return null;
        if (Read(query.Plan, request.Context) is not var (columns, rows)) return null;
        var positions = query.Outputs.Select(output => Array.FindIndex(columns, column => column.Id == output.Column.Id)).ToArray();
        if (Array.Exists(positions, position => position < 0)) return null;
        return rows.Select(row => positions.Select(position => row[position]).ToEquatableArray()).ToEquatableArray();
    }

    private static (Column[] Columns, List<object?[]> Rows)? Read(LogicalPlan plan, ExecutionContext context)
    {
        switch (plan)
        {
            case Values values:
                var rows = new List<object?[]>(values.Rows.Count);
                foreach (var row in values.Rows)
                {
                    if (Compute(row, context, [], []) is not { } computed) return null;
                    rows.Add(computed);
                }

                return ([.. values.Outputs], rows);
            case Project project:
                if (Read(project.Input, context) is not var (columns, inputs)) return null;
                var expressions = project.Assignments.Select(assignment => assignment.Expression).ToEquatableArray();
                for (var i = 0; i < inputs.Count; i++)
                {
                    if (Compute(expressions, context, columns, inputs[i]) is not { } computed) return null;
                    inputs[i] = computed;
                }

                return ([.. project.Columns], inputs);
            default: return null;
        }
    }

    private static object?[]? Compute(EquatableArray<Expr> expressions, ExecutionContext context, Column[] columns, object?[] row)
    {
        var values = new object?[expressions.Count];
        for (var i = 0; i < values.Length; i++)
        {
            // What a volatile function does, it does once.
            if (!IsKnown(expressions[i].Type) || PlanRewriter.IsVolatile(expressions[i])) return null;
            var expression = PlanRewriter.Rewrite(expressions[i], item => item is ColumnRef reference
                && Array.FindIndex(columns, column => column.Id == reference.Column.Id) is >= 0 and var index
                ? new Constant(row[index], reference.Type)
                : QueryPlanner.Substitute(item, context));
            if (expression is not Constant { Value: var value } constant || !IsSame(value, constant.Type, expressions[i].Type)) return null;
            values[i] = value;
        }

        return values;
    }

    /// <summary>A numeric has its column's scale, and a number its column's width.</summary>
    private static bool IsSame(object? value, SqlType type, SqlType wanted) => value is null
        || (type.HasSameBase(wanted) && (value is not PgNumeric number
            || (number.IsFinite && wanted.Decimal is { } shape && number.Scale == shape.Scale)));

    private static bool IsKnown(SqlType type) => !type.IsArray && !type.IsRecord && s_known.Contains(type.Base);
}
