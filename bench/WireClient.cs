using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Federation.Bench;

/// <summary>What a drained result held.</summary>
internal readonly record struct Drained(long Rows, long Bytes);

/// <summary>
/// A client that receives results and throws them away: it looks at the header of each message and at nothing else, so that the server is
/// what is measured. Blocking; one caller at a time.
/// </summary>
internal sealed class WireClient : IDisposable
{
    private const int BufferBytes = 1 << 20;

    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;

    public WireClient(int port, string user, string database)
    {
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _socket.Connect("127.0.0.1", port);
        using var body = new MemoryStream();
        body.Write([0, 0, 0, 0, 0, 3, 0, 0]);
        foreach (var text in (string[])["user", user, "database", database, ""]) body.Write(Encoding.UTF8.GetBytes(text + "\0"));
        var packet = body.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(packet, packet.Length);
        _socket.Send(packet);
        Drain();
    }

    /// <summary>Runs a query string; the answer is text.</summary>
    public Drained Query(string sql)
    {
        _socket.Send(Message('Q', Text(sql)));
        return Drain();
    }

    /// <summary>Runs one statement by the extended protocol; the answer is binary.</summary>
    public Drained QueryBinary(string sql)
    {
        _socket.Send(
        [
            .. Message('P', [0, .. Text(sql), 0, 0]), .. Message('B', [0, 0, 0, 0, 0, 0, 0, 1, 0, 1]), .. Message('E', [0, 0, 0, 0, 0]),
            .. Message('S', []),
        ]);
        return Drain();
    }

    public void Dispose() => _socket.Dispose();

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text + "\0");

    private static byte[] Message(char type, ReadOnlySpan<byte> body)
    {
        var message = new byte[body.Length + 5];
        message[0] = (byte)type;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), body.Length + 4);
        body.CopyTo(message.AsSpan(5));
        return message;
    }

    /// <summary>Reads up to ReadyForQuery. An error of the server is an exception.</summary>
    private Drained Drain()
    {
        var (rows, bytes) = (0L, 0L);
        string? error = null;
        while (true)
        {
            while (_end - _start >= 5)
            {
                var length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_start + 1)) + 1;
                if (_end - _start < length) break;
                var type = _buffer[_start];
                if (type == 'D') rows++;
                else if (type == 'E') error = Encoding.UTF8.GetString(_buffer, _start + 5, length - 5).Replace('\0', ' ');
                _start += length;
                bytes += length;
                if (type != 'Z') continue;
                return error is null ? new Drained(rows, bytes) : throw new InvalidOperationException(error);
            }

            Buffer.BlockCopy(_buffer, _start, _buffer, 0, _end - _start);
            _end -= _start;
            _start = 0;
            var received = _socket.Receive(_buffer, _end, _buffer.Length - _end, SocketFlags.None);
            if (received == 0) throw new IOException(error ?? "the server closed the connection");
            _end += received;
        }
    }
}
