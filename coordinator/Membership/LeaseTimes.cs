namespace Federation.Membership;

/// <summary>How long a silence means death. A worker that pauses for longer than a lease loses its tasks, never the answer.</summary>
public static class LeaseTimes
{
    /// <summary>A lease is good for this long after each renewal.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(4);

    /// <summary>Between renewals; several may fail before the lease runs out.</summary>
    public static readonly TimeSpan Renewal = TimeSpan.FromSeconds(1);

    /// <summary>Between looks at what will be there soon.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
}
