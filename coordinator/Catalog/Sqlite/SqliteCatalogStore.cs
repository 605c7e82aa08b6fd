using System.Globalization;
using Federation.Core.Errors;
using Federation.Core.Types;
using Microsoft.Data.Sqlite;

namespace Federation.Catalog;

/// <summary>
/// The embedded catalog: one SQLite file in WAL mode with synchronous = FULL, so that a commit that returned survives a crash of the
/// process or the machine.
/// <para>
/// Every object is a row that is valid from one version until another; a snapshot reads the rows valid at its version. One writer at a
/// time, any number of readers, also of other processes.
/// </para>
/// </summary>
public sealed class SqliteCatalogStore : ICatalogStore
{
    /// <summary>Written to PRAGMA user_version; a file of a later form is refused.</summary>
    private const int FormatVersion = 3;

    private const string Schema = """
        CREATE TABLE IF NOT EXISTS versions (version INTEGER PRIMARY KEY, committed_at INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS objects (
          kind TEXT NOT NULL, parent TEXT NOT NULL, name TEXT NOT NULL, oid INTEGER NOT NULL,
          valid_from INTEGER NOT NULL, valid_to INTEGER, body TEXT NOT NULL);
        CREATE UNIQUE INDEX IF NOT EXISTS objects_live ON objects (kind, parent, name) WHERE valid_to IS NULL;
        DROP INDEX IF EXISTS objects_history;
        CREATE INDEX IF NOT EXISTS objects_ended ON objects (kind, parent, name, valid_to) WHERE valid_to IS NOT NULL;
        CREATE INDEX IF NOT EXISTS objects_by_start ON objects (valid_from);
        CREATE INDEX IF NOT EXISTS objects_by_end ON objects (valid_to) WHERE valid_to IS NOT NULL;
        CREATE INDEX IF NOT EXISTS versions_by_time ON versions (committed_at);
        CREATE TABLE IF NOT EXISTS intents (id TEXT PRIMARY KEY, version INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS leases (
          id TEXT PRIMARY KEY, address TEXT NOT NULL, process_id INTEGER NOT NULL, started_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
          is_draining INTEGER NOT NULL, renewals INTEGER NOT NULL, gateway INTEGER NOT NULL);
        CREATE UNIQUE INDEX IF NOT EXISTS leases_by_gateway ON leases (gateway) WHERE gateway > 0;
        CREATE TABLE IF NOT EXISTS jobs (name TEXT PRIMARY KEY, holder TEXT NOT NULL, epoch INTEGER NOT NULL, expires_at INTEGER NOT NULL, due_at INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS sequences (state INTEGER PRIMARY KEY, last_value INTEGER NOT NULL, is_called INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL);
        """;

    private readonly string _connectionString;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly SqliteNewestVersion _newest;

    private SqliteCatalogStore(string connectionString, TimeProvider clock)
    {
        _connectionString = connectionString;
        _clock = clock;
        _newest = new SqliteNewestVersion(Connect);
        Leases = new SqliteLeaseStore(this, clock);
        Jobs = new SqliteJobStore(this, clock);
        Sequences = new SqliteSequenceStore(this);
    }

    public ILeaseStore Leases { get; }

    public IJobStore Jobs { get; }

    public ISequenceStore Sequences { get; }

    public async ValueTask<HeartbeatAnswer> BeatAsync(Heartbeat beat, CancellationToken cancellationToken)
    {
        await Leases.PutAsync(beat.Own, beat.Duration, cancellationToken);
        var (jobs, renewed) = await WriteAsync(connection => SqliteJobStore.Beat(connection, beat, _clock.GetUtcNow()), cancellationToken);
        var version = await FindVersionAsync(null, cancellationToken);
        return JobState.Answer(beat, await Leases.ListAsync(cancellationToken), jobs, renewed, version?.Version ?? 0);
    }

