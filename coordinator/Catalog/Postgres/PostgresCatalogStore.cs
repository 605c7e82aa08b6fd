using System.Globalization;
using Federation.Core.Errors;
using Federation.Core.Types;
using Npgsql;

namespace Federation.Catalog;

/// <summary>
/// The shared catalog: a schema of a PostgreSQL database that all gateways and workers of a cluster use. Commits are in one order by the
/// lock on the single row of <c>head</c>; the database's clock is the only clock; a commit whose answer was lost is looked up by its id, so
/// it is neither lost nor done twice.
/// </summary>
public sealed class PostgresCatalogStore : ICatalogStore
{
    /// <summary>Where all tables of the catalog are.</summary>
    public const string SchemaName = "federation_catalog";

    /// <summary>The channel on which each commit tells its version, inside its own transaction.</summary>
    public const string Channel = "federation_catalog";

    /// <summary>How long the outcome of a commit whose connection broke is looked for.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// A process that is stopped in the middle of a commit holds the head; after this time the database ends its transaction, so that the
    /// rest of the cluster commits on.
    /// </summary>
    private static readonly TimeSpan s_longestIdle = TimeSpan.FromSeconds(5);

    /// <summary>idle_in_transaction_session_timeout, which Npgsql has no name for.</summary>
    private const string IdleTooLong = "25P03";

    private readonly NpgsqlDataSource _source;
    private readonly TimeProvider _clock;

    private PostgresCatalogStore(NpgsqlDataSource source, TimeProvider clock)
    {
        _source = source;
        _clock = clock;
        Leases = new PostgresLeaseStore(this);
        Jobs = new PostgresJobStore(this);
        Sequences = new PostgresSequenceStore(this);
    }

    public ILeaseStore Leases { get; }

    public IJobStore Jobs { get; }

    public ISequenceStore Sequences { get; }

    public ValueTask<HeartbeatAnswer> BeatAsync(Heartbeat beat, CancellationToken cancellationToken) =>
        UseAsync(connection => PostgresHeartbeat.SendAsync(connection, beat, cancellationToken), cancellationToken);

