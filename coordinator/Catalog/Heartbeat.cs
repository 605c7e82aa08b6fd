namespace Federation.Catalog;

/// <summary>What a gateway tells the store each second, and what it asks: all in one round trip and one transaction.</summary>
/// <param name="Own">Its lease, renewed.</param>
/// <param name="Duration">How long its lease and its jobs are good from now on.</param>
/// <param name="Held">The jobs that it runs, renewed if it still holds them.</param>
/// <param name="Jobs">The names of all jobs that it may run.</param>
public sealed record Heartbeat(Lease Own, TimeSpan Duration, IReadOnlyList<JobLease> Held, IReadOnlyList<string> Jobs);

/// <param name="Leases">As <see cref="ILeaseStore.ListAsync"/> gives them.</param>
/// <param name="Renewed">The jobs of <see cref="Heartbeat.Held"/> that are good for their time again. One whose commit is under way is
/// neither here nor lost.</param>
/// <param name="Lost">Those that another process has taken.</param>
/// <param name="Due">The names of jobs that could be taken a moment ago.</param>
/// <param name="Version">The newest version of the catalog.</param>
public sealed record HeartbeatAnswer(
    IReadOnlyList<LeaseState> Leases, IReadOnlyList<JobLease> Renewed, IReadOnlyList<JobLease> Lost, IReadOnlyList<string> Due,
    long Version);

/// <summary>A job as the store has it.</summary>
internal sealed record JobState(string Name, long Epoch, bool IsDue)
{
    /// <summary>The answer for jobs, from their states.</summary>
    /// <param name="renewed">The names of those that were renewed.</param>
    public static HeartbeatAnswer Answer(
        Heartbeat beat, IReadOnlyList<LeaseState> leases, IReadOnlyList<JobState> jobs, IReadOnlySet<string> renewed, long version)
    {
        var states = jobs.ToDictionary(job => job.Name, StringComparer.Ordinal);
        return new HeartbeatAnswer(
            leases,
            [.. beat.Held.Where(held => renewed.Contains(held.Name))],
            [.. beat.Held.Where(held => !states.TryGetValue(held.Name, out var state) || state.Epoch != held.Epoch)],
            [.. beat.Jobs.Where(name => !states.TryGetValue(name, out var state) || state.IsDue)],
            version);
    }
}
