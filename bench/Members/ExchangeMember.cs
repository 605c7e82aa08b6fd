using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Federation.Flight.Client;
using Federation.Flight.Protocol;
using Federation.Flight.Server;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace Federation.Bench.Members;

/// <summary>
/// B7: 1 GB of pages from one process to another over Flight on loopback, against the same bytes over plain TCP between the same two.
/// </summary>
internal static class ExchangeMember
{
    /// <summary>The argument that makes this program the sending side. It ends with its input.</summary>
    public const string ServeArgument = "serve-pages";

    private const int ChunkBytes = 256 * 1024;

    public static IEnumerable<Measurement> Run(Context context)
    {
        using var sender = Processes.StartOwn(ServeArgument);
        var ports = sender.StandardOutput.ReadLine()!.Split(' ').Select(port => int.Parse(port, CultureInfo.InvariantCulture)).ToArray();
        var client = new FlightClient(new Uri($"http://127.0.0.1:{Processes.Text(ports[0])}"));
        try
        {
            double Cpu() => Machine.CpuSeconds(Environment.ProcessId);
            Measurement Compare(string name, Func<Task<long>> ours) => Pairs.Compare(
                new Measurement("B7", name, ">= 0.4 of plain TCP", ratio => ratio >= 0.4) { Ratios = [] },
                context.Pairs,
                () => Rate(Cpu, ours),
                () => Rate(Cpu, () => ReceiveAsync(ports[1])));
            return
            [
                Compare("1 GB of spooled pages, worker to worker, bytes/s", () => PagesAsync(client)),
                Compare("1 GB of batches, encoded and decoded on the way, bytes/s", () => BatchesAsync(client)),
            ];
        }
        finally
        {
            client.DisposeAsync().AsTask().GetAwaiter().GetResult();
            sender.StandardInput.Close();
            sender.WaitForExit();
        }
    }

    /// <summary>The sending side: prints its ports, of Flight and of plain TCP.</summary>
    public static async Task ServeAsync()
    {
        await using var server = new FlightServer(new FlightServerOptions(), new PageService(), NullLoggerFactory.Instance);
        await server.StartAsync(CancellationToken.None);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Console.WriteLine(FormattableString.Invariant($"{server.EndPoint.Port} {((IPEndPoint)listener.LocalEndpoint).Port}"));
        var sending = SendAllAsync(listener);
        while (await Console.In.ReadLineAsync() is not null)
        {
            // Nothing is said; the end is what is waited for.
        }

        listener.Stop();
        await sending;
    }

    private static async Task SendAllAsync(TcpListener listener)
    {
        var buffer = new byte[ChunkBytes];
        while (true)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptSocketAsync();
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return;
            }

            using (socket)
                for (var sent = 0L; sent < PageService.TotalBytes;)
                    sent += await socket.SendAsync(buffer.AsMemory(), SocketFlags.None);
        }
    }

    private static async Task<long> PagesAsync(FlightClient client)
    {
        var bytes = 0L;
        await foreach (var data in client.DoGetAsync(Ticket(PageService.Spooled)))
            using (data)
                bytes += data.Body.Length;
        return bytes;
    }

    private static async Task<long> BatchesAsync(FlightClient client)
    {
        var bytes = 0L;
        await foreach (var batch in client.ReadBatchesAsync(Ticket(PageService.Encoded), trustsValues: true))
            using (batch)
                bytes += (long)batch.RowCount * PageService.RowBytes;
        return bytes;
    }

    private static async Task<long> ReceiveAsync(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        var buffer = new byte[ChunkBytes];
        var bytes = 0L;
        while (await socket.ReceiveAsync(buffer.AsMemory(), SocketFlags.None) is var read and > 0) bytes += read;
        return bytes;
    }

    private static Sample Rate(Func<double> cpuSeconds, Func<Task<long>> receive)
    {
        var bytes = 0L;
        var sample = Pairs.Time(cpuSeconds, () => bytes = receive().GetAwaiter().GetResult());
        if (bytes < PageService.TotalBytes)
            throw new InvalidOperationException(FormattableString.Invariant($"{bytes} bytes came instead of {PageService.TotalBytes}"));
        return sample with { Value = bytes / 1e9 / sample.Value };
    }

    private static Ticket Ticket(string text) => new() { Ticket_ = ByteString.CopyFromUtf8(text) };
}
