using System.Net;
using Microsoft.Extensions.Logging;

namespace Federation.PgWire;

/// <summary>All log lines of the PostgreSQL front end. Statement texts and values are never logged here.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Debug, "listening for PostgreSQL clients on {EndPoint}")]
    public static partial void Listening(ILogger logger, EndPoint endPoint);

    [LoggerMessage(2, LogLevel.Debug, "connection {ConnectionId} from {RemoteEndPoint} opened")]
    public static partial void Opened(ILogger logger, string connectionId, EndPoint? remoteEndPoint);

    [LoggerMessage(3, LogLevel.Debug, "connection {ConnectionId} closed")]
    public static partial void Closed(ILogger logger, string connectionId);

    /// <summary>A name that a client chose, without what would begin another line.</summary>
    public static string OnOneLine(string text) => new([.. text.Select(character => char.IsControl(character) ? '?' : character)]);

    [LoggerMessage(9, LogLevel.Warning, "log-in of user \"{User}\" from {RemoteEndPoint} failed with {SqlState}: {Message}")]
    public static partial void LogInFailed(ILogger logger, string user, EndPoint? remoteEndPoint, string sqlState, string message);

    [LoggerMessage(4, LogLevel.Information, "connection {ConnectionId} ended with {SqlState}: {Message}")]
    public static partial void Fatal(ILogger logger, string connectionId, string sqlState, string message);

    [LoggerMessage(5, LogLevel.Error, "a statement on connection {ConnectionId} failed with an internal error")]
    public static partial void InternalError(ILogger logger, Exception exception, string connectionId);

    [LoggerMessage(6, LogLevel.Debug, "connection {ConnectionId} broke: {Reason}")]
    public static partial void Broken(ILogger logger, string connectionId, string reason);

    [LoggerMessage(7, LogLevel.Error, "connection {ConnectionId} ended with an internal error")]
    public static partial void ConnectionFailed(ILogger logger, Exception exception, string connectionId);

    [LoggerMessage(8, LogLevel.Warning, "accepting connections failed; trying again")]
    public static partial void AcceptFailed(ILogger logger, Exception exception);
}
