using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Federation.Flight.Server;

/// <summary>How a Flight server listens.</summary>
public sealed record FlightServerOptions
{
    /// <summary>Port 0 takes a free one; <see cref="FlightServer.EndPoint"/> tells which.</summary>
    public IPEndPoint EndPoint { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>With its private key; null for HTTP/2 without TLS. Not owned.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>The longest message accepted.</summary>
    public long MaxMessageBytes { get; init; } = 512L << 20;

    /// <summary>Calls that one connection may run at once.</summary>
    public int MaxCallsPerConnection { get; init; } = 1000;

    /// <summary>Bytes per call that wait for a client which does not read.</summary>
    public int ResponseBufferBytes { get; init; } = 1 << 20;

    /// <summary>Bytes per call that a client may send before the service has read them.</summary>
    public int RequestWindowBytes { get; init; } = 4 << 20;
}
