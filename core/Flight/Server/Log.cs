using System.Net;
using Microsoft.Extensions.Logging;

namespace Federation.Flight.Server;

/// <summary>All log lines of the Flight transport. Tickets, descriptors and values are never logged here.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "listening for Arrow Flight clients on {EndPoint}")]
    public static partial void Listening(ILogger logger, EndPoint endPoint);

    [LoggerMessage(2, LogLevel.Debug, "{Method} ended with {SqlState}: {Message}")]
    public static partial void Failed(ILogger logger, string method, string sqlState, string message);

    [LoggerMessage(3, LogLevel.Error, "{Method} failed with an internal error")]
    public static partial void InternalError(ILogger logger, Exception exception, string method);

    [LoggerMessage(4, LogLevel.Debug, "{Method} was given up by the client")]
    public static partial void Aborted(ILogger logger, string method);
}
