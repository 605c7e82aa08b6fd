using System.Diagnostics;
using System.Reflection;
using Federation.Catalog;

namespace Federation.CompatTests.ClusterNode;

/// <summary>
/// A place in a commit at which the process kills itself with SIGKILL: right before or after a call of one of its stores that has this
/// name, at the so many-th time.
/// </summary>
internal sealed class StepKill(string method, bool isAfter, int count)
{
    private int _calls;

    /// <summary>Puts the step in front of a store.</summary>
    public T Around<T>(T store)
        where T : class
    {
        var proxy = DispatchProxy.Create<T, SteppedStore>();
        ((SteppedStore)(object)proxy).Use(store, this);
        return proxy;
    }

    private void Pass(string called, bool after)
    {
        if (called != method || after != isAfter || Interlocked.Increment(ref _calls) != count) return;
        Process.GetCurrentProcess().Kill();
        // The signal may take a moment, and nothing may happen in it.
        Thread.Sleep(Timeout.Infinite);
    }

    /// <summary>Passes calls on.</summary>
    public class SteppedStore : DispatchProxy
    {
        private object _store = null!;
        private StepKill _step = null!;

        internal void Use(object store, StepKill step) => (_store, _step) = (store, step);

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            _step.Pass(targetMethod!.Name, after: false);
            object? result;
            try
            {
                result = targetMethod.Invoke(_store, args);
            }
            catch (TargetInvocationException error)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error.InnerException!);
                throw;
            }

            return result switch
            {
                ValueTask task => AfterAsync(task, targetMethod.Name),
                ValueTask<bool> task => AfterAsync(task, targetMethod.Name),
                ValueTask<CommitResult> task => AfterAsync(task, targetMethod.Name),
                _ => result,
            };
        }

        private async ValueTask AfterAsync(ValueTask task, string name)
        {
            await task;
            _step.Pass(name, after: true);
        }

        private async ValueTask<TResult> AfterAsync<TResult>(ValueTask<TResult> task, string name)
        {
            var result = await task;
            _step.Pass(name, after: true);
            return result;
        }
    }
}
