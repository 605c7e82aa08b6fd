using Federation.Maintenance;
using Federation.Membership;

namespace Federation.Host;

/// <summary>Keeps tables fast and small. Each commit carries the lease of the job, so that one process at a time does it.</summary>
internal static class MaintenanceJob
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(15);

    public static ClusterJob Of(MaintenancePass pass) => new("table maintenance", s_pause, (lease, token) => pass.RunAsync(lease, token));
}
