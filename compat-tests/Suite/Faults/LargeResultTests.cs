using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>A result larger than the memory allowed is streamed to a client that reads slowly.</summary>
public sealed class LargeResultTests(ITestOutputHelper output)
{
    private const long RowCount = 20_000_000;
    private const long MostResidentBytes = 700L << 20;
    private const long FewestBytes = 1_500_000_000;

    [Fact]
    public async Task Rows_stream_within_bounded_memory()
    {
        var folder = Directory.CreateTempSubdirectory("federation-large-").FullName;
        try
        {
            await using var gateway = await GatewayProcess.StartAsync(folder, "--memory-mb", "256");
            using var client = new TcpClient();
            await client.ConnectAsync(gateway.Address.Host, gateway.Address.Port);
            await using var stream = client.GetStream();
            await stream.WriteAsync(Frame(null, [0, 3, 0, 0, .. "user\0federation\0database\0federation\0\0"u8]));
            // Some 90 bytes a row on the wire: 1.8 GB in all.
            await stream.WriteAsync(Frame('Q', Encoding.UTF8.GetBytes($"SELECT x, x * 2 AS y, repeat('abcdefgh', 8) AS t FROM generate_series(1, {RowCount}) x\0")));
            var (watch, peak, total, pauses) = (Stopwatch.StartNew(), 0L, 0L, 0);
            var buffer = new byte[1 << 20];
            var tail = new byte[64];
            while (true)
            {
                var count = await stream.ReadAsync(buffer);
                Assert.True(count > 0, "the gateway closed the connection");
                total += count;
                if (total >> 27 > pauses)
                {
                    // The reader falls behind now and then: the writer must wait, not buffer.
                    pauses++;
                    await Task.Delay(100);
                    peak = Math.Max(peak, gateway.ResidentBytes);
                }

                Remember(tail, buffer.AsSpan(0, count));
                if (total > FewestBytes && tail.AsSpan()[^6..].SequenceEqual("Z\0\0\0\u0005I"u8)) break;
                Assert.True(watch.Elapsed < TimeSpan.FromMinutes(3), $"{total} bytes after {watch.Elapsed}");
            }

            peak = Math.Max(peak, gateway.ResidentBytes);
            output.WriteLine($"large result: {RowCount:N0} rows, {total / 1e9:F2} GB in {watch.Elapsed.TotalSeconds:F1} s, server's resident memory at most {peak >> 20} MB");
            Assert.Contains($"SELECT {RowCount}\0", Encoding.Latin1.GetString(tail), StringComparison.Ordinal);
            Assert.InRange(peak, 1, MostResidentBytes);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Remember(byte[] tail, ReadOnlySpan<byte> read)
    {
        if (read.Length >= tail.Length)
        {
            read[^tail.Length..].CopyTo(tail);
            return;
        }

        tail.AsSpan(read.Length).ToArray().CopyTo(tail, 0);
        read.CopyTo(tail.AsSpan(tail.Length - read.Length));
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
