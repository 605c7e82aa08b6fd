using System.Globalization;
using Federation.Arrow;
using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Values;
using Federation.Maintenance;
using Federation.Plan;
using Federation.Session.Cursors;

namespace Federation.Session.Statements;

/// <summary>Small changes of tables, which the catalog keeps instead of files.</summary>
internal static class TailWriting
{
    /// <summary>Whether a query whose rows are inserted gives so few that the catalog may keep them.</summary>
    public static bool MayKeep(QuerySession session, SessionServices services, TableEntry table, WritePlan plan, LogicalPlan query) =>
        MostRows(query) is { } rows && LimitsOf(session, services).Allow(table, rows) && FormatOf(services, plan)?.CanKeep(plan) == true;

    /// <summary>The change as one of the table's tail; null when it is too large for that. Raises 23502.</summary>
    /// <param name="rows">New rows; null for none.</param>
    public static async ValueTask<ITableUpdate?> TryKeepAsync(QuerySession session, SessionServices services, TableEntry table,
        WritePlan plan, RowSpool? rows, RowSelection removed, CancellationToken cancellationToken)
    {
        var limits = LimitsOf(session, services);
        if (!limits.Allow(table, (rows?.RowCount ?? 0) + removed.Count) || rows is { FileBytes: > 0 }
            || FormatOf(services, plan) is not { } format || !format.CanKeep(plan)) return null;
        var values = rows is null ? [] : ValuesOf(rows, plan, table).ToEquatableArray();
        if (values.Sum(SizeOf) > limits.BytesPerTable || values.Any(row => HasLongPartition(plan, row))) return null;
        return await format.KeepAsync(plan, values, removed, cancellationToken);
    }

    private static TailLimits LimitsOf(QuerySession session, SessionServices services)
    {
        var rows = int.Parse(session.Settings.Get("federation.tail_rows"), CultureInfo.InvariantCulture);
        return rows >= services.Tails.RowsPerChange ? services.Tails : services.Tails with { RowsPerChange = rows };
    }

    /// <summary>Formats refuse values that are too long for the statistics of their partition's files; those see them at once.</summary>
    private static bool HasLongPartition(WritePlan plan, EquatableArray<object?> row) =>
        plan.Output.PartitionedBy.Any(column => row[column] is string { Length: > 64 } or byte[] { Length: > 64 });

    private static ITableTail? FormatOf(SessionServices services, WritePlan plan) =>
        services.Formats.FirstOrDefault(format => format.Name == plan.Pointer.Format) as ITableTail;

    /// <summary>The rows that a query gives at most; null when its plan does not say it.</summary>
    private static long? MostRows(LogicalPlan plan) => plan switch
    {
        Values values => values.Rows.Count,
        Aggregate { Keys.Count: 0, Sets.Count: <= 1 } => 1,
        Project project => MostRows(project.Input),
        PassingPlan passing => MostRows(passing.Input),
        _ => null,
    };

    private static IEnumerable<EquatableArray<object?>> ValuesOf(RowSpool rows, WritePlan plan, TableEntry table)
    {
        var columns = plan.Output.Columns;
        foreach (var batch in rows.ReadAll())
        {
            using (batch)
            {
                for (var row = 0; row < batch.RowCount; row++)
                {
                    var values = new object?[batch.Columns.Length];
                    for (var i = 0; i < values.Length; i++) values[i] = batch.Columns[i].ReadValue(row);
                    var missing = Array.FindIndex(values, value => value is null);
                    while (missing >= 0 && columns[missing].NullError is null)
                        missing = Array.FindIndex(values, missing + 1, value => value is null);
                    if (missing >= 0)
                        throw NullError(table, columns[missing].Name, [.. values.Zip(batch.Columns, (value, item) => (value, item.Type))]);
                    yield return values.ToEquatableArray();
                }
            }
        }
    }

    private static SqlException NullError(TableEntry table, string column, IReadOnlyList<(object? Value, SqlType Type)> row) =>
        ConstraintErrors.About(new SqlException(SqlState.NotNullViolation,
            $"null value in column \"{column}\" of relation \"{table.Name}\" violates not-null constraint")
        {
            Detail = $"Failing row contains ({string.Join(", ", row.Select(item =>
                item.Value is null ? "null" : ValueText.Format(item.Value, item.Type, TextFormat.Default)))}).",
        }, table);

    /// <summary>About how many bytes a row takes.</summary>
    private static long SizeOf(EquatableArray<object?> row) => row.Sum(value => value switch
    {
        string text => text.Length,
        byte[] bytes => bytes.Length * 2L,
        _ => 12L,
    });
}
