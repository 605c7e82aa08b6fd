using Microsoft.Data.Sqlite;

namespace Federation.Catalog;

/// <summary>Jobs in the embedded catalog's file.</summary>
public sealed class SqliteJobStore(SqliteCatalogStore store, TimeProvider clock) : IJobStore
{
    public ValueTask<JobLease?> TryTakeAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) => store.UseAsync(connection =>
    {
        var now = clock.GetUtcNow();
        SqliteCatalogStore.Run(connection, "INSERT OR IGNORE INTO jobs VALUES ($1, '', 0, 0, 0)", name);
        var epoch = SqliteCatalogStore.Scalar(
            connection,
            "UPDATE jobs SET holder = $2, epoch = epoch + 1, expires_at = $3 WHERE name = $1 AND expires_at <= $4 AND due_at <= $4 RETURNING epoch",
            name, holder, (now + duration).UtcTicks, now.UtcTicks);
        return epoch is long taken ? new JobLease(name, holder, taken) : null;
    });

    public ValueTask<bool> RenewAsync(JobLease job, TimeSpan duration, CancellationToken cancellationToken) => store.UseAsync(connection =>
        SqliteCatalogStore.Run(connection, "UPDATE jobs SET expires_at = $3 WHERE name = $1 AND epoch = $2", job.Name, job.Epoch, (clock.GetUtcNow() + duration).UtcTicks) == 1);

    public async ValueTask ReleaseAsync(JobLease job, TimeSpan pause, CancellationToken cancellationToken) => await store.UseAsync(connection =>
        SqliteCatalogStore.Run(
            connection, "UPDATE jobs SET expires_at = 0, due_at = $3 WHERE name = $1 AND epoch = $2", job.Name, job.Epoch, (clock.GetUtcNow() + pause).UtcTicks));

    internal static bool IsHeld(SqliteConnection connection, JobLease job) =>
        SqliteCatalogStore.Scalar(connection, "SELECT 1 FROM jobs WHERE name = $1 AND epoch = $2", job.Name, job.Epoch) is not null;
}
