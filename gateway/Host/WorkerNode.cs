using System.Net;
using Federation.Connectors.Spi;
using Federation.Core.Tasks;
using Federation.Flight.Client;
using Federation.Flight.Server;
using Federation.Worker;
using Federation.Worker.Remote;
using Microsoft.Extensions.Logging;

namespace Federation.Host;

/// <summary>
/// The worker of a process: runs tasks, and listens where other processes of the cluster send them and read what they spooled.
/// </summary>
internal sealed class WorkerNode : IAsyncDisposable
{
    private readonly FlightServer _server;
    private readonly WorkerService _service;

    private WorkerNode(TaskRunner runner, FlightPeers peers, FlightServer server, WorkerService service, string address)
    {
        _service = service;
        Runner = runner;
        Peers = peers;
        _server = server;
        Address = address;
    }

    public TaskRunner Runner { get; }

    /// <summary>The other processes of the cluster.</summary>
    public FlightPeers Peers { get; }

    /// <summary><c>host:port</c> of the exchange.</summary>
    public string Address { get; }

    /// <summary>Answers a further action of members of the cluster: from its body to the body of the one result.</summary>
    public void Serve(string type, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<byte[]>> answer) => _service.Serve(type, answer);

    /// <param name="endPoint">Port 0 takes a free one.</param>
    public static async ValueTask<WorkerNode> StartAsync(
        IPEndPoint endPoint, WorkerOptions options, IConnectorResolver connectors, string clusterSecret, ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        var service = new WorkerService(clusterSecret);
        var server = new FlightServer(new FlightServerOptions { EndPoint = endPoint }, service, loggers);
        await server.StartAsync(cancellationToken);
        var address = server.EndPoint.ToString();
        var peers = new FlightPeers(new Dictionary<string, string>(StringComparer.Ordinal)
            { [WorkerProtocol.Authorization] = $"Bearer {clusterSecret}" });
        var runner = new TaskRunner(options, connectors, new FlightExchangeClient(peers), address);
        service.Attach(runner);
        return new WorkerNode(runner, peers, server, service, address);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await Peers.DisposeAsync();
        Runner.Dispose();
    }
}
