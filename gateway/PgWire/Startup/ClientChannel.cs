using System.IO.Pipelines;
using System.Net.Security;
using Federation.PgWire.Protocol;

namespace Federation.PgWire.Startup;

/// <summary>The byte streams of one client: first plain, then under TLS if the client asks for it. Owns the TLS stream.</summary>
internal sealed class ClientChannel : IAsyncDisposable
{
    private const int TlsReadBytes = 4096;

    /// <summary>The most that one TLS record carries.</summary>
    private const int TlsWriteBytes = 16 * 1024;

    private readonly IDuplexPipe _transport;
    private readonly int _maxMessageBytes;
    private SslStream? _tls;

    public ClientChannel(IDuplexPipe transport, int maxMessageBytes)
    {
        _transport = transport;
        _maxMessageBytes = maxMessageBytes;
        Reader = new FrameReader(transport.Input, maxMessageBytes);
        Writer = new FrameWriter(transport.Output);
    }

    public FrameReader Reader { get; private set; }

    public FrameWriter Writer { get; private set; }

    public bool IsEncrypted => _tls is not null;

    public SslApplicationProtocol NegotiatedApplicationProtocol => _tls?.NegotiatedApplicationProtocol ?? default;

    public async ValueTask StartTlsAsync(SslServerAuthenticationOptions options, CancellationToken cancellationToken)
    {
        var tls = new SslStream(new DuplexPipeStream(_transport));
        _tls = tls;
        await tls.AuthenticateAsServerAsync(options, cancellationToken);
        Reader = new FrameReader(
            PipeReader.Create(
                tls, new StreamPipeReaderOptions(bufferSize: TlsReadBytes, leaveOpen: true, useZeroByteReads: true)), _maxMessageBytes);
        Writer = new FrameWriter(PipeWriter.Create(tls, new StreamPipeWriterOptions(minimumBufferSize: TlsWriteBytes, leaveOpen: true)));
    }

    /// <summary>A raw byte outside any message: the answer to SSLRequest and GSSENCRequest.</summary>
    public async ValueTask AnswerAsync(char answer, CancellationToken cancellationToken)
    {
        var memory = _transport.Output.GetMemory(1);
        memory.Span[0] = (byte)answer;
        _transport.Output.Advance(1);
        await _transport.Output.FlushAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Reader.Abandon();
        if (_tls is not null) await _tls.DisposeAsync();
    }
}
