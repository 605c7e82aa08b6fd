using Federation.Catalog;
using Federation.Membership;

namespace Federation.Host;

/// <summary>
/// Forgets states of the catalog that nobody can ask for any more. It deletes only what has ended, so a run that another process repeats
/// does no harm.
/// </summary>
internal static class HistoryJob
{
    /// <summary>How long a version can be read by <c>federation.as_of</c> after it has been replaced.</summary>
    private static readonly TimeSpan s_retention = TimeSpan.FromDays(7);

    private static readonly TimeSpan s_pause = TimeSpan.FromHours(1);

    public static ClusterJob Of(CatalogDatabase catalog, TimeProvider clock) =>
        new("catalog history", s_pause,
            async (_, cancellationToken) => await catalog.Store.ForgetAsync(clock.GetUtcNow() - s_retention, cancellationToken));
}
