using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Federation.Arrow;
using Federation.Arrow.Ipc;
using Federation.Core.Errors;
using Federation.Flight.Grpc;
using Federation.Flight.Protocol;
using Federation.Flight.Server;
using Google.Protobuf;

namespace Federation.Flight.Client;

/// <summary>
/// A client of one Flight server over a pool of HTTP/2 connections. Thread-safe; calls run concurrently. Cancelling a call, or leaving its
/// stream early, resets the stream, which cancels the server's side. Errors of the server arrive as the <see cref="SqlException"/> it
/// raised; a server that cannot be reached, or goes away, is 08006 with its address.
/// </summary>
public sealed class FlightClient : IAsyncDisposable
{
    private const int PrefixBytes = 5;
    private const int ChunkBytes = 256 * 1024;

    private readonly FlightClientOptions _options;
    private readonly HttpMessageInvoker _invoker;
    private readonly CancellationTokenSource _disposed = new();

    /// <param name="address">http or https, host and port.</param>
    public FlightClient(Uri address, FlightClientOptions? options = null)
    {
        Address = address;
        _options = options ?? new FlightClientOptions();
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            InitialHttp2StreamWindowSize = _options.ReceiveWindowBytes,
            ConnectTimeout = _options.ConnectTimeout,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5),
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(20),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            AutomaticDecompression = DecompressionMethods.None,
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectCallback = ReadAheadStream.ConnectAsync,
        };
        if (_options.TrustedRoots is { } roots)
        {
            handler.SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust,
                    RevocationMode = X509RevocationMode.NoCheck },
            };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
        }

        _invoker = new HttpMessageInvoker(handler);
    }

    public Uri Address { get; }

    public async Task<FlightInfo> GetFlightInfoAsync(FlightDescriptor descriptor, CancellationToken cancellationToken = default) =>
        await OneAsync("GetFlightInfo", descriptor, FlightInfo.Parser, cancellationToken);

    public async Task<SchemaResult> GetSchemaAsync(FlightDescriptor descriptor, CancellationToken cancellationToken = default) =>
        await OneAsync("GetSchema", descriptor, SchemaResult.Parser, cancellationToken);

    public IAsyncEnumerable<FlightInfo> ListFlightsAsync(Criteria criteria, CancellationToken cancellationToken = default) =>
        ManyAsync("ListFlights", criteria, FlightInfo.Parser, cancellationToken);

    public IAsyncEnumerable<Result> DoActionAsync(Protocol.Action action, CancellationToken cancellationToken = default) =>
        ManyAsync("DoAction", action, Result.Parser, cancellationToken);

    public IAsyncEnumerable<ActionType> ListActionsAsync(CancellationToken cancellationToken = default) =>
        ManyAsync("ListActions", new Empty(), ActionType.Parser, cancellationToken);

    public IAsyncEnumerable<HandshakeResponse> HandshakeAsync(HandshakeRequest request, CancellationToken cancellationToken = default) =>
        ManyAsync("Handshake", request, HandshakeResponse.Parser, cancellationToken);

    /// <summary>The messages behind a ticket as they come; the caller disposes each.</summary>
    public async IAsyncEnumerable<FlightData> DoGetAsync(Ticket ticket, [EnumeratorCancellation]
        CancellationToken cancellationToken = default)
    {
        await using var call =
            await StartAsync("DoGet", new PushContent((stream, token) => WriteAsync(stream, ticket, token)), cancellationToken);
        while (await call.NextAsync(FlightDataCodec.ReadAsync) is { } data) yield return data;
    }

    /// <summary>The batches behind a ticket; the caller owns each.</summary>
    /// <param name="trustsValues">See <see cref="IpcBatchReader"/>.</param>
    public async IAsyncEnumerable<Batch> ReadBatchesAsync(Ticket ticket, bool trustsValues = false, [EnumeratorCancellation]
        CancellationToken cancellationToken = default)
    {
        IpcBatchReader? reader = null;
        try
        {
            await foreach (var data in DoGetAsync(ticket, cancellationToken))
            {
                using (data)
                {
                    if (data.Header.IsEmpty) continue; // only metadata
                    if (reader is null) reader = new IpcBatchReader(IpcSchema.Decode(data.Header), trustsValues);
                    else if (reader.Read(data.Header.Span, data.TakeBody()) is { } batch) yield return batch;
                }
            }
        }
        finally
        {
            reader?.Dispose();
        }
    }

    /// <summary>Sends messages, which are disposed when they were sent, while the server's answers come.</summary>
    public async IAsyncEnumerable<PutResult> DoPutAsync(IAsyncEnumerable<FlightData> data, [EnumeratorCancellation]
        CancellationToken cancellationToken = default)
    {
        await using var call =
            await StartAsync("DoPut", new PushContent((stream, token) => WriteAllAsync(stream, data, token)), cancellationToken);
        while (await call.NextAsync((input, token) => input.ReadAsync(PutResult.Parser, token)) is { } result) yield return result;
    }

    /// <summary>Sends messages while the server's come; the caller disposes those that came.</summary>
    public async IAsyncEnumerable<FlightData> DoExchangeAsync(IAsyncEnumerable<FlightData> data, [EnumeratorCancellation]
        CancellationToken cancellationToken = default)
    {
        await using var call =
            await StartAsync("DoExchange", new PushContent((stream, token) => WriteAllAsync(stream, data, token)), cancellationToken);
        while (await call.NextAsync(FlightDataCodec.ReadAsync) is { } answer) yield return answer;
    }

    /// <summary>Ends the calls that still run with 08003.</summary>
    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        _invoker.Dispose();
    }

    private static async Task WriteAsync(Stream stream, IMessage message, CancellationToken cancellationToken)
    {
        var bytes = new byte[PrefixBytes + message.CalculateSize()];
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(1), (uint)(bytes.Length - PrefixBytes));
        message.WriteTo(bytes.AsSpan(PrefixBytes));
        await stream.WriteAsync(bytes, cancellationToken);
        await stream.FlushAsync(cancellationToken);
    }

    private static async Task WriteAllAsync(Stream stream, IAsyncEnumerable<FlightData> messages, CancellationToken cancellationToken)
    {
        var head = new ArrayBufferWriter<byte>(1024);
        await foreach (var data in messages.WithCancellation(cancellationToken))
        {
            using (data)
            {
                head.ResetWrittenCount();
                FlightDataCodec.WriteHead(head, data);
                await stream.WriteAsync(head.WrittenMemory, cancellationToken);
                for (var body = data.Body; body.Length > 0;)
                {
                    var chunk = body[..Math.Min(body.Length, ChunkBytes)];
                    body = body[chunk.Length..];
                    await stream.WriteAsync(chunk, cancellationToken);
                }

                await stream.FlushAsync(cancellationToken);
            }
        }
    }

    private async Task<T> OneAsync<T>(string method, IMessage request, MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        T? answer = null;
        await foreach (var message in ManyAsync(method, request, parser, cancellationToken)) answer ??= message;
        return answer ?? throw new SqlException(SqlState.ProtocolViolation, $"{Address} answered {method} without a message");
    }

    private async IAsyncEnumerable<T> ManyAsync<T>(string method, IMessage request, MessageParser<T> parser, [EnumeratorCancellation]
        CancellationToken cancellationToken = default)
        where T : class, IMessage<T>
    {
        await using var call =
            await StartAsync(method, new PushContent((stream, token) => WriteAsync(stream, request, token)), cancellationToken);
        while (await call.NextAsync((input, token) => input.ReadAsync(parser, token)) is { } message) yield return message;
    }

    private async ValueTask<FlightClientCall> StartAsync(string method, PushContent content, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Address, FlightMethods.PathOf(method)))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        foreach (var (name, value) in _options.Headers) request.Headers.TryAddWithoutValidation(name, value);
        var call = new FlightClientCall(Address, request, content, _options.MaxMessageBytes, _disposed.Token, cancellationToken);
        try
        {
            await call.StartAsync(_invoker);
            return call;
        }
        catch
        {
            await call.DisposeAsync();
            throw;
        }
    }
}
