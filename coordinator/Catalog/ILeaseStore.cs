namespace Federation.Catalog;

/// <summary>A process that is part of the cluster as long as it renews this.</summary>
/// <param name="Id">Unique for each start of a process.</param>
/// <param name="Address"><c>host:port</c> where it takes tasks.</param>
public sealed record Lease(string Id, string Address, int ProcessId)
{
    /// <summary>Finishes what it has begun and takes nothing new.</summary>
    public bool IsDraining { get; init; }

    /// <summary>Its number among the gateways, from 1 to <see cref="MostGateways"/>; 0 for a worker.</summary>
    public int Gateway { get; init; }

    /// <summary>How many gateways one catalog can have: their numbers are part of the ids of their sessions.</summary>
    public const int MostGateways = 1023;
}

/// <summary>A lease as the store sees it now. Only the store's clock is asked, so the clocks of machines may differ by any time.</summary>
/// <param name="StartedAt">When the lease was first put, by the store's clock: an order among the leases, nothing more.</param>
/// <param name="Remaining">How long the lease is good; zero or negative when it has run out.</param>
/// <param name="Renewals">How often the lease has been put.</param>
public sealed record LeaseState(Lease Lease, DateTimeOffset StartedAt, TimeSpan Remaining, long Renewals);

/// <summary>
/// The leases of gateways and workers: the only way in which they find each other. Not versioned: a lease is true now or not at all.
/// Thread-safe; shared by all processes on the store.
/// </summary>
public interface ILeaseStore
{
    /// <summary>
    /// Puts the first lease of a gateway, under a number that no other gateway has, and gives it with that. Numbers are given in turn, so
    /// that a number comes back only after more than a thousand starts. Raises 53300 when there is none left.
    /// </summary>
    ValueTask<Lease> JoinAsync(Lease gateway, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Puts or renews a lease, which is good for a time from now on.</summary>
    ValueTask PutAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>All leases, oldest first, also those that have run out within the last minutes; older ones are forgotten.</summary>
    ValueTask<IReadOnlyList<LeaseState>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Ends a lease at once; no error when there is none.</summary>
    ValueTask RemoveAsync(string id, CancellationToken cancellationToken);
}
