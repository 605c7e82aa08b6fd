using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Tasks;
using Federation.Execution;
using Federation.Planner.Distribution;
using Federation.Scheduling;
using Federation.Session.Cursors;

namespace Federation.Session.Statements;

/// <summary>Rows of a query that become rows of a managed table within the session's transaction.</summary>
/// <param name="Rows">How many.</param>
/// <param name="Update">The change; null when there was no row.</param>
/// <param name="Report">What the tasks did; null when none ran.</param>
internal sealed record WrittenTable(long Rows, ITableUpdate? Update, QueryReport? Report);

/// <summary>Writes the rows of queries into managed tables.</summary>
internal static class TableWriting
{
    /// <summary>The format of a table, which must be one that can be written.</summary>
    public static ITableWriter WriterOf(SessionServices services, TablePointer pointer) =>
        services.Formats.FirstOrDefault(format => format.Name == pointer.Format) as ITableWriter
        ?? throw new SqlException(SqlState.FeatureNotSupported, $"tables of format {pointer.Format} cannot be written");

    /// <summary>
    /// Runs the query, whose columns are those of the table, and adds its rows to the table. Nobody but the transaction sees them before
    /// its commit.
    /// </summary>
    public static async ValueTask<WrittenTable> AppendAsync(QuerySession session, SessionServices services, TableEntry table,
        QueryRequest request, CancellationToken cancellationToken)
    {
        var writer = WriterOf(services, table.Pointer);
        var plan = await writer.PlanAppendAsync(table.Pointer, cancellationToken);
        if (TailWriting.MayKeep(session, services, table, plan, request.Query.Plan))
            return await AppendFewAsync(session, services, table, plan, request, cancellationToken);
        var written = await WriteAsync(services, request, plan.Output, table, cancellationToken);
        if (written.Files.Count == 0) return new WrittenTable(0, null, written.Report);
        var update = await writer.AppendAsync(plan, written.Files, cancellationToken);
        if (written.Rows == 0)
        {
            await update.DiscardAsync(cancellationToken);
            return new WrittenTable(0, null, written.Report);
        }

        await RecordAsync(session, table, KeyedUpdate.Of(session, services, table, update, null), cancellationToken);
        return new WrittenTable(written.Rows, update, written.Report);
    }

    /// <summary>
    /// Puts the rows of a query, which has read an earlier state of the table, in the place of all rows that the table has. Files are
    /// written for them however few they are.
    /// </summary>
    public static async ValueTask ReplaceAsync(QuerySession session, SessionServices services, TableEntry table, QueryRequest request,
        CancellationToken cancellationToken)
    {
        var writer = WriterOf(services, table.Pointer);
        await RecordAsync(session, table, await writer.TruncateAsync(table.Pointer, cancellationToken), cancellationToken);
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var pointer = (await catalog.FindTableAsync(table.Schema, table.Name, cancellationToken))!.Pointer;
        var plan = await writer.PlanAppendAsync(pointer, cancellationToken);
        var output = plan.Output with
        {
            Columns = plan.Output.Columns.Select(column => column.NullError is null ? column : column with
            {
                NullError = $"column \"{column.Name}\" of relation \"{table.Name}\" contains null values",
            }).ToEquatableArray(),
        };
        var written = await services.Runner.WriteAsync(request, output, cancellationToken);
        if (written.Files.Count == 0) return;
        var update = await writer.AppendAsync(plan, written.Files, cancellationToken);
        await RecordAsync(session, table, update, cancellationToken);
    }

