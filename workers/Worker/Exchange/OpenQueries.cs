namespace Federation.Worker.Exchange;

/// <summary>
/// The queries that coordinators hold open on this worker. When one is closed, its running tasks are cancelled and, once they have ended,
/// what it spooled is freed. Thread-safe.
/// </summary>
internal sealed class OpenQueries(Spool spool)
{
    private readonly Dictionary<Guid, Entry> _open = [];

    private sealed class Entry
    {
        public CancellationTokenSource Closed { get; } = new();

        /// <summary>Running tasks, plus one for each holder.</summary>
        public int Users { get; set; }

        public int Holders { get; set; }
    }

    public int Count
    {
        get
        {
            lock (_open) return _open.Count;
        }
    }

    public IAsyncDisposable Open(Guid query)
    {
        lock (_open)
        {
            if (!_open.TryGetValue(query, out var entry)) _open.Add(query, entry = new Entry());
            entry.Users++;
            entry.Holders++;
            return new Hold(this, query, entry);
        }
    }

    /// <summary>Counts a task in. The token is cancelled when the query is closed; a query that nobody holds is closed already.</summary>
    public IDisposable Enter(Guid query, out CancellationToken closed)
    {
        lock (_open)
        {
            if (!_open.TryGetValue(query, out var entry) || entry.Holders == 0)
            {
                closed = new CancellationToken(canceled: true);
                return new Task(null, query, null);
            }

            entry.Users++;
            closed = entry.Closed.Token;
            return new Task(this, query, entry);
        }
    }

    private void Leave(Guid query, Entry entry)
    {
        lock (_open)
        {
            if (--entry.Users > 0) return;
            _open.Remove(query);
        }

        spool.Release(query);
        entry.Closed.Dispose();
    }

    private sealed class Hold(OpenQueries queries, Guid query, Entry entry) : IAsyncDisposable
    {
        private int _isDisposed;

        public async ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
            bool isLast;
            lock (queries._open) isLast = --entry.Holders == 0;
            if (isLast) await entry.Closed.CancelAsync();
            queries.Leave(query, entry);
        }
    }

    private sealed class Task(OpenQueries? queries, Guid query, Entry? entry) : IDisposable
    {
        public void Dispose() => queries?.Leave(query, entry!);
    }
}