    /// <summary>Asking an embedded store for its newest version costs less than being told.</summary>
    public Task ListenAsync(Func<ValueTask> onCommit, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// Opens or creates the store. A file that is no catalog, or of a later version, raises 58030 or 0A000 with its name.
    /// </summary>
    public static async ValueTask<SqliteCatalogStore> OpenAsync(string path, TimeProvider clock, CancellationToken cancellationToken)
    {
        SQLitePCL.Batteries_V2.Init();
        var isNew = !File.Exists(path);
        if (!isNew && new FileInfo(path).Length == 0)
        {
            // Starting over would drop all users and so let everybody in.
            throw new SqlException(SqlState.DataCorrupted, $"catalog file \"{path}\" is empty")
            {
                Hint =
                    "Put the catalog of a backup in its place, or remove the file to begin with a new catalog, which has no users and no "
                        + "servers.",
            };
        }

        if (isNew)
        {
            // User mappings hold passwords, so the file is nobody else's to read.
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await new FileStream(path, options).DisposeAsync();
        }

        var connectionString = new SqliteConnectionStringBuilder { DataSource = path, Pooling = true, DefaultTimeout = 30 }.ToString();
        var store = new SqliteCatalogStore(connectionString, clock);
        try
        {
            await using var connection = store.Connect();
            var format = Convert.ToInt32(Scalar(connection, "PRAGMA user_version"), CultureInfo.InvariantCulture);
            if (format > FormatVersion)
                throw new SqlException(SqlState.FeatureNotSupported, $"catalog file \"{path}\" was written by a later version")
                    { Detail = $"Its format is {format}; this version knows {FormatVersion}." };
            Scalar(connection, "PRAGMA journal_mode = WAL");
            using var transaction = connection.BeginTransaction(deferred: false);
            // Leases of the first two formats had no count of renewals or no gateway's number, and none of them is good any more.
            if (format is 1 or 2) Run(connection, "DROP TABLE IF EXISTS leases");
            Run(connection, Schema);
            Run(connection, $"PRAGMA user_version = {FormatVersion}");
            if (Convert.ToInt64(Scalar(connection, "SELECT count(*) FROM versions"), CultureInfo.InvariantCulture) == 0)
                store.Initialize(connection);
            transaction.Commit();
        }
        catch (SqliteException error)
        {
            throw Failure(error, path);
        }

        return store;
    }

    public ValueTask<CatalogVersion?> FindVersionAsync(long? version, CancellationToken cancellationToken)
    {
        if (version is null) return UseAsync(_newest.Read);
        return UseAsync(connection =>
        {
            using var command = Command(connection, "SELECT version, committed_at FROM versions WHERE version = $1", [version]);
            using var reader = command.ExecuteReader();
            return reader.Read() ? new CatalogVersion(reader.GetInt64(0), FromTicks(reader.GetInt64(1))) : null;
        });
    }

    public ValueTask<CatalogVersion?> FindVersionAsync(DateTimeOffset time, CancellationToken cancellationToken) => UseAsync(connection =>
    {
        using var command = Command(connection,
            "SELECT version, committed_at FROM versions WHERE committed_at <= $1 ORDER BY version DESC LIMIT 1", [time.UtcTicks]);
        using var reader = command.ExecuteReader();
        return reader.Read() ? new CatalogVersion(reader.GetInt64(0), FromTicks(reader.GetInt64(1))) : null;
    });

    public ValueTask<StoredObject?> ReadAsync(CatalogKey key, long version, CancellationToken cancellationToken) => UseAsync(connection =>
    {
        object[] values = [ObjectKinds.Of(key.Kind).StoredName, key.Parent, key.Name, version];
        // The state that holds now is found by the index of such states alone; only who reads an older version looks into the history, from
        // its version on.
        foreach (var rows in (string[])
        [
            "valid_to IS NULL AND valid_from <= $4",
            "valid_to > $4 ORDER BY valid_to LIMIT 1",
        ])
        {
            using var command = Command(connection,
                $"SELECT oid, valid_from, body FROM objects WHERE kind = $1 AND parent = $2 AND name = $3 AND {rows}", values);
            using var reader = command.ExecuteReader();
            if (reader.Read() && reader.GetInt64(1) <= version)
                return new StoredObject(key, new Oid((uint)reader.GetInt64(0)), reader.GetInt64(1), reader.GetString(2));
        }

        return null;
    });

    public ValueTask<long?> FindEndAsync(CatalogKey key, CancellationToken cancellationToken) => UseAsync(connection =>
    {
        using var command = Command(connection, "SELECT max(valid_to) FROM objects WHERE kind = $1 AND parent = $2 AND name = $3",
            [ObjectKinds.Of(key.Kind).StoredName, key.Parent, key.Name]);
        return command.ExecuteScalar() as long?;
    });

    public ValueTask<IReadOnlyList<StoredObject>> ListAsync(CatalogList list, long version, CancellationToken cancellationToken) =>
        UseAsync(connection =>
    {
        // A list may have a long history; what ended after the version is not much of it.
        using var command = Command(
            connection,
            """
            SELECT name, oid, valid_from, body FROM objects WHERE kind = $1 AND parent = $2 AND valid_to IS NULL AND valid_from <= $3
            UNION ALL
            SELECT name, oid, valid_from, body FROM objects INDEXED BY objects_by_end
            WHERE kind = $1 AND parent = $2 AND valid_to > $3 AND valid_from <= $3
            ORDER BY name
            """,
            [ObjectKinds.Of(list.Kind).StoredName, list.Parent, version]);
        using var reader = command.ExecuteReader();
        var objects = new List<StoredObject>();
        while (reader.Read())
            objects.Add(new StoredObject(new CatalogKey(list.Kind, list.Parent, reader.GetString(0)), new Oid((uint)reader.GetInt64(1)),
                reader.GetInt64(2), reader.GetString(3)));
        return (IReadOnlyList<StoredObject>)objects;
    });

    public ValueTask<IReadOnlySet<CatalogKey>?> ListChangedAsync(long since, CancellationToken cancellationToken) => UseAsync(connection =>
        Scalar(connection, "SELECT 1 FROM versions WHERE version = $1", since) is null ? null : ListChanged(connection, since));

    public async ValueTask<CommitResult> WriteAsync(CatalogCommit commit, CancellationToken cancellationToken)
    {
        return await WriteAsync(connection =>
        {
            var transaction = connection.BeginTransaction(deferred: false);
            try
            {
                return Write(connection, transaction, commit);
            }
            finally
            {
                End(transaction);
            }
        }, cancellationToken);
    }

    public ValueTask<Oid> ReserveOidsAsync(int count, CancellationToken cancellationToken) =>
        WriteAsync(connection => new Oid(Convert.ToUInt32(
        Scalar(connection, "UPDATE counters SET value = value + $1 WHERE name = 'oid' RETURNING value - $1", count),
        CultureInfo.InvariantCulture)), cancellationToken);

    public ValueTask<IReadOnlyList<CatalogIntent>> ListIntentsAsync(CancellationToken cancellationToken) => UseAsync(connection =>
    {
        using var command = Command(connection, "SELECT id, kind, body FROM intents ORDER BY version, id", []);
        using var reader = command.ExecuteReader();
        var intents = new List<CatalogIntent>();
        while (reader.Read()) intents.Add(new CatalogIntent(reader.GetString(0), reader.GetString(1), reader.GetString(2)));
        return (IReadOnlyList<CatalogIntent>)intents;
    });

    public async ValueTask EndIntentAsync(string id, CancellationToken cancellationToken) =>
        await WriteAsync(connection => Run(connection, "DELETE FROM intents WHERE id = $1", id), cancellationToken);

    public ValueTask<string> GetSecretAsync(string name, string valueIfNew, CancellationToken cancellationToken) => UseAsync(connection =>
    {
        Run(connection, "INSERT OR IGNORE INTO secrets VALUES ($1, $2)", name, valueIfNew);
        return (string)Scalar(connection, "SELECT value FROM secrets WHERE name = $1", name)!;
    });

    public async ValueTask ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        var oldest = await WriteAsync(connection =>
        {
            var version = Scalar(connection, "SELECT max(version) FROM versions WHERE committed_at <= $1", before.UtcTicks) as long?;
            if (version is not null) Run(connection, "DELETE FROM versions WHERE version < $1", version);
            return version;
        }, cancellationToken);
        // No version shows these states any more. Some at a time: commits come between.
        const string Forget = "DELETE FROM objects WHERE rowid IN (SELECT rowid FROM objects WHERE valid_to <= $1 LIMIT 10000)";
        while (oldest is { } last && await WriteAsync(connection => Run(connection, Forget, last), cancellationToken) > 0) { }
    }

