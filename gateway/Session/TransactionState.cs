using System.Globalization;
using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Scheduling;
using Federation.SessionApi;
using Federation.Sql.Syntax;
using Federation.Transactions;

namespace Federation.Session;

/// <summary>
/// The transaction block of a session and its settings; the transaction itself is a <see cref="Transaction"/>. Outside a block each
/// statement, or each simple query string, is a transaction of its own.
/// </summary>
internal sealed class TransactionState(QuerySession session, SessionServices services)
{
    private static readonly string[] s_characteristics = ["transaction_isolation", "transaction_read_only", "transaction_deferrable"];

    // The first number that PostgreSQL gives to a transaction of a user is about this.
    private static long s_lastId = 730;

    private Transaction? _transaction;
    private SourceSnapshots? _sources;
    private bool _inImplicitBlock;
    private bool _hasBegunStatement;
    private bool _endsAfterStatement;

    public TransactionStatus Status { get; private set; }

    public PgTimestamp? StartedAt { get; private set; }

    /// <summary>The transaction's number, once somebody has asked for one.</summary>
    public long? Id { get; private set; }

    public long GetId() => Id ??= Interlocked.Increment(ref s_lastId);

    /// <summary>The catalog that the present statement reads.</summary>
    public ValueTask<ICatalogSnapshot> GetCatalogAsync(CancellationToken cancellationToken) => Current().GetCatalogAsync(cancellationToken);

    /// <summary>
    /// Whether other processes see the servers that this transaction sees: it has changed none, and does not read an older version.
    /// </summary>
    public bool ReadsNewestCatalog => _transaction is not { HasChanges: true } && AsOf is null;

    /// <summary>The states of attached sources that the transaction reads; null when each statement reads the newest.</summary>
    public SourceSnapshots? Sources => IsRepeatable ? _sources ??= new SourceSnapshots() : null;

    /// <summary>A statement is analysed: it sees what has been committed until now, if the isolation level lets it.</summary>
    public void BeginStatement()
    {
        // Outside a block the last statement's transaction is over; a block keeps its own, with its isolation level.
        if (_transaction is { HasChanges: false } && Status == TransactionStatus.Idle) _transaction = null;
        Current().BeginStatement();
        _hasBegunStatement = true;
        if (Status == TransactionStatus.Idle && !_inImplicitBlock) Id = null;
    }

    /// <summary>
    /// A statement is run. One that was analysed just now has begun already; one prepared earlier begins here. Says whether it begins here.
    /// </summary>
    public bool BeginExecution()
    {
        var begins = !_hasBegunStatement;
        if (begins) BeginStatement();
        _hasBegunStatement = false;
        return begins;
    }

    public void BeginImplicitBlock()
    {
        _inImplicitBlock = true;
        session.Settings.Begin();
    }

    /// <summary>The statement that runs next is the only one of its transaction.</summary>
    public void EndAfterStatement() => _endsAfterStatement = Status == TransactionStatus.Idle && !_inImplicitBlock;

    /// <summary>Whether the statement that runs now is the only one of its transaction.</summary>
    public bool EndsAfterStatement => _endsAfterStatement && Status == TransactionStatus.Idle && !_inImplicitBlock;

