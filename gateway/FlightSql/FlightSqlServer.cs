using System.Net;
using Federation.Flight.Server;
using Federation.FlightSql.Sessions;
using Federation.SessionApi;
using Microsoft.Extensions.Logging;

namespace Federation.FlightSql;

/// <summary>The gateway's second protocol: Arrow Flight SQL over the same sessions as PostgreSQL's.</summary>
public sealed class FlightSqlServer : IAsyncDisposable
{
    private readonly SessionTable _sessions;
    private readonly FlightServer _server;

    /// <param name="loggers">Not owned.</param>
    public FlightSqlServer(FlightSqlOptions options, ISessionFactory sessions, ILoggerFactory loggers, TimeProvider? clock = null)
    {
        var time = clock ?? TimeProvider.System;
        _sessions = new SessionTable(sessions, options, time);
        _server = new FlightServer(new FlightServerOptions { EndPoint = options.EndPoint, Certificate = options.Certificate },
            new FlightSqlService(_sessions), loggers, time);
    }

    /// <summary>Where the server listens, with the port it got.</summary>
    public IPEndPoint EndPoint => _server.EndPoint;

    public Task StartAsync(CancellationToken cancellationToken) => _server.StartAsync(cancellationToken);

    /// <summary>Lets running calls end until the token is cancelled, then cuts them.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _server.StopAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _sessions.DisposeAsync();
    }
}
