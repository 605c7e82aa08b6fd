using System.Buffers.Binary;
using System.Net.Sockets;

namespace Federation.CompatTests.Wire;

/// <summary>A raw client connection: bytes out, messages in. One owner, used by one caller at a time.</summary>
internal sealed class WireConnection(TcpClient client) : IAsyncDisposable
{
    private readonly NetworkStream _stream = client.GetStream();

    public int ProcessId { get; private set; }

    public byte[] Secret { get; private set; } = [];

    /// <summary>The answer to SSLRequest and GSSENCRequest is a lone byte; set while one is due.</summary>
    public bool ExpectsSingleByte { get; set; }

    public static async Task<WireConnection> OpenAsync(WireTarget target, CancellationToken cancellationToken)
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(target.Host, target.Port, cancellationToken);
        return new WireConnection(client);
    }

    /// <summary>Starts a session as the target's user and reads until the server is ready for a query.</summary>
    public async Task LogInAsync(WireTarget target, IReadOnlySet<string> volatileParameters, CancellationToken cancellationToken)
    {
        await SendAsync(FrontendEncoder.Encode($"Startup {{\"user\":\"{target.User}\",\"database\":\"{target.Database}\"}}"),
            cancellationToken);
        while (true)
        {
            var message = await ReceiveAsync(volatileParameters, cancellationToken);
            if (message.Type == "ReadyForQuery") return;
            if (message.Type is "ErrorResponse" or "Closed" or "AuthenticationSASL") throw new IOException($"cannot log in: {message}");
        }
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        _stream.WriteAsync(bytes, cancellationToken);

    /// <summary>The next message; "Closed" at the end of the stream.</summary>
    public async ValueTask<WireMessage> ReceiveAsync(IReadOnlySet<string> volatileParameters, CancellationToken cancellationToken)
    {
        try
        {
            var header = new byte[1];
            await _stream.ReadExactlyAsync(header, cancellationToken);
            if (ExpectsSingleByte && (char)header[0] is 'S' or 'N' or 'G')
            {
                ExpectsSingleByte = false;
                return new WireMessage("EncryptionResponse", $"\"{(char)header[0]}\"");
            }

            var length = new byte[sizeof(int)];
            await _stream.ReadExactlyAsync(length, cancellationToken);
            var body = new byte[BinaryPrimitives.ReadInt32BigEndian(length) - sizeof(int)];
            await _stream.ReadExactlyAsync(body, cancellationToken);
            if (header[0] == 'K')
            {
                ProcessId = BinaryPrimitives.ReadInt32BigEndian(body);
                Secret = body[sizeof(int)..];
            }

            return BackendDecoder.Decode((char)header[0], body, volatileParameters);
        }
        catch (Exception exception) when (exception is EndOfStreamException or IOException)
        {
            return new WireMessage("Closed", null);
        }
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }
}
