using System.Net.Sockets;
using Federation.PgWire.Tests.Fakes;

namespace Federation.PgWire.Tests;

/// <summary>Bytes that no client sends: the server answers or hangs up, and serves the next client.</summary>
public sealed class FuzzTests
{
    [Fact]
    public async Task Random_frames_do_no_harm()
    {
        var random = new Random(20240105);
        await using var server = await TestServer.StartAsync(
            configure: options => options with { AuthenticationTimeout = TimeSpan.FromSeconds(2) });
        for (var round = 0; round < 200; round++)
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", server.Port);
            var stream = client.GetStream();
            if (round % 3 > 0) await stream.WriteAsync(Convert.FromHexString("0000001300030000757365720074657374657200" + "00")[..19]);
            await stream.WriteAsync(MakeFrames(random));
            client.Client.Shutdown(SocketShutdown.Send);
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            var buffer = new byte[4096];
            try
            {
                while (await stream.ReadAsync(buffer, timeout.Token) > 0)
                {
                    // Whatever is answered, the end of the stream has to come.
                }
            }
            catch (IOException)
            {
                // A reset is an answer too.
            }
        }

        await server.PlayAsync("""
            connect

            send
            Query "rows 1"

            until ReadyForQuery ignore=RowDescription
            DataRow ["1","row 1"]
            CommandComplete "SELECT 1"
            ReadyForQuery "I"
            """);
    }

    private static byte[] MakeFrames(Random random)
    {
        var bytes = new List<byte>();
        for (var count = random.Next(1, 6); count > 0; count--)
        {
            var body = new byte[random.Next(0, 40)];
            random.NextBytes(body);
            bytes.Add(random.Next(5) == 0 ? (byte)random.Next(256) : (byte)"QPBDECHSFdcfp"[random.Next(13)]);
            var length = random.Next(8) == 0 ? random.Next() - random.Next() : body.Length + 4;
            bytes.AddRange([(byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length]);
            bytes.AddRange(body);
        }

        return bytes.ToArray();
    }
}
