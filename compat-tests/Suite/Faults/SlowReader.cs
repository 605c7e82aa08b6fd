using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>A client that stops reading now and then, and keeps nothing of what it has read.</summary>
internal static class SlowReader
{
    private const int BytesBetweenPauses = 64 << 20;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Runs statements that end in one with many rows, and reads those. The first pause is long enough for a server that buffers to do so.
    /// </summary>
    /// <returns>The last command tag and the bytes read.</returns>
    public static async Task<(string Tag, long Bytes)> ReadAsync(ServerAddress server, string sql)
    {
        using var client = new TcpClient { ReceiveBufferSize = 1 << 18 };
        await client.ConnectAsync(server.Host, server.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(
            Frame(null, [0, 3, 0, 0, .. Encoding.UTF8.GetBytes($"user\0{server.User}\0database\0{server.Database}\0\0")]));
        await ReadToReadyAsync(stream);
        await stream.WriteAsync(Frame('Q', Encoding.UTF8.GetBytes(sql + "\0")));
        return await ReadToReadyAsync(stream);
    }

    private static async Task<(string Tag, long Bytes)> ReadToReadyAsync(NetworkStream stream)
    {
        var (watch, total, pauses, tag) = (Stopwatch.StartNew(), 0L, 0L, "");
        var buffer = new byte[1 << 20];
        var filled = 0;
        while (true)
        {
            var count = await stream.ReadAsync(buffer.AsMemory(filled));
            Assert.True(count > 0, $"the server closed the connection after {total} bytes");
            Assert.True(watch.Elapsed < s_limit, $"{total} bytes after {watch.Elapsed}");
            total += count;
            filled += count;
            var at = 0;
            while (filled - at > sizeof(int))
            {
                var length = BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(at + 1));
                if (filled - at < 1 + length) break;
                var body = buffer.AsMemory(at + 5, length - sizeof(int));
                switch ((char)buffer[at])
                {
                    case 'C': tag = Encoding.UTF8.GetString(body.Span[..^1]); break;
                    case 'E': Assert.Fail(Encoding.UTF8.GetString(body.Span).Replace('\0', ' ')); break;
                    case 'Z': return (tag, total);
                }

                at += 1 + length;
            }

            buffer.AsSpan(at, filled - at).CopyTo(buffer);
            filled -= at;
            if (total / BytesBetweenPauses < pauses) continue;
            if (total > BytesBetweenPauses) await Task.Delay(pauses == 1 ? s_longPause : s_pause);
            pauses = (total / BytesBetweenPauses) + 1;
        }
    }

    private static byte[] Frame(char? type, ReadOnlySpan<byte> body)
    {
        var frame = new byte[(type is null ? 0 : 1) + sizeof(int) + body.Length];
        if (type is { } code) frame[0] = (byte)code;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(type is null ? 0 : 1), body.Length + sizeof(int));
        body.CopyTo(frame.AsSpan(frame.Length - body.Length));
        return frame;
    }
}
