using Npgsql;

namespace Federation.Catalog;

/// <summary>
/// A gateway's heartbeat on the shared catalog's database: one batch, which waits for no lock and for no flush of the log.
/// </summary>
internal static class PostgresHeartbeat
{
    /// <summary>A job whose commit is under way is locked; its lease is renewed a second later.</summary>
    private const string Renew = """
        UPDATE jobs SET expires_at = clock_timestamp() + $3
        WHERE name IN (
          SELECT jobs.name FROM jobs JOIN unnest($1::text[], $2::bigint[]) AS held (name, epoch)
          ON jobs.name = held.name AND jobs.epoch = held.epoch
          FOR NO KEY UPDATE OF jobs SKIP LOCKED)
        RETURNING name
        """;

    public static async ValueTask<HeartbeatAnswer> SendAsync(
        NpgsqlConnection connection, Heartbeat beat, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        PostgresCatalogStore.Add(batch, PostgresLeaseStore.Put, PostgresLeaseStore.PutValues(beat.Own, beat.Duration));
        object[] renewal = [beat.Held.Select(job => job.Name).ToArray(), beat.Held.Select(job => job.Epoch).ToArray(), beat.Duration];
        PostgresCatalogStore.Add(batch, Renew, renewal);
        PostgresCatalogStore.Add(batch, PostgresLeaseStore.List, SqliteLeaseStore.Memory);
        PostgresCatalogStore.Add(
            batch, "SELECT name, epoch, expires_at <= clock_timestamp() AND due_at <= clock_timestamp() FROM jobs WHERE name = ANY ($1)",
            (object)beat.Jobs.ToArray());
        PostgresCatalogStore.Add(batch, "SELECT version FROM head");
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);

        // The lease's own statement gives no rows, so the first result is that of the jobs.
        var renewed = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken)) renewed.Add(reader.GetString(0));
        await reader.NextResultAsync(cancellationToken);
        var leases = await PostgresLeaseStore.ReadAsync(reader, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var jobs = new List<JobState>();
        while (await reader.ReadAsync(cancellationToken))
            jobs.Add(new JobState(reader.GetString(0), reader.GetInt64(1), reader.GetBoolean(2)));
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return JobState.Answer(beat, leases, jobs, renewed, reader.GetInt64(0));
    }
}
