using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Federation.Bench.Exchange;
using Federation.Flight.Client;
using Federation.Flight.Protocol;
using Federation.Flight.Server;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

// Pages between workers: 1 GB of batches over Flight on loopback, as a ratio of the same bytes over plain TCP in the same run. Both ends are in this process. Prints one line per round: GB/s of TCP, of pages that were encoded before (a
// spool), and of batches encoded and decoded on the way.
var rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5;
await using var server = new FlightServer(new FlightServerOptions(), new PageService(), NullLoggerFactory.Instance);
await server.StartAsync(CancellationToken.None);
await using var client = new FlightClient(server.Address);
for (var round = 0; round < rounds; round++)
{
    var (tcp, pages, batches) = (await TcpAsync(), await PagesAsync(), await BatchesAsync());
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"tcp {tcp:F2} GB/s, pages {pages:F2} GB/s = {pages / tcp:F2}, batches {batches:F2} GB/s = {batches / tcp:F2}"));
}

async Task<double> PagesAsync()
{
    var watch = Stopwatch.StartNew();
    var bytes = 0L;
    await foreach (var data in client.DoGetAsync(Ticket(PageService.Spooled)))
        using (data)
            bytes += data.Body.Length;
    return Rate(bytes, watch);
}

async Task<double> BatchesAsync()
{
    var watch = Stopwatch.StartNew();
    var bytes = 0L;
    await foreach (var batch in client.ReadBatchesAsync(Ticket(PageService.Encoded), trustsValues: true))
        using (batch)
            bytes += (long)batch.RowCount * PageService.RowBytes;
    return Rate(bytes, watch);
}

static async Task<double> TcpAsync()
{
    using var listener = new TcpListener(IPAddress.Loopback, 0);
    listener.Start();
    var sending = SendAsync(listener);
    using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
    await socket.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
    var watch = Stopwatch.StartNew();
    var buffer = new byte[256 * 1024];
    var bytes = 0L;
    while (await socket.ReceiveAsync(buffer.AsMemory(), SocketFlags.None) is var read and > 0) bytes += read;
    var rate = Rate(bytes, watch);
    await sending;
    return rate;
}

static async Task SendAsync(TcpListener listener)
{
    using var socket = await listener.AcceptSocketAsync();
    var buffer = new byte[256 * 1024];
    for (var sent = 0L; sent < PageService.TotalBytes;) sent += await socket.SendAsync(buffer.AsMemory(), SocketFlags.None);
}

static double Rate(long bytes, Stopwatch watch) => bytes / 1e9 / watch.Elapsed.TotalSeconds;

static Ticket Ticket(string text) => new() { Ticket_ = ByteString.CopyFromUtf8(text) };
