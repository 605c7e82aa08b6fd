namespace Federation.Catalog;

/// <summary>A process that is part of the cluster as long as it renews this.</summary>
/// <param name="Id">Unique for each start of a process.</param>
/// <param name="Address"><c>host:port</c> where it takes tasks.</param>
public sealed record Lease(string Id, string Address, int ProcessId, DateTimeOffset StartedAt, DateTimeOffset ExpiresAt)
{
    /// <summary>Finishes what it has begun and takes nothing new.</summary>
    public bool IsDraining { get; init; }
}

/// <summary>
/// The leases of worker processes: the only way in which coordinators and workers find each other. Not versioned: a lease is true now or not at all. Thread-safe; shared by
/// all processes on the store.
/// </summary>
public interface ILeaseStore
{
    /// <summary>Puts or renews a lease.</summary>
    ValueTask PutAsync(Lease lease, CancellationToken cancellationToken);

    /// <summary>All leases, also those that have run out within the last minutes; older ones are forgotten.</summary>
    ValueTask<IReadOnlyList<Lease>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Ends a lease at once; no error when there is none.</summary>
    ValueTask RemoveAsync(string id, CancellationToken cancellationToken);

    /// <summary>What processes of the cluster show each other, made when first asked for. Whoever has it may run kernel SQL on every worker.</summary>
    ValueTask<string> GetClusterSecretAsync(CancellationToken cancellationToken);
}
