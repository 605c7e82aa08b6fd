using System.Security.Cryptography;
using Microsoft.Data.Sqlite;

namespace Federation.Catalog;

/// <summary>Leases in the embedded catalog's file.</summary>
public sealed class SqliteLeaseStore(SqliteCatalogStore store, TimeProvider clock) : ILeaseStore
{
    /// <summary>A lease this long out of date belongs to a process that is gone for good.</summary>
    private static readonly TimeSpan s_memory = TimeSpan.FromMinutes(5);

    public ValueTask PutAsync(Lease lease, CancellationToken cancellationToken) => RunAsync(
        "INSERT INTO leases VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET address = excluded.address, expires_at = excluded.expires_at, is_draining = excluded.is_draining",
        lease.Id, lease.Address, lease.ProcessId, lease.StartedAt.UtcTicks, lease.ExpiresAt.UtcTicks, lease.IsDraining);

    public ValueTask<IReadOnlyList<Lease>> ListAsync(CancellationToken cancellationToken)
    {
        using var connection = store.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT id, address, process_id, started_at, expires_at, is_draining FROM leases WHERE expires_at > $1 ORDER BY started_at";
        command.Parameters.AddWithValue("$1", (clock.GetUtcNow() - s_memory).UtcTicks);
        using var reader = command.ExecuteReader();
        var leases = new List<Lease>();
        while (reader.Read())
            leases.Add(new Lease(reader.GetString(0), reader.GetString(1), reader.GetInt32(2), Time(reader.GetInt64(3)), Time(reader.GetInt64(4))) { IsDraining = reader.GetBoolean(5) });
        return ValueTask.FromResult<IReadOnlyList<Lease>>(leases);
    }

    public ValueTask RemoveAsync(string id, CancellationToken cancellationToken) =>
        RunAsync("DELETE FROM leases WHERE id = $1 OR expires_at <= $2", id, (clock.GetUtcNow() - s_memory).UtcTicks);

    public async ValueTask<string> GetClusterSecretAsync(CancellationToken cancellationToken)
    {
        await RunAsync("INSERT OR IGNORE INTO secrets VALUES ('cluster', $1)", Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
        await using var connection = store.Connect();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT value FROM secrets WHERE name = 'cluster'";
        return (string)command.ExecuteScalar()!;
    }

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
