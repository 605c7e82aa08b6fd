using System.Globalization;
using Federation.Core.Errors;
using Microsoft.Data.Sqlite;

namespace Federation.Catalog;

/// <summary>
/// The embedded catalog: one SQLite file in WAL mode with synchronous = FULL, so that a commit that returned survives a crash of the process or the machine.
/// <para>
/// Every object is a row that is valid from one version until another; a snapshot reads the rows valid at its version. One writer at a time, any number of readers, also of other
/// processes.
/// </para>
/// </summary>
public sealed class SqliteCatalogStore : ICatalogStore
{
    /// <summary>Written to PRAGMA user_version; a file of a later form is refused.</summary>
    private const int FormatVersion = 1;

    private const string Schema = """
        CREATE TABLE IF NOT EXISTS versions (version INTEGER PRIMARY KEY, committed_at INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS objects (
          kind TEXT NOT NULL, parent TEXT NOT NULL, name TEXT NOT NULL, oid INTEGER NOT NULL,
          valid_from INTEGER NOT NULL, valid_to INTEGER, body TEXT NOT NULL);
        CREATE UNIQUE INDEX IF NOT EXISTS objects_live ON objects (kind, parent, name) WHERE valid_to IS NULL;
        CREATE INDEX IF NOT EXISTS objects_history ON objects (kind, parent, name, valid_from);
        CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS leases (id TEXT PRIMARY KEY, address TEXT NOT NULL, process_id INTEGER NOT NULL, started_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, is_draining INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL);
        """;

    private readonly string _connectionString;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _writing = new(1, 1);

    /// <summary>The newest snapshot that somebody asked for, shared by all until there is a newer version.</summary>
    private volatile SqliteCatalogSnapshot? _newest;

    private SqliteCatalogStore(string connectionString, TimeProvider clock)
    {
        _connectionString = connectionString;
        _clock = clock;
    }

    /// <summary>Opens or creates the store. A file that is no catalog, or of a later version, raises 58030 or 0A000 with its name.</summary>
    public static async ValueTask<SqliteCatalogStore> OpenAsync(string path, TimeProvider clock, CancellationToken cancellationToken)
    {
        SQLitePCL.Batteries_V2.Init();
        var isNew = !File.Exists(path);
        if (!isNew && new FileInfo(path).Length == 0)
        {
            // Starting over would drop all users and so let everybody in.
            throw new SqlException(SqlState.DataCorrupted, $"catalog file \"{path}\" is empty")
            {
                Hint = "Put the catalog of a backup in its place, or remove the file to begin with a new catalog, which has no users and no servers.",
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
                throw new SqlException(SqlState.FeatureNotSupported, $"catalog file \"{path}\" was written by a later version") { Detail = $"Its format is {format}; this version knows {FormatVersion}." };
            Scalar(connection, "PRAGMA journal_mode = WAL");
            using var transaction = connection.BeginTransaction(deferred: false);
            Run(connection, Schema);
            Run(connection, $"PRAGMA user_version = {FormatVersion}");
            if (Convert.ToInt64(Scalar(connection, "SELECT count(*) FROM versions"), CultureInfo.InvariantCulture) == 0) store.Initialize(connection);
            transaction.Commit();
        }
        catch (SqliteException error)
        {
            throw Failure(error, path);
        }

        return store;
    }

    public ValueTask<ICatalogSnapshot> GetSnapshotAsync(CancellationToken cancellationToken)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT version, committed_at FROM versions ORDER BY version DESC LIMIT 1";
        using var reader = command.ExecuteReader();
        reader.Read();
        var newest = _newest;
        if (newest?.Version != reader.GetInt64(0)) _newest = newest = new SqliteCatalogSnapshot(this, reader.GetInt64(0), FromTicks(reader.GetInt64(1)));
        return ValueTask.FromResult<ICatalogSnapshot>(newest);
    }

    public ValueTask<ICatalogSnapshot> GetSnapshotAsync(long version, CancellationToken cancellationToken)
    {
        using var connection = Connect();
        var time = Scalar(connection, "SELECT committed_at FROM versions WHERE version = $1", version);
        return time is long ticks
            ? ValueTask.FromResult<ICatalogSnapshot>(new SqliteCatalogSnapshot(this, version, FromTicks(ticks)))
            : throw new SqlException(SqlState.InvalidParameterValue, $"catalog version {version} does not exist");
    }

    public async ValueTask<long> CommitAsync(long baseVersion, IReadOnlyList<CatalogChange> changes, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await using var connection = Connect();
            var transaction = connection.BeginTransaction(deferred: false);
            try
            {
                return Apply(connection, transaction, baseVersion, changes);
            }
            finally
            {
                End(transaction);
            }
        }
        catch (SqliteException error)
        {
            throw Failure(error, "catalog");
        }
        finally
        {
            _writing.Release();
        }
    }

    private long Apply(SqliteConnection connection, SqliteTransaction transaction, long baseVersion, IReadOnlyList<CatalogChange> changes)
    {
        var version = Convert.ToInt64(Scalar(connection, "SELECT max(version) FROM versions"), CultureInfo.InvariantCulture) + 1;
        var writer = new CatalogWriter(connection, baseVersion, version);
        foreach (var change in changes) writer.Apply(change);
        Run(connection, "INSERT INTO versions VALUES ($1, $2)", version, _clock.GetUtcNow().UtcTicks);
        transaction.Commit();
        return version;
    }

    /// <summary>A full disk makes SQLite roll back by itself; then there is nothing left to roll back, and its own error is the one to tell.</summary>
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

    internal static void Run(SqliteConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        using var command = Command(connection, sql, values);
        command.ExecuteNonQuery();
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
        11 or 26 => new SqlException(SqlState.DataCorrupted, $"catalog \"{path}\" is damaged or is not a catalog", error) { Detail = error.Message },
        _ => new SqlException(SqlState.IoError, $"could not use catalog \"{path}\": {error.Message}", error),
    };

    private static DateTimeOffset FromTicks(long ticks) => new(ticks, TimeSpan.Zero);

    private void Initialize(SqliteConnection connection)
    {
        Run(connection, "INSERT INTO counters VALUES ('oid', 16384)");
        Run(connection, "INSERT INTO versions VALUES (1, $1)", _clock.GetUtcNow().UtcTicks);
        var writer = new CatalogWriter(connection, 1, 1);
        writer.Apply(new CatalogChange.CreateSchema("public", "federation"));
    }
}
