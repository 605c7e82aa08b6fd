using Microsoft.Data.Sqlite;

namespace Federation.Catalog;

/// <summary>Jobs in the embedded catalog's file.</summary>
public sealed class SqliteJobStore(SqliteCatalogStore store, TimeProvider clock) : IJobStore
{
    public ValueTask<JobLease?> TryTakeAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) =>
        store.WriteAsync(connection =>
    {
        var now = clock.GetUtcNow();
        SqliteCatalogStore.Run(connection, "INSERT OR IGNORE INTO jobs VALUES ($1, '', 0, 0, 0)", name);
        var epoch = SqliteCatalogStore.Scalar(
            connection,
            "UPDATE jobs SET holder = $2, epoch = epoch + 1, expires_at = $3 WHERE name = $1 AND expires_at <= $4 AND due_at <= $4 "
                + "RETURNING epoch",
            name, holder, (now + duration).UtcTicks, now.UtcTicks);
        return epoch is long taken ? new JobLease(name, holder, taken) : null;
    }, cancellationToken);

    /// <summary>Renews the jobs held, and gives the states of all.</summary>
    internal static (IReadOnlyList<JobState> Jobs, IReadOnlySet<string> Renewed) Beat(
        SqliteConnection connection, Heartbeat beat, DateTimeOffset now)
    {
        var renewed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, _, epoch) in beat.Held)
        {
            const string Renew = "UPDATE jobs SET expires_at = $3 WHERE name = $1 AND epoch = $2";
            if (SqliteCatalogStore.Run(connection, Renew, name, epoch, (now + beat.Duration).UtcTicks) == 1) renewed.Add(name);
        }

        var jobs = new List<JobState>();
        const string List = "SELECT name, epoch, expires_at <= $1 AND due_at <= $1 FROM jobs";
        using var command = SqliteCatalogStore.Command(connection, List, [now.UtcTicks]);
        using var reader = command.ExecuteReader();
        while (reader.Read()) jobs.Add(new JobState(reader.GetString(0), reader.GetInt64(1), reader.GetBoolean(2)));
        return (jobs, renewed);
    }

    public async ValueTask ReleaseAsync(JobLease job, TimeSpan pause, CancellationToken cancellationToken) =>
        await store.WriteAsync(connection =>
        SqliteCatalogStore.Run(
            connection, "UPDATE jobs SET expires_at = 0, due_at = $3 WHERE name = $1 AND epoch = $2", job.Name, job.Epoch,
            (clock.GetUtcNow() + pause).UtcTicks), cancellationToken);

    internal static bool IsHeld(SqliteConnection connection, JobLease job) =>
        SqliteCatalogStore.Scalar(
            connection, "SELECT 1 FROM jobs WHERE name = $1 AND epoch = $2 AND holder = $3", job.Name, job.Epoch, job.Holder) is not null;
}
