using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Plan;
using Federation.Planner.Binding;
using Batch = Federation.Arrow.Batch;
using Column = Federation.Arrow.Column;

namespace Federation.Session.Statements;

/// <summary>
/// set_config in the select list with arguments that come from rows: only the session can do that, so the query gives the arguments and the
/// session makes the calls, a row after the other.
/// </summary>
internal static class SettingCalls
{
    /// <summary>
    /// The query with lists of arguments in the place of such calls, and the columns that hold them; none for any other query.
    /// </summary>
    public static (BoundQuery Query, IReadOnlyList<int> Columns) Take(BoundQuery query)
    {
        if (query.Plan is not Project project || !project.Assignments.Any(IsOverRows)) return (query, []);
        var assignments = project.Assignments
            .Select(assignment => IsOverRows(assignment) ? Arguments(assignment, (Call)assignment.Expression) : assignment)
            .ToEquatableArray();
        return (query with { Plan = project with { Assignments = assignments } },
            [.. Enumerable.Range(0, assignments.Count).Where(i => IsOverRows(project.Assignments[i]))]);
    }

    public static async IAsyncEnumerable<Batch> RunAsync(
        QuerySession session, IAsyncEnumerable<Batch> rows, IReadOnlyList<int> columns, [EnumeratorCancellation]
            CancellationToken cancellationToken)
    {
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            using var batch = row;
            yield return Call(session, batch, columns);
        }
    }

    private static bool IsOverRows(Assignment assignment) =>
        assignment.Expression is Call { Function.Name: "set_config" } call
            && call.Arguments.Any(argument => argument is not (Constant or Parameter));

    private static Assignment Arguments(Assignment assignment, Call call)
    {
        var list = new ArrayOf(
            [.. call.Arguments.Select(argument => argument.Type.Base == PgTypes.Text
                ? argument
                : new Cast(argument, SqlType.Text, IsExplicit: true))], SqlType.Array(SqlType.Text));
        return new Assignment(assignment.Column with { Type = list.Type }, list);
    }

    private static Batch Call(QuerySession session, Batch batch, IReadOnlyList<int> columns)
    {
        var schema = batch.Columns.Select((column, i) => new Field("", columns.Contains(i) ? SqlType.Text : column.Type))
            .ToEquatableArray();
        using var builder = new BatchBuilder(new BatchSchema(schema));
        for (var row = 0; row < batch.RowCount; row++)
        {
            for (var i = 0; i < batch.Columns.Length; i++)
                if (columns.Contains(i)) builder.Columns[i].AppendValue(Call(session, batch.Columns[i], row));
                else BatchCopy.Append(builder.Columns[i], batch.Columns[i], row);
            builder.EndRow();
        }

        return builder.Build();
    }

    private static object? Call(QuerySession session, Column arguments, int row)
    {
        var (start, _) = arguments.GetList(row);
        return SessionFunctions.SetConfig(session, Text(0), Text(1), Text(2) == "true");

        string? Text(int index) => arguments.Children[0].IsNull(start + index)
            ? null
            : System.Text.Encoding.UTF8.GetString(arguments.Children[0].GetBytes(start + index));
    }
}
