using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Federation.Core.Errors;
using Federation.PgWire.Protocol;
using Federation.SessionApi;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Federation.PgWire;

/// <summary>
/// Listens for PostgreSQL clients on Kestrel's socket transport. Idle connections hold no buffers: the transport waits for data before it
/// takes one. Continuations run where the socket completed, which halves the cost of short statements; sessions hand long work elsewhere.
/// </summary>
public sealed class PgServer : IAsyncDisposable
{
    /// <summary>For the last words to connections that are cut.</summary>
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(2);

    private readonly PgServerOptions _options;
    private readonly SocketTransportFactory _transport;
    private readonly ILogger _logger;
    private readonly PgConnectionHandler _handler;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<ConnectionContext, Task> _connections = new();
    private IConnectionListener? _listener;
    private Task _accepting = Task.CompletedTask;

    public PgServer(PgServerOptions options, ISessionFactory sessions, ILoggerFactory loggers, TimeProvider? clock = null)
    {
        _options = options;
        Cancels = new CancelRegistry(options.ForwardCancel);
        _logger = loggers.CreateLogger<PgServer>();
        _transport = new SocketTransportFactory(
            Options.Create(new SocketTransportOptions
            {
                UnsafePreferInlineScheduling = true,
                IOQueueCount = 1,
                WaitForDataBeforeAllocatingBuffer = true,
                NoDelay = true,

                // Room to write the next rows while the client reads the last.
                MaxWriteBufferSize = 1024 * 1024,
            }),
            loggers);
        _handler = new PgConnectionHandler(
            new ConnectionServices(options, sessions, Cancels, clock ?? TimeProvider.System, _logger, _stopping.Token));
    }

    /// <summary>Keys of the live sessions; other front ends may cancel through it.</summary>
    public CancelRegistry Cancels { get; }

    /// <summary>Where the server listens, with the port it got.</summary>
    public EndPoint EndPoint => _listener?.EndPoint ?? _options.EndPoint;

    public int ConnectionCount => _connections.Count;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _listener = await _transport.BindAsync(_options.EndPoint, cancellationToken);
        Log.Listening(_logger, _listener.EndPoint);
        _accepting = AcceptAsync(_listener);
    }

    /// <summary>
    /// Stops listening and asks every connection to end between two messages. Connections still busy when the token is cancelled are cut.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_listener is null) return;
        await _listener.UnbindAsync(cancellationToken);
        await _accepting;
        await _stopping.CancelAsync();
        try
        {
            await Task.WhenAll(_connections.Values).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Statements end with 57014, and what comes next on their connections is the end of those.
            Cancels.CancelAll();
            await Task.WhenAny(Task.WhenAll(_connections.Values), Task.Delay(s_farewell, CancellationToken.None));
            foreach (var connection in _connections.Keys) connection.Abort(new ConnectionAbortedException("the server stops"));
            await Task.WhenAll(_connections.Values);
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        if (!_stopping.IsCancellationRequested && _listener is not null)
        {
            await _listener.UnbindAsync(CancellationToken.None);
            await _accepting;
            await StopAsync(atOnce.Token);
        }

        if (_listener is not null) await _listener.DisposeAsync();
        _listener = null;
        _stopping.Dispose();
    }

    /// <summary>Ends when the listener is unbound.</summary>
    private async Task AcceptAsync(IConnectionListener listener)
    {
        while (true)
        {
            ConnectionContext? connection;
            try
            {
                connection = await listener.AcceptAsync(CancellationToken.None);
            }
            catch (Exception exception) when (exception is IOException or System.Net.Sockets.SocketException)
            {
                // Out of file handles, most likely; closing connections will free some.
                Log.AcceptFailed(_logger, exception);
                await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None);
                continue;
            }

            if (connection is null) return;
            // Off this loop: with inline scheduling a connection's first messages would otherwise hold up the next accept.
            var task = Task.Run(() => RunAsync(connection));
            _connections.TryAdd(connection, task);
            if (task.IsCompleted) _connections.TryRemove(connection, out _);
        }
    }

    private async Task RunAsync(ConnectionContext connection)
    {
        await using (connection)
        {
            connection.Features.Get<IConnectionSocketFeature>()?.Socket
                .SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            if (_connections.Count > _options.MaxConnections) await RefuseAsync(connection);
            else await _handler.OnConnectedAsync(connection);
        }

        _connections.TryRemove(connection, out _);
    }

    private static async Task RefuseAsync(ConnectionContext connection)
    {
        var writer = new FrameWriter(connection.Transport.Output);
        BackendMessages.WriteError(
            writer, new SqlException(SqlState.TooManyConnections, "sorry, too many clients already") { IsFatal = true });
        try
        {
            await writer.FlushAsync(CancellationToken.None);
        }
        catch (IOException)
        {
            connection.Abort();
        }
    }
}
