using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Catalog;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// UPDATE, DELETE, MERGE and INSERT … ON CONFLICT. The rows that change are found first, as a query; then the table gets a change that
/// takes them away and adds their successors. Everything is written before a row of RETURNING is given.
/// </summary>
internal static class ChangeStatements
{
    public static IPortal Open(QuerySession session, SessionServices services, PreparedStatement statement,
        EquatableArray<object?> parameters) => statement.Change!.ReturningCount is null
        ? new CommandPortal(session, token => RunAsync(session, services, statement, parameters, token))
        : new RowPortal(session, statement.Fields, token => RunReturningAsync(session, services, statement, parameters, token),
            rows => TagOf(statement, rows)) { RunsFirst = true };

    /// <summary>
    /// Finds the rows and changes the table. A statement that is a transaction of its own commits here, and is run again on the newest
    /// state when another transaction has changed one of its rows meanwhile.
    /// </summary>
    /// <returns>The rows, which the caller disposes of.</returns>
    public static async ValueTask<ChangedRows> ChangeAsync(QuerySession session, SessionServices services, PreparedStatement statement,
        EquatableArray<object?> parameters, CancellationToken cancellationToken)
    {
        var transaction = session.Transaction;
        // Other parts of the statement have changed rows as well.
        if (!transaction.EndsAfterStatement || statement.Steps.Count > 0 || statement.Target is not { } table)
            return await ChangeOnceAsync(session, services, statement, parameters, cancellationToken);
        for (var clashes = 0; ; clashes++)
        {
            using var turn = clashes == 0 ? null : await services.Catalog.Attempts.TakeTurnAsync(table.Oid, clashes, cancellationToken);
            if (clashes > 0)
            {
                transaction.BeginStatement();
                statement = await session.Analyzer.RefreshAsync(statement, parameters, cancellationToken);
            }

            var rows = await ChangeOnceAsync(session, services, statement, parameters, cancellationToken);
            try
            {
                await transaction.CommitStatementAsync(cancellationToken);
                return rows;
            }
            catch (SqlException error) when (clashes < CommitAttempts.Most && (error.State == SqlState.TRSerializationFailure
                // Another transaction has inserted a key that was not there.
                || (error.State == SqlState.UniqueViolation && statement.Change!.Conflict is not null)))
            {
                rows.Dispose();
            }
            catch
            {
                rows.Dispose();
                throw;
            }
        }
    }

    private static async ValueTask<ChangedRows> ChangeOnceAsync(QuerySession session, SessionServices services,
        PreparedStatement statement, EquatableArray<object?> parameters, CancellationToken cancellationToken)
    {
        session.Transaction.RequireWritable(CommandOf(statement.Syntax!));
        await TableRights.RequireChangeAsync(session, statement.Target!, statement.Change!.Rights, cancellationToken);
        var rows = new ChangedRows(statement.Change, TwiceError(statement), services.SpillDirectory);
        try
        {
            var request = QueryStatements.Request(session, services, statement, parameters);
            var run = services.Runner.Run(request);
            await foreach (var batch in run.ReadAsync(cancellationToken))
                using (batch)
                    rows.Add(batch);
            rows.Report = run.Report;
            await TableWriting.ChangeAsync(session, services, statement, rows, cancellationToken);
            return rows;
        }
        catch (SqlException error) when (ConstraintErrors.IsUnnamed(error))
        {
            rows.Dispose();
            throw ConstraintErrors.About(error, statement.Target!);
        }
        catch
        {
            rows.Dispose();
            throw;
        }
    }

    /// <summary>A change in WITH, run to its end; gives what its RETURNING gives.</summary>
    public static async IAsyncEnumerable<Batch> RunStepAsync(QuerySession session, SessionServices services, PreparedStatement statement,
        EquatableArray<object?> parameters, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var rows = await ChangeOnceAsync(session, services, statement, parameters, cancellationToken);
        foreach (var batch in rows.Returned) yield return batch;
    }

    private static async ValueTask<string> RunAsync(QuerySession session, SessionServices services, PreparedStatement statement,
        EquatableArray<object?> parameters, CancellationToken cancellationToken)
    {
        using var rows = await ChangeAsync(session, services, statement, parameters, cancellationToken);
        return TagOf(statement, rows.Count);
    }

    private static async IAsyncEnumerable<Batch> RunReturningAsync(QuerySession session, SessionServices services,
        PreparedStatement statement, EquatableArray<object?> parameters, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var rows = await ChangeAsync(session, services, statement, parameters, cancellationToken);
        foreach (var batch in rows.Returned) yield return batch;
    }

    /// <summary>Makes the error of a statement that may not change a row twice; null for one that leaves the second change out.</summary>
    private static Func<SqlException>? TwiceError(PreparedStatement statement) => statement.Change!.Conflict switch
    {
        { Updates: true } => () =>
            new SqlException(SqlState.CardinalityViolation, "ON CONFLICT DO UPDATE command cannot affect row a second time")
                { Hint = "Ensure that no rows proposed for insertion within the same command have duplicate constrained values." },
        null when CommandOf(statement.Syntax!) == "MERGE" => () =>
            new SqlException(SqlState.CardinalityViolation, "MERGE command cannot affect row a second time")
                { Hint = "Ensure that not more than one source row matches any one target row." },
        _ => null,
    };

    /// <summary>The tag of INSERT has a place for the OID of the row, which is 0.</summary>
    private static string TagOf(PreparedStatement statement, long rows) =>
        CommandOf(statement.Syntax!) is var command && command == "INSERT" ? $"INSERT 0 {rows}" : $"{command} {rows}";

    private static string CommandOf(Statement statement) => statement switch
    {
        UpdateStatement => "UPDATE",
        DeleteStatement => "DELETE",
        MergeStatement => "MERGE",
        InsertStatement => "INSERT",
        ExplainStatement explain => CommandOf(explain.Statement),
        _ => throw new System.Diagnostics.UnreachableException(statement.GetType().Name),
    };
}
