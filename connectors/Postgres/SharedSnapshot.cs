using System.Globalization;
using Npgsql;

namespace Federation.Connectors.Postgres;

/// <summary>
/// An exported snapshot of the source, and how large a table is in it: several connections read ranges of the table as if they were one
/// statement. Valid until disposed.
/// </summary>
internal sealed class SharedSnapshot : IAsyncDisposable
{
    /// <summary>A table of fewer pages (8 MB) is read sooner than a second connection is made.</summary>
    private const long MinPages = 1024;

    private const string Sql = """
        SELECT pg_export_snapshot(), pg_relation_size(c.oid) / current_setting('block_size')::int8
        FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND NOT pg_is_in_recovery()
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = c.oid)
        """;

    private readonly NpgsqlConnection _connection;
    private readonly long _pages;

    private SharedSnapshot(NpgsqlConnection connection, string name, long pages)
    {
        _connection = connection;
        Name = name;
        _pages = pages;
    }

    /// <summary>What <c>SET TRANSACTION SNAPSHOT</c> takes.</summary>
    public string Name { get; }

    /// <param name="snapshot">The state to export again; null for the newest.</param>
    /// <returns>Null for what has no pages of its own (views, partitioned and foreign tables, parents), for small tables, and on a
    /// standby.</returns>
    public static async ValueTask<SharedSnapshot?> TryOpenAsync(NpgsqlDataSource source, PostgresTable table, string? snapshot,
        PostgresErrors errors, CancellationToken cancellationToken)
    {
        var connection = source.CreateConnection();
        try
        {
            await connection.OpenAsync(cancellationToken);
            var sql = snapshot is null ? PostgresSnapshot.Begin : $"{PostgresSnapshot.Begin}; {PostgresSnapshot.Set(snapshot)}";
            await using (var begin = new NpgsqlCommand(sql, connection)) await begin.ExecuteNonQueryAsync(cancellationToken);
            await using var command = new NpgsqlCommand(Sql, connection);
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = table.Schema });
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = table.Name });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            if (await reader.ReadAsync(cancellationToken) && reader.GetInt64(1) >= MinPages)
                return new SharedSnapshot(connection, reader.GetString(0), reader.GetInt64(1));
        }
        catch (NpgsqlException error)
        {
            await connection.DisposeAsync();
            throw error is PostgresException ? errors.WhileSettingSnapshot(error, Sql) : errors.WhileConnecting(error);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }

    /// <summary>
    /// Conditions on ctid that divide the table into ranges of about equally many pages; what was added since belongs to the last.
    /// </summary>
    public IEnumerable<string> Ranges(int parts)
    {
        for (var i = 0; i < parts; i++)
        {
            var (low, high) = (_pages * i / parts, _pages * (i + 1) / parts);
            var conditions = new List<string>();
            if (i > 0) conditions.Add(string.Create(CultureInfo.InvariantCulture, $"ctid >= '({low},0)'::tid"));
            if (i < parts - 1) conditions.Add(string.Create(CultureInfo.InvariantCulture, $"ctid < '({high},0)'::tid"));
            yield return conditions.Count == 0 ? "true" : string.Join(" AND ", conditions);
        }
    }

    /// <summary>Ends the transaction; readers that have set the snapshot keep it.</summary>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
