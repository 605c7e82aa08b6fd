using Federation.Core.Errors;

namespace Federation.Core.Execution;

/// <summary>
/// Where statements are parsed, bound, planned and written: recursion over a user's input, long for long input. Short texts are worked on
/// by the caller, because changing the thread takes longer than planning them; long ones go to a few threads with large stacks, so that
/// neither the threads that serve sockets nor all cores are taken by planning. A stack's memory is only reserved: what is not touched costs
/// nothing, and a thread that has been idle for a while ends and gives back what it touched. Thread-safe.
/// </summary>
/// <param name="most">How many statements are worked on at a time; the others wait, and can be cancelled while they do.</param>
public sealed class PlanningThreads(int most)
{
    /// <summary>Room for some hundred thousand frames.</summary>
    public const int StackBytes = 256 << 20;

    /// <summary>
    /// The longest text that the caller works on itself. Each level of nesting takes a character at least, so such a text cannot nest
    /// deeper than an ordinary stack holds.
    /// </summary>
    public const int LongestShort = 512;

    private static readonly TimeSpan s_idleTime = TimeSpan.FromSeconds(10);

    /// <summary>How long cancelled work may take to notice.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(500);

    private readonly object _gate = new();
    private readonly Queue<Job> _waiting = new();
    private int _threads;
    private int _idle;

    /// <summary>Threads that work or wait for work.</summary>
    public int ThreadCount
    {
        get
        {
            lock (_gate) return _threads;
        }
    }

    /// <param name="length">Characters of the text, or as much as the work grows with.</param>
    /// <param name="work">May run twice: once here, and once more where the stack is larger.</param>
    public ValueTask<T> RunAsync<T>(int length, Func<T> work, CancellationToken cancellationToken)
    {
        if (length > LongestShort) return RunApartAsync(work, cancellationToken);
        try
        {
            using var scope = StatementGuard.Enter(cancellationToken);
            return ValueTask.FromResult(work());
        }
        catch (SqlException error) when (error.State == SqlState.StatementTooComplex)
        {
            return RunApartAsync(work, cancellationToken);
        }
    }

    private async ValueTask<T> RunApartAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var job = new Job<T>(work, cancellationToken);
        lock (_gate)
        {
            _waiting.Enqueue(job);
            if (_idle > 0) Monitor.Pulse(_gate);
            else if (_threads < most) StartThread();
        }

        await using var registration = cancellationToken.UnsafeRegister(state => _ = GiveUpAsync((Job)state!), job);
        return await job.Result;
    }

    /// <summary>
    /// Work that has not begun ends at once; work that does not notice is left to itself, and another thread takes its place.
    /// </summary>
    private async Task GiveUpAsync(Job job)
    {
        lock (_gate)
        {
            if (!job.HasBegun) job.Cancel();
        }

        await Task.Delay(s_patience);
        lock (_gate)
        {
            if (job.HasEnded || !job.HasBegun) return;
            job.IsGivenUp = true;
            _threads--;
            if (_waiting.Count > 0 && _idle == 0) StartThread();
        }

        job.Cancel();
    }

    private void StartThread()
    {
        _threads++;
        new Thread(Loop, StackBytes) { IsBackground = true, Name = "planning" }.Start();
    }

    private void Loop()
    {
        while (true)
        {
            Job? job;
            lock (_gate)
            {
                while (!_waiting.TryDequeue(out job))
                {
                    _idle++;
                    var isCalled = Monitor.Wait(_gate, s_idleTime);
                    _idle--;
                    if (isCalled || _waiting.Count > 0) continue;
                    _threads--;
                    return;
                }

                job.HasBegun = true;
            }

            job.Run();
            lock (_gate)
            {
                job.HasEnded = true;
                if (job.IsGivenUp) return;
            }
        }
    }

    private abstract class Job
    {
        public bool HasBegun { get; set; }

        public bool HasEnded { get; set; }

        public bool IsGivenUp { get; set; }

        /// <summary>Never throws.</summary>
        public abstract void Run();

        public abstract void Cancel();
    }

    private sealed class Job<T>(Func<T> work, CancellationToken cancellationToken) : Job
    {
        private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Result => _result.Task;

        public override void Run()
        {
            if (_result.Task.IsCompleted) return;
            using var scope = StatementGuard.Enter(cancellationToken);
            try
            {
                _result.TrySetResult(work());
            }
            catch (OperationCanceledException)
            {
                _result.TrySetCanceled(cancellationToken);
            }
            catch (Exception error)
            {
                _result.TrySetException(error);
            }
        }

        public override void Cancel() => _result.TrySetCanceled(cancellationToken);
    }
}
