using Federation.Maintenance;
using Federation.Membership;

namespace Federation.Host;

/// <summary>
/// Forgets states of the catalog that nobody can ask for any more. It deletes only what has ended, so a run that another process repeats
/// does no harm.
/// </summary>
internal static class HistoryJob
{
    private static readonly TimeSpan s_pause = TimeSpan.FromHours(1);

    public static ClusterJob Of(MaintenanceServices services) => new("catalog history", s_pause, async (_, cancellationToken) =>
        await services.Catalog.Store.ForgetAsync(await services.DueAsync(cancellationToken), cancellationToken));
}
