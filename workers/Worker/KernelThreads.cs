using System.Collections.Concurrent;
using Federation.Core.Execution;

namespace Federation.Worker;

/// <summary>
/// Threads that run statements: the calling thread works inside the kernel and blocks, which threads of the pool must not do. Idle threads
/// are kept for a while, because a short statement takes less time than starting a thread. Their stacks are large: the kernel parses, binds
/// and plans a statement by recursion.
/// </summary>
internal sealed class KernelThreads
{
    private static readonly TimeSpan s_idleTime = TimeSpan.FromSeconds(10);

    private readonly ConcurrentQueue<Action> _queue = new();
    private readonly SemaphoreSlim _queued = new(0);
    private readonly Lock _lock = new();
    private int _idle;

    /// <summary>Runs <paramref name="action"/>, which must not throw, at once.</summary>
    public void Run(Action action)
    {
        lock (_lock)
        {
            if (_idle > 0)
            {
                _idle--;
                _queue.Enqueue(action);
                _queued.Release();
                return;
            }
        }

        new Thread(() => Loop(action), PlanningThreads.StackBytes) { IsBackground = true, Name = "kernel statement" }.Start();
    }

    private void Loop(Action first)
    {
        first();
        while (true)
        {
            lock (_lock) _idle++;
            if (!_queued.Wait(s_idleTime))
            {
                lock (_lock)
                {
                    // Run may have counted on this thread since; then its action is on the way.
                    if (_idle > 0)
                    {
                        _idle--;
                        return;
                    }
                }

                _queued.Wait();
            }

            if (_queue.TryDequeue(out var action)) action();
        }
    }
}
