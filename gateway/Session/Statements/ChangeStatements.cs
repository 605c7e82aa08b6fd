using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Execution;
using Federation.Session.Cursors;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// UPDATE, DELETE and MERGE. The rows that change are found first, as a query; then the table gets a change that takes them away and adds
/// their successors. Everything is written before a row of RETURNING is given.
/// </summary>
internal static class ChangeStatements
{
    public static IPortal Open(QuerySession session, SessionServices services, PreparedStatement statement,
        EquatableArray<object?> parameters) => statement.Change!.ReturningCount is null
        ? new CommandPortal(session, token => RunAsync(session, services, statement, parameters, token))
        : new RowPortal(session, statement.Fields, token => RunReturningAsync(session, services, statement, parameters, token),
            rows => $"{CommandOf(statement)} {rows}") { RunsFirst = true };

    /// <summary>Finds the rows and changes the table.</summary>
    /// <param name="request">How the rows are found.</param>
    /// <returns>The rows, which the caller disposes of.</returns>
    public static async ValueTask<ChangedRows> ChangeAsync(QuerySession session, SessionServices services, PreparedStatement statement,
        QueryRequest request, CancellationToken cancellationToken)
    {
        session.Transaction.RequireWritable(CommandOf(statement));
        await TableRights.RequireChangeAsync(session, statement.Target!, statement.Change!.Rights, cancellationToken);
        var rows = new ChangedRows(statement.Change, CommandOf(statement) == "MERGE", services.SpillDirectory);
        try
        {
            await foreach (var batch in services.Runner.Run(request).ReadAsync(cancellationToken))
                using (batch)
                    rows.Add(batch);
            await TableWriting.ChangeAsync(session, services, statement, rows, cancellationToken);
            return rows;
        }
        catch
        {
            rows.Dispose();
            throw;
        }
    }

    private static async ValueTask<string> RunAsync(QuerySession session, SessionServices services, PreparedStatement statement,
        EquatableArray<object?> parameters, CancellationToken cancellationToken)
    {
        using var rows = await ChangeAsync(
            session, services, statement, QueryStatements.Request(session, services, statement, parameters), cancellationToken);
        return $"{CommandOf(statement)} {rows.Count}";
    }

    private static async IAsyncEnumerable<Batch> RunReturningAsync(QuerySession session, SessionServices services,
        PreparedStatement statement, EquatableArray<object?> parameters, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var rows = await ChangeAsync(
            session, services, statement, QueryStatements.Request(session, services, statement, parameters), cancellationToken);
        foreach (var batch in rows.Returned) yield return batch;
    }

    private static string CommandOf(PreparedStatement statement) => CommandOf(statement.Syntax!);

    private static string CommandOf(Statement statement) => statement switch
    {
        UpdateStatement => "UPDATE",
        DeleteStatement => "DELETE",
        MergeStatement => "MERGE",
        ExplainStatement explain => CommandOf(explain.Statement),
        _ => throw new System.Diagnostics.UnreachableException(statement.GetType().Name),
    };
}
