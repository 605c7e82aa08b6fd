using Microsoft.Extensions.Logging;

namespace Federation.Host;

/// <summary>What the host writes to the log.</summary>
internal static partial class HostLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "worker process {ProcessId} ended with code {ExitCode}; it is started again in {Pause} ms")]
    public static partial void WorkerEnded(ILogger logger, int processId, int exitCode, double pause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "leases: {Message}")]
    public static partial void LeaseFailed(ILogger logger, string message);
}
