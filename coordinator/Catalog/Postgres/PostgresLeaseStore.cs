namespace Federation.Catalog;

/// <summary>Leases in the shared catalog's database, by its clock. A renewal is one statement that waits for no flush of the log.</summary>
public sealed class PostgresLeaseStore(PostgresCatalogStore store) : ILeaseStore
{
    public async ValueTask PutAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken) => await RunAsync(
        """
        WITH unflushed AS (SELECT set_config('synchronous_commit', 'off', true))
        INSERT INTO leases SELECT $1, $2, $3, clock_timestamp(), clock_timestamp() + $4, $5, 1 FROM unflushed
        ON CONFLICT (id) DO UPDATE SET
          address = excluded.address, expires_at = excluded.expires_at, is_draining = excluded.is_draining, renewals = leases.renewals + 1
        """,
        [lease.Id, lease.Address, lease.ProcessId, duration, lease.IsDraining],
        cancellationToken);

    public async ValueTask<IReadOnlyList<LeaseState>> ListAsync(CancellationToken cancellationToken) => await store.UseAsync(
        async connection =>
        {
            await using var command = PostgresCatalogStore.Command(
                connection,
                """
                SELECT id, address, process_id, started_at, expires_at - clock_timestamp(), is_draining, renewals FROM leases
                WHERE expires_at > clock_timestamp() - $1 ORDER BY started_at, id
                """,
                SqliteLeaseStore.Memory);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var leases = new List<LeaseState>();
            while (await reader.ReadAsync(cancellationToken))
            {
                var lease = new Lease(reader.GetString(0), reader.GetString(1), reader.GetInt32(2)) { IsDraining = reader.GetBoolean(5) };
                leases.Add(new LeaseState(lease, reader.GetFieldValue<DateTimeOffset>(3), reader.GetTimeSpan(4), reader.GetInt64(6)));
            }

            return (IReadOnlyList<LeaseState>)leases;
        },
        cancellationToken);

    public async ValueTask RemoveAsync(string id, CancellationToken cancellationToken) =>
        await RunAsync("DELETE FROM leases WHERE id = $1 OR expires_at <= clock_timestamp() - $2", [id, SqliteLeaseStore.Memory], cancellationToken);

    private async ValueTask RunAsync(string sql, object[] values, CancellationToken cancellationToken) => await store.UseAsync(
        async connection =>
        {
            await using var command = PostgresCatalogStore.Command(connection, sql, values);
            return await command.ExecuteNonQueryAsync(cancellationToken);
        },
        cancellationToken);
}
