using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Planner.Distribution;
using Federation.Session.Catalogs;
using Federation.Session.Cursors;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>INSERT. The whole of the source is written before a row of RETURNING is given.</summary>
internal static class InsertStatements
{
    public static IPortal Open(QuerySession session, SessionServices services, PreparedStatement statement,
        EquatableArray<object?> parameters) => statement.Insert!.Returning is null
        ? new CommandPortal(session, async token => $"INSERT 0 {(await RunAsync(session, services, statement, parameters, token)).Rows}")
        : new RowPortal(session, statement.Fields, token => RunReturningAsync(session, services, statement, parameters, token),
            rows => $"INSERT 0 {rows}") { RunsFirst = true };

    public static async ValueTask<WrittenTable> RunAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, EquatableArray<object?> parameters,
        CancellationToken cancellationToken)
    {
        var table = statement.Target!;
        session.Transaction.RequireWritable("INSERT");
        await TableRights.RequireInsertAsync(session, statement, cancellationToken);
        return await TableWriting.AppendAsync(session, services, table, QueryStatements.Request(session, services, statement, parameters),
            cancellationToken);
    }

    private static async IAsyncEnumerable<Batch> RunReturningAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, EquatableArray<object?> parameters,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await ReordersAsync(services, statement.Target!, cancellationToken))
        {
            await foreach (var batch in RunReturningInOrderAsync(session, services, statement, parameters, cancellationToken))
                yield return batch;
            yield break;
        }

        if ((await RunAsync(session, services, statement, parameters, cancellationToken)).Update is not { } update) yield break;
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var table = (await catalog.FindTableAsync(statement.Target!.Schema, statement.Target.Name, cancellationToken))!;
        table = table with { Pointer = table.Pointer with { Branch = statement.Target.Pointer.Branch } };
        var writer = TableWriting.WriterOf(services, table.Pointer);
        var added = TableResolver.Of(table, await writer.LoadAddedAsync(table.Pointer, update, cancellationToken), writer);
        var query = await session.Analyzer.BindReturningAsync(statement, added, parameters, cancellationToken);
        var request = QueryStatements.Request(session, services, statement, parameters) with
        {
            Query = query,
            BindWideAsync = null,
            Record = null,
        };
        await foreach (var batch in services.Runner.Run(request).ReadAsync(cancellationToken)) yield return batch;
    }

    /// <summary>An INSERT in WITH, run to its end; gives what its RETURNING gives.</summary>
    public static async IAsyncEnumerable<Batch> RunStepAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, EquatableArray<object?> parameters,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (statement.Insert!.Returning is null)
        {
            await RunAsync(session, services, statement, parameters, cancellationToken);
            yield break;
        }

        await foreach (var batch in RunReturningAsync(session, services, statement, parameters, cancellationToken)) yield return batch;
    }

    private static async ValueTask<bool> ReordersAsync(SessionServices services, TableEntry table,
        CancellationToken cancellationToken) =>
        (await TableWriting.WriterOf(services, table.Pointer).PlanAppendAsync(table.Pointer, cancellationToken))
            .Output.Reorders;

    /// <summary>
    /// The files of a partitioned or sorted table hold the rows in another order than they came, so the rows are kept until RETURNING has
    /// read them.
    /// </summary>
    private static async IAsyncEnumerable<Batch> RunReturningInOrderAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, EquatableArray<object?> parameters,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        session.Transaction.RequireWritable("INSERT");
        await TableRights.RequireInsertAsync(session, statement, cancellationToken);
        var target = statement.Insert!.Target;
        var fields = target.Columns.Zip(PreparedStatement.FieldsOf(statement.Query!), (column, field) =>
            field with { Name = column.Name }).ToEquatableArray();
        using var rows = new RowSpool(fields, services.SpillDirectory);
        await foreach (var batch in services.Runner.Run(QueryStatements.Request(session, services, statement, parameters))
            .ReadAsync(cancellationToken))
            using (batch)
                rows.Append(batch, 0);
        // The rows have gone through the views already.
        var name = statement.Insert.Views.Count == 0 ? ((InsertStatement)statement.Syntax!).Table
            : new QualifiedName([TableResolver.ManagedCatalog, statement.Target!.Schema, statement.Target.Name]);
        await StreamedRows.InsertAsync(
            session, services, statement, name, fields, null, rows.ReadAll().ToAsyncEnumerable(), cancellationToken);
        await using var added = new StreamedRows(services, fields, rows.ReadAll().ToAsyncEnumerable());
        var columns = target.Columns.Select(column => new ConnectorColumn(column.Name, column.Type)).ToEquatableArray();
        var table = TableResolver.Of(statement.Target!, new ConnectorTable(added, columns), added) with { ProviderKey = added.Key };
        var request = QueryStatements.Request(session, services, statement, parameters) with
        {
            Query = await session.Analyzer.BindReturningAsync(statement, table, parameters, cancellationToken),
            BindWideAsync = null,
            Record = null,
            Distribution = DistributionOptions.SingleTask,
        };
        await foreach (var batch in services.Runner.Run(request).ReadAsync(cancellationToken)) yield return batch;
    }

    /// <summary>The columns that the statement gives values for; none for DEFAULT VALUES.</summary>
    internal static IEnumerable<string> InsertedColumns(PreparedStatement statement)
    {
        var insert = (InsertStatement)(statement.Syntax is ExplainStatement explain ? explain.Statement : statement.Syntax!);
        return insert.Columns.Count > 0 ? insert.Columns.Select(column => column.Name) : insert.Source is null
            ? []
            : statement.Insert!.Target.Columns.Select(column => column.Name);
    }
}
