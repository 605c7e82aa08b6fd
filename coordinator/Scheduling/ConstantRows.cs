using Federation.Arrow;
using Federation.Core;
using Federation.Core.Types;
using Federation.Plan;

namespace Federation.Scheduling;

/// <summary>Plans that are nothing but constants, answered without the kernel, whose floor is about 0.2 ms a statement.</summary>
public static class ConstantRows
{
    /// <summary>One row of constants; null when a value has to go the long way.</summary>
    public static Batch? TryBuildRow(BatchSchema schema, Constant[] constants)
    {
        if (constants.Length == 0 || Array.Exists(constants, constant => !HasPlainForm(constant))) return null;
        using var builder = new BatchBuilder(schema);
        for (var i = 0; i < constants.Length; i++) builder.Columns[i].AppendValue(constants[i].Value);
        builder.EndRow();
        return builder.Build();
    }

    /// <summary>The columns of a plan's rows.</summary>
    public static BatchSchema SchemaOf(LogicalPlan plan) =>
        new(plan.Columns.Select(column => new Field(column.Name, column.Type)).ToEquatableArray());

    /// <summary>The rows of a plan of constants; null for every other plan.</summary>
    internal static Batch? TryBuild(LogicalPlan plan)
    {
        if (plan.Columns.Count == 0) return null;
        var rows = plan switch
        {
            Project { Input: Values { Outputs.Count: 0, Rows.Count: 1 } } project =>
                Row(project.Assignments.Select(assignment => assignment.Expression)) is { } row ? [row] : null,
            Project { Input: Values values } project when project.Assignments.All(assignment => assignment.Expression is ColumnRef) =>
                Rows(values, project),
            Values values =>
                values.Rows.Select(row => Row(row)!).ToArray() is var all && !Array.Exists(all, row => row is null) ? all : null,
            _ => null,
        };
        if (rows is null) return null;
        using var builder = new BatchBuilder(SchemaOf(plan));
        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length; i++) builder.Columns[i].AppendValue(row[i]);
            builder.EndRow();
        }

        return builder.Build();
    }

    private static object?[][]? Rows(Values values, Project project)
    {
        var positions = project.Assignments
            .Select(assignment => values.Outputs.ToList().IndexOf(((ColumnRef)assignment.Expression).Column)).ToArray();
        if (Array.Exists(positions, position => position < 0)) return null;
        var rows = values.Rows.Select(row => Row(positions.Select(position => row[position]))).ToArray();
        return Array.Exists(rows, row => row is null) ? null : rows.Select(row => row!).ToArray();
    }

    private static object?[]? Row(IEnumerable<Expr> expressions)
    {
        var values = new List<object?>();
        foreach (var expression in expressions)
        {
            if (expression is not Constant constant || !HasPlainForm(constant)) return null;
            values.Add(constant.Value);
        }

        return [.. values];
    }

    /// <summary>Nested values go the long way, whose types are checked by the kernel.</summary>
    private static bool HasPlainForm(Constant constant) => constant.Type.Storage is not (Storage.List or Storage.Struct or Storage.Bit);
}
