namespace Federation.Session.Locks;

/// <summary>
/// The advisory locks of this gateway's sessions: shared or exclusive, waited for in the order of the requests. A wait that would never end
/// raises 40P01 at once, in the session that would close the circle. Thread-safe.
/// </summary>
internal sealed class AdvisoryLocks
{
    private readonly Lock _gate = new();
    private readonly Dictionary<AdvisoryKey, Entry> _entries = [];

    /// <summary>Takes the lock for a session, which may hold it already. False when it is not to wait and would have to.</summary>
    /// <param name="session">Its process id.</param>
    public async ValueTask<bool> TakeAsync(int session, AdvisoryKey key, bool isShared, bool waits, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (_gate)
        {
            if (!_entries.TryGetValue(key, out var entry)) _entries.Add(key, entry = new Entry());
            if (entry.MayTake(session, isShared, entry.Waiters.Count))
            {
                entry.Add(session, isShared);
                return true;
            }

            if (!waits) return false;
            waiter = new Waiter(session, isShared);
            entry.Waiters.Add(waiter);
            if (Circle(session) is { } circle)
            {
                entry.Waiters.Remove(waiter);
                throw Deadlock(circle);
            }
        }

        try
        {
            await waiter.Taken.Task.WaitAsync(cancellationToken);
            return true;
        }
        catch (OperationCanceledException)
        {
            lock (_gate)
            {
                // It was given meanwhile to a session that does not want it any more.
                if (waiter.Taken.Task.IsCompletedSuccessfully) _entries[key].Remove(session, isShared);
                else _entries[key].Waiters.Remove(waiter);
                Grant(key);
            }

            throw;
        }
    }

    /// <summary>Gives back what was taken once.</summary>
    public void Release(int session, AdvisoryKey key, bool isShared)
    {
        lock (_gate)
        {
            _entries[key].Remove(session, isShared);
            Grant(key);
        }
    }

    /// <summary>What pg_locks shows: all locks that sessions hold or wait for.</summary>
    public IReadOnlyList<SystemCatalog.LockState> Describe()
    {
        lock (_gate)
        {
            return
            [
                .. _entries.SelectMany(item => item.Value.Holders.Keys.Select(held => State(item.Key, held.Session, held.IsShared, true))
                    .Concat(item.Value.Waiters.Select(waiter => State(item.Key, waiter.Session, waiter.IsShared, false)))),
            ];
        }

        static SystemCatalog.LockState State(AdvisoryKey key, int session, bool isShared, bool isGranted) =>
            new(session, key.Fields.ClassId, key.Fields.ObjectId, key.Fields.ObjectSubId, ModeOf(isShared), isGranted);
    }

    private void Grant(AdvisoryKey key)
    {
        var entry = _entries[key];
        for (var i = 0; i < entry.Waiters.Count;)
        {
            var waiter = entry.Waiters[i];
            if (!entry.MayTake(waiter.Session, waiter.IsShared, i))
            {
                i++;
                continue;
            }

            entry.Waiters.RemoveAt(i);
            entry.Add(waiter.Session, waiter.IsShared);
            waiter.Taken.SetResult();
        }

        if (entry.Holders.Count == 0 && entry.Waiters.Count == 0) _entries.Remove(key);
    }

    /// <summary>The waits that lead from a session back to itself; null for none.</summary>
    private List<(int Session, AdvisoryKey Key, bool IsShared, int BlockedBy)>? Circle(int start)
    {
        var path = new List<(int Session, AdvisoryKey Key, bool IsShared, int BlockedBy)>();
        var seen = new HashSet<int>();
        return Search(start) ? path : null;

        bool Search(int session)
        {
            if (!seen.Add(session)) return false;
            foreach (var (key, entry) in _entries)
            {
                var place = entry.Waiters.FindIndex(waiter => waiter.Session == session);
                if (place < 0) continue;
                var isShared = entry.Waiters[place].IsShared;
                foreach (var blocker in entry.Blockers(session, isShared, place))
                {
                    path.Add((session, key, isShared, blocker));
                    if (blocker == start || Search(blocker)) return true;
                    path.RemoveAt(path.Count - 1);
                }
            }

            return false;
        }
    }

    private static SqlException Deadlock(List<(int Session, AdvisoryKey Key, bool IsShared, int BlockedBy)> circle) =>
        new(SqlState.TRDeadlockDetected, "deadlock detected")
        {
            Detail = string.Join('\n', circle.Select(wait => $"Process {wait.Session} waits for {ModeOf(wait.IsShared)} on advisory lock "
                + $"{wait.Key.Describe(0)}; blocked by process {wait.BlockedBy}.")),
            Hint = "See server log for query details.",
        };

    public static string ModeOf(bool isShared) => isShared ? "ShareLock" : "ExclusiveLock";

    private sealed class Entry
    {
        /// <summary>How often each session holds the lock.</summary>
        public Dictionary<(int Session, bool IsShared), int> Holders { get; } = [];

        /// <summary>In the order of their requests.</summary>
        public List<Waiter> Waiters { get; } = [];

        /// <summary>Sessions that keep one from the lock: holders, and those who asked before, unless it holds it in this mode.</summary>
        /// <param name="place">How many waiters came before.</param>
        public IEnumerable<int> Blockers(int session, bool isShared, int place)
        {
            if (Holders.ContainsKey((session, isShared))) return [];
            var holders = Holders.Keys.Where(held => held.Session != session && !(held.IsShared && isShared))
                .Select(held => held.Session);
            // Who holds it in the other mode would wait for those who wait for it.
            return Holders.ContainsKey((session, !isShared)) ? holders
                : holders.Concat(Waiters.Take(place).Where(waiter => waiter.Session != session && !(waiter.IsShared && isShared))
                    .Select(waiter => waiter.Session));
        }

        public bool MayTake(int session, bool isShared, int place) => !Blockers(session, isShared, place).Any();

        public void Add(int session, bool isShared) =>
            Holders[(session, isShared)] = Holders.GetValueOrDefault((session, isShared)) + 1;

        public void Remove(int session, bool isShared)
        {
            if (--Holders[(session, isShared)] == 0) Holders.Remove((session, isShared));
        }
    }

    private sealed record Waiter(int Session, bool IsShared)
    {
        public TaskCompletionSource Taken { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