    /// <summary>
    /// Commits notify <see cref="Channel"/> inside their transactions; one kept connection listens, and is opened again when it breaks.
    /// </summary>
    public async Task ListenAsync(Func<ValueTask> onCommit, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await UseAsync<int>(
                    async connection =>
                    {
                        await using var listen = Command(connection, $"LISTEN {Channel}");
                        await listen.ExecuteNonQueryAsync(cancellationToken);
                        while (true)
                        {
                            await connection.WaitAsync(cancellationToken);
                            await onCommit();
                        }
                    },
                    cancellationToken);
            }
            catch (SqlException)
            {
                // The heartbeat, which fails as well, reports it.
                await Task.Delay(s_pause, _clock, cancellationToken);
            }
        }
    }

    /// <summary>
    /// Connects, and creates or migrates the catalog's schema. Raises 08001 with the reason when the database cannot be used.
    /// </summary>
    /// <param name="connectionString">In Npgsql's form: <c>Host=…;Database=…;Username=…</c>.</param>
    public static async ValueTask<PostgresCatalogStore> OpenAsync(string connectionString, TimeProvider clock,
        CancellationToken cancellationToken)
    {
        NpgsqlDataSource source;
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(connectionString)
            {
                ApplicationName = "federation catalog",
                MaxAutoPrepare = 50,
                AutoPrepareMinUsages = 2,
                SearchPath = SchemaName,
            };
            builder.Options = string.Create(
                CultureInfo.InvariantCulture,
                $"-c idle_in_transaction_session_timeout={s_longestIdle.TotalMilliseconds} {builder.Options}").TrimEnd();
            source = NpgsqlDataSource.Create(builder);
        }
        catch (ArgumentException error)
        {
            throw new SqlException(SqlState.InvalidParameterValue, $"the catalog's connection string is not valid: {error.Message}", error);
        }

        var store = new PostgresCatalogStore(source, clock);
        try
        {
            await store.UseAsync(connection => PostgresCatalogSchema.MigrateAsync(connection, cancellationToken), cancellationToken);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    public async ValueTask<CatalogVersion?> FindVersionAsync(long? version, CancellationToken cancellationToken) => await UseAsync(
        async connection =>
        {
            await using var command = version is null
                ? Command(connection, "SELECT version, committed_at FROM head")
                : Command(connection, "SELECT version, committed_at FROM versions WHERE version = $1", version.Value);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            return await reader.ReadAsync(cancellationToken)
                ? new CatalogVersion(reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1))
                : null;
        },
        cancellationToken);

    public async ValueTask<CatalogVersion?> FindVersionAsync(DateTimeOffset time, CancellationToken cancellationToken) => await UseAsync(
        async connection =>
        {
            await using var command = Command(connection,
                "SELECT version, committed_at FROM versions WHERE committed_at <= $1 ORDER BY version DESC LIMIT 1",
                    time.ToUniversalTime());
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            return await reader.ReadAsync(cancellationToken)
                ? new CatalogVersion(reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1))
                : null;
        },
        cancellationToken);

    public async ValueTask<StoredObject?> ReadAsync(CatalogKey key, long version, CancellationToken cancellationToken) => await UseAsync(
        async connection =>
        {
            // Both halves are one step of an index: the state that holds now, and the first one that ended after the version.
            await using var command = Command(
                connection,
                """
                (SELECT oid, valid_from, body FROM objects WHERE kind = $1 AND parent = $2 AND name = $3 AND valid_to IS NULL AND valid_from <= $4)
                UNION ALL
                (SELECT oid, valid_from, body FROM objects WHERE kind = $1 AND parent = $2 AND name = $3 AND valid_to > $4 ORDER BY valid_to LIMIT 1)
                """,
                ObjectKinds.Of(key.Kind).StoredName, key.Parent, key.Name, version);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                if (reader.GetInt64(1) <= version)
                    return new StoredObject(key, new Oid((uint)reader.GetInt64(0)), reader.GetInt64(1), reader.GetString(2));
            return null;
        },
        cancellationToken);

    public async ValueTask<long?> FindEndAsync(CatalogKey key, CancellationToken cancellationToken) => await UseAsync(
        async connection =>
        {
            await using var command = Command(connection,
                "SELECT max(valid_to) FROM objects WHERE kind = $1 AND parent = $2 AND name = $3",
                ObjectKinds.Of(key.Kind).StoredName, key.Parent, key.Name);
            return await command.ExecuteScalarAsync(cancellationToken) as long?;
        },
        cancellationToken);

    public async ValueTask<IReadOnlyList<StoredObject>> ListAsync(CatalogList list, long version, CancellationToken cancellationToken) =>
        await UseAsync(
        async connection =>
        {
            await using var command = Command(
                connection,
                """
                SELECT name, oid, valid_from, body FROM objects WHERE kind = $1 AND parent = $2 AND valid_to IS NULL AND valid_from <= $3
                UNION ALL
                SELECT name, oid, valid_from, body FROM objects WHERE kind = $1 AND parent = $2 AND valid_to > $3 AND valid_from <= $3
                ORDER BY name
                """,
                ObjectKinds.Of(list.Kind).StoredName, list.Parent, version);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var objects = new List<StoredObject>();
            while (await reader.ReadAsync(cancellationToken))
            {
                var key = new CatalogKey(list.Kind, list.Parent, reader.GetString(0));
                objects.Add(new StoredObject(key, new Oid((uint)reader.GetInt64(1)), reader.GetInt64(2), reader.GetString(3)));
            }

            return (IReadOnlyList<StoredObject>)objects;
        },
        cancellationToken);

    public async ValueTask<IReadOnlySet<CatalogKey>?> ListChangedAsync(long since, CancellationToken cancellationToken) => await UseAsync(
        async connection =>
        {
            await using (var command = Command(connection, "SELECT 1 FROM versions WHERE version = $1", since))
                if (await command.ExecuteScalarAsync(cancellationToken) is null)
                    return null;
            return await ListChangedAsync(connection, since, cancellationToken);
        },
        cancellationToken);

    public async ValueTask<CommitResult> WriteAsync(CatalogCommit commit, CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid();
        var isAsked = false;
        try
        {
            return await UseAsync(
                async connection =>
                {
                    await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                    var (newest, now) = await LockHeadAsync(connection, cancellationToken);
                    if (newest != commit.BaseVersion
                        && commit.ConflictsWith(
                            await ListChangedAsync(connection, commit.BaseVersion, cancellationToken)) is { Count: > 0 } conflicts)
                        return new CommitResult.Conflict(conflicts);
                    if (commit.Job is { } job && !await PostgresJobStore.IsHeldAsync(connection, job, cancellationToken))
                        return new CommitResult.Fenced(job);
                    var version = new CatalogVersion(newest + 1, now);
                    await using (var batch = WriteBatch(connection, commit, version, id))
                        await batch.ExecuteNonQueryAsync(cancellationToken);

                    // From here on the outcome is the database's: neither a cancellation nor a lost connection says that the commit has
                    // failed.
                    isAsked = true;
                    await transaction.CommitAsync(CancellationToken.None);
                    return (CommitResult)new CommitResult.Committed(version);
                },
                cancellationToken);
        }
        catch (SqlException error) when (
            error.InnerException is PostgresException { SqlState: IdleTooLong })
        {
            // This process did not run for a while; nothing was written, and others have committed since.
            return new CommitResult.Conflict([]);
        }
        catch (SqlException error) when (isAsked && error.State.Class is "08" or "57")
        {
            return await FindOutcomeAsync(id, error);
        }
    }

    public async ValueTask<Oid> ReserveOidsAsync(int count, CancellationToken cancellationToken) => await UseAsync(
        async connection =>
        {
            await using var command = Command(connection, "UPDATE head SET next_oid = next_oid + $1 RETURNING next_oid - $1", (long)count);
            return new Oid((uint)(long)(await command.ExecuteScalarAsync(cancellationToken))!);
        },
        cancellationToken);

    public async ValueTask<IReadOnlyList<CatalogIntent>> ListIntentsAsync(CancellationToken cancellationToken) => await UseAsync(
        async connection =>
        {
            await using var command = Command(connection, "SELECT id, kind, body FROM intents ORDER BY version, id");
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var intents = new List<CatalogIntent>();
            while (await reader.ReadAsync(cancellationToken))
                intents.Add(new CatalogIntent(reader.GetString(0), reader.GetString(1), reader.GetString(2)));
            return (IReadOnlyList<CatalogIntent>)intents;
        },
        cancellationToken);

    public async ValueTask EndIntentAsync(string id, CancellationToken cancellationToken) => await UseAsync(
        async connection =>
        {
            await using var command = Command(connection, "DELETE FROM intents WHERE id = $1", id);
            return await command.ExecuteNonQueryAsync(cancellationToken);
        },
        cancellationToken);

    public async ValueTask<string> GetSecretAsync(string name, string valueIfNew, CancellationToken cancellationToken) => await UseAsync(
        async connection =>
        {
            await using (var insert = Command(connection, "INSERT INTO secrets VALUES ($1, $2) ON CONFLICT DO NOTHING", name, valueIfNew))
                await insert.ExecuteNonQueryAsync(cancellationToken);
            await using var select = Command(connection, "SELECT value FROM secrets WHERE name = $1", name);
            return (string)(await select.ExecuteScalarAsync(cancellationToken))!;
        },
        cancellationToken);

    public async ValueTask ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken) => await UseAsync(
        async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await LockHeadAsync(connection, cancellationToken);
            await using var batch = new NpgsqlBatch(connection);
            const string Oldest = "(SELECT max(version) FROM versions WHERE committed_at <= $1)";
            Add(batch, $"DELETE FROM objects WHERE valid_to <= {Oldest}", before.ToUniversalTime());
            Add(batch, $"DELETE FROM versions WHERE version < {Oldest}", before.ToUniversalTime());
            await batch.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return 0;
        },
        cancellationToken);

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    /// <summary>Runs work on a pooled connection, and makes the errors of the database ours.</summary>
    internal async ValueTask<T> UseAsync<T>(Func<NpgsqlConnection, ValueTask<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await _source.OpenConnectionAsync(cancellationToken);
            return await work(connection);
        }
        catch (PostgresException error)
        {
            // 57P01 and its kin say that the server is going, 25P03 that it has ended an idle session: for us both are a lost connection.
            var state = error.SqlState.StartsWith("57P", StringComparison.Ordinal)
                || error.SqlState == IdleTooLong
                ? SqlState.ConnectionFailure
                : new SqlState(error.SqlState);
            throw new SqlException(state, $"catalog database: {error.MessageText}", error) { Detail = error.Detail };
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException)
        {
            throw new SqlException(SqlState.ConnectionFailure, "the catalog database cannot be reached", error) { Detail = error.Message };
        }
    }

    internal static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }

    /// <summary>Waits for the commits before this one, and gives their last version and the database's time.</summary>
    private static async ValueTask<(long Version, DateTimeOffset Now)> LockHeadAsync(NpgsqlConnection connection,
        CancellationToken cancellationToken)
    {
        await using var command = Command(connection, "SELECT version, clock_timestamp() FROM head FOR UPDATE");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken)) throw new SqlException(SqlState.DataCorrupted, "the catalog database has no head");
        return (reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1));
    }

    private static NpgsqlBatch WriteBatch(NpgsqlConnection connection, CatalogCommit commit, CatalogVersion version, Guid id)
    {
        var batch = new NpgsqlBatch(connection);
        foreach (var (key, oid, body) in commit.Writes)
        {
            var kind = ObjectKinds.Of(key.Kind).StoredName;
            Add(batch, "UPDATE objects SET valid_to = $4 WHERE kind = $1 AND parent = $2 AND name = $3 AND valid_to IS NULL", kind,
                key.Parent, key.Name, version.Version);
            if (body is null) continue;
            Add(
                batch, "INSERT INTO objects (kind, parent, name, oid, valid_from, body) VALUES ($1, $2, $3, $4, $5, $6)",
                kind, key.Parent, key.Name, (long)oid.Value, version.Version, body);
        }

        foreach (var intent in commit.Intents)
            Add(batch, "INSERT INTO intents VALUES ($1, $2, $3, $4)", intent.Id, version.Version, intent.Kind, intent.Body);
        Add(batch, "INSERT INTO versions VALUES ($1, $2, $3)", version.Version, version.CommittedAt.ToUniversalTime(), id);
        Add(batch, "UPDATE head SET version = $1, committed_at = $2", version.Version, version.CommittedAt.ToUniversalTime());
        Add(batch, "SELECT pg_notify($1, $2)", Channel, version.Version.ToString(CultureInfo.InvariantCulture));
        return batch;
    }

    internal static void Add(NpgsqlBatch batch, string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        batch.BatchCommands.Add(command);
    }

    private static async ValueTask<IReadOnlySet<CatalogKey>> ListChangedAsync(NpgsqlConnection connection, long since,
        CancellationToken cancellationToken)
    {
        await using var command = Command(
            connection,
            "SELECT kind, parent, name FROM objects WHERE valid_from > $1 UNION SELECT kind, parent, name FROM objects WHERE valid_to > $1",
            since);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var keys = new HashSet<CatalogKey>();
        while (await reader.ReadAsync(cancellationToken))
            keys.Add(new CatalogKey(ObjectKinds.Named(reader.GetString(0)).Kind, reader.GetString(1), reader.GetString(2)));
        return keys;
    }

    /// <summary>What became of a commit whose answer did not come. Raises 08007 when the database does not come back in time.</summary>
    private async ValueTask<CommitResult> FindOutcomeAsync(Guid id, SqlException error)
    {
        var start = _clock.GetTimestamp();
        while (true)
        {
            try
            {
                var version = await UseAsync(
                    async connection =>
                    {
                        // The session that lost us may still be committing; it holds the head until it has ended.
                        await using var transaction = await connection.BeginTransactionAsync();
                        await LockHeadAsync(connection, CancellationToken.None);
                        await using var command =
                            Command(connection, "SELECT version, committed_at FROM versions WHERE commit_id = $1", id);
                        await using var reader = await command.ExecuteReaderAsync();
                        return await reader.ReadAsync()
                            ? new CatalogVersion(reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1))
                            : null;
                    },
                    CancellationToken.None);
                return version is null ? throw error : new CommitResult.Committed(version);
            }
            catch (SqlException failure) when (failure != error && failure.State.Class is "08" or "57" or "53")
            {
                if (_clock.GetElapsedTime(start) > s_patience)
                {
                    throw new SqlException(SqlState.TransactionResolutionUnknown,
                        "the catalog database was lost during the commit, and did not come back", failure)
                    {
                        Detail = "The transaction may have been committed.",
                    };
                }
            }

            await Task.Delay(s_pause, _clock, CancellationToken.None);
        }
    }
}
