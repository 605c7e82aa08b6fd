using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>Transactions, savepoints and two-phase commit.</summary>
internal sealed partial class Parser
{
    private TransactionStatement Transaction()
    {
        var word = Advance().Keyword;
        switch (word)
        {
            case Keyword.Begin:
                TransactionWord();
                return new TransactionStatement(TransactionCommand.Begin, TransactionModes(isRequired: false), null, false);
            case Keyword.Start:
                Expect(Keyword.Transaction);
                return new TransactionStatement(TransactionCommand.StartTransaction, TransactionModes(isRequired: false), null, false);
            case Keyword.Savepoint:
                return new TransactionStatement(TransactionCommand.Savepoint, null, ColumnId(), false);
            case Keyword.Release:
                return new TransactionStatement(TransactionCommand.Release, null, SavepointName(), false);
            case Keyword.Prepare:
                Expect(Keyword.Transaction);
                return new TransactionStatement(TransactionCommand.PrepareTransaction, null, StringConstant(), false);
            case Keyword.Commit when Accept(Keyword.Prepared):
                return new TransactionStatement(TransactionCommand.CommitPrepared, null, StringConstant(), false);
            case Keyword.Rollback when Accept(Keyword.Prepared):
                return new TransactionStatement(TransactionCommand.RollbackPrepared, null, StringConstant(), false);
            default:
                return EndTransaction(word);
        }
    }

    private TransactionStatement EndTransaction(Keyword word)
    {
        TransactionWord();
        if (word == Keyword.Rollback && Accept(Keyword.To))
            return new TransactionStatement(TransactionCommand.RollbackTo, null, SavepointName(), false);
        var command = word is Keyword.Commit or Keyword.End ? TransactionCommand.Commit : TransactionCommand.Rollback;
        return new TransactionStatement(command, null, null, IsChain());
    }

    private void TransactionWord()
    {
        if (!Accept(Keyword.Work)) Accept(Keyword.Transaction);
    }

    private bool IsChain()
    {
        if (!Accept(Keyword.And)) return false;
        var isChain = !Accept(Keyword.No);
        Expect(Keyword.Chain);
        return isChain;
    }

    private string SavepointName()
    {
        if (Is(Keyword.Savepoint) && IsColumnId(Peek(1))) Advance();
        return ColumnId();
    }

    /// <summary>Modes with optional commas; a mode said twice takes its last value.</summary>
    private TransactionModes? TransactionModes(bool isRequired)
    {
        if (!isRequired && !StartsTransactionMode()) return null;
        var modes = new TransactionModes(null, null, null);
        do
        {
            modes = TransactionMode(modes);
            if (Accept(',') && !StartsTransactionMode()) throw SyntaxError();
        }
        while (StartsTransactionMode());

        return modes;
    }

    private bool StartsTransactionMode() => Current.Keyword is Keyword.Isolation or Keyword.Read or Keyword.Deferrable or Keyword.Not;

    private TransactionModes TransactionMode(TransactionModes modes)
    {
        if (Accept(Keyword.Isolation))
        {
            Expect(Keyword.Level);
            return modes with { Isolation = IsolationLevel() };
        }

        if (Accept(Keyword.Read))
        {
            var isReadOnly = Accept(Keyword.Only);
            if (!isReadOnly) Expect(Keyword.Write);
            return modes with { IsReadOnly = isReadOnly };
        }

        var isDeferrable = !Accept(Keyword.Not);
        Expect(Keyword.Deferrable);
        return modes with { IsDeferrable = isDeferrable };
    }

    private IsolationLevel IsolationLevel()
    {
        if (Accept(Keyword.Serializable)) return Syntax.IsolationLevel.Serializable;
        if (Accept(Keyword.Repeatable))
        {
            Expect(Keyword.Read);
            return Syntax.IsolationLevel.RepeatableRead;
        }

        Expect(Keyword.Read);
        if (Accept(Keyword.Committed)) return Syntax.IsolationLevel.ReadCommitted;
        Expect(Keyword.Uncommitted);
        return Syntax.IsolationLevel.ReadUncommitted;
    }
}
