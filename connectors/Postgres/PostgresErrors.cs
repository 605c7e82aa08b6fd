using System.Net.Sockets;
using System.Security.Authentication;
using Federation.Core.Errors;
using Npgsql;

namespace Federation.Connectors.Postgres;

/// <summary>Failures of the driver and errors of the source as the one exception type, naming the server and never a password.</summary>
internal sealed class PostgresErrors(string serverName)
{
    /// <summary>Errors of opening a connection: the source's own SQLSTATE when it answered, else 08001.</summary>
    public SqlException WhileConnecting(Exception exception)
    {
        var (state, reason) = exception switch
        {
            PostgresException refused => (Safe(refused.SqlState), refused.MessageText),
            NpgsqlException { InnerException: AuthenticationException or IOException { InnerException: AuthenticationException } } =>
                (SqlState.SqlclientUnableToEstablishSqlconnection, $"TLS failed: {Innermost(exception).Message}"),
            NpgsqlException when exception.Message.Contains("pool has been exhausted", StringComparison.Ordinal) =>
                (SqlState.TooManyConnections, "all connections of the pool are in use"),
            NpgsqlException { InnerException: TimeoutException } or TimeoutException =>
                (SqlState.SqlclientUnableToEstablishSqlconnection, "the server did not answer in time"),
            _ => (SqlState.SqlclientUnableToEstablishSqlconnection, Innermost(exception).Message),
        };
        return new SqlException(state, $"could not connect to server \"{serverName}\": {reason}", exception)
        {
            Detail = (exception as PostgresException)?.Detail,
            Hint = (exception as PostgresException)?.Hint,
        };
    }

    /// <summary>Errors after a connection was there: the source's own error, or 08006 when the connection is lost.</summary>
    public SqlException WhileReading(Exception exception, string sql)
    {
        switch (exception)
        {
            case SqlException own: return own;
            case PostgresException error when !IsShutdown(error):
                return new SqlException(Safe(error.SqlState), error.MessageText, exception)
                {
                    Detail = $"{(error.Detail is { } detail ? detail + " " : "")}The error comes from server \"{serverName}\".",
                    Hint = error.Hint,
                    Where = $"remote SQL: {sql}",
                    SchemaName = error.SchemaName,
                    TableName = error.TableName,
                    ColumnName = error.ColumnName,
                };
            case PostgresException or NpgsqlException or IOException or SocketException or ObjectDisposedException
                or InvalidOperationException or OperationCanceledException:
                var reason = exception is PostgresException shutdown ? shutdown.MessageText : Innermost(exception).Message;
                return new SqlException(SqlState.ConnectionFailure, $"connection to server \"{serverName}\" was lost: {reason}", exception)
                {
                    Where = $"remote SQL: {sql}",
                };
            default:
                return new SqlException(SqlState.FdwError, $"reading from server \"{serverName}\" failed: {exception.Message}", exception)
                {
                    Where = $"remote SQL: {sql}",
                };
        }
    }

    /// <summary>
    /// Errors of reading a snapshot that was exported before: 40001 when who exported it is gone, and with it the state that the
    /// transaction reads.
    /// </summary>
    public SqlException WhileSettingSnapshot(Exception exception, string sql) => exception is PostgresException { SqlState: "22023" }
        ? new SqlException(SqlState.TRSerializationFailure,
            $"could not serialize access due to a lost connection to server \"{serverName}\"", exception)
                { Hint = "The transaction might succeed if retried." }
        : WhileReading(exception, sql);

    /// <summary>The server ends the connection: 57P01 to 57P05 and every FATAL error.</summary>
    private static bool IsShutdown(PostgresException error) =>
        error.SqlState.StartsWith("57P", StringComparison.Ordinal) || error.InvariantSeverity is "FATAL" or "PANIC";

    /// <summary>A defect of the source is a failure of a foreign server, not an internal error here.</summary>
    private static SqlState Safe(string state) =>
        state.Length != 5 || state.StartsWith("XX", StringComparison.Ordinal) ? SqlState.FdwError : new SqlState(state);

    private static Exception Innermost(Exception exception)
    {
        while (exception.InnerException is { } inner) exception = inner;
        return exception;
    }
}
