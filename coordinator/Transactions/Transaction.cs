using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Errors;

namespace Federation.Transactions;

/// <summary>
/// A read point, the uncommitted changes on top of it, and savepoints. Nobody else sees the changes before <see cref="CommitAsync"/>. Used
/// by one thread at a time.
/// </summary>
public sealed class Transaction
{
    private readonly TransactionManager _manager;
    private readonly List<CatalogChange> _changes = [];
    private readonly List<(string Name, int Changes)> _savepoints = [];

    /// <summary>What was written for the changes, by the number of changes that there were before.</summary>
    private readonly List<(int Changes, Func<ValueTask> DiscardAsync)> _staged = [];

    private TransactionReads? _reads;

    /// <summary>The committed state below the changes.</summary>
    private ICatalogSnapshot? _readPoint;

    /// <summary>The read point with the changes; null when they have to be applied first.</summary>
    private CatalogOverlay? _catalog;

    private bool _needsReadPoint = true;

    internal Transaction(TransactionManager manager) => _manager = manager;

    /// <summary>
    /// All statements read the state of the first one: REPEATABLE READ and SERIALIZABLE. Otherwise each statement reads the newest state.
    /// Set before the first read.
    /// </summary>
    public bool IsRepeatable { get; set; }

    /// <summary>
    /// What was read must still hold when changes are committed: SERIALIZABLE. The transaction is repeatable then. Set before the first
    /// read.
    /// </summary>
    public bool IsSerializable { get; set; }

    /// <summary>
    /// The version of the catalog that statements read from the next read point on; null for the newest. Nothing can be changed while it is
    /// set.
    /// </summary>
    public CatalogPoint? AsOf { get; set; }

    /// <summary>What the session has besides the catalog. Set before the first read.</summary>
    public TemporaryObjects? Temporary { get; set; }

    /// <summary>Whether a statement has read something, so that the isolation level stands.</summary>
    public bool HasRead => _readPoint is not null;

    public bool HasChanges => _changes.Count > 0;

    /// <summary>Whether the transaction has changed temporary objects.</summary>
    public bool HasTemporary => Temporary is { } objects && _changes.Exists(objects.Contains);

    /// <summary>A statement begins: it sees what others have committed until now, unless the transaction repeats its reads.</summary>
    public void BeginStatement() => _needsReadPoint |= !IsRepeatable;

    /// <summary>
    /// The catalog that the present statement sees. Raises 40001 or PostgreSQL's error for a name when somebody has committed a change that
    /// the transaction's own changes cannot follow.
    /// </summary>
    public async ValueTask<ICatalogSnapshot> GetCatalogAsync(CancellationToken cancellationToken) =>
        await GetOwnCatalogAsync(cancellationToken);

    /// <summary>
    /// Records a change, which the transaction sees from now on. An object that it creates gets its OID here. Raises the errors of
    /// <see cref="CatalogRules"/>.
    /// </summary>
    public async ValueTask ChangeAsync(CatalogChange change, CancellationToken cancellationToken)
    {
        if (AsOf is { } point)
        {
            throw new SqlException(SqlState.ReadOnlySqlTransaction, $"cannot change the catalog while {point} is read")
            {
                Hint = "RESET federation.as_of first.",
            };
        }

        var catalog = await GetOwnCatalogAsync(cancellationToken);
        change = await _manager.Catalog.WithOidAsync(change, cancellationToken);
        _catalog = (await CatalogRules.ApplyAsync(catalog, change, cancellationToken)).Named(_manager.NextState());
        _changes.Add(change);
    }

    /// <summary>
    /// Remembers a scan of a table, whose rows must be the same when the transaction's changes are committed: 40001 otherwise. A table that
    /// the transaction has made itself is nobody else's.
    /// </summary>
    /// <param name="handle">With the filters of the scan, of whatever state of the table.</param>
    public async ValueTask ReadAsync(CatalogKey key, Core.Types.Oid oid, ITableReads format, ITableHandle handle,
        CancellationToken cancellationToken)
    {
        if (_readPoint is null || await _readPoint.FindAsync(key, cancellationToken) is not TableEntry table || table.Oid != oid) return;
        (_reads ??= new TransactionReads()).Add(table, format, handle);
    }

    /// <summary>Files were written for a change that comes next: they are removed if it is rolled back.</summary>
    public void Stage(Func<ValueTask> discardAsync) => _staged.Add((_changes.Count, discardAsync));

    /// <summary>Savepoints that are set.</summary>
    public int SavepointCount => _savepoints.Count;

