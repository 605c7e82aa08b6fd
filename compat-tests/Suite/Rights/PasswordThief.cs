using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Federation.CompatTests.Suite.Rights;

/// <summary>A server that asks whoever connects for a password in clear text, keeps it, and refuses the log-in.</summary>
internal sealed class PasswordThief : IAsyncDisposable
{
    private static readonly byte[] s_askForPassword = [(byte)'R', 0, 0, 0, 8, 0, 0, 0, 3];
    private static readonly byte[] s_refuse = [(byte)'E', 0, 0, 0, 32, .. "SFATAL\0C28P01\0Mno such user\0\0"u8];
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _running;

    public PasswordThief()
    {
        _listener.Start();
        _running = RunAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ConcurrentQueue<string> Passwords { get; } = new();

    private int _connections;

    public int Connections => _connections;

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _running;
    }

    private async Task RunAsync()
    {
        while (true)
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync();
                Interlocked.Increment(ref _connections);
                await TalkAsync(client.GetStream());
            }
            catch (IOException)
            {
                // The caller has had enough.
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task TalkAsync(NetworkStream stream)
    {
        while (true)
        {
            var length = new byte[4];
            await stream.ReadExactlyAsync(length);
            var body = new byte[System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(length) - 4];
            await stream.ReadExactlyAsync(body);
            if (body.Length > 4) break;
            // A request for encryption.
            await stream.WriteAsync("N"u8.ToArray());
        }

        await stream.WriteAsync(s_askForPassword);
        var header = new byte[5];
        await stream.ReadExactlyAsync(header);
        var password = new byte[System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1)) - 4];
        await stream.ReadExactlyAsync(password);
        Passwords.Enqueue(Encoding.UTF8.GetString(password).TrimEnd('\0'));
        await stream.WriteAsync(s_refuse);
    }
}
