namespace Federation.Connectors.Postgres;

/// <summary>
/// Waiting for a server that may be dead. The driver obeys a cancelled token once the server answers or its own time limits have passed,
/// which can be many seconds when the server hangs; a statement does not wait for that. What was given up goes on by itself and ends with
/// the connection.
/// </summary>
internal static class Patience
{
    /// <summary>How long a cancelled call may take to end by itself: long enough for a server that lives to keep its connection.</summary>
    private static readonly TimeSpan s_afterCancel = TimeSpan.FromMilliseconds(700);

    private static readonly TimeSpan s_disposal = TimeSpan.FromSeconds(1);

    /// <summary>The result of a call that obeys the same token sooner or later.</summary>
    /// <param name="drop">Takes a result that nobody waits for any more.</param>
    public static ValueTask<T> WaitAsync<T>(ValueTask<T> call, Action<T>? drop, CancellationToken cancellationToken) =>
        call.IsCompleted || !cancellationToken.CanBeCanceled ? call : WaitAsync(call.AsTask(), drop, cancellationToken);

    /// <summary>Waits for a disposal, but not for ever; <paramref name="pending"/> is a call that has to end before.</summary>
    public static async ValueTask DisposeAsync(IAsyncDisposable resource, Task pending)
    {
        var disposal = DisposeAfterAsync(resource, pending);
        if (!disposal.IsCompleted) await disposal.WaitAsync(s_disposal).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (disposal.IsCompleted) await disposal;
    }

    private static async ValueTask<T> WaitAsync<T>(Task<T> call, Action<T>? drop, CancellationToken cancellationToken)
    {
        try
        {
            return await call.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            if (!call.IsCompleted) await Task.WhenAny(call, Task.Delay(s_afterCancel, CancellationToken.None));
        }

        if (call.IsCompleted) return await call;
        _ = call.ContinueWith(
            ended =>
            {
                // Looking at the error is all that is done with it.
                if (ended.IsFaulted) _ = ended.Exception;
                else if (ended.IsCompletedSuccessfully) drop?.Invoke(ended.Result);
            },
            TaskScheduler.Default);
        throw new OperationCanceledException(cancellationToken);
    }

    private static async Task DisposeAfterAsync(IAsyncDisposable resource, Task pending)
    {
        await pending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await resource.DisposeAsync();
    }
}