    public void Savepoint(string name) => _savepoints.Add((name, _changes.Count));

    /// <summary>Raises 3B001 when there is no such savepoint.</summary>
    public void Release(string name)
    {
        var index = FindSavepoint(name);
        _savepoints.RemoveRange(index, _savepoints.Count - index);
    }

    /// <summary>Forgets the changes made since a savepoint, which stays. Raises 3B001 when there is no such savepoint.</summary>
    public void RollbackTo(string name)
    {
        var index = FindSavepoint(name);
        var kept = _savepoints[index].Changes;
        if (kept < _changes.Count) _catalog = null;
        _changes.RemoveRange(kept, _changes.Count - kept);
        _savepoints.RemoveRange(index + 1, _savepoints.Count - index - 1);
        Discard(kept);
    }

    /// <summary>
    /// Makes the changes durable and visible to all, or raises the reason why none of them is. The transaction is over in both cases.
    /// </summary>
    public async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (HasChanges)
            {
                await CommitChangesAsync(cancellationToken);
                _manager.Committed?.Invoke(_changes);
            }

            _staged.Clear();
        }
        catch (SqlException error) when (error.State != SqlState.TransactionResolutionUnknown)
        {
            Discard(0);
            throw;
        }
        finally
        {
            Forget();
        }
    }

    /// <summary>Forgets all changes. The transaction is over.</summary>
    public void Rollback()
    {
        Discard(0);
        Forget();
    }

    /// <summary>Those of temporary objects are for the session, all others for the catalog.</summary>
    private async ValueTask CommitChangesAsync(CancellationToken cancellationToken)
    {
        var own = Temporary is { } objects ? _changes.Where(objects.Contains).ToArray() : [];
        if (own.Length == 0 && Temporary is null or { IsEmpty: true })
        {
            await _manager.Catalog.CommitAsync(_changes, [], null, _reads, cancellationToken);
            return;
        }

        var changed = (await GetOwnCatalogAsync(cancellationToken)).Changed;
        await CatalogDatabase.PublishAsync(own, cancellationToken);
        var shared = _changes.Where(change => !Temporary!.Contains(change)).Select(Temporary!.Permanent).ToArray();
        if (shared.Length > 0) await _manager.Catalog.CommitAsync(shared, [], null, _reads, cancellationToken);
        Temporary.Commit(changed, _manager.NextState());
    }

    private void Discard(int kept)
    {
        _manager.Discard([.. _staged.Where(item => item.Changes >= kept).Select(item => item.DiscardAsync)]);
        _staged.RemoveAll(item => item.Changes >= kept);
    }

    private void Forget()
    {
        _changes.Clear();
        _savepoints.Clear();
        _staged.Clear();
        _catalog = null;
        _readPoint = null;
        _reads = null;
        _needsReadPoint = true;
    }

    private async ValueTask<CatalogOverlay> GetOwnCatalogAsync(CancellationToken cancellationToken)
    {
        if (_catalog is not null && !_needsReadPoint) return _catalog;
        var readPoint = _needsReadPoint || _readPoint is null ? await TakeReadPointAsync(cancellationToken) : _readPoint;
        if (_catalog is null || readPoint.Id != _readPoint?.Id) _catalog = await ApplyAsync(readPoint, cancellationToken);
        _readPoint = readPoint;
        _needsReadPoint = false;
        return _catalog;
    }

    private async ValueTask<ICatalogSnapshot> TakeReadPointAsync(CancellationToken cancellationToken)
    {
        if (AsOf is { } point) return Over(await _manager.Catalog.GetSnapshotAsync(point, cancellationToken));
        var newest = await _manager.Catalog.GetSnapshotAsync(cancellationToken);
        return Over(IsSerializable ? (_reads ??= new TransactionReads()).Record(newest) : newest);

        ICatalogSnapshot Over(ICatalogSnapshot committed) => Temporary?.Over(committed) ?? committed;
    }

    private async ValueTask<CatalogOverlay> ApplyAsync(ICatalogSnapshot readPoint, CancellationToken cancellationToken)
    {
        var catalog = new CatalogOverlay(readPoint);
        foreach (var change in _changes) catalog = await CatalogRules.ApplyAsync(catalog, change, cancellationToken);
        return HasChanges ? catalog.Named(_manager.NextState()) : catalog;
    }

    private int FindSavepoint(string name)
    {
        var index = _savepoints.FindLastIndex(savepoint => savepoint.Name == name);
        return index >= 0 ? index : throw new SqlException(SqlState.SEInvalidSpecification, $"savepoint \"{name}\" does not exist");
    }
}
