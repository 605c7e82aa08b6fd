using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using Federation.Core.Errors;
using Federation.Flight.Grpc;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Federation.Flight.Server;

/// <summary>
/// One call: reads its messages, writes the answers with HTTP/2's flow control, and ends with the trailers that tell how it went. The call
/// ends in four ways: the service is done; it fails; the deadline passes; the client resets the stream or its connection ends, and nobody
/// is left to be told.
/// </summary>
internal sealed class FlightCall(HttpContext http, FlightServerOptions options, TimeProvider clock, ILogger logger,
    CancellationToken stopping)
{
    private const int PrefixBytes = 5;

    /// <summary>Bytes of a body handed to the transport between two looks at the client's window.</summary>
    private const int ChunkBytes = 128 * 1024;

    private readonly PipeWriter _output = http.Response.BodyWriter;

    public async Task RunAsync(FlightService service, FlightMethod method)
    {
        using var deadlinePassed = new CancellationTokenSource();
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, deadlinePassed.Token, stopping);
        http.Response.ContentType = "application/grpc";
        try
        {
            using var input = new GrpcInput(http.Request.Body, options.MaxMessageBytes);
            using var timer = StartTimer(deadlinePassed, out var deadline);
            var context = new FlightCallContext(Headers(), http.Connection.Id, Peer(), http.Request.IsHttps, deadline, cancellation.Token);
            await method.Invoke(new FlightExchange(this, input, context), service, context);
            await StartAsync(context);
            http.Response.AppendTrailer(ErrorTrailers.Status, "0");
        }
        catch (Exception exception)
        {
            if (http.RequestAborted.IsCancellationRequested)
            {
                Log.Aborted(logger, method.Name);
                return;
            }

            Fail(exception, method.Name, deadlinePassed.IsCancellationRequested);
        }

        await _output.FlushAsync(CancellationToken.None);
    }

    /// <summary>Sends the headers, so that a client that waits for them goes on to send.</summary>
    public async ValueTask StartAsync(FlightCallContext context)
    {
        if (http.Response.HasStarted) return;
        foreach (var (name, value) in context.ResponseHeaders) http.Response.Headers[name] = value;
        await http.Response.StartAsync(context.CancellationToken);
    }

    public async ValueTask WriteAsync(IMessage message, FlightCallContext context)
    {
        await StartAsync(context);
        var length = message.CalculateSize();
        var span = _output.GetSpan(PrefixBytes + length);
        span[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(span[1..], (uint)length);
        message.WriteTo(span.Slice(PrefixBytes, length));
        _output.Advance(PrefixBytes + length);
        await FlushAsync(context.CancellationToken);
    }

    /// <summary>Sends a data message and disposes it.</summary>
    public async ValueTask WriteAsync(FlightData data, FlightCallContext context)
    {
        using (data)
        {
            await StartAsync(context);
            FlightDataCodec.WriteHead(_output, data);
            for (var body = data.Body; body.Length > 0;)
            {
                var chunk = body[..Math.Min(body.Length, ChunkBytes)];
                body = body[chunk.Length..];
                _output.Write(chunk.Span);
                await FlushAsync(context.CancellationToken);
            }

            if (data.Body.IsEmpty) await FlushAsync(context.CancellationToken);
        }
    }

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        var flushed = await _output.FlushAsync(cancellationToken);
        // Completed: the client has closed its end, and what is written goes nowhere.
        if (flushed.IsCompleted || flushed.IsCanceled) throw new OperationCanceledException("the client reads no more");
    }

    private void Fail(Exception exception, string method, bool isLate)
    {
        GrpcStatus? status = null;
        SqlException error;
        switch (exception)
        {
            case var _ when isLate:
                error = new SqlException(SqlState.QueryCanceled, "canceling statement due to the client's deadline", exception);
                status = GrpcStatus.DeadlineExceeded;
                break;
            case SqlException known: error = known; break;
            case OperationCanceledException when stopping.IsCancellationRequested:
                error = new SqlException(SqlState.AdminShutdown, "terminating connection due to administrator command", exception);
                break;
            case OperationCanceledException:
                error = new SqlException(SqlState.QueryCanceled, "canceling statement due to user request", exception); break;
            case BadHttpRequestException or InvalidDataException:
                error = new SqlException(SqlState.ProtocolViolation, exception.Message, exception); break;
            default:
                Log.InternalError(logger, exception, method);
                error = new SqlException(SqlState.InternalError, $"internal error: {exception.Message}", exception);
                break;
        }

        Log.Failed(logger, method, error.State.Code, error.Message);
        foreach (var (name, value) in ErrorTrailers.Of(error, status)) http.Response.AppendTrailer(name, value);
    }

    private ITimer? StartTimer(CancellationTokenSource passed, out DateTimeOffset? deadline)
    {
        deadline = null;
        if (http.Request.Headers[GrpcTimeout.Header].ToString() is not { Length: > 0 } header) return null;
        var timeout = GrpcTimeout.Parse(header);
        deadline = clock.GetUtcNow() + timeout;
        // The source may be gone when a late timer fires.
        return clock.CreateTimer(static state => TryCancel((CancellationTokenSource)state!), passed,
            timeout > s_longestTimer ? s_longestTimer : timeout, Timeout.InfiniteTimeSpan);
    }

    private static readonly TimeSpan s_longestTimer = TimeSpan.FromDays(40);

    private static void TryCancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The call ended at the same moment.
        }
    }

    /// <summary>A copy: services may keep the context for longer than Kestrel keeps the request.</summary>
    private Dictionary<string, string> Headers()
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, values) in http.Request.Headers) headers[name] = values.ToString();
        return headers;
    }

    private IPEndPoint? Peer() => http.Connection.RemoteIpAddress is { } address
        ? new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, http.Connection.RemotePort)
        : null;
}

/// <summary>The messages of a call in both directions, for the methods of the service.</summary>
internal sealed class FlightExchange(FlightCall call, GrpcInput input, FlightCallContext context)
{
    /// <summary>The only message of a call that has one.</summary>
    public async ValueTask<T> ReadOneAsync<T>(MessageParser<T> parser)
        where T : class, IMessage<T> =>
        await input.ReadAsync(parser, context.CancellationToken)
            ?? throw new SqlException(SqlState.ProtocolViolation, "the call has no message");

    public async IAsyncEnumerable<T> ReadAllAsync<T>(MessageParser<T> parser, [EnumeratorCancellation]
        CancellationToken cancellationToken = default)
        where T : class, IMessage<T>
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, cancellationToken);
        while (await input.ReadAsync(parser, either.Token) is { } message) yield return message;
    }

    public async IAsyncEnumerable<FlightData> ReadDataAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await call.StartAsync(context);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, cancellationToken);
        while (await FlightDataCodec.ReadAsync(input, either.Token) is { } data) yield return data;
    }

    public async ValueTask WriteAsync(ValueTask<IMessage> message) => await call.WriteAsync(await message, context);

    public async ValueTask WriteAllAsync<T>(IAsyncEnumerable<T> messages)
        where T : IMessage
    {
        await foreach (var message in messages.WithCancellation(context.CancellationToken)) await call.WriteAsync(message, context);
    }

    public async ValueTask WriteAllAsync(IAsyncEnumerable<FlightData> messages)
    {
        await foreach (var data in messages.WithCancellation(context.CancellationToken)) await call.WriteAsync(data, context);
    }
}