    /// <summary>
    /// Commits what the only statement of the transaction has changed. After 40001 the statement can be run again: it begins anew.
    /// </summary>
    public async ValueTask CommitStatementAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CommitCatalogAsync(cancellationToken);
        }
        catch (SqlException)
        {
            Forget();
            BeginStatement();
            throw;
        }
    }

    /// <summary>Raises 25006 in a read-only transaction.</summary>
    public void RequireWritable(string command)
    {
        if (session.Settings.GetBool("transaction_read_only"))
            throw new SqlException(SqlState.ReadOnlySqlTransaction, $"cannot execute {command} in a read-only transaction");
    }

    /// <summary>Rows of a table were read that must be the same when the transaction commits changes.</summary>
    public ValueTask ReadAsync(CatalogKey key, Core.Types.Oid oid, ITableReads format, ITableHandle handle,
        CancellationToken cancellationToken) => Current().ReadAsync(key, oid, format, handle, cancellationToken);

    /// <summary>Files were written for the next change: they are removed if it is rolled back.</summary>
    public void Stage(Func<ValueTask> discardAsync) => Current().Stage(discardAsync);

    /// <summary>Records a catalog change; it is committed with the transaction.</summary>
    public async ValueTask ChangeAsync(CatalogChange change, CancellationToken cancellationToken)
    {
        if (session.Settings.GetBool("transaction_read_only"))
            throw new SqlException(SqlState.ReadOnlySqlTransaction, "cannot change the catalog in a read-only transaction");
        await Current().ChangeAsync(change, cancellationToken);
    }

    public string Begin(TransactionModes? modes, string tag)
    {
        if (Status == TransactionStatus.InTransaction)
        {
            session.Notify(NoticeSeverity.Warning, SqlState.ActiveSqlTransaction, "there is already a transaction in progress");
            return tag;
        }

        Status = TransactionStatus.InTransaction;
        StartedAt = session.StatementTime;
        session.Settings.Begin();
        foreach (var name in s_characteristics) session.Settings.Set(name, session.Settings.Get("default_" + name), isLocal: true);
        if (modes is not null) SetModes(modes);
        return tag;
    }

    public void SetModes(TransactionModes modes)
    {
        if (modes.Isolation is { } level)
        {
            if (_transaction is { HasRead: true } && Status == TransactionStatus.InTransaction)
                throw new SqlException(SqlState.ActiveSqlTransaction, "SET TRANSACTION ISOLATION LEVEL must be called before any query");
            if (SavepointCount > 0 && NameOf(level) != session.Settings.Get("transaction_isolation"))
                throw new SqlException(SqlState.ActiveSqlTransaction,
                    "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction");
            session.Settings.Set("transaction_isolation", NameOf(level), isLocal: true);
        }

        if (modes.IsReadOnly == false && session.Settings.GetBool("transaction_read_only"))
        {
            if (SavepointCount > 0)
                throw new SqlException(SqlState.ActiveSqlTransaction,
                    "cannot set transaction read-write mode inside a read-only transaction");
            if (_transaction is { HasRead: true })
                throw new SqlException(SqlState.ActiveSqlTransaction, "transaction read-write mode must be set before any query");
        }

        if (modes.IsReadOnly is { } readOnly) session.Settings.Set("transaction_read_only", readOnly ? "on" : "off", isLocal: true);
        if (modes.IsDeferrable is { } deferrable) session.Settings.Set("transaction_deferrable", deferrable ? "on" : "off", isLocal: true);
    }

    public static string NameOf(IsolationLevel level) => level switch
    {
        IsolationLevel.ReadUncommitted => "read uncommitted",
        IsolationLevel.ReadCommitted => "read committed",
        IsolationLevel.RepeatableRead => "repeatable read",
        _ => "serializable",
    };

    public async ValueTask<string> CommitAsync(bool isChain, CancellationToken cancellationToken)
    {
        if (Status == TransactionStatus.Idle)
        {
            if (isChain) throw new SqlException(SqlState.NoActiveSqlTransaction, "COMMIT AND CHAIN can only be used in transaction blocks");
            session.Notify(NoticeSeverity.Warning, SqlState.NoActiveSqlTransaction, "there is no transaction in progress");
            await CommitCatalogAsync(cancellationToken);
            if (_inImplicitBlock)
            {
                session.Settings.Commit();
                session.Settings.Begin();
            }

            return "COMMIT";
        }

        var characteristics = Characteristics();
        if (Status == TransactionStatus.Failed)
        {
            Abort();
            if (isChain) Chain(characteristics);
            return "ROLLBACK";
        }

        try
        {
            await session.Portals.HoldAsync(cancellationToken);
            await CommitCatalogAsync(cancellationToken);
        }
        catch (SqlException)
        {
            // A commit that fails ends the transaction.
            Abort();
            throw;
        }

        session.Settings.Commit();
        End();
        if (isChain) Chain(characteristics);
        return "COMMIT";
    }

    public string Rollback(bool isChain)
    {
        if (Status == TransactionStatus.Idle)
        {
            if (isChain)
                throw new SqlException(SqlState.NoActiveSqlTransaction, "ROLLBACK AND CHAIN can only be used in transaction blocks");
            session.Notify(NoticeSeverity.Warning, SqlState.NoActiveSqlTransaction, "there is no transaction in progress");
            Forget();
            if (_inImplicitBlock)
            {
                session.Settings.Rollback();
                session.Settings.Begin();
            }

            return "ROLLBACK";
        }

        var characteristics = Characteristics();
        Abort();
        if (isChain) Chain(characteristics);
        return "ROLLBACK";
    }

    /// <summary>Savepoints that are set in the transaction block.</summary>
    public int SavepointCount => _transaction?.SavepointCount ?? 0;

    public void Savepoint(string name)
    {
        RequireBlock("SAVEPOINT");
        Current().Savepoint(name);
        session.Settings.Savepoint(name);
    }

    public void Release(string name)
    {
        RequireBlock("RELEASE SAVEPOINT");
        Current().Release(name);
        session.Settings.Release(name);
    }

    public void RollbackTo(string name)
    {
        RequireBlock("ROLLBACK TO SAVEPOINT");
        Current().RollbackTo(name);
        session.Settings.RollbackTo(name);
        Status = TransactionStatus.InTransaction;
    }

    /// <summary>For statements whose effect no rollback could undo.</summary>
    public void RequireNoBlock(string command)
    {
        if (Status != TransactionStatus.Idle || _inImplicitBlock)
            throw new SqlException(SqlState.ActiveSqlTransaction, $"{command} cannot run inside a transaction block");
    }

    public void RequireBlock(string command)
    {
        if (Status == TransactionStatus.Idle)
            throw new SqlException(SqlState.NoActiveSqlTransaction, $"{command} can only be used in transaction blocks");
    }

    /// <summary>An error was sent: the implicit transaction is undone now, an explicit one waits for its end.</summary>
    public void Fail()
    {
        if (Status == TransactionStatus.InTransaction) Status = TransactionStatus.Failed;
        if (Status != TransactionStatus.Idle) return;
        Forget();
        if (_inImplicitBlock) session.Settings.Rollback();
        (_inImplicitBlock, _endsAfterStatement) = (false, false);
    }

    public async ValueTask EndImplicitAsync(CancellationToken cancellationToken)
    {
        var isBlock = _inImplicitBlock;
        (_inImplicitBlock, _endsAfterStatement) = (false, false);
        if (Status != TransactionStatus.Idle) return;
        try
        {
            await session.Portals.HoldAsync(cancellationToken);
            await CommitCatalogAsync(cancellationToken);
        }
        catch (SqlException)
        {
            Forget();
            session.Portals.ReleaseHeld();
            if (isBlock) session.Settings.Rollback();
            throw;
        }

        session.Settings.Commit();
    }

    private string[] Characteristics() => Array.ConvertAll(s_characteristics, name => session.Settings.Get(name));

    /// <summary>The transaction that follows AND CHAIN is as the one before was.</summary>
    private void Chain(string[] characteristics)
    {
        Begin(null, "");
        for (var i = 0; i < characteristics.Length; i++) session.Settings.Set(s_characteristics[i], characteristics[i], isLocal: true);
    }

    private string Isolation =>
        session.Settings.Get(Status == TransactionStatus.Idle ? "default_transaction_isolation" : "transaction_isolation");

    /// <summary>Several statements share a transaction, which all read the state of the first one.</summary>
    private bool IsRepeatable =>
        (Status == TransactionStatus.InTransaction || _inImplicitBlock) && Isolation is "repeatable read" or "serializable";

    /// <summary>Whether what the transaction reads must still hold when it commits changes.</summary>
    public bool IsSerializable => Isolation == "serializable";

    /// <summary>A version, or a time in the session's time zone.</summary>
    private CatalogPoint? AsOf => session.Settings.Get("federation.as_of") switch
    {
        { Length: 0 } => null,
        var text when long.TryParse(text, CultureInfo.InvariantCulture, out var version) => new CatalogPoint(version, null),
        var text => new CatalogPoint(null, DateTimeOffset.UnixEpoch.AddTicks(
            ((PgTimestamp)Core.Values.ValueText.Parse(text, SqlType.Timestamptz, session.Values)!).Microseconds
                * TimeSpan.TicksPerMicrosecond)),
    };

    /// <summary>The transaction, begun by the first statement that needs it.</summary>
    private Transaction Current()
    {
        if (_transaction is null)
        {
            _transaction = services.Transactions.Begin();
            _transaction.Temporary = session.Temporary.Objects;
        }

        var transaction = _transaction;
        transaction.AsOf = AsOf;
        if (!transaction.HasRead) (transaction.IsRepeatable, transaction.IsSerializable) = (IsRepeatable, IsSerializable);
        return transaction;
    }

    private async ValueTask CommitCatalogAsync(CancellationToken cancellationToken)
    {
        ForgetSources();
        if (_transaction is { HasChanges: true } changing && MayHaveTemporary(changing))
            await session.Temporary.EndTransactionAsync(cancellationToken);
        var transaction = _transaction;
        _transaction = null;
        try
        {
            if (transaction is not null) await transaction.CommitAsync(cancellationToken);
        }
        finally
        {
            session.Locks.EndTransaction();
        }
    }

    private static bool MayHaveTemporary(Transaction transaction) =>
        transaction.Temporary is { IsEmpty: false } || transaction.HasTemporary;

    /// <summary>Undoes what is not committed: nobody will.</summary>
    internal void Forget()
    {
        ForgetSources();
        _transaction?.Rollback();
        _transaction = null;
        session.Locks.EndTransaction();
    }

    /// <summary>Nobody waits for the sources to end what was open there.</summary>
    private void ForgetSources()
    {
        if (_sources is { } sources) _ = sources.DisposeAsync().AsTask();
        _sources = null;
    }

    private void Abort()
    {
        session.Portals.ReleaseHeld();
        Forget();
        session.Settings.Rollback();
        End();
    }

    private void End()
    {
        _transaction = null;
        Status = TransactionStatus.Idle;
        StartedAt = null;
        Id = null;
    }
}
