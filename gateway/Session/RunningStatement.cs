namespace Federation.Session;

/// <summary>One step of a statement, during which the session can be cancelled and its timeout runs.</summary>
internal sealed class RunningStatement : IDisposable
{
    private readonly QuerySession _session;
    private readonly CancellationTokenSource _cancellation;
    private readonly ITimer? _timer;
    private int _timedOut;

    public RunningStatement(QuerySession session, CancellationTokenSource cancellation, TimeSpan timeout, TimeProvider clock)
    {
        _session = session;
        _cancellation = cancellation;
        if (timeout > TimeSpan.Zero) _timer = clock.CreateTimer(static state => ((RunningStatement)state!).TimeOut(), this, timeout, Timeout.InfiniteTimeSpan);
    }

    public bool TimedOut => Volatile.Read(ref _timedOut) != 0;

    public void Cancel() => _cancellation.Cancel();

    public SqlException Cancelled() => new(
        SqlState.QueryCanceled, TimedOut ? "canceling statement due to statement timeout" : "canceling statement due to user request");

    public void Dispose()
    {
        _timer?.Dispose();
        _session.Stopped(this);
    }

    private void TimeOut()
    {
        Volatile.Write(ref _timedOut, 1);
        _cancellation.Cancel();
    }
}
