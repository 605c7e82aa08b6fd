using Npgsql;

namespace Federation.Catalog;

/// <summary>
/// Jobs in the shared catalog's database. A job whose holder is just committing is locked, and cannot be taken before that commit is done.
/// </summary>
public sealed class PostgresJobStore(PostgresCatalogStore store) : IJobStore
{
    public async ValueTask<JobLease?> TryTakeAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) =>
        await store.UseAsync(
        async connection =>
        {
            await using (var insert = PostgresCatalogStore.Command(connection,
                "INSERT INTO jobs VALUES ($1, '', 0, '-infinity', '-infinity') ON CONFLICT DO NOTHING", name))
                await insert.ExecuteNonQueryAsync(cancellationToken);
            await using var take = PostgresCatalogStore.Command(
                connection,
                """
                UPDATE jobs SET holder = $2, epoch = epoch + 1, expires_at = clock_timestamp() + $3
                WHERE name = (
                  SELECT name FROM jobs WHERE name = $1 AND expires_at <= clock_timestamp() AND due_at <= clock_timestamp() FOR UPDATE SKIP LOCKED)
                RETURNING epoch
                """,
                name, holder, duration);
            return await take.ExecuteScalarAsync(cancellationToken) is long epoch ? new JobLease(name, holder, epoch) : null;
        },
        cancellationToken);

    public async ValueTask ReleaseAsync(JobLease job, TimeSpan pause, CancellationToken cancellationToken) => await RunAsync(
        "UPDATE jobs SET expires_at = '-infinity', due_at = clock_timestamp() + $3 WHERE name = $1 AND epoch = $2",
        [job.Name, job.Epoch, pause], cancellationToken);

    /// <summary>Whether the lease is good, which stays true until the connection's transaction has ended.</summary>
    internal static async ValueTask<bool> IsHeldAsync(NpgsqlConnection connection, JobLease job, CancellationToken cancellationToken)
    {
        // A database that lost its last commits in a crash may give an epoch twice, to different holders.
        const string Find = "SELECT 1 FROM jobs WHERE name = $1 AND epoch = $2 AND holder = $3 FOR SHARE";
        await using var command = PostgresCatalogStore.Command(connection, Find, job.Name, job.Epoch, job.Holder);
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    private async ValueTask<int> RunAsync(string sql, object[] values, CancellationToken cancellationToken) => await store.UseAsync(
        async connection =>
        {
            await using var command = PostgresCatalogStore.Command(connection, sql, values);
            return await command.ExecuteNonQueryAsync(cancellationToken);
        },
        cancellationToken);
}
