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
        // What an operator has to know is told by the gateway's own lines; other libraries say only what is wrong.
        .AddFilter("Federation.Host", isVerbose ? LogLevel.Debug : LogLevel.Information)
        .AddFilter("Federation.PgWire", isVerbose ? LogLevel.Debug : LogLevel.Information)
        // What keeps a listener from starting is told once, in the words of the command.
        .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None)
        .SetMinimumLevel(isVerbose ? LogLevel.Debug : LogLevel.Warning));
}
