namespace Federation.Session.Locks;

/// <summary>
/// The advisory locks of one session. Those of the session stay until they are given back or it ends, whatever becomes of transactions;
/// those of a transaction end with it, or with the rollback to a savepoint from before. Used on the session's thread.
/// </summary>
internal sealed class SessionLocks(QuerySession session, AdvisoryLocks locks)
{
    private readonly Dictionary<(AdvisoryKey Key, bool IsShared), int> _ofSession = [];

    /// <summary>With the number of savepoints that were set.</summary>
    private readonly List<(AdvisoryKey Key, bool IsShared, int Depth)> _ofTransaction = [];

    /// <summary>Raises 55P03 after lock_timeout, and 40P01.</summary>
    /// <returns>False when it is not to wait and would have to.</returns>
    public async ValueTask<bool> TakeAsync(AdvisoryKey key, bool isShared, bool ofTransaction, bool waits,
        CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var longest = session.Settings.GetInteger("lock_timeout");
        if (waits && longest > 0) limit.CancelAfter(TimeSpan.FromMilliseconds(longest));
        try
        {
            if (!await locks.TakeAsync(session.ProcessId, key, isShared, waits, limit.Token)) return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SqlException(SqlState.LockNotAvailable, "canceling statement due to lock timeout");
        }

        if (ofTransaction) _ofTransaction.Add((key, isShared, session.Transaction.SavepointCount));
        else _ofSession[(key, isShared)] = _ofSession.GetValueOrDefault((key, isShared)) + 1;
        return true;
    }

    /// <summary>Gives back a lock of the session; false, with a warning, for one that it does not hold.</summary>
    public bool Release(AdvisoryKey key, bool isShared)
    {
        if (!_ofSession.TryGetValue((key, isShared), out var count))
        {
            session.Notify(NoticeSeverity.Warning, SqlState.Warning, $"you don't own a lock of type {AdvisoryLocks.ModeOf(isShared)}");
            return false;
        }

        if (count == 1) _ofSession.Remove((key, isShared));
        else _ofSession[(key, isShared)] = count - 1;
        locks.Release(session.ProcessId, key, isShared);
        return true;
    }

    /// <summary>Gives back all locks of the session.</summary>
    public void ReleaseAll()
    {
        foreach (var ((key, isShared), count) in _ofSession)
            for (var i = 0; i < count; i++) locks.Release(session.ProcessId, key, isShared);
        _ofSession.Clear();
    }

    public void EndTransaction() => EndSince(0);

    /// <summary>Locks that were taken when so many savepoints were set, or more, end.</summary>
    public void EndSince(int savepoints)
    {
        if (_ofTransaction.Count == 0) return;
        foreach (var (key, isShared, depth) in _ofTransaction)
            if (depth >= savepoints) locks.Release(session.ProcessId, key, isShared);
        _ofTransaction.RemoveAll(taken => taken.Depth >= savepoints);
    }

    /// <summary>A savepoint was released: its locks belong to the one around it.</summary>
    public void Keep(int savepoints)
    {
        for (var i = 0; i < _ofTransaction.Count; i++)
            _ofTransaction[i] = _ofTransaction[i] with { Depth = Math.Min(_ofTransaction[i].Depth, savepoints) };
    }
}
