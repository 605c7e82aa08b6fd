using Federation.Catalog;
using Federation.Core.Errors;

namespace Federation.Membership;

/// <summary>Work that one process of a cluster does again and again.</summary>
/// <param name="Name">Unique in the cluster.</param>
/// <param name="Pause">Between the end of a run and the next one, wherever that is.</param>
/// <param name="RunAsync">Does the work. It stops when its token is cancelled, and gives its lease to every commit.</param>
public sealed record ClusterJob(string Name, TimeSpan Pause, Func<JobLease, CancellationToken, Task> RunAsync);

/// <summary>
/// Runs the jobs that this process gets hold of. A run is given up when its lease has not been renewed for three quarters of its time by the monotonic clock, well before another
/// process may take the job; a process that was stopped and goes on is refused at its next commit.
/// </summary>
public sealed class JobRunner : IAsyncDisposable
{
    private readonly IJobStore _store;
    private readonly string _holder;
    private readonly TimeProvider _clock;
    private readonly Action<string, Exception> _onFailure;
    private readonly CancellationTokenSource _stopped = new();
    private readonly Task _running;

    /// <param name="holder">Names this process.</param>
    /// <param name="onFailure">Told the job's name and why a run failed or the store could not be asked. The job is tried again.</param>
    public JobRunner(IJobStore store, string holder, IEnumerable<ClusterJob> jobs, TimeProvider clock, Action<string, Exception> onFailure)
    {
        _store = store;
        _holder = holder;
        _clock = clock;
        _onFailure = onFailure;
        _running = Task.WhenAll(jobs.Select(job => Task.Run(() => KeepRunningAsync(job))));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        await _running;
        _stopped.Dispose();
    }

    private async Task KeepRunningAsync(ClusterJob job)
    {
        using var timer = new PeriodicTimer(LeaseTimes.Renewal, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopped.Token))
            {
                try
                {
                    if (await _store.TryTakeAsync(job.Name, _holder, LeaseTimes.Duration, _stopped.Token) is { } lease) await RunAsync(job, lease);
                }
                catch (SqlException error)
                {
                    _onFailure(job.Name, error);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private async Task RunAsync(ClusterJob job, JobLease lease)
    {
        using var run = CancellationTokenSource.CreateLinkedTokenSource(_stopped.Token);
        using var done = new CancellationTokenSource();
        var renewing = RenewAsync(lease, run, done.Token);
        try
        {
            await job.RunAsync(lease, run.Token);
        }
        catch (OperationCanceledException) when (run.IsCancellationRequested)
        {
            // Given up, or the process ends.
        }
        catch (SqlException error)
        {
            _onFailure(job.Name, error);
        }

        await done.CancelAsync();
        await renewing;
        await _store.ReleaseAsync(lease, job.Pause, CancellationToken.None);
    }

    /// <summary>Renews the lease until the run is done, and cancels the run when the lease is lost or too old.</summary>
    private async Task RenewAsync(JobLease lease, CancellationTokenSource run, CancellationToken done)
    {
        var renewed = _clock.GetTimestamp();
        using var timer = new PeriodicTimer(LeaseTimes.Renewal / 2, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(done))
            {
                try
                {
                    var asked = _clock.GetTimestamp();
                    using var limit = CancellationTokenSource.CreateLinkedTokenSource(done);
                    limit.CancelAfter(LeaseTimes.Renewal);
                    if (await _store.RenewAsync(lease, LeaseTimes.Duration, limit.Token)) renewed = asked;
                    else await run.CancelAsync();
                }
                catch (Exception error) when (error is SqlException || (error is OperationCanceledException && !done.IsCancellationRequested))
                {
                    _onFailure(lease.Name, error);
                }

                if (_clock.GetElapsedTime(renewed) > LeaseTimes.Duration * 0.75) await run.CancelAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The run is done.
        }
    }
}
