using Federation.Core.Errors;

namespace Federation.Scheduling;

/// <summary>What the failures of calls to workers mean.</summary>
internal static class TaskFailures
{
    /// <summary>
    /// A call that was cut because the lease of its worker, or of one that it reads from, ran out is the loss of that worker.
    /// </summary>
    public static SqlException Explain(Exception error, IEnumerable<Worker> workers) =>
        workers.FirstOrDefault(worker => worker.Lost.IsCancellationRequested) is { } lost
            ? new SqlException(SqlState.ConnectionFailure, $"worker {lost.Address} is lost", error) { LostWorker = lost.Address }
            : Canceled(error);

    public static SqlException Canceled(Exception error) =>
        error as SqlException ?? new SqlException(SqlState.QueryCanceled, "canceling statement due to user request", error);

    /// <summary>
    /// What the query fails with: its own error rather than the cancellation of the other tasks, a loss only when nothing else is wrong.
    /// </summary>
    public static SqlException Worst(List<SqlException> failures) =>
        failures.Find(error => error.LostWorker is null && error.State != SqlState.QueryCanceled)
        ?? failures.Find(error => error.LostWorker is not null)
        ?? failures[0];
}
