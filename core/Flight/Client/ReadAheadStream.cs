using System.Net;
using System.Net.Sockets;

namespace Federation.Flight.Client;

/// <summary>
/// A connection that receives much at once. The HTTP client asks for a frame of 16 KB at a time; without this each would be a call into the
/// system. One reader and one writer at once, as for sockets. Owns the socket.
/// </summary>
internal sealed class ReadAheadStream(Socket socket) : Stream
{
    private const int BufferBytes = 256 * 1024;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
    private int _start;
    private int _end;

    /// <summary>Connects; for <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    public static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = IPAddress.TryParse(context.DnsEndPoint.Host, out var address)
            ? new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            if (address is null) await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            else await socket.ConnectAsync(new IPEndPoint(address, context.DnsEndPoint.Port), cancellationToken);
            return new ReadAheadStream(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_start < _end) return ValueTask.FromResult(Take(buffer.Span));
        // Empty: a wait for data that needs no memory.
        return buffer.Length is 0 or >= BufferBytes ? ReceiveAsync(buffer, cancellationToken) : FillAsync(buffer, cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer) => _start < _end ? Take(buffer) : socket.Receive(buffer);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (buffer.Length > 0) buffer = buffer[await SendAsync(buffer, cancellationToken)..];
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count)
    {
        for (var left = buffer.AsSpan(offset, count); left.Length > 0;) left = left[socket.Send(left)..];
    }

    public override void Flush()
    {
        // Nothing waits here to be sent.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) socket.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<int> FillAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        _start = 0;
        _end = await ReceiveAsync(_buffer, cancellationToken);
        return Take(target.Span);
    }

    private int Take(Span<byte> target)
    {
        var count = Math.Min(target.Length, _end - _start);
        _buffer.AsSpan(_start, count).CopyTo(target);
        _start += count;
        return count;
    }

    // What streams raise, which is what the HTTP client knows.
    private async ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        try
        {
            return await socket.ReceiveAsync(target, SocketFlags.None, cancellationToken);
        }
        catch (SocketException error)
        {
            throw new IOException(error.Message, error);
        }
    }

    private async ValueTask<int> SendAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        try
        {
            return await socket.SendAsync(source, SocketFlags.None, cancellationToken);
        }
        catch (SocketException error)
        {
            throw new IOException(error.Message, error);
        }
    }
}
