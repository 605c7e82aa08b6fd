using Federation.Core.Errors;

namespace Federation.Membership;

/// <summary>
/// Asks workers over Flight whether they are there, each once a second. A lease tells that a worker reaches the catalog, an answer that it
/// is reached from here. Two questions in a row without an answer make a worker suspect; one alone may be a pause of this process.
/// Thread-safe.
/// </summary>
/// <param name="ask">Asks the worker at an address; ends when it has answered.</param>
internal sealed class WorkerPings(Func<string, CancellationToken, Task> ask, TimeProvider clock)
{
    private const int MostFailures = 2;

    /// <summary>Two of them are still less than a lease.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(1.5);

    /// <summary>Asks until cancelled, or until the worker is suspect: then it calls back and ends.</summary>
    public async Task WatchAsync(string address, Action onSilence, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LeaseTimes.Renewal, clock);
        try
        {
            for (var failures = 0; failures < MostFailures;)
            {
                await timer.WaitForNextTickAsync(cancellationToken);
                failures = await AnswersAsync(address, cancellationToken) ? 0 : failures + 1;
            }

            onSilence();
        }
        catch (OperationCanceledException)
        {
            // The worker has left, or is lost.
        }
    }

    public async Task<bool> AnswersAsync(string address, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await ask(address, either.Token);
            return true;
        }
        catch (Exception error) when (error is SqlException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }
}
