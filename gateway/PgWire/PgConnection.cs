using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using Federation.Core.Errors;
using Federation.PgWire.Authentication;
using Federation.PgWire.Protocol;
using Federation.PgWire.Startup;
using Federation.PgWire.Statements;
using Federation.SessionApi;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;

namespace Federation.PgWire;

/// <summary>What the connections of one server share.</summary>
internal sealed record ConnectionServices(
    PgServerOptions Options, ISessionFactory Sessions, CancelRegistry Cancels, TimeProvider Clock, ILogger Logger,
    CancellationToken Stopping);

/// <summary>
/// One client's connection: start-up, then a loop that reads a message, asks the machine what it means, and does that.
/// <para>The loop ends in four ways: the client says Terminate; the client's stream ends; a FATAL error was sent; the server stops, which
/// sends 57P01 between two messages. Whichever it is, the session is disposed and with it every portal and an open transaction. When the
/// connection breaks while a statement runs, the statement is cancelled after a short grace, because a client that sent everything and left
/// still expects it to be done.</para>
/// </summary>
internal sealed class PgConnection(ConnectionContext connection, ConnectionServices services)
{
    private const int ShortSecretBytes = 4;
    private const int LongSecretBytes = 32;

    private readonly ExtendedQueryMachine _machine = new();
    private readonly ClientChannel _channel = new(connection.Transport, services.Options.MaxMessageBytes);
    private byte[] _secret = [];

    /// <summary>pg_terminate_backend has ended the session.</summary>
    private volatile bool _isTerminated;

    /// <summary>Who wants to log in; null before the start-up message and afterwards.</summary>
    private string? _loggingIn;

    /// <summary>The client was told that it may begin, and has not.</summary>
    private bool _isIdle;

