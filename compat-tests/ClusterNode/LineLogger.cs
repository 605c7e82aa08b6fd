using Microsoft.Extensions.Logging;

namespace Federation.CompatTests.ClusterNode;

/// <summary>Warnings and worse, one line each on standard output.</summary>
internal sealed class LineLogger : ILoggerFactory, ILogger
{
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("there is one way to log");

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) Console.WriteLine($"log: {formatter(state, exception)}");
    }

    public void Dispose()
    {
        // Standard output stays open.
    }
}
