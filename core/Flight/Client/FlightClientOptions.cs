using System.Security.Cryptography.X509Certificates;

namespace Federation.Flight.Client;

/// <summary>How a client connects.</summary>
public sealed record FlightClientOptions
{
    /// <summary>Sent with each call, for instance <c>authorization</c>.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Certificates that may sign the server's, instead of the machine's own. Not owned.</summary>
    public X509Certificate2Collection? TrustedRoots { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest message accepted.</summary>
    public long MaxMessageBytes { get; init; } = 2L << 30;

    /// <summary>Bytes per call that the server may send before they are read.</summary>
    public int ReceiveWindowBytes { get; init; } = 4 << 20;
}
