using System.Net;
using System.Net.Http.Headers;

namespace Federation.Flight.Client;

/// <summary>
/// The body of a request whose messages are written while answers come back. What the writer throws ends the call; it is kept in
/// <see cref="Failure"/>.
/// </summary>
internal sealed class PushContent : HttpContent
{
    private readonly Func<Stream, CancellationToken, Task> _write;

    public PushContent(Func<Stream, CancellationToken, Task> write)
    {
        _write = write;
        Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
    }

    public Exception? Failure { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        try
        {
            await stream.FlushAsync(cancellationToken); // the headers go out before the first message is there
            await _write(stream, cancellationToken);
        }
        catch (Exception exception)
        {
            Failure = exception;
            throw;
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
