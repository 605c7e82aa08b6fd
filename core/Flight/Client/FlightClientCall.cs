using System.Net;
using Federation.Core.Errors;
using Federation.Flight.Grpc;

namespace Federation.Flight.Client;

/// <summary>One call of the client. Disposing it before its end resets the HTTP/2 stream, which the server sees at once.</summary>
internal sealed class FlightClientCall(Uri address, HttpRequestMessage request, PushContent content, long maxMessageBytes,
    CancellationToken disposed, CancellationToken cancellationToken) : IAsyncDisposable
{
    private readonly CancellationTokenSource _cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, disposed);
    private HttpResponseMessage? _response;
    private Stream? _stream;
    private GrpcInput? _input;
    private CancellationTokenRegistration _abandon;

    public Task StartAsync(HttpMessageInvoker invoker) => TranslateAsync(async () =>
    {
        // An invoker gives the response as soon as its headers are there.
        _response = await invoker.SendAsync(request, _cancellation.Token);
        if (_response.StatusCode != HttpStatusCode.OK)
            throw new SqlException(SqlState.ConnectionFailure,
                $"{address} answered with HTTP status {(int)_response.StatusCode} instead of gRPC");
        _stream = await _response.Content.ReadAsStreamAsync(_cancellation.Token);
        _input = new GrpcInput(_stream, maxMessageBytes);
        // A stream that nobody reads at the moment has to be reset too.
        _abandon = disposed.Register(static stream => ((Stream)stream!).Dispose(), _stream);
        return true;
    });

    /// <summary>The next message, or null when the call has succeeded; raises the server's error when it has not.</summary>
    public Task<T?> NextAsync<T>(Func<GrpcInput, CancellationToken, ValueTask<T?>> read)
        where T : class => TranslateAsync<T?>(async () =>
    {
        if (await read(_input!, _cancellation.Token) is { } message) return message;
        return ErrorTrailers.Read(FindTrailer, address.ToString()) is { } error ? throw error : null;
    });

    public async ValueTask DisposeAsync()
    {
        await _abandon.DisposeAsync();
        await _cancellation.CancelAsync();
        if (_stream is not null) await _stream.DisposeAsync();
        _response?.Dispose();
        _input?.Dispose();
        request.Dispose();
        _cancellation.Dispose();
    }

    /// <summary>Errors that come before any message are in the headers.</summary>
    private string? FindTrailer(string name) =>
        _response!.TrailingHeaders.TryGetValues(name, out var trailers) ? trailers.FirstOrDefault()
        : _response.Headers.TryGetValues(name, out var headers) ? headers.FirstOrDefault()
        : null;

    private async Task<T> TranslateAsync<T>(Func<Task<T>> step)
    {
        try
        {
            return await step();
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or ObjectDisposedException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (disposed.IsCancellationRequested)
                throw new SqlException(SqlState.ConnectionDoesNotExist, $"the client of {address} was disposed", exception);
            // What stopped the sending side is the cause; the transport only reports the reset that followed.
            if (content.Failure is SqlException cause) throw cause;
            if (content.Failure is { } failure and not (IOException or OperationCanceledException or HttpRequestException))
                throw new SqlException(SqlState.InternalError, $"sending to {address} failed: {failure.Message}", failure);
            var reason = (exception.GetBaseException() is { } root && root != exception ? root : exception).Message;
            throw new SqlException(SqlState.ConnectionFailure,
                _response is null ? $"could not connect to {address}: {reason}" : $"connection to {address} failed: {reason}", exception);
        }
    }
}
