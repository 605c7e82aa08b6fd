namespace Federation.Catalog;

/// <summary>A job that one process runs, as long as it renews this.</summary>
/// <param name="Name">Which job.</param>
/// <param name="Holder">The process that runs the job: unique for each start of a process.</param>
/// <param name="Epoch">How often the job has been taken. Who holds an older epoch has lost the job, whatever its clock says.</param>
public sealed record JobLease(string Name, string Holder, long Epoch);

/// <summary>
/// Jobs that run once in a cluster: maintenance, ingest, refresh. A job is a row that a process takes for a time, renews with its
/// heartbeats, and gives back with the time of the next run. Every commit of the job carries its lease (<see cref="CatalogCommit.Job"/>),
/// and is refused once somebody else has taken the job. Only the store's clock is asked. Thread-safe.
/// </summary>
public interface IJobStore
{
    /// <summary>
    /// Takes a job that is due and that nobody holds; null when there is none of that name to take now. A job that was never run is due.
    /// </summary>
    ValueTask<JobLease?> TryTakeAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Gives the job back, to be run again after a pause. Nothing happens when another process has taken it.</summary>
    ValueTask ReleaseAsync(JobLease job, TimeSpan pause, CancellationToken cancellationToken);
}
