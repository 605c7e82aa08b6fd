using Federation.Connectors.Spi;
using Npgsql;

namespace Federation.Connectors.Postgres;

/// <summary>
/// A state of the source that any number of connections read: a transaction that has exported its snapshot, and stays open until this is
/// disposed.
/// </summary>
internal sealed class PostgresSnapshot : ISourceSnapshot
{
    /// <summary>How a transaction begins that reads one state: its own first one, or one that is set.</summary>
    public const string Begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    private readonly NpgsqlConnection _connection;

    private PostgresSnapshot(NpgsqlConnection connection, string name)
    {
        _connection = connection;
        Name = name;
    }

    /// <summary>What <c>SET TRANSACTION SNAPSHOT</c> takes.</summary>
    public string Name { get; }

    public ITableHandle At(ITableHandle handle) => handle switch
    {
        PostgresTableHandle table => table with { Snapshot = Name },
        PostgresQueryHandle query => query with { Snapshot = Name },
        _ => handle,
    };

    public static async ValueTask<PostgresSnapshot> OpenAsync(NpgsqlDataSource source, PostgresErrors errors,
        CancellationToken cancellationToken)
    {
        const string Export = "SELECT pg_export_snapshot()";
        var connection = source.CreateConnection();
        try
        {
            await connection.OpenAsync(cancellationToken);
            await using (var begin = new NpgsqlCommand(Begin, connection)) await begin.ExecuteNonQueryAsync(cancellationToken);
            await using var command = new NpgsqlCommand(Export, connection);
            return new PostgresSnapshot(connection, (string)(await command.ExecuteScalarAsync(cancellationToken))!);
        }
        catch (NpgsqlException error)
        {
            await connection.DisposeAsync();
            throw error is PostgresException ? errors.WhileReading(error, Export) : errors.WhileConnecting(error);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>The statement by which a transaction reads a snapshot.</summary>
    public static string Set(string name) => $"SET TRANSACTION SNAPSHOT {PostgresDialect.Quote(name)}";

    /// <summary>Ends the transaction; readers that have set the snapshot keep it. The pool rolls back what is open.</summary>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
