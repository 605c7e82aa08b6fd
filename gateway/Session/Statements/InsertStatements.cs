using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Session.Catalogs;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>INSERT. The whole of the source is written before a row of RETURNING is given.</summary>
internal static class InsertStatements
{
    public static IPortal Open(QuerySession session, SessionServices services, PreparedStatement statement, EquatableArray<object?> parameters) => statement.Insert!.Returning is null
        ? new CommandPortal(session, async token => $"INSERT 0 {(await RunAsync(session, services, statement, parameters, token)).Rows}")
        : new RowPortal(session, statement.Fields, token => RunReturningAsync(session, services, statement, parameters, token), rows => $"INSERT 0 {rows}") { RunsFirst = true };

    public static async ValueTask<WrittenTable> RunAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, EquatableArray<object?> parameters, CancellationToken cancellationToken)
    {
        var table = statement.Target!;
        session.Transaction.RequireWritable("INSERT");
        await TableRights.RequireInsertAsync(session, table, InsertedColumns(statement), cancellationToken);
        return await TableWriting.AppendAsync(session, services, table, QueryStatements.Request(session, services, statement, parameters), cancellationToken);
    }

    private static async IAsyncEnumerable<Batch> RunReturningAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, EquatableArray<object?> parameters, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if ((await RunAsync(session, services, statement, parameters, cancellationToken)).Update is not { } update) yield break;
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var table = (await catalog.FindTableAsync(statement.Target!.Schema, statement.Target.Name, cancellationToken))!;
        var writer = TableWriting.WriterOf(services, table.Pointer);
        var added = TableResolver.Of(table, await writer.LoadAddedAsync(table.Pointer, update, cancellationToken), writer);
        var query = await session.BindReturningAsync(statement, added, cancellationToken);
        var request = QueryStatements.Request(session, services, statement, parameters) with { Query = query, BindWideAsync = null, Record = null };
        await foreach (var batch in services.Runner.Run(request).ReadAsync(cancellationToken)) yield return batch;
    }

    /// <summary>The columns that the statement gives values for; none for DEFAULT VALUES.</summary>
    internal static IEnumerable<string> InsertedColumns(PreparedStatement statement)
    {
        var insert = (InsertStatement)(statement.Syntax is ExplainStatement explain ? explain.Statement : statement.Syntax!);
        return insert.Columns.Count > 0 ? insert.Columns.Select(column => column.Name) : insert.Source is null ? [] : statement.Insert!.Target.Columns.Select(column => column.Name);
    }
}
