using Federation.Core.Errors;
using Npgsql;

namespace Federation.Catalog;

/// <summary>The tables of the shared catalog, and how those of an earlier version become those of this one.</summary>
internal static class PostgresCatalogSchema
{
    /// <summary>Held while the schema is created or migrated, so that gateways that start together do it once.</summary>
    private const long MigrationLock = 0x4665_6465_7261_7469;

    /// <summary>Each step leads from the format of its index to the next one. Steps that have been released never change.</summary>
    private static readonly string[] s_steps =
    [
        $"""
        CREATE TABLE head (version bigint NOT NULL, committed_at timestamptz NOT NULL, next_oid bigint NOT NULL);
        INSERT INTO head VALUES (0, clock_timestamp(), 16384);
        CREATE TABLE versions (version bigint PRIMARY KEY, committed_at timestamptz NOT NULL, commit_id uuid UNIQUE);
        INSERT INTO versions SELECT version, committed_at FROM head;
        CREATE INDEX versions_by_time ON versions (committed_at);
        CREATE TABLE objects (
          kind text COLLATE "C" NOT NULL, parent text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, oid bigint NOT NULL,
          valid_from bigint NOT NULL, valid_to bigint, body text NOT NULL);
        CREATE UNIQUE INDEX objects_live ON objects (kind, parent, name) WHERE valid_to IS NULL;
        CREATE INDEX objects_ended ON objects (kind, parent, name, valid_to) WHERE valid_to IS NOT NULL;
        CREATE INDEX objects_by_start ON objects (valid_from);
        CREATE INDEX objects_by_end ON objects (valid_to) WHERE valid_to IS NOT NULL;
        CREATE TABLE intents (id text PRIMARY KEY, version bigint NOT NULL, kind text NOT NULL, body text NOT NULL);
        CREATE TABLE leases (
          id text PRIMARY KEY, address text NOT NULL, process_id integer NOT NULL, started_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
          is_draining boolean NOT NULL, renewals bigint NOT NULL);
        CREATE TABLE jobs (
          name text PRIMARY KEY, holder text NOT NULL, epoch bigint NOT NULL, expires_at timestamptz NOT NULL, due_at timestamptz NOT NULL);
        CREATE TABLE secrets (name text PRIMARY KEY, value text NOT NULL);
        """,
        $"""
        ALTER TABLE leases ADD COLUMN gateway integer NOT NULL DEFAULT 0;
        CREATE UNIQUE INDEX leases_by_gateway ON leases (gateway) WHERE gateway > 0;
        CREATE SEQUENCE gateway_numbers AS integer MINVALUE 1 MAXVALUE {Lease.MostGateways} CYCLE;
        """,
        """
        CREATE TABLE sequences (state bigint PRIMARY KEY, last_value bigint NOT NULL, is_called boolean NOT NULL);
        """,
    ];

    /// <summary>Raises 0A000 for a schema that a later version has written.</summary>
    public static async ValueTask<int> MigrateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await RunAsync($"SELECT pg_advisory_xact_lock({MigrationLock})");
        await RunAsync($"CREATE SCHEMA IF NOT EXISTS {PostgresCatalogStore.SchemaName}");
        await RunAsync("CREATE TABLE IF NOT EXISTS format (version integer NOT NULL)");
        await using var command = new NpgsqlCommand("SELECT version FROM format", connection);
        var present = await command.ExecuteScalarAsync(cancellationToken) as int? ?? 0;
        if (present > s_steps.Length)
        {
            throw new SqlException(SqlState.FeatureNotSupported, "the catalog database was written by a later version")
            {
                Detail = $"Its format is {present}; this version knows {s_steps.Length}.",
            };
        }

        for (var i = present; i < s_steps.Length; i++) await RunAsync(s_steps[i]);
        if (present == 0) await RunAsync($"INSERT INTO format VALUES ({s_steps.Length})");
        else if (present < s_steps.Length) await RunAsync($"UPDATE format SET version = {s_steps.Length}");
        await transaction.CommitAsync(cancellationToken);
        return s_steps.Length;

        async ValueTask RunAsync(string sql)
        {
            await using var step = new NpgsqlCommand(sql, connection);
            await step.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
