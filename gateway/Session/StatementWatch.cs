namespace Federation.Session;

/// <summary>
/// What can end the statement in progress: a cancel request or its timeout. A statement is in progress from the first message of it (Parse,
/// or the simple query) until its last row is sent, also while a message that continues it is awaited; one timer holds for all of that, as
/// in PostgreSQL. Cancelling when nothing is in progress does nothing. Thread-safe.
/// </summary>
internal sealed class StatementWatch(TimeProvider clock) : IDisposable
{
    private readonly Lock _gate = new();
    private CancellationTokenSource _source = new();
    private ITimer? _timer;
    private long _startedAt;
    private TimeSpan _limit;
    private bool _isActive;
    private bool _isCancelled;
    private bool _timedOut;

    /// <summary>Whether a statement runs now; any thread may ask.</summary>
    public bool IsRunning => Volatile.Read(ref _isActive);

    /// <summary>
    /// Of the statement in progress. A source serves many statements, until one is cancelled: nothing may hold its token longer than a step
    /// lasts.
    /// </summary>
    public CancellationToken Token => _source.Token;

    /// <summary>The statement begins, unless it is in progress already.</summary>
    public void Begin(TimeSpan limit)
    {
        lock (_gate)
        {
            if (_isActive) return;
            _isActive = true;
            if (_isCancelled) _source = new CancellationTokenSource();
            _isCancelled = _timedOut = false;
            _limit = limit;
            if (limit <= TimeSpan.Zero) return;
            _startedAt = clock.GetTimestamp();
            _timer ??= clock.CreateTimer(static state => ((StatementWatch)state!).TimeOut(), this, Timeout.InfiniteTimeSpan,
                Timeout.InfiniteTimeSpan);
            _timer.Change(limit, Timeout.InfiniteTimeSpan);
        }
    }

    public void End()
    {
        lock (_gate)
        {
            if (!_isActive) return;
            _isActive = false;
            if (_limit > TimeSpan.Zero) _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>False when nothing is in progress.</summary>
    public bool Cancel() => Cancel(isTimeout: false);

    public SqlException Cancelled()
    {
        lock (_gate)
            return new SqlException(SqlState.QueryCanceled,
                _timedOut ? "canceling statement due to statement timeout" : "canceling statement due to user request");
    }

    public void Dispose() => _timer?.Dispose();

    private void TimeOut()
    {
        lock (_gate)
        {
            // A timer that was stopped may still fire, into the next statement.
            if (!_isActive || _limit <= TimeSpan.Zero) return;
            var left = _limit - clock.GetElapsedTime(_startedAt);
            if (left > TimeSpan.FromMilliseconds(1))
            {
                _timer!.Change(left, Timeout.InfiniteTimeSpan);
                return;
            }
        }

        Cancel(isTimeout: true);
    }

    private bool Cancel(bool isTimeout)
    {
        CancellationTokenSource source;
        lock (_gate)
        {
            if (!_isActive) return false;
            if (_isCancelled) return true;
            _isCancelled = true;
            _timedOut = isTimeout;
            source = _source;
        }

        // Outside of the lock: what waits for the token may go on right here.
        source.Cancel();
        return true;
    }
}