    public async Task RunAsync()
    {
        await using var channel = _channel;
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(services.Stopping);
        try
        {
            await using var session = await StartAsync(stopping.Token);
            if (session is null) return;
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token, session.Terminated);
            await ServeAsync(session, ends.Token);
        }
        catch (SqlException fatal)
        {
            await SendFatalAsync(fatal.IsFatal ? fatal : fatal.Fatal());
        }
        catch (OperationCanceledException) when (services.Stopping.IsCancellationRequested || _isTerminated)
        {
            await SendFatalAsync(new SqlException(SqlState.AdminShutdown, "terminating connection due to administrator command"));
        }
    }

    /// <summary>The session, or null when the client only wanted to cancel another's statement, or left.</summary>
    private async ValueTask<ISession?> StartAsync(CancellationToken stopping)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        timeout.CancelAfter(services.Options.AuthenticationTimeout);
        try
        {
            var request = await new StartupNegotiator(_channel, services.Options.Tls).NegotiateAsync(timeout.Token);
            switch (request)
            {
                case StartupRequest.Session start: return await OpenSessionAsync(start, timeout.Token);
                case StartupRequest.Cancel cancel: await services.Cancels.CancelAsync(cancel.ProcessId, cancel.Secret, timeout.Token);
                break;
            }

            return null;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            throw new SqlException(SqlState.QueryCanceled, "canceling authentication due to timeout") { IsFatal = true };
        }
    }

    private async ValueTask<ISession> OpenSessionAsync(StartupRequest.Session start, CancellationToken cancellationToken)
    {
        var writer = _channel.Writer;
        if (start.MinorVersion > ProtocolVersion.NewestMinor || start.ProtocolOptions.Count > 0)
        {
            var minor = Math.Min(start.MinorVersion, ProtocolVersion.NewestMinor);
            BackendMessages.WriteNegotiateProtocolVersion(writer, (ProtocolVersion.Major << 16) | minor, start.ProtocolOptions);
        }

        var origin = StartupParameters.ToOrigin(start.Parameters, connection.RemoteEndPoint, _channel.IsEncrypted);
        _loggingIn = origin.User;
        var demand = await services.Sessions.GetAuthenticationAsync(origin, cancellationToken);
        await new AuthExchange(_channel, services.Options, origin.User).RunAsync(demand, cancellationToken);

        _channel.Reader.AllowLargeMessages();
        _secret = RandomNumberGenerator.GetBytes(start.MinorVersion >= ProtocolVersion.LongKeysMinor ? LongSecretBytes : ShortSecretBytes);
        var session = await services.Sessions.OpenAsync(origin, cancellationToken);
        _loggingIn = null;
        return session;
    }

    /// <summary>Tells the client the session's parameters and key, and that it may begin.</summary>
    private ValueTask GreetAsync(ISession session, CancellationToken cancellationToken)
    {
        var writer = _channel.Writer;
        foreach (var (name, value) in session.ReportedParameters) BackendMessages.WriteParameterStatus(writer, name, value);
        BackendMessages.WriteBackendKeyData(writer, session.ProcessId, _secret);
        BackendMessages.WriteReadyForQuery(writer, session.TransactionStatus);
        return writer.FlushAsync(cancellationToken);
    }

    private async ValueTask ServeAsync(ISession session, CancellationToken stopping)
    {
        using var ended = session.Terminated.Register(() => _isTerminated = true);
        using var broken = new CancellationTokenSource();
        using var served = new CancellationTokenSource();
        await using var watch = connection.ConnectionClosed.Register(() => _ = CancelLaterAsync(session, broken, served.Token));
        var runner = new StatementRunner(session, _channel.Writer, services.Clock, _channel.Reader.ReadAsync);
        var socket = connection.Features.Get<IConnectionSocketFeature>()?.Socket;
        services.Cancels.Add(session, _secret, () => HasUnread(socket));
        try
        {
            await GreetAsync(session, stopping);
            while (await NextAsync(session, stopping, broken.Token) is { } frame)
                if (!await HandleAsync(frame, runner, session, broken.Token))
                    return;
        }
        finally
        {
            services.Cancels.Remove(session);
            runner.ReleasePortals();
            await served.CancelAsync();
        }
    }

    /// <summary>The next message. Answers are sent when there is none at hand, or when they have become many.</summary>
    private async ValueTask<Frame?> NextAsync(ISession session, CancellationToken stopping, CancellationToken broken)
    {
        var writer = _channel.Writer;
        if (writer.UnflushedBytes >= RowWriter.FlushBytes) await writer.FlushAsync(broken);
        if (_channel.Reader.TryRead(out var frame)) return frame;
        if (writer.FlushIsDue) await writer.FlushAsync(broken);
        return _isIdle && session.IdleLimit is { } limit
            ? await ReadWithinAsync(limit, stopping)
            : await _channel.Reader.ReadAsync(stopping);
    }

    private async ValueTask<Frame?> ReadWithinAsync(IdleLimit limit, CancellationToken stopping)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        await using var timer = services.Clock.CreateTimer(static source => ((CancellationTokenSource)source!).Cancel(), idle, limit.Time,
            Timeout.InfiniteTimeSpan);
        try
        {
            return await _channel.Reader.ReadAsync(idle.Token);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            throw limit.Error;
        }
    }

    private static bool HasUnread(Socket? socket)
    {
        try
        {
            return socket is { Available: > 0 };
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>False when the client said goodbye.</summary>
    private async ValueTask<bool> HandleAsync(Frame frame, StatementRunner runner, ISession session, CancellationToken cancellationToken)
    {
        SqlException? error = null;
        _isIdle = false;
        var actions = _machine.Accept(frame.Type);
        for (var i = 0; i < actions.Length; i++)
        {
            if (actions[i] == ProtocolAction.Terminate)
            {
                // Answers to what came before the goodbye are still owed.
                if (_channel.Writer.FlushIsDue) await _channel.Writer.FlushAsync(cancellationToken);
                return false;
            }

            try
            {
                await ActAsync(actions[i], frame, runner, session, error, cancellationToken);
            }
            catch (Exception exception) when (error is null && exception is not IOException and not ConnectionAbortedException)
            {
                error = ToSqlException(exception, session);
                _channel.Writer.Abandon();
                if (error.IsFatal) throw error;
                actions = _machine.Fail();
                i = -1;
            }
        }

        return true;
    }

    private async ValueTask ActAsync(
        ProtocolAction action, Frame frame, StatementRunner runner, ISession session, SqlException? error,
        CancellationToken cancellationToken)
    {
        switch (action)
        {
            case ProtocolAction.RunSimpleQuery:
                await runner.RunSimpleQueryAsync(QueryMessage.Read(frame.Body.Span), cancellationToken);
                break;
            case ProtocolAction.Parse: await runner.ParseAsync(ParseMessage.Read(frame.Body.Span), cancellationToken); break;
            case ProtocolAction.Bind: await runner.BindAsync(BindMessage.Read(frame.Body), cancellationToken); break;
            case ProtocolAction.Describe: runner.Describe(DescribeMessage.Read(frame.Body.Span)); break;
            case ProtocolAction.Execute:
                var execute = ExecuteMessage.Read(frame.Body.Span);
                await runner.ExecuteAsync(execute, _channel.Reader.TryPeekType() == (byte)FrontendMessageType.Sync, cancellationToken);
                break;
            case ProtocolAction.Close: await runner.CloseAsync(CloseMessage.Read(frame.Body.Span)); break;
            case ProtocolAction.RejectFunctionCall:
                throw new SqlException(SqlState.FeatureNotSupported, "the function call protocol is not supported");
            case ProtocolAction.EndTransaction: await runner.EndTransactionAsync(cancellationToken); break;
            case ProtocolAction.SendError:
                runner.Reports.WriteNotices();
                await runner.FailAsync(error!);
                BackendMessages.WriteError(_channel.Writer, error!);
                break;
            case ProtocolAction.SendReadyForQuery:
                runner.Reports.WriteAll();
                BackendMessages.WriteReadyForQuery(_channel.Writer, session.TransactionStatus);
                _isIdle = true;
                break;
            case ProtocolAction.Flush: _channel.Writer.RequestFlush(); break;
            case ProtocolAction.Violate: throw ProtocolErrors.Fatal($"invalid frontend message type {(byte)frame.Type}");
            default: throw new UnreachableException(action.ToString());
        }
    }

    private SqlException ToSqlException(Exception exception, ISession session)
    {
        switch (exception)
        {
            case SqlException error: return error;
            case OperationCanceledException: return session.Cancelled();
            default:
                Log.InternalError(services.Logger, exception, connection.ConnectionId);
                return new SqlException(SqlState.InternalError, $"internal error: {exception.Message}", exception);
        }
    }

    /// <summary>Cancels what still runs a grace after the connection broke, unless serving ends before.</summary>
    private async Task CancelLaterAsync(ISession session, CancellationTokenSource broken, CancellationToken served)
    {
        try
        {
            await Task.Delay(services.Options.DisconnectGrace, services.Clock, served);
            session.CancelRunning();
            await broken.CancelAsync();
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
        {
            // The loop ended within the grace; nothing runs any more.
        }
    }

    private async ValueTask SendFatalAsync(SqlException error)
    {
        if (_loggingIn is { } user)
            Log.LogInFailed(services.Logger, Log.OnOneLine(user), connection.RemoteEndPoint, error.State.Code,
                Log.OnOneLine(error.Message));
        else Log.Fatal(services.Logger, connection.ConnectionId, error.State.Code, Log.OnOneLine(error.Message));
        _channel.Writer.Abandon();
        BackendMessages.WriteError(_channel.Writer, error.IsFatal ? error : error.Fatal());
        await _channel.Writer.FlushAsync(CancellationToken.None);
    }
}
