using System.Collections.Concurrent;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>
/// Changes of a table that clash are made again from the newest state: statements, as PostgreSQL's READ COMMITTED would look at the changed
/// rows again, and steps of maintenance. Those that clashed are made one at a time within this process: each has its turn, and none wakes
/// up to find another ahead of it. One per process; thread-safe.
/// </summary>
public sealed class CommitAttempts
{
    /// <summary>A change that clashed so often gives up with 40001.</summary>
    public const int Most = 30;

    private const int LongestPauseMilliseconds = 200;

    private readonly ConcurrentDictionary<Oid, SemaphoreSlim> _turns = new();

    /// <summary>Waits for the turn of a change that has clashed; the turn ends with what it gives.</summary>
    /// <param name="table">The table.</param>
    /// <param name="clashes">How often the change has clashed: with other gateways it is a matter of luck, so it waits a little.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async ValueTask<IDisposable> TakeTurnAsync(Oid table, int clashes, CancellationToken cancellationToken)
    {
        var turn = _turns.GetOrAdd(table, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellationToken);
        try
        {
            if (clashes > 1)
                await Task.Delay(Random.Shared.Next(Math.Min(LongestPauseMilliseconds, 1 << Math.Min(clashes, 10))), cancellationToken);
            return new Turn(turn);
        }
        catch
        {
            turn.Release();
            throw;
        }
    }

    private sealed class Turn(SemaphoreSlim semaphore) : IDisposable
    {
        public void Dispose() => semaphore.Release();
    }
}
