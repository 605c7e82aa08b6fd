using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Federation.Catalog;

/// <summary>
/// The newest version of the catalog, which every statement asks for. Connections are kept with the query prepared on them: opening a
/// connection and preparing the query take several times as long as running it. Thread-safe.
/// </summary>
internal sealed class SqliteNewestVersion(Func<SqliteConnection> connect) : IDisposable
{
    private readonly ConcurrentBag<SqliteCommand> _idle = [];

    /// <summary>Null for a store without a version. Raises <see cref="SqliteException"/>.</summary>
    public CatalogVersion? Read()
    {
        if (!_idle.TryTake(out var command)) command = Prepare();
        try
        {
            CatalogVersion? version;
            using (var reader = command.ExecuteReader())
                version = reader.Read()
                    ? new CatalogVersion(reader.GetInt64(0), new DateTimeOffset(reader.GetInt64(1), TimeSpan.Zero))
                    : null;
            _idle.Add(command);
            return version;
        }
        catch
        {
            Drop(command);
            throw;
        }
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var command)) Drop(command);
    }

    private SqliteCommand Prepare()
    {
        var connection = connect();
        try
        {
            var command =
                SqliteCatalogStore.Command(connection, "SELECT version, committed_at FROM versions ORDER BY version DESC LIMIT 1", []);
            command.Prepare();
            return command;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Drop(SqliteCommand command)
    {
        var connection = command.Connection;
        command.Dispose();
        connection?.Dispose();
    }
}
