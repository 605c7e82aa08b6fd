using Federation.Catalog;
using Federation.Session.Catalogs;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session;

/// <summary>
/// The transaction of a session: its block, its read point, its uncommitted catalog changes and its savepoints. Outside a block each statement, or each simple query string, is a
/// transaction of its own. READ COMMITTED takes a new read point per statement, the higher levels one per transaction.
/// </summary>
internal sealed class TransactionState(QuerySession session, SessionServices services)
{
    private static readonly string[] s_characteristics = ["transaction_isolation", "transaction_read_only", "transaction_deferrable"];

    // The first number that PostgreSQL gives to a transaction of a user is about this.
    private static long s_lastId = 730;

    private readonly List<(string Name, int Changes)> _savepoints = [];
    private TransactionCatalog? _catalog;
    private bool _inImplicitBlock;

    public TransactionStatus Status { get; private set; }

    public PgTimestamp? StartedAt { get; private set; }

    /// <summary>The transaction's number, once somebody has asked for one.</summary>
    public long? Id { get; private set; }

    public long GetId() => Id ??= Interlocked.Increment(ref s_lastId);

    /// <summary>The catalog that the present statement reads.</summary>
    public async ValueTask<ICatalogSnapshot> GetCatalogAsync(CancellationToken cancellationToken) => await GetOwnCatalogAsync(cancellationToken);

    /// <summary>Whether other processes see the servers that this transaction sees: it has changed none, and does not read an older version.</summary>
    public bool ReadsNewestCatalog => _catalog is not { Changes.Count: > 0 } && session.Settings.Get("federation.as_of").Length == 0;

    /// <summary>Takes a new read point where the isolation level asks for one; called once per statement.</summary>
    public void BeginStatement()
    {
        if (_catalog is { Changes.Count: 0 } && !IsRepeatable) _catalog = null;
        if (Status == TransactionStatus.Idle && !_inImplicitBlock) Id = null;
    }

    public void BeginImplicitBlock()
    {
        _inImplicitBlock = true;
        session.Settings.Begin();
    }

    /// <summary>Records a catalog change; it is committed with the transaction.</summary>
    public async ValueTask ChangeAsync(CatalogChange change, CancellationToken cancellationToken)
    {
        if (session.Settings.GetBool("transaction_read_only"))
            throw new SqlException(SqlState.ReadOnlySqlTransaction, "cannot change the catalog in a read-only transaction");
        var catalog = await GetOwnCatalogAsync(cancellationToken);
        catalog.Add(change);
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
            if (_catalog is not null && Status == TransactionStatus.InTransaction)
                throw new SqlException(SqlState.ActiveSqlTransaction, "SET TRANSACTION ISOLATION LEVEL must be called before any query");
            session.Settings.Set("transaction_isolation", NameOf(level), isLocal: true);
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
            await session.HoldCursorsAsync(cancellationToken);
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
            if (isChain) throw new SqlException(SqlState.NoActiveSqlTransaction, "ROLLBACK AND CHAIN can only be used in transaction blocks");
            session.Notify(NoticeSeverity.Warning, SqlState.NoActiveSqlTransaction, "there is no transaction in progress");
            _catalog = null;
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

    public void Savepoint(string name)
    {
        RequireBlock("SAVEPOINT");
        _savepoints.Add((name, _catalog?.Changes.Count ?? 0));
        session.Settings.Savepoint(name);
    }

    public void Release(string name)
    {
        RequireBlock("RELEASE SAVEPOINT");
        var index = FindSavepoint(name);
        _savepoints.RemoveRange(index, _savepoints.Count - index);
        session.Settings.Release(name);
    }

    public void RollbackTo(string name)
    {
        RequireBlock("ROLLBACK TO SAVEPOINT");
        var index = FindSavepoint(name);
        _catalog?.CutTo(_savepoints[index].Changes);
        _savepoints.RemoveRange(index + 1, _savepoints.Count - index - 1);
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
        _catalog = null;
        if (_inImplicitBlock) session.Settings.Rollback();
        _inImplicitBlock = false;
    }

    public async ValueTask EndImplicitAsync(CancellationToken cancellationToken)
    {
        var isBlock = _inImplicitBlock;
        _inImplicitBlock = false;
        if (Status != TransactionStatus.Idle) return;
        try
        {
            await session.HoldCursorsAsync(cancellationToken);
            await CommitCatalogAsync(cancellationToken);
        }
        catch (SqlException)
        {
            _catalog = null;
            session.ReleaseHeldCursors();
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

    private bool IsRepeatable => Status == TransactionStatus.InTransaction && session.Settings.Get("transaction_isolation") is "repeatable read" or "serializable";

    private async ValueTask<TransactionCatalog> GetOwnCatalogAsync(CancellationToken cancellationToken)
    {
        if (_catalog is not null) return _catalog;
        var asOf = session.Settings.Get("federation.as_of");
        var snapshot = asOf.Length == 0
            ? await services.Catalog.GetSnapshotAsync(cancellationToken)
            : await services.Catalog.GetSnapshotAsync(long.Parse(asOf, System.Globalization.CultureInfo.InvariantCulture), cancellationToken);
        return _catalog = new TransactionCatalog(snapshot);
    }

    private async ValueTask CommitCatalogAsync(CancellationToken cancellationToken)
    {
        if (_catalog is { Changes.Count: > 0 } catalog) await services.Catalog.CommitAsync(catalog.Version, catalog.Changes, cancellationToken);
        _catalog = null;
    }

    private int FindSavepoint(string name)
    {
        var index = _savepoints.FindLastIndex(savepoint => savepoint.Name == name);
        return index >= 0 ? index : throw new SqlException(SqlState.SEInvalidSpecification, $"savepoint \"{name}\" does not exist");
    }

    private void Abort()
    {
        session.ReleaseHeldCursors();
        _catalog = null;
        session.Settings.Rollback();
        End();
    }

    private void End()
    {
        _catalog = null;
        _savepoints.Clear();
        Status = TransactionStatus.Idle;
        StartedAt = null;
        Id = null;
    }
}
