using System.Globalization;
using Federation.Arrow;
using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Values;
using Federation.Maintenance;
using Federation.Plan;
using Federation.Session.Cursors;
using Federation.SessionApi;

namespace Federation.Session.Statements;

/// <summary>Small changes of tables, which the catalog keeps instead of files.</summary>
internal static class TailWriting
{
    /// <summary>Characters of a value that an error shows.</summary>
    private const int MostShown = 64;

    /// <summary>Whether a query whose rows are inserted gives so few that the catalog may keep them.</summary>
    public static bool MayKeep(QuerySession session, SessionServices services, TableEntry table, WritePlan plan, LogicalPlan query) =>
        MostRows(query) is { } rows && LimitsOf(session, services).Allow(table, rows) && FormatOf(services, plan)?.CanKeep(plan) == true;

    /// <summary>The change as one of the table's tail; null when it is too large for that. Raises 23502.</summary>
    /// <param name="rows">New rows; null for none.</param>
    public static async ValueTask<ITableUpdate?> TryKeepAsync(QuerySession session, SessionServices services, TableEntry table,
        WritePlan plan, RowSpool? rows, RowSelection removed, CancellationToken cancellationToken)
    {
        var limits = LimitsOf(session, services);
        if (rows is { FileBytes: > 0 } || !limits.Allow(table, (rows?.RowCount ?? 0) + removed.Count)
            || FormatOf(services, plan) is not { } format || !format.CanKeep(plan)) return null;
        var values = rows is null ? [] : ValuesOf(rows).ToEquatableArray();
        foreach (var row in values) RequireValues(session, row, rows!.Fields, plan, table);
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
        plan.Output.PartitionedBy.Any(part => row[part.Column] is string { Length: > 64 } or byte[] { Length: > 64 });

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

    private static IEnumerable<EquatableArray<object?>> ValuesOf(RowSpool rows)
    {
        foreach (var batch in rows.ReadAll())
        {
            using (batch)
                for (var row = 0; row < batch.RowCount; row++)
                    yield return batch.Columns.Select(column => column.ReadValue(row)).ToEquatableArray();
        }
    }

    /// <summary>Raises 23502 for a NULL in a column that takes none.</summary>
    private static void RequireValues(QuerySession session, EquatableArray<object?> row, EquatableArray<ResultField> fields, WritePlan plan,
        TableEntry table)
    {
        var columns = plan.Output.Columns;
        for (var i = 0; i < columns.Count; i++)
        {
            if (row[i] is not null || columns[i].NullError is null) continue;
            var shown = row.Zip(fields, (value, field) => Shown(value, field.Type, session.Values.Format));
            throw ConstraintErrors.About(new SqlException(SqlState.NotNullViolation,
                $"null value in column \"{columns[i].Name}\" of relation \"{table.Name}\" violates not-null constraint")
                { Detail = $"Failing row contains ({string.Join(", ", shown)})." }, table);
        }
    }

    /// <summary>A value in its text form, cut as PostgreSQL cuts it.</summary>
    private static string Shown(object? value, SqlType type, TextFormat format)
    {
        var text = value is null ? "null" : ValueText.Format(value, type, format);
        return text.Length > MostShown ? $"{text[..MostShown]}..." : text;
    }

    /// <summary>About how many bytes a row takes.</summary>
    private static long SizeOf(EquatableArray<object?> row) => row.Sum(value => value switch
    {
        string text => text.Length,
        byte[] bytes => bytes.Length * 2L,
        _ => 12L,
    });
}
