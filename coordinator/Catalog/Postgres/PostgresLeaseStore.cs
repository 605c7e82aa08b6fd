using Npgsql;

namespace Federation.Catalog;

/// <summary>Leases in the shared catalog's database, by its clock. A renewal is one statement that waits for no flush of the log.</summary>
public sealed class PostgresLeaseStore(PostgresCatalogStore store) : ILeaseStore
{
    internal const string Put = """
        WITH unflushed AS (SELECT set_config('synchronous_commit', 'off', true))
        INSERT INTO leases SELECT $1, $2, $3, clock_timestamp(), clock_timestamp() + $4, $5, 1, $6 FROM unflushed
        ON CONFLICT (id) DO UPDATE SET
          address = excluded.address, expires_at = excluded.expires_at, is_draining = excluded.is_draining, renewals = leases.renewals + 1
        """;

    internal const string List = """
        SELECT id, address, process_id, started_at, expires_at - clock_timestamp(), is_draining, renewals, gateway FROM leases
        WHERE expires_at > clock_timestamp() - $1 ORDER BY started_at, id
        """;

    internal static object[] PutValues(Lease lease, TimeSpan duration) =>
        [lease.Id, lease.Address, lease.ProcessId, duration, lease.IsDraining, lease.Gateway];

    /// <summary>The rows of <see cref="List"/>.</summary>
    internal static async ValueTask<IReadOnlyList<LeaseState>> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var leases = new List<LeaseState>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var lease = new Lease(reader.GetString(0), reader.GetString(1), reader.GetInt32(2))
            {
                IsDraining = reader.GetBoolean(5), Gateway = reader.GetInt32(7),
            };
            leases.Add(new LeaseState(lease, reader.GetFieldValue<DateTimeOffset>(3), reader.GetTimeSpan(4), reader.GetInt64(6)));
        }

        return leases;
    }

    public async ValueTask<Lease> JoinAsync(Lease gateway, TimeSpan duration, CancellationToken cancellationToken) => await store.UseAsync(
        async connection =>
        {
            await using (var forget = PostgresCatalogStore.Command(
                connection, "DELETE FROM leases WHERE expires_at <= clock_timestamp() - $1", SqliteLeaseStore.Memory))
            {
                await forget.ExecuteNonQueryAsync(cancellationToken);
            }

            await using var join = PostgresCatalogStore.Command(
                connection,
                """
                INSERT INTO leases SELECT $1, $2, $3, clock_timestamp(), clock_timestamp() + $4, false, 1, nextval('gateway_numbers')
                ON CONFLICT DO NOTHING RETURNING gateway
                """,
                gateway.Id, gateway.Address, gateway.ProcessId, duration);
            for (var i = 0; i < Lease.MostGateways; i++)
                if (await join.ExecuteScalarAsync(cancellationToken) is int number)
                    return gateway with { Gateway = number };
            throw SqliteLeaseStore.TooMany();
        },
        cancellationToken);

    public async ValueTask PutAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken) =>
        await RunAsync(Put, PutValues(lease, duration), cancellationToken);

    public async ValueTask<IReadOnlyList<LeaseState>> ListAsync(CancellationToken cancellationToken) => await store.UseAsync(
        async connection =>
        {
            await using var command = PostgresCatalogStore.Command(connection, List, SqliteLeaseStore.Memory);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            return await ReadAsync(reader, cancellationToken);
        },
        cancellationToken);

    public async ValueTask RemoveAsync(string id, CancellationToken cancellationToken) =>
        await RunAsync("DELETE FROM leases WHERE id = $1 OR expires_at <= clock_timestamp() - $2", [id, SqliteLeaseStore.Memory],
            cancellationToken);

    private async ValueTask RunAsync(string sql, object[] values, CancellationToken cancellationToken) => await store.UseAsync(
        async connection =>
        {
            await using var command = PostgresCatalogStore.Command(connection, sql, values);
            return await command.ExecuteNonQueryAsync(cancellationToken);
        },
        cancellationToken);
}