    private static IReadOnlySet<CatalogKey> ListChanged(SqliteConnection connection, long since)
    {
        using var command = Command(
            connection,
            "SELECT kind, parent, name FROM objects WHERE valid_from > $1 UNION SELECT kind, parent, name FROM objects WHERE valid_to > $1",
            [since]);
        using var reader = command.ExecuteReader();
        var keys = new HashSet<CatalogKey>();
        while (reader.Read())
            keys.Add(new CatalogKey(ObjectKinds.Named(reader.GetString(0)).Kind, reader.GetString(1), reader.GetString(2)));
        return keys;
    }

    private CommitResult Write(SqliteConnection connection, SqliteTransaction transaction, CatalogCommit commit)
    {
        var newest = Convert.ToInt64(Scalar(connection, "SELECT max(version) FROM versions"), CultureInfo.InvariantCulture);
        if (newest != commit.BaseVersion && commit.ConflictsWith(ListChanged(connection, commit.BaseVersion)) is { Count: > 0 } conflicts)
            return new CommitResult.Conflict(conflicts);
        if (commit.Job is { } job && !SqliteJobStore.IsHeld(connection, job)) return new CommitResult.Fenced(job);
        var version = new CatalogVersion(newest + 1, _clock.GetUtcNow());
        foreach (var (key, oid, body) in commit.Writes)
        {
            object[] values = [ObjectKinds.Of(key.Kind).StoredName, key.Parent, key.Name, version.Version, (long)oid.Value, body ?? ""];
            Run(connection, "UPDATE objects SET valid_to = $4 WHERE kind = $1 AND parent = $2 AND name = $3 AND valid_to IS NULL",
                values[..4]);
            if (body is not null) Run(connection, "INSERT INTO objects VALUES ($1, $2, $3, $5, $4, NULL, $6)", values);
        }

        foreach (var intent in commit.Intents)
            Run(connection, "INSERT INTO intents VALUES ($1, $2, $3, $4)", intent.Id, version.Version, intent.Kind, intent.Body);
        Run(connection, "INSERT INTO versions VALUES ($1, $2)", version.Version, version.CommittedAt.UtcTicks);
        transaction.Commit();
        return new CommitResult.Committed(version);
    }

