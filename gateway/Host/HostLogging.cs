using Microsoft.Extensions.Logging;

namespace Federation.Host;

/// <summary>How all commands log: one line for each message, to the console.</summary>
internal static class HostLogging
{
    public static ILoggerFactory Create(bool isVerbose) => LoggerFactory.Create(builder => builder
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        })
        .SetMinimumLevel(isVerbose ? LogLevel.Debug : LogLevel.Warning));
}
