using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Federation.Core.Errors;
using Federation.Flight.Server;
using Federation.SessionApi;

namespace Federation.FlightSql.Sessions;

/// <summary>
/// The live sessions, by bearer token. A client that logs in (Handshake, or Basic on any call) gets a token; one that sends no token keeps
/// the session of its connection and credentials. Sessions end by CloseSession or when idle. Thread-safe.
/// </summary>
internal sealed class SessionTable : IAsyncDisposable
{
    private const int TokenBytes = 24;
    private const string Bearer = "Bearer ";

    private readonly ISessionFactory _factory;
    private readonly FlightSqlOptions _options;
    private readonly TimeProvider _clock;
    private readonly Authenticator _authenticator;
    private readonly ConcurrentDictionary<string, FlightSession> _byToken = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task<FlightSession>> _byConnection = new(StringComparer.Ordinal);
    private readonly ITimer _sweep;
    private readonly Lock _gate = new();

    public SessionTable(ISessionFactory factory, FlightSqlOptions options, TimeProvider clock)
    {
        _factory = factory;
        _options = options;
        _clock = clock;
        _authenticator = new Authenticator(factory, options);
        var interval = TimeSpan.FromTicks(Math.Max(options.IdleTimeout.Ticks / 4, TimeSpan.TicksPerMillisecond * 10));
        _sweep = clock.CreateTimer(_ => CloseIdle(), null, interval, interval);
    }

    /// <summary>The session of a call. Raises 28000 for a token that is not known (any more), 28P01 for a wrong password.</summary>
    public async ValueTask<SessionUse> EnterAsync(FlightCallContext context)
    {
        var authorization = context.FindHeader("authorization") ?? "";
        var session = authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? _byToken.GetValueOrDefault(authorization[Bearer.Length..].Trim()) ?? throw Expired()
            : await OfConnectionAsync(authorization, context);
        return session.TryEnter() ?? throw Expired();
    }

    /// <summary>Logs in and opens a session of its own.</summary>
    /// <param name="credentials">From a message; null for the call's headers.</param>
    public async ValueTask<FlightSession> LogInAsync(FlightCallContext context, Credentials? credentials)
    {
        var origin = await _authenticator.AuthenticateAsync(context, credentials);
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TokenBytes));
        var session = new FlightSession(token, origin, _factory, await _factory.OpenAsync(origin, context.CancellationToken), _clock);
        _byToken[token] = session;
        return session;
    }

    public async ValueTask CloseAsync(FlightSession session)
    {
        _byToken.TryRemove(session.Token, out _);
        await session.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _sweep.DisposeAsync();
        foreach (var session in _byToken.Values) await CloseAsync(session);
    }

    private static SqlException Expired() =>
        new(SqlState.InvalidAuthorizationSpecification, "the session does not exist or has expired") { Hint = "Log in again." };

    /// <summary>
    /// Clients that never send a token are told apart by their connection, and their password is checked once per connection.
    /// </summary>
    private async ValueTask<FlightSession> OfConnectionAsync(string authorization, FlightCallContext context)
    {
        var key =
            $"{context.ConnectionId}\n{authorization}\n{context.FindHeader(Authenticator.DatabaseHeader)}\n{context.FindHeader(Authenticator.UserHeader)}";
        while (true)
        {
            Task<FlightSession> entry;
            lock (_gate)
            {
                // Calls of one connection that come at once share the log-in.
                if (!_byConnection.TryGetValue(key, out entry!)) _byConnection[key] = entry = LogInAsync(context, null).AsTask();
            }

            try
            {
                var session = await entry;
                if (!session.IsClosed)
                {
                    if (authorization.Length > 0) context.ResponseHeaders["authorization"] = Bearer + session.Token;
                    return session;
                }
            }
            catch
            {
                _byConnection.TryRemove(new(key, entry));
                throw;
            }

            _byConnection.TryRemove(new(key, entry));
        }
    }

    private void CloseIdle()
    {
        var limit = _clock.GetUtcNow() - _options.IdleTimeout;
        foreach (var session in _byToken.Values)
            if (session.IsIdleSince(limit))
                _ = CloseAsync(session).AsTask();
        foreach (var entry in _byConnection)
            if (entry.Value.IsCompletedSuccessfully && entry.Value.GetAwaiter().GetResult().IsClosed)
                _byConnection.TryRemove(entry);
    }
}
