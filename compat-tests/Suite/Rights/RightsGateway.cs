using System.Collections.Concurrent;
using Federation.CompatTests.Suite.Clients;
using Federation.CompatTests.Suite.Protocol;
using Federation.Host;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Federation.CompatTests.Suite.Rights;

/// <summary>
/// A gateway with the superuser root and the users alice, bob and carol, whose password is their name; what it logs is kept.
/// </summary>
public class RightsGateway : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("federation-rights-").FullName;
    private readonly KeptLog _log = new();
    private Gateway? _gateway;

    /// <summary>Whether the log shows values.</summary>
    protected virtual bool LogsLiterals => false;

    /// <summary>A folder that servers may name.</summary>
    internal string Files => Directory.CreateDirectory(Path.Combine(_folder, "files")).FullName;

    /// <summary>A folder that they may not.</summary>
    internal string Outside => Directory.CreateDirectory(Path.Combine(_folder, "outside")).FullName;

    internal IReadOnlyCollection<string> Lines => _log.Lines;

    /// <summary>Waits for a line of the log that holds all of the texts.</summary>
    internal async Task<string> LineAsync(params string[] texts)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            if (_log.Lines.FirstOrDefault(line => texts.All(text => line.Contains(text, StringComparison.Ordinal))) is { } line)
                return line;
            if (limit.IsCancellationRequested)
                throw new TimeoutException($"no line with {string.Join(" and ", texts)} in:\n{string.Join('\n', _log.Lines)}");
            await Task.Delay(20);
        }
    }

    internal NpgsqlDataSource Source(string user, string? password = null) =>
        NpgsqlDataSource.Create((Address with { User = user }).ConnectionString + $";Password={password ?? user}");

    internal async Task<NpgsqlConnection> ConnectAsync(string user)
    {
        var connection = new NpgsqlConnection((Address with { User = user }).ConnectionString + $";Password={user}");
        await connection.OpenAsync();
        return connection;
    }

    private ServerAddress Address => new("127.0.0.1", _gateway!.EndPoint.Port, "root", "federation");

    public async Task InitializeAsync()
    {
        var data = Directory.CreateDirectory(Path.Combine(_folder, "data")).FullName;
        await Roles.AddAsync(data, "root", "root");
        foreach (var user in (string[])["alice", "bob", "carol"]) await Roles.AddAsync(data, user, user, isSuperuser: false);
        var options = new ServeOptions { Port = 0, FlightPort = -1, DataDirectory = data, AllowedRoots = [Files],
            MemoryLimitBytes = InProcess.MemoryLimitBytes, SlowStatement = TimeSpan.FromMilliseconds(1), LogsLiterals = LogsLiterals };
        _gateway = await Gateway.StartAsync(options, _log, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
        _log.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>All lines of all categories, whatever their level.</summary>
    private sealed class KeptLog : ILoggerFactory
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => new Logger(Lines);

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose()
        {
            // Holds nothing.
        }

        private sealed class Logger(ConcurrentQueue<string> lines) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
                Func<TState, Exception?, string> formatter) =>
                lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");
        }
    }
}
