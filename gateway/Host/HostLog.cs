using System.Net;
using Federation.Session;
using Microsoft.Extensions.Logging;

namespace Federation.Host;

/// <summary>What the host writes to the log.</summary>
internal static partial class HostLog
{
    [LoggerMessage(Level = LogLevel.Warning,
        Message = "worker process {ProcessId} ended with code {ExitCode}; it is started again in {Pause} ms")]
    public static partial void WorkerEnded(ILogger logger, int processId, int exitCode, double pause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "worker {Address} is lost: {Reason}")]
    public static partial void WorkerLost(ILogger logger, string address, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "log-in of user \"{User}\" from {RemoteEndPoint} failed with {SqlState}: {Message}")]
    public static partial void LogInFailed(ILogger logger, string user, EndPoint? remoteEndPoint, string sqlState, string message);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the query log cannot be written: {Error}")]
    public static partial void QueryLogFailed(ILogger logger, string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "a cancel request for process {ProcessId} is not forwarded: {Error}")]
    public static partial void CancelNotForwarded(ILogger logger, int processId, string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "job {Job}: {Error}")]
    public static partial void JobFailed(ILogger logger, string job, string error);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "{User}@{Database} [{ProcessId}] {Address}: changed the catalog in {Duration:0} ms: {Statement}")]
    public static partial void Changed(ILogger logger, string user, string database, int processId, string address, double duration,
        string statement);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{User}@{Database} [{ProcessId}] {Address}: slow, {Duration:0} ms: {Statement}")]
    public static partial void Slow(ILogger logger, string user, string database, int processId, string address, double duration,
        string statement);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "{User}@{Database} [{ProcessId}] {Address}: cancelled with {SqlState} after {Duration:0} ms: {Statement}")]
    public static partial void Cancelled(ILogger logger, string user, string database, int processId, string address, string? sqlState,
        double duration, string statement);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "{User}@{Database} [{ProcessId}] {Address}: failed with {SqlState} after {Duration:0} ms: {Statement}{Error}")]
    public static partial void Failed(ILogger logger, string user, string database, int processId, string address, string? sqlState,
        double duration, string statement, string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "table {Table} could not be maintained: {Message}")]
    public static partial void MaintenanceFailed(ILogger logger, string table, string message);

    /// <summary>Names and texts come from clients: none of them may begin a line of its own.</summary>
    public static string OnOneLine(string text) => new([.. text.Select(character => char.IsControl(character) ? ' ' : character)]);

    public static void Statement(ILogger logger, StatementReport report)
    {
        var (user, database, text, duration) = (OnOneLine(report.User), OnOneLine(report.Database), OnOneLine(report.Text),
            report.Duration.TotalMilliseconds);
        switch (report.Outcome)
        {
            case StatementOutcome.Changed: Changed(logger, user, database, report.ProcessId, report.Address, duration, text); break;
            case StatementOutcome.Slow: Slow(logger, user, database, report.ProcessId, report.Address, duration, text); break;
            case StatementOutcome.Cancelled:
                Cancelled(logger, user, database, report.ProcessId, report.Address, report.State, duration, text); break;
            default: Failed(logger, user, database, report.ProcessId, report.Address, report.State, duration, text,
                report.Message is { } message ? $" -- {OnOneLine(message)}" : ""); break;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "leases: {Message}")]
    public static partial void LeaseFailed(ILogger logger, string message);
}
