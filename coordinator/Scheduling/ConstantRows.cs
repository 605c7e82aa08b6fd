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
        if (Rows(plan) is not { } rows) return null;
        using var builder = new BatchBuilder(SchemaOf(plan));
        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length; i++) builder.Columns[i].AppendValue(row[i]);
            builder.EndRow();
        }

        return builder.Build();
    }

    private static object?[][]? Rows(LogicalPlan plan)
    {
        var rows = plan switch
        {
            Values values => values.Rows.Select(Row).ToArray(),
            Project project when Rows(project.Input) is { } inputs => Rows(project, inputs),
            _ => null,
        };
        return rows is null || Array.Exists(rows, row => row is null) ? null : Array.ConvertAll(rows, row => row!);
    }

    /// <summary>Each assignment is a constant or a column of the input.</summary>
    private static object?[]?[]? Rows(Project project, object?[][] inputs)
    {
        var columns = project.Input.Columns.ToList();
        var positions = project.Assignments.Select(assignment => assignment.Expression is ColumnRef reference
            ? columns.IndexOf(reference.Column) : -1).ToArray();
        var constants = new object?[positions.Length];
        for (var i = 0; i < positions.Length; i++)
        {
            if (positions[i] >= 0) continue;
            if (project.Assignments[i].Expression is not Constant constant || !HasPlainForm(constant)) return null;
            constants[i] = constant.Value;
        }

        return Array.ConvertAll(inputs, row => positions.Select((position, i) => position < 0 ? constants[i] : row[position]).ToArray());
    }

    private static object?[]? Row(EquatableArray<Expr> expressions)
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