    /// <summary>
    /// A full disk makes SQLite roll back by itself; then there is nothing left to roll back, and its own error is the one to tell.
    /// </summary>
    private static void End(SqliteTransaction transaction)
    {
        try
        {
            transaction.Dispose();
        }
        catch (SqliteException)
        {
            // The error of the statement that failed is on its way.
        }
    }

    public ValueTask DisposeAsync()
    {
        _newest.Dispose();
        SqliteConnection.ClearAllPools();
        _writing.Dispose();
        return ValueTask.CompletedTask;
    }

    internal SqliteConnection Connect()
    {
        var connection = new SqliteConnection(_connectionString);
        try
        {
            connection.Open();
            Run(connection, "PRAGMA synchronous = FULL");
            return connection;
        }
        catch (SqliteException error)
        {
            connection.Dispose();
            throw Failure(error, connection.DataSource);
        }
    }

    /// <summary>Runs a statement, and gives the number of rows that it changed.</summary>
    internal static int Run(SqliteConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        using var command = Command(connection, sql, values);
        return command.ExecuteNonQuery();
    }

    internal static object? Scalar(SqliteConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        using var command = Command(connection, sql, values);
        return command.ExecuteScalar();
    }

    internal static SqliteCommand Command(SqliteConnection connection, string sql, ReadOnlySpan<object?> values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < values.Length; i++) command.Parameters.AddWithValue($"${i + 1}", values[i] ?? DBNull.Value);
        return command;
    }

    internal static SqlException Failure(SqliteException error, string path) => error.SqliteErrorCode switch
    {
        13 => new SqlException(SqlState.DiskFull, $"could not write catalog \"{path}\": no space left on device", error),
        5 or 6 => new SqlException(SqlState.LockNotAvailable, $"catalog \"{path}\" is locked by another process", error),
        11 or 26 => new SqlException(SqlState.DataCorrupted, $"catalog \"{path}\" is damaged or is not a catalog", error)
            { Detail = error.Message },
        _ => new SqlException(SqlState.IoError, $"could not use catalog \"{path}\": {error.Message}", error),
    };

    private static DateTimeOffset FromTicks(long ticks) => new(ticks, TimeSpan.Zero);

    private void Initialize(SqliteConnection connection)
    {
        Run(connection, "INSERT INTO counters VALUES ('oid', 16384)");
        Run(connection, "INSERT INTO versions VALUES (0, $1)", _clock.GetUtcNow().UtcTicks);
    }

    /// <summary>
    /// For what writes. Writers of this process wait in a queue: the file's own lock makes them sleep and try again, for longer and longer.
    /// </summary>
    internal async ValueTask<T> WriteAsync<T>(Func<SqliteConnection, T> write, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            return await UseAsync(write);
        }
        finally
        {
            _writing.Release();
        }
    }

    internal ValueTask<T> UseAsync<T>(Func<SqliteConnection, T> read) => UseAsync(() =>
    {
        using var connection = Connect();
        return read(connection);
    });

    private static ValueTask<T> UseAsync<T>(Func<T> read)
    {
        try
        {
            return ValueTask.FromResult(read());
        }
        catch (SqliteException error)
        {
            throw Failure(error, "catalog");
        }
    }
}
