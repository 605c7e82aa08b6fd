using System.Collections.Concurrent;
using Federation.Catalog;
using Federation.Core.Errors;

namespace Federation.Membership;

/// <summary>Work that one process of a cluster does again and again.</summary>
/// <param name="Name">Unique in the cluster.</param>
/// <param name="Pause">Between the end of a run and the next one, wherever that is.</param>
/// <param name="RunAsync">Does the work. It stops when its token is cancelled, and gives its lease to every commit.</param>
public sealed record ClusterJob(string Name, TimeSpan Pause, Func<JobLease, CancellationToken, Task> RunAsync);

/// <summary>
/// Runs the jobs that this process gets hold of. A run is given up when its lease has not been renewed for three quarters of its time by
/// the monotonic clock, well before another process may take the job; a process that was stopped and goes on is refused at its next commit.
/// </summary>
public sealed class JobRunner : IHeartbeatListener, IAsyncDisposable
{
    private readonly IJobStore _store;
    private readonly string _holder;
    private readonly Dictionary<string, ClusterJob> _jobs;
    private readonly TimeProvider _clock;
    private readonly Action<string, Exception> _onFailure;
    private readonly ConcurrentDictionary<string, Run> _runs = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopped = new();

    /// <param name="holder">Names this process; unique for each start.</param>
    /// <param name="onFailure">Told the job's name and why a run failed or the store could not be asked. The job is tried again.</param>
    public JobRunner(IJobStore store, string holder, IEnumerable<ClusterJob> jobs, TimeProvider clock, Action<string, Exception> onFailure)
    {
        _store = store;
        _holder = holder;
        _jobs = jobs.ToDictionary(job => job.Name, StringComparer.Ordinal);
        _clock = clock;
        _onFailure = onFailure;
        Jobs = [.. _jobs.Keys];
    }

    public IReadOnlyList<JobLease> Held => [.. _runs.Values.Select(run => run.Lease).OfType<JobLease>()];

    public IReadOnlyList<string> Jobs { get; }

    public void OnAnswer(HeartbeatAnswer answer, long askedAt)
    {
        foreach (var lease in answer.Renewed)
            if (_runs.TryGetValue(lease.Name, out var run))
                run.RenewedAt = askedAt;
        foreach (var lease in answer.Lost)
            if (_runs.TryGetValue(lease.Name, out var run) && run.Lease == lease)
                run.GiveUp();
        foreach (var name in answer.Due)
        {
            if (_stopped.IsCancellationRequested || _runs.ContainsKey(name)) continue;
            var run = new Run(_stopped.Token);
            _runs[name] = run;
            run.Task = Task.Run(() => TakeAsync(_jobs[name], run));
        }
    }

    /// <summary>Ends the runs. No answer may come any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        await Task.WhenAll(_runs.Values.Select(run => run.Task));
        _stopped.Dispose();
    }

    private async Task TakeAsync(ClusterJob job, Run run)
    {
        try
        {
            var askedAt = _clock.GetTimestamp();
            if (await _store.TryTakeAsync(job.Name, _holder, LeaseTimes.Duration, _stopped.Token) is not { } lease) return;
            run.RenewedAt = askedAt;
            run.Lease = lease;
            await RunAsync(job, lease, run);
            run.Lease = null;
            await _store.ReleaseAsync(lease, job.Pause, CancellationToken.None);
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
        catch (SqlException error)
        {
            _onFailure(job.Name, error);
        }
        finally
        {
            _runs.TryRemove(job.Name, out _);
            run.Dispose();
        }
    }

    private async Task RunAsync(ClusterJob job, JobLease lease, Run run)
    {
        using var done = new CancellationTokenSource();
        var watching = WatchAsync(run, done.Token);
        try
        {
            await job.RunAsync(lease, run.Token);
        }
        catch (OperationCanceledException) when (run.Token.IsCancellationRequested)
        {
            // Given up, or the process ends.
        }
        catch (SqlException error)
        {
            _onFailure(job.Name, error);
        }

        await done.CancelAsync();
        await watching;
    }

    /// <summary>Gives the run up when its lease is too old; by the monotonic clock, whatever heartbeats do.</summary>
    private async Task WatchAsync(Run run, CancellationToken done)
    {
        using var timer = new PeriodicTimer(LeaseTimes.Poll, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(done))
                if (_clock.GetElapsedTime(run.RenewedAt) > LeaseTimes.Duration * 0.75)
                    run.GiveUp();
        }
        catch (OperationCanceledException)
        {
            // The run is done.
        }
    }

    /// <summary>A job that is being taken, or runs.</summary>
    private sealed class Run(CancellationToken stopped) : IDisposable
    {
        private readonly CancellationTokenSource _givenUp = CancellationTokenSource.CreateLinkedTokenSource(stopped);
        private readonly Lock _lock = new();
        private bool _isDisposed;
        private long _renewedAt;
        private volatile JobLease? _lease;

        /// <summary>Null while the job is being taken and when it is given back.</summary>
        public JobLease? Lease
        {
            get => _lease;
            set => _lease = value;
        }

        /// <summary>When a renewal that succeeded was asked for, by the monotonic clock.</summary>
        public long RenewedAt
        {
            get => Volatile.Read(ref _renewedAt);
            set => Volatile.Write(ref _renewedAt, value);
        }

        public Task Task { get; set; } = Task.CompletedTask;

        public CancellationToken Token => _givenUp.Token;

        public void GiveUp()
        {
            lock (_lock)
                if (!_isDisposed)
                    _givenUp.Cancel();
        }

        public void Dispose()
        {
            lock (_lock)
            {
                _isDisposed = true;
                _givenUp.Dispose();
            }
        }
    }
}
