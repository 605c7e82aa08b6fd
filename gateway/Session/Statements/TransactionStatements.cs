using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>BEGIN, COMMIT, ROLLBACK, savepoints.</summary>
internal static class TransactionStatements
{
    public static async ValueTask<string> RunAsync(QuerySession session, TransactionStatement statement,
        CancellationToken cancellationToken)
    {
        var transaction = session.Transaction;
        switch (statement.Command)
        {
            case TransactionCommand.Begin: return transaction.Begin(statement.Modes, "BEGIN");
            case TransactionCommand.StartTransaction: return transaction.Begin(statement.Modes, "START TRANSACTION");
            case TransactionCommand.Commit: return await transaction.CommitAsync(statement.IsChain, cancellationToken);
            case TransactionCommand.Rollback: return transaction.Rollback(statement.IsChain);
            case TransactionCommand.Savepoint:
                transaction.Savepoint(statement.Name!);
                return "SAVEPOINT";
            case TransactionCommand.Release:
                transaction.Release(statement.Name!);
                session.Portals.Keep(transaction.SavepointCount);
                session.Locks.Keep(transaction.SavepointCount);
                return "RELEASE";
            case TransactionCommand.RollbackTo:
                transaction.RollbackTo(statement.Name!);
                await session.Portals.CloseSinceAsync(transaction.SavepointCount);
                session.Locks.EndSince(transaction.SavepointCount);
                return "ROLLBACK";
            default:
                throw new SqlException(SqlState.ObjectNotInPrerequisiteState, "prepared transactions are disabled")
                {
                    Hint = "Set max_prepared_transactions to a nonzero value.",
                };
        }
    }

    public static string SetModes(QuerySession session, SetTransactionStatement statement)
    {
        if (!statement.IsSession)
        {
            if (session.TransactionStatus == SessionApi.TransactionStatus.Idle)
                session.Notify(NoticeSeverity.Warning, SqlState.NoActiveSqlTransaction,
                    "SET TRANSACTION can only be used in transaction blocks");
            else
                session.Transaction.SetModes(statement.Modes);
            return "SET";
        }

        if (statement.Modes.Isolation is { } level)
            session.SetSetting("default_transaction_isolation", TransactionState.NameOf(level), isLocal: false);
        if (statement.Modes.IsReadOnly is { } readOnly)
            session.SetSetting("default_transaction_read_only", readOnly ? "on" : "off", isLocal: false);
        if (statement.Modes.IsDeferrable is { } deferrable)
            session.SetSetting("default_transaction_deferrable", deferrable ? "on" : "off", isLocal: false);
        return "SET";
    }
}
