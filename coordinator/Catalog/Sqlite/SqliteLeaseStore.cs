using Federation.Core.Errors;
using Microsoft.Data.Sqlite;

namespace Federation.Catalog;

/// <summary>Leases in the embedded catalog's file, by the clock of the one machine that all its processes run on.</summary>
public sealed class SqliteLeaseStore(SqliteCatalogStore store, TimeProvider clock) : ILeaseStore
{
    /// <summary>A lease this long out of date belongs to a process that is gone for good.</summary>
    internal static readonly TimeSpan Memory = TimeSpan.FromMinutes(5);

    internal static SqlException TooMany() => new(SqlState.TooManyConnections, $"the catalog has {Lease.MostGateways} gateways already");

    public ValueTask<Lease> JoinAsync(Lease gateway, TimeSpan duration, CancellationToken cancellationToken) => store.UseAsync(connection =>
    {
        var now = clock.GetUtcNow();
        SqliteCatalogStore.Run(connection, "DELETE FROM leases WHERE expires_at <= $1", (now - Memory).UtcTicks);
        SqliteCatalogStore.Run(connection, "INSERT OR IGNORE INTO counters VALUES ('gateway', 0)");
        for (var i = 0; i < Lease.MostGateways; i++)
        {
            var number = (int)(long)SqliteCatalogStore.Scalar(
                connection, "UPDATE counters SET value = value % $1 + 1 WHERE name = 'gateway' RETURNING value", Lease.MostGateways)!;
            var joined = SqliteCatalogStore.Run(
                connection, "INSERT OR IGNORE INTO leases VALUES ($1, $2, $3, $4, $5, 0, 1, $6)",
                gateway.Id, gateway.Address, gateway.ProcessId, now.UtcTicks, (now + duration).UtcTicks, number);
            if (joined == 1) return gateway with { Gateway = number };
        }

        throw TooMany();
    });

    public ValueTask PutAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        return RunAsync(
            """
            INSERT INTO leases VALUES ($1, $2, $3, $4, $5, $6, 1, $7)
            ON CONFLICT (id) DO UPDATE SET address = excluded.address, expires_at = excluded.expires_at, is_draining = excluded.is_draining, renewals = renewals + 1
            """,
            lease.Id, lease.Address, lease.ProcessId, now.UtcTicks, (now + duration).UtcTicks, lease.IsDraining, lease.Gateway);
    }

    public ValueTask<IReadOnlyList<LeaseState>> ListAsync(CancellationToken cancellationToken)
    {
        try
        {
            var now = clock.GetUtcNow();
            using var connection = store.Connect();
            using var command = SqliteCatalogStore.Command(
                connection,
                """
                SELECT id, address, process_id, started_at, expires_at, is_draining, renewals, gateway FROM leases
                WHERE expires_at > $1 ORDER BY started_at, id
                """,
                [(now - Memory).UtcTicks]);
            using var reader = command.ExecuteReader();
            var leases = new List<LeaseState>();
            while (reader.Read())
            {
                var lease = new Lease(reader.GetString(0), reader.GetString(1), reader.GetInt32(2))
                {
                    IsDraining = reader.GetBoolean(5), Gateway = reader.GetInt32(7),
                };
                leases.Add(new LeaseState(lease, Time(reader.GetInt64(3)), Time(reader.GetInt64(4)) - now, reader.GetInt64(6)));
            }

            return ValueTask.FromResult<IReadOnlyList<LeaseState>>(leases);
        }
        catch (SqliteException error)
        {
            throw SqliteCatalogStore.Failure(error, "catalog");
        }
    }

    public ValueTask RemoveAsync(string id, CancellationToken cancellationToken) =>
        RunAsync("DELETE FROM leases WHERE id = $1 OR expires_at <= $2", id, (clock.GetUtcNow() - Memory).UtcTicks);

    private static DateTimeOffset Time(long ticks) => new(ticks, TimeSpan.Zero);

    private ValueTask RunAsync(string sql, params object[] values)
    {
        try
        {
            using var connection = store.Connect();

            // A lost renewal costs a worker a second, a durable one a disk flush each second.
            SqliteCatalogStore.Run(connection, "PRAGMA synchronous = NORMAL");
            SqliteCatalogStore.Run(connection, sql, values);
            return ValueTask.CompletedTask;
        }
        catch (SqliteException error)
        {
            throw SqliteCatalogStore.Failure(error, "catalog");
        }
    }
}