    /// <summary>
    /// As <see cref="AppendAsync"/>, for a query that gives few rows: the catalog keeps them unless their values are large.
    /// </summary>
    private static async ValueTask<WrittenTable> AppendFewAsync(QuerySession session, SessionServices services, TableEntry table,
        WritePlan plan, QueryRequest request, CancellationToken cancellationToken)
    {
        var run = services.Runner.Run(request);
        using var rows = new RowSpool(PreparedStatement.FieldsOf(request.Query), services.SpillDirectory);
        try
        {
            await foreach (var batch in run.ReadAsync(cancellationToken))
                using (batch)
                    rows.Append(batch, 0);
        }
        catch (SqlException error) when (ConstraintErrors.IsUnnamed(error))
        {
            throw ConstraintErrors.About(error, table);
        }

        if (rows.RowCount == 0) return new WrittenTable(0, null, run.Report);
        var update = await ChangeAsync(session, services, table, plan, rows, new RowSelection(), cancellationToken);
        await RecordAsync(session, table, KeyedUpdate.Of(session, services, table, update, null), cancellationToken);
        return new WrittenTable(rows.RowCount, update, run.Report);
    }

    /// <summary>The change that adds rows and takes rows away, in files or without.</summary>
    /// <param name="rows">New rows, of the table's columns in order; null for none.</param>
    private static async ValueTask<ITableUpdate> ChangeAsync(QuerySession session, SessionServices services, TableEntry table,
        WritePlan plan, RowSpool? rows, RowSelection removed, CancellationToken cancellationToken)
    {
        if (await TailWriting.TryKeepAsync(session, services, table, plan, rows, removed, cancellationToken) is { } kept) return kept;
        IReadOnlyList<WrittenFile> files = [];
        if (rows is not null)
        {
            await using var source = new StreamedRows(services, rows.Fields, rows.ReadAll().ToAsyncEnumerable());
            var request = QueryStatements.OwnRequest(session, services, source.Query()) with
            {
                Distribution = DistributionOptions.SingleTask,
            };
            files = (await WriteAsync(services, request, plan.Output, table, cancellationToken)).Files;
        }

        return await WriterOf(services, table.Pointer).ChangeRowsAsync(plan, files, removed, cancellationToken);
    }

    /// <summary>Takes rows away from the table of a statement and adds their successors.</summary>
    public static async ValueTask ChangeAsync(QuerySession session, SessionServices services, PreparedStatement statement,
        ChangedRows rows, CancellationToken cancellationToken)
    {
        if (rows.Count == 0) return;
        var table = statement.Target!;
        var plan = await WriterOf(services, table.Pointer).PlanAppendAsync(table.Pointer, cancellationToken);
        var added = rows.NewRows is { RowCount: > 0 } some ? some : null;
        var update = await ChangeAsync(session, services, table, plan, added, rows.Removed, cancellationToken);
        var rights = statement.Change!.Rights;
        var keyed = added is null ? update
            : KeyedUpdate.Of(session, services, table, update, rights.Inserted is null ? rights.Updated : null);
        await RecordAsync(session, table, keyed, cancellationToken);
    }

    private static async ValueTask<WrittenRows> WriteAsync(SessionServices services, QueryRequest request, TaskOutput.WriteFiles output,
        TableEntry table, CancellationToken cancellationToken)
    {
        try
        {
            return await services.Runner.WriteAsync(request, Named(output, table), cancellationToken);
        }
        catch (SqlException error) when (ConstraintErrors.IsUnnamed(error))
        {
            throw ConstraintErrors.About(error, table);
        }
    }

    /// <summary>Makes an update part of the transaction; its files are removed if that part is rolled back.</summary>
    public static async ValueTask RecordAsync(QuerySession session, TableEntry table, ITableUpdate update,
        CancellationToken cancellationToken)
    {
        session.Transaction.Stage(() => update.DiscardAsync(CancellationToken.None));
        await session.Transaction.ChangeAsync(new CatalogChange.UpdateTable(table.Key, table.Oid, update), cancellationToken);
    }

    /// <summary>Errors name the relation.</summary>
    private static TaskOutput.WriteFiles Named(TaskOutput.WriteFiles output, TableEntry table) => output with
    {
        Columns = output.Columns.Select(column => column.NullError is null
            ? column
            : column with
            {
                NullError = $"null value in column \"{column.Name}\" of relation \"{table.Name}\" violates not-null constraint",
            }).ToEquatableArray(),
    };
}
